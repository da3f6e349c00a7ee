import { expect, test, describe } from "vitest";
import type { CheckResult } from "../../../src/engine/check.ts";
import { doctorWorld, EXTERNAL_SECRET, STORE, type ExamineOptions } from "../../helpers/doctor-world.ts";
import { setIdentityId } from "../../helpers/doctor-breaks.ts";

const troubles = (results: readonly CheckResult[]) =>
  results.flatMap(({ code, status }) => (status === "fail" || status === "warn" ? `${status} ${code}` : []));

const ESO = { group: "external-secrets.io", verb: "list" } as const;

describe("a report about nothing is not green", () => {
  test.each<[string, ExamineOptions]>([
    ["with the file", {}],
    ["without it", { withoutFile: true }],
  ])("a name that nothing has, %s", async (_which, options) => {
    const world = await doctorWorld();
    await expect(world.examine({ ...options, names: ["shop-bd"] })).rejects.toMatchObject({
      code: "ESOB-E301",
      message: "There is no store and no ExternalSecret shop-bd here.",
      reason: "did you mean shop-db?",
    });
    expect(troubles(await world.examine({ ...options, names: ["shop/shop-db"] }))).toEqual([]);
    expect(troubles(await world.examine({ ...options, names: ["infisical"] }))).toEqual([]);
  });

  test("a namespace in which nothing uses Infisical fails, a whole cluster is warned", async () => {
    const world = await doctorWorld();
    expect(troubles(await world.examine({ namespace: "nosuch" }))).toEqual(["fail ESOB-S103"]);
    const without = { withoutFile: true, withoutCredential: true };
    expect(troubles(await world.examine({ ...without, namespace: "nosuch" }))).toEqual(["fail ESOB-S103"]);
    world.cluster.remove(STORE);
    world.cluster.remove(EXTERNAL_SECRET);
    expect(troubles(await world.examine(without))).toEqual(["warn ESOB-S103"]);
  });

  test("where nothing may be listed, nothing is judged; what may be seen is", async () => {
    const world = await doctorWorld();
    world.cluster.deny({ ...ESO, resource: "externalsecrets" });
    expect(troubles(await world.examine())).toEqual([]);
    for (const resource of ["secretstores", "clustersecretstores"]) world.cluster.deny({ ...ESO, resource });
    for (const options of [{}, { withoutFile: true }])
      await expect(world.examine(options)).rejects.toMatchObject({ code: "ESOB-K104", exitCode: 5 });
  });

  test("what was not listed, no verdict over all of it passes", async () => {
    const world = await doctorWorld();
    world.cluster.deny({ ...ESO, resource: "externalsecrets" });
    const results = await world.examine();
    const judged = (id: string) => results.find((result) => result.id === id)?.status;
    for (const id of ["limit-reads", "limit-logins", "limit-entries", "cluster-finalizers", "eso-namespace"])
      expect([id, judged(id)]).toEqual([id, "skip"]);
    expect(judged("eso-cluster-stores")).toBe("pass");
  });

  test("the cluster's name may not be read: whose identity it is, is not judged", async () => {
    const world = await doctorWorld();
    world.cluster.deny({ verb: "get", resource: "namespaces" });
    const results = await world.examine();
    expect(results.find(({ id }) => id.startsWith("identity-origin"))).toMatchObject({
      status: "skip",
      skippedBecause: "not judged: get namespaces/kube-system is not allowed here",
    });
    expect(troubles(results)).toEqual([]);
  });
});

describe("--only a code", () => {
  test("shows what was judged in its place, healthy or not", async () => {
    const world = await doctorWorld();
    const healthy = await world.examine({ only: ["ESOB-E104"] });
    expect(healthy.map(({ status }) => status)).toEqual(["pass", "pass", "pass"]);
    setIdentityId(world, "no-such-id");
    world.complain(EXTERNAL_SECRET, { reason: "SecretSyncedError", message: "something new" });
    const results = await world.examine({ only: ["ESOB-E104"] });
    expect(results.filter(({ status }) => status === "fail")).toEqual([]);
    expect(results.find(({ id }) => id.startsWith("synced"))?.skippedBecause).toMatch(
      /^not judged: ESOB-\w+ was found in its place$/,
    );
    expect(results.find(({ id }) => id.startsWith("keys"))?.status).toBe("skip");
  });
});
