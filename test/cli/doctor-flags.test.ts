import { expect, test, describe } from "vitest";
import { OUTPUTS } from "../../src/invocation.ts";
import { inStore, loginSays, secretSays, setTarget, storeSays } from "../helpers/doctor-breaks.ts";
import { EXTERNAL_SECRET, type DoctorWorld } from "../helpers/doctor-world.ts";
import { checksIn, doctorPerson, fileOf, troublesIn } from "./doctor-person.ts";

const BINDING = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  name: "infisical-token-reviewer",
};
const late = (seconds: number) => (world: DoctorWorld) =>
  world.cluster.setStatus(EXTERNAL_SECRET, {
    ...(world.cluster.peek(EXTERNAL_SECRET)?.["status"] as object),
    refreshTime: new Date(world.now - seconds * 1000).toISOString(),
  });

describe("exit codes are the same in every format", () => {
  test.each<[code: number, what: string, words: string[], wreck: (world: DoctorWorld) => void]>([
    [0, "healthy", [], () => {}],
    [3, "something failed", [], ({ cluster }) => cluster.remove(BINDING)],
    [0, "only a warning", [], late(150)],
    [4, "only a warning, and it counts", ["--fail-on", "warning"], late(150)],
    [124, "something may still come", ["--wait=1s"], ({ cluster }) => cluster.remove(EXTERNAL_SECRET)],
    [2, "a flag that nobody knows", ["--only", "nothing"], () => {}],
    [
      5,
      "nothing may be listed",
      [],
      ({ cluster }) => cluster.deny({ group: "external-secrets.io", verb: "list" }),
    ],
  ])("%i: %s", async (code, _what, words, wreck) => {
    const { world, doctor } = await doctorPerson();
    wreck(world);
    const codes = await Promise.all(
      OUTPUTS.map(async (output) => [output, (await doctor([...words, "-o", output])).code]),
    );
    expect(codes).toEqual(OUTPUTS.map((output) => [output, code]));
  });
});

describe("--only and --skip", () => {
  test("choose categories and codes", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    setTarget(world, { DB_HOST: "a" });
    const both = ["fail ESOB-R202", "fail ESOB-E103"];
    expect(troublesIn(await doctor(["-o", "json"]))).toEqual(both);
    const secrets = await doctor(["--only", "secrets", "-o", "json"]);
    expect([secrets.code, troublesIn(secrets)]).toEqual([3, both.slice(1)]);
    expect(new Set(checksIn(secrets).map(({ category }) => category))).toEqual(new Set(["secrets"]));
    const one = await doctor(["--only", "r202", "-o", "json"]);
    expect([one.code, troublesIn(one)]).toEqual([3, both.slice(0, 1)]);
    const rest = await doctor(["--skip", "ESOB-R202,secrets", "-o", "json"]);
    expect(troublesIn(rest)).not.toContain("fail ESOB-R202");
    expect(checksIn(rest).filter(({ category }) => category === "secrets")).toEqual([]);
  });

  test("what is skipped does not count", async () => {
    const { world, doctor } = await doctorPerson();
    setTarget(world, { DB_HOST: "a" });
    expect((await doctor([])).code).toBe(3);
    for (const what of ["secrets", "E103"])
      expect([what, (await doctor(["--skip", what])).code]).toEqual([what, 0]);
  });
});

describe("--trust-host", () => {
  const loginOf = (ran: Parameters<typeof checksIn>[0]) =>
    checksIn(ran).find(({ id }) => id.startsWith("login"));

  test("ESO's token goes where somebody said, and not where a store says", async () => {
    const { world, doctor } = await doctorPerson();
    const { url } = world.infisical;
    const alone = { files: {}, env: {} };
    const without = await doctor(["-A", "-o", "json"], alone);
    expect(loginOf(without)).toMatchObject({ status: "skip" });
    expect(loginOf(without)?.skippedBecause).toContain(`--trust-host ${url}`);
    const logins = () =>
      world.infisical.log.entries.filter(({ path }) => path.endsWith("/kubernetes-auth/login")).length;
    const before = logins();
    expect(
      loginOf(await doctor(["-A", "--trust-host", "https://else.example", "-o", "json"], alone))?.status,
    ).toBe("skip");
    expect(logins()).toBe(before);
    expect(loginOf(await doctor(["-A", "--trust-host", url, "-o", "json"], alone))?.status).toBe("pass");
    expect(logins()).toBeGreaterThan(before);
  });
});

test("a store with an address that is none is told, whatever ESO said of it before", async () => {
  const { world, doctor } = await doctorPerson();
  inStore(world, (infisical) => (infisical["hostAPI"] = "eu.infisical.com"));
  storeSays(world, loginSays(401, "Access denied: K8s namespace not allowed."));
  const seen = await doctor(["-o", "json"]);
  expect([seen.code, troublesIn(seen)]).toEqual([3, ["fail ESOB-S216"]]);
});

describe("printed commands", () => {
  test("choose what the invocation chose", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    inStore(world, (store) => (store["hostAPI"] = `${world.infisical.url}/api/`));
    secretSays(world, undefined, "something new");
    const files = { "in/prod.yaml": fileOf(world) };
    const plain = await doctor(["-o", "json"]);
    const chosen = await doctor(
      ["-f", "in/prod.yaml", "--kubeconfig", "my config", "--context", "prod", "-o", "json"],
      { files },
    );
    const commands = (ran: typeof plain) =>
      Object.fromEntries(
        checksIn(ran).flatMap(({ code, fix }) => (fix?.command === undefined ? [] : [[code, fix.command]])),
      );
    expect(commands(plain)).toMatchObject({
      "ESOB-R202": "eso-bootstrap reviewer",
      "ESOB-S217": "eso-bootstrap apply --force-conflicts",
      "ESOB-E101": "kubectl describe externalsecret shop-db -n shop",
    });
    expect(commands(chosen)).toMatchObject({
      "ESOB-R202": "eso-bootstrap reviewer -f in/prod.yaml --context prod --kubeconfig 'my config'",
      "ESOB-S217":
        "eso-bootstrap apply --force-conflicts -f in/prod.yaml --context prod --kubeconfig 'my config'",
      "ESOB-E101": "kubectl --context prod --kubeconfig 'my config' describe externalsecret shop-db -n shop",
    });
  });

  test("name the file's context to kubectl alone", async () => {
    const { world, doctor } = await doctorPerson();
    const files = {
      "eso-bootstrap.yaml": fileOf(world).replace("name: test\n", "name: test\n  context: eu\n"),
    };
    world.cluster.remove(BINDING);
    secretSays(world, undefined, "something new");
    const commands = checksIn(await doctor(["-o", "json"], { files })).flatMap(
      ({ fix }) => fix?.command ?? [],
    );
    expect(commands).toContain("eso-bootstrap reviewer");
    expect(commands).toContain("kubectl --context eu describe externalsecret shop-db -n shop");
  });

  test("need no file where there is none, or say that they need one", async () => {
    const { world, doctor } = await doctorPerson();
    world.cluster.remove(BINDING);
    const checks = checksIn(await doctor(["-A", "-o", "json"], { files: {}, env: {} }));
    expect(checks.find(({ code }) => code === "ESOB-R202")?.fix?.command).toBe(
      "kubectl create clusterrolebinding infisical-token-reviewer --clusterrole=system:auth-delegator --serviceaccount=external-secrets:infisical-token-reviewer",
    );
    setTarget(world, { DB_HOST: "a", DB_PASSWORD: "<hidden-by-infisical>" });
    const hidden = checksIn(
      await doctor(["-A", "--only", "secrets", "-o", "json"], { files: {}, env: {} }),
    ).find(({ code }) => code === "ESOB-E214");
    expect(hidden?.fix).toEqual({ summary: expect.stringContaining("That needs eso-bootstrap.yaml") });
  });
});
