import { describe, expect, test } from "vitest";
import type { CheckResult } from "../../../src/engine/check.ts";
import { doctorWorld, EXTERNAL_SECRET } from "../../helpers/doctor-world.ts";
import { podOf } from "../../helpers/doctor-parts.ts";
import { recordOf } from "../../../src/data.ts";

const byId = (results: readonly CheckResult[], word: string) => {
  const found = results.find(({ id }) => id.startsWith(word));
  return `${found?.status}: ${found?.skippedBecause ?? found?.code}`;
};

const TROUBLE = ["fail", "warn"];

describe("what may not be read is said, never passed", () => {
  test("Secrets", async () => {
    const world = await doctorWorld();
    world.cluster.deny({ verb: "get", resource: "secrets" }, { verb: "list", resource: "secrets" });
    const results = await world.examine({ withoutCredential: true });
    expect(byId(results, "identity-id")).toBe(
      "skip: not judged: get secrets/infisical-identity in shop is not allowed here",
    );
    expect(byId(results, "keys")).toMatch(/^skip: Secrets of shop may not be read/);
    expect(byId(results, "login")).toMatch(/^skip/);
    expect(results.filter(({ status }) => TROUBLE.includes(status))).toEqual([]);
  });

  test("ESO's token: the role that would allow it is named", async () => {
    const world = await doctorWorld();
    world.cluster.deny({ verb: "create", resource: "serviceaccounts", subresource: "token" });
    const results = await world.examine();
    expect(byId(results, "token")).toContain("--doctor-rbac=login");
    expect(byId(results, "list")).toContain("--doctor-rbac=login");
    expect(results.filter(({ status }) => TROUBLE.includes(status))).toEqual([]);
  });

  test("a server that only a store names gets no token", async () => {
    const world = await doctorWorld();
    const unknown = { trusted: false, withoutCredential: true, withoutFile: true };
    const results = await world.examine(unknown);
    expect(byId(results, "login")).toContain(`pass --trust-host ${world.infisical.url}`);
    const calls = world.infisical.log.entries.filter(({ path }) => path.includes("kubernetes-auth/login"));
    const before = calls.length;
    await world.examine(unknown);
    expect(
      world.infisical.log.entries.filter(({ path }) => path.includes("kubernetes-auth/login")),
    ).toHaveLength(before);
  });

  test("target Secrets with --no-secrets", async () => {
    const world = await doctorWorld();
    expect(byId(await world.examine({ noSecrets: true }), "keys")).toContain("--no-secrets");
  });

  test("what doctor lacks is named in one line, by verb", async () => {
    const world = await doctorWorld();
    const all = ["pods", "services", "endpointslices"].flatMap((resource) =>
      ["get", "list"].map((verb) => ({ verb, resource })),
    );
    world.cluster.deny(...all, { verb: "get", resource: "pods", subresource: "log" });
    const results = await world.examine();
    expect(byId(results, "cluster-rights")).toBe(
      "skip: may not get or list pods, services, endpointslices; get pods/log; " +
        "`eso-bootstrap render --doctor-rbac` prints the rights",
    );
  });

  test("events: ESO's condition is all there is", async () => {
    const world = await doctorWorld();
    world.cluster.deny({ verb: "list", resource: "events" });
    world.complain(EXTERNAL_SECRET, {
      reason: "SecretSyncedError",
      message: "could not get secret data from provider",
    });
    const results = await world.examine({ withoutCredential: true, trusted: false });
    const synced = results.find(({ id }) => id.startsWith("synced"));
    const events = "events may not be read here";
    expect(synced).toMatchObject({
      status: "fail",
      code: "ESOB-E101",
      cause: `${events}, and its pods have no log`,
    });
    world.cluster.deny({ verb: "get", resource: "pods", subresource: "log" });
    world.cluster.seed(podOf("eso-1", {}));
    const again = (await world.examine({ withoutCredential: true, trusted: false })).find(({ id }) =>
      id.startsWith("synced"),
    );
    expect(again).toMatchObject({ cause: `${events}, and ESO's log may not be read here` });
  });
});

test("healthy ExternalSecrets cost no request of their own", async () => {
  const world = await doctorWorld();
  const first = world.cluster.peek(EXTERNAL_SECRET);
  const target = world.cluster.peek({ ...EXTERNAL_SECRET, apiVersion: "v1", kind: "Secret" });
  if (!first || !target) throw new Error("the world is not whole");
  for (let number = 0; number < 200; number += 1) {
    const name = `copy-${number}`;
    const spec = { ...recordOf(first["spec"]), target: { name } };
    world.cluster.seed(
      { apiVersion: first.apiVersion, kind: first.kind, metadata: { name, namespace: "shop" }, spec },
      {
        ...structuredClone(target),
        metadata: { name, namespace: "shop", labels: target.metadata.labels ?? {} },
      },
    );
    world.cluster.setStatus({ ...EXTERNAL_SECRET, name }, recordOf(first["status"]));
  }
  const before = world.cluster.calls.length;
  const results = await world.examine({ withoutFile: true, withoutCredential: true });
  expect(results.filter(({ id, status }) => id.startsWith("keys") && status === "pass")).toHaveLength(201);
  expect(world.cluster.calls.length - before).toBeLessThan(60);
});
