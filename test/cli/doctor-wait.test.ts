import { describe, expect, test } from "vitest";
import { BootstrapError } from "../../src/errors.ts";
import { inSpec, inStore, secretSays, setTarget } from "../helpers/doctor-breaks.ts";
import { EXTERNAL_SECRET, STORE, type DoctorWorld } from "../helpers/doctor-world.ts";
import { checksIn, doctorPerson, troublesIn } from "./doctor-person.ts";

const away = () => new BootstrapError("ESOB-K101", { message: "The API server does not answer." });
const lists = (world: DoctorWorld, times: number) =>
  world.cluster.failNext({ operation: "list", kind: "ExternalSecret", error: away(), times });
const waitingStore = (world: DoctorWorld) =>
  world.complain(STORE, { reason: "InvalidProviderConfig", message: "unable to create client" });
const pokes = ({ cluster }: DoctorWorld) => cluster.calls.filter((call) => call.startsWith("patch ")).length;

describe("doctor --wait", () => {
  test("ends as soon as it is healthy, having told ESO to look again", async () => {
    const { world, doctor } = await doctorPerson();
    waitingStore(world);
    const ran = await doctor(["--wait", "-o", "json"]);
    expect([ran.code, troublesIn(ran), pokes(world)]).toEqual([0, [], 1]);
  });

  test("ends with 124 and the last state where it might still come", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(EXTERNAL_SECRET);
    const pauses: string[] = [];
    const ran = await doctor(["--wait=12s", "-o", "json"], { meanwhile: () => pauses.push("") });
    expect([ran.code, troublesIn(ran)]).toEqual([124, ["fail ESOB-E229"]]);
    expect(pauses.length).toBeGreaterThan(5);
  });

  test("takes what comes meanwhile", async () => {
    const { world, doctor } = await doctorPerson();
    const object = world.cluster.peek(EXTERNAL_SECRET);
    world.cluster.remove(EXTERNAL_SECRET);
    let pauses = 0;
    const meanwhile = () => {
      pauses += 1;
      if (pauses === 3 && object) world.cluster.store.put(object, { manager: "argocd", operation: "Apply" });
    };
    const ran = await doctor(["--wait=30s", "-o", "json"], { meanwhile });
    expect(ran.code).toBe(0);
    expect(pauses).toBeLessThan(6);
  });

  test("does not wait for what nobody brings", async () => {
    const { world, doctor } = await doctorPerson();
    inSpec(world, EXTERNAL_SECRET, (spec) =>
      Object.assign((spec["data"] as object[])[0] ?? {}, { remoteRef: { key: "DB_HOTS" } }),
    );
    world.cluster.onApply(({ kind }) => {
      if (kind === "ExternalSecret")
        secretSays(world, "error processing spec.data[0] (key: DB_HOTS), err: Secret does not exist");
    });
    let pauses = 0;
    const ran = await doctor(["--wait=5m", "-o", "json"], { meanwhile: () => (pauses += 1) });
    expect([ran.code, troublesIn(ran)]).toEqual([3, ["fail ESOB-E105"]]);
    expect(pauses).toBeLessThan(10);
  });

  test("with rights to read alone keeps its report", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.deny({ verb: "patch" });
    waitingStore(world);
    const ran = await doctor(["--wait=10s"]);
    expect(ran.code).toBe(124);
    expect(ran.stderr).toContain("ESOB-S101");
    expect(ran.stderr.match(/not allowed to patch SecretStores/g)).toHaveLength(1);
    expect(ran.stderr).not.toContain("ESOB-K104");
  });

  test("leaves what others made alone, unless a new sync is asked for", async () => {
    const { world, doctor } = await doctorPerson();
    world.edit(EXTERNAL_SECRET, ({ metadata }) => Object.assign(metadata as object, { labels: {} }));
    const person = { files: {}, env: {} };
    secretSays(world, undefined, "something new");
    const waited = await doctor(["-A", "--wait=10s"], person);
    expect([waited.code, pokes(world)]).toEqual([124, 0]);
    expect(waited.stderr).toContain("made by somebody else");
    expect((await doctor(["-A", "--fresh"], person)).code).toBe(0);
    expect(pokes(world)).toBe(1);
  });

  test("waits for warnings that count", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.setStatus(EXTERNAL_SECRET, {
      ...(world.cluster.peek(EXTERNAL_SECRET)?.["status"] as object),
      refreshTime: new Date(world.now - 150_000).toISOString(),
    });
    const words = ["--wait=20s", "-o", "json"];
    const uncounted = await doctor(words);
    expect([uncounted.code, troublesIn(uncounted), pokes(world)]).toEqual([0, ["warn ESOB-E216"], 0]);
    const counted = await doctor(["--fail-on", "warning", ...words]);
    expect([counted.code, troublesIn(counted)]).toEqual([0, []]);
  });

  test("a warning that nobody brings an end to is 4, not 124", async () => {
    const { world, doctor } = await doctorPerson({ inputs: { secret: { refreshInterval: "0s" } } });
    inStore(world, () => undefined);
    const ran = await doctor(["--fail-on", "warning", "--wait=5m", "-A", "-o", "json"], {
      files: {},
      env: {},
    });
    expect([ran.code, troublesIn(ran)]).toEqual([4, ["warn ESOB-E217"]]);
  });
});

describe("doctor --wait, while the API server is away", () => {
  test("from the start: it is waited for", async () => {
    const { world, doctor } = await doctorPerson();
    lists(world, 2);
    expect((await doctor(["--wait=30s"])).code).toBe(0);
    lists(world, 1);
    expect((await doctor([])).code).toBe(5);
  });

  test("all the time: 124, and why", async () => {
    const { world, doctor } = await doctorPerson();
    lists(world, 1000);
    const ran = await doctor(["--wait=10s"]);
    expect(ran.code).toBe(124);
    expect(ran.stderr).toContain("ESOB-C206");
    expect(ran.stderr).toContain("The API server does not answer.");
  });

  test("later: 124 with the last state", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(EXTERNAL_SECRET);
    let isUp = true;
    const meanwhile = () => {
      if (isUp) lists(world, 1000);
      isUp = false;
    };
    const ran = await doctor(["--wait=10s", "-o", "json"], { meanwhile });
    expect([ran.code, troublesIn(ran)]).toEqual([124, ["fail ESOB-E229"]]);
    expect(ran.stderr).toContain("This is the last state that was seen");
  });
});

describe("doctor --fresh", () => {
  test("waits for a sync, and is quick where there is nothing else to wait for", async () => {
    const { world, doctor } = await doctorPerson();
    let pauses = 0;
    const ran = await doctor(["--fresh", "-o", "json"], { meanwhile: () => (pauses += 1) });
    expect([ran.code, pokes(world), pauses]).toEqual([0, 1, 1]);
  });

  test("a sync in the same second counts, whatever the clocks say; the one before does not", async () => {
    const { world, doctor } = await doctorPerson();
    const status = world.cluster.peek(EXTERNAL_SECRET)?.["status"] as object;
    const synced = (syncedResourceVersion: string) =>
      world.cluster.setStatus(EXTERNAL_SECRET, {
        ...status,
        syncedResourceVersion,
        refreshTime: new Date(world.now + 60_000).toISOString(),
      });
    synced("1-before");
    world.cluster.deny({ verb: "patch" });
    const ahead = await doctor(["--wait=6s", "--fresh", "-o", "json"]);
    expect([ahead.code, troublesIn(ahead)]).toEqual([124, ["fail ESOB-E218"]]);
    const ran = await doctor(["--fresh", "-o", "json"], { meanwhile: () => synced("1-after") });
    expect([ran.code, checksIn(ran).some(({ status }) => status === "fail")]).toEqual([0, false]);
  });

  test("where the keys are not there, a sync alone is not enough", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.onApply(({ kind }) => kind === "ExternalSecret" && setTarget(world, { DB_HOST: "a" }));
    const ran = await doctor(["--fresh", "--wait=6s", "-o", "json"]);
    expect([ran.code, troublesIn(ran)]).toEqual([124, ["fail ESOB-E103"]]);
  });
});
