import { describe, expect, test } from "vitest";
import { BootstrapError } from "../../src/errors.ts";
import { createFakePrompt } from "../fakes/prompt.ts";
import { ask, inScope, inSpec, patchAuth, secretSays, setTarget } from "../helpers/doctor-breaks.ts";
import { EXTERNAL_SECRET, STORE, type DoctorWorld } from "../helpers/doctor-world.ts";
import { checksIn, doctorPerson, fileOf, troublesIn } from "./doctor-person.ts";

const NAME = "infisical-token-reviewer";
const BINDING = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding", name: NAME };
const TOKEN = { apiVersion: "v1", kind: "Secret", namespace: "external-secrets", name: `${NAME}-1` };
const JSON_YES = ["--fix", "--yes", "-o", "json"];

/** Names of what the plan that was shown would change. */
const plannedIn = (text: string) =>
  [...text.matchAll(/^ .*[+~±→✎*-] (\w+ [\w/:.-]+)/gm)].map(([, name]) => name ?? "");

describe("doctor --fix", () => {
  test("needs the file, before anything is contacted", async () => {
    const { doctor } = await doctorPerson();
    const ran = await doctor(["--fix"], {
      files: {},
      deps: { openCluster: () => Promise.reject(new Error("contacted")) },
    });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("ESOB-C102");
    expect(ran.stderr).toContain("Nothing was changed");
  });

  test("changes nothing where nothing is wrong, and asks nobody", async () => {
    const { world, doctor } = await doctorPerson();
    const before = world.cluster.writes;
    const ran = await doctor(["--fix"]);
    expect([ran.code, world.cluster.writes - before]).toEqual([0, 0]);
    expect(ran.stderr).not.toContain("Plan");
  });

  test("tells what was found, then the plan; without a terminal the hint is the same line with --yes", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    const before = world.cluster.writes;
    const ran = await doctor(["--fix", "-n", "shop"]);
    expect([ran.code, world.cluster.writes - before]).toEqual([2, 0]);
    const [found, plan, hint] = ["ESOB-R202", "Plan ", "eso-bootstrap doctor --fix -n shop --yes"].map(
      (text) => ran.stderr.indexOf(text),
    );
    expect(found).toBeGreaterThan(-1);
    expect(plan).toBeGreaterThan(found ?? 0);
    expect(hint).toBeGreaterThan(plan ?? 0);
  });

  test("declined, it ends with 130", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    const ran = await doctor(["--fix"], {
      deps: { interactive: true, prompt: async () => createFakePrompt({ "Apply this change?": false }) },
    });
    expect(ran.code).toBe(130);
    expect(world.cluster.peek(BINDING)).toBeUndefined();
  });

  test.each<[what: string, wreck: (world: DoctorWorld) => void | Promise<void>]>([
    ["the reviewer's binding", ({ cluster }) => cluster.remove(BINDING)],
    ["the reviewer's token, which Infisical gets, too", ({ cluster }) => cluster.remove(TOKEN)],
    ["the allow-list", (world) => patchAuth(world, { allowedNamespaces: "shop" })],
    ["a store that somebody edited", (world) => inScope(world, { secretsPath: "/shopp" })],
    ["a store that is gone", ({ cluster }) => cluster.remove(STORE)],
    [
      "an ExternalSecret that waits",
      (world) => {
        world.complain(STORE, { reason: "InvalidProviderConfig", message: "unable to create client" });
        secretSays(world, 'SecretStore "infisical" is not ready');
      },
    ],
    ["a Secret that ESO has to fill again", (world) => setTarget(world, { DB_HOST: "a" })],
  ])("restores %s, and looks again", async (_what, wreck) => {
    const { world, doctor } = await doctorPerson();
    await wreck(world);
    const broken = await doctor(["-o", "json"]);
    expect(broken.code).toBe(3);
    const ran = await doctor(JSON_YES);
    expect([ran.code, troublesIn(ran), ran.stderr]).toEqual([0, [], ""]);
  });

  test("takes left-over Universal Auth from our identity", async () => {
    const { world, doctor } = await doctorPerson();
    const path = `/api/v1/auth/universal-auth/identities/${world.identityId()}`;
    await ask(world, "POST", path, {});
    expect(troublesIn(await doctor(["-o", "json"]))).toEqual(["warn ESOB-I330"]);
    const ran = await doctor(JSON_YES);
    expect([ran.code, troublesIn(ran)]).toEqual([0, []]);
  });

  test("plans what was found and nothing else", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    // A drift that doctor does not speak of.
    world.edit({ ...TOKEN, kind: "ServiceAccount", name: NAME }, ({ metadata }) =>
      Object.assign(metadata as object, { annotations: {} }),
    );
    inSpec(world, EXTERNAL_SECRET, (spec) => (spec["refreshInterval"] = "2m"));
    const ran = await doctor(["--fix", "--skip", "secrets"]);
    expect(plannedIn(ran.stderr)).toEqual([`ClusterRoleBinding ${NAME}`]);
  });

  test("needs no helm, and no Infisical for what is in the cluster", async () => {
    const { world, doctor, cli } = await doctorPerson();
    world.cluster.remove(BINDING);
    const absent = async (): Promise<never> => {
      throw new BootstrapError("ESOB-H101", { message: "helm is not installed." });
    };
    const openHelm = async () => ({ ...world.helm, version: absent, release: absent });
    const ran = await doctor(JSON_YES, { env: {}, deps: { openHelm } });
    expect([ran.code, troublesIn(ran)]).toEqual([0, []]);
    expect(world.cluster.peek(BINDING)).toBeDefined();
    world.cluster.remove(BINDING);
    const part = await cli(["reviewer", "--yes"], { deps: { openHelm } });
    expect(part.code, part.stderr).toBe(0);
    expect(world.cluster.peek(BINDING)).toBeDefined();
  });

  test("what is blocked stops nothing else", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    secretSays(world, "error processing spec.data[0] (key: NOPE), err: Secret does not exist");
    const files = { "eso-bootstrap.yaml": fileOf(world).replace("DB_HOST, ", "NOPE, DB_HOST, ") };
    const ran = await doctor(JSON_YES, { files });
    expect(ran.code).toBe(3);
    expect(ran.stderr).toContain("Not restored: ExternalSecret shop/shop-db: not in prod:/shop: NOPE");
    expect(troublesIn(ran)).toEqual(["fail ESOB-E105"]);
    expect(world.cluster.peek(BINDING)).toBeDefined();
  });

  test("what fails is told, and the report stays", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    const error = new BootstrapError("ESOB-K106", { message: "The API server refused it." });
    world.cluster.failNext({ operation: "apply", kind: "ClusterRoleBinding", error, times: 2 });
    const ran = await doctor(JSON_YES);
    expect([ran.code, troublesIn(ran)]).toEqual([3, ["fail ESOB-R202"]]);
    expect(ran.stderr).toContain("Not restored: The API server refused it.");
  });

  test("leaves what somebody added to whoever takes it away", async () => {
    const { world, doctor } = await doctorPerson();
    inSpec(world, STORE, (spec) => (spec["controller"] = "blue"));
    const ran = await doctor(JSON_YES);
    const first = checksIn(ran).find(({ status }) => status === "fail");
    expect([ran.code, first?.code]).toEqual([3, "ESOB-S222"]);
    expect(first?.fix?.command).toMatch(/^kubectl patch secretstore infisical -n shop /);
    expect(plannedIn(ran.stderr)).toEqual([]);
  });

  test("lifts a limit of uses", async () => {
    const { world, doctor } = await doctorPerson();
    await patchAuth(world, { accessTokenNumUsesLimit: 5 });
    const ran = await doctor(JSON_YES);
    expect([ran.code, troublesIn(ran)]).toEqual([0, []]);
  });

  test("makes no identity anew: that has no safe fix", async () => {
    const { world, doctor } = await doctorPerson();
    await ask(world, "DELETE", `/api/v1/identities/${world.identityId()}`, {});
    const before = world.cluster.writes;
    const ran = await doctor(JSON_YES);
    expect([ran.code, troublesIn(ran), world.cluster.writes - before]).toEqual([3, ["fail ESOB-I321"], 0]);
    expect(checksIn(ran).find(({ code }) => code === "ESOB-I321")?.fix?.command).toBe("eso-bootstrap apply");
  });
});
