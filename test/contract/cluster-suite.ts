import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { Cluster, KubeObject, ObjectRef } from "../../src/kubernetes/cluster.ts";
import { at, textOf } from "../../src/data.ts";
import { Secret } from "../../src/secret.ts";

/** What the suite needs beside the port: another field manager, and how many writes were counted. */
export interface ClusterUnderTest {
  readonly cluster: Cluster;
  /** Server-side apply with force by another field manager. */
  writeAs(manager: string, object: KubeObject): Promise<void>;
  writes(): number;
  /** How long a controller of this cluster may take. */
  readonly patienceMs: number;
  close?(): Promise<void>;
}

const NAMESPACE = "cluster-suite";

function configMap(name: string, data: Record<string, string>, labels?: Record<string, string>): KubeObject {
  const metadata = { name, namespace: NAMESPACE, ...(labels && { labels }) };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data };
}

function ref(name: string, kind = "ConfigMap"): ObjectRef {
  return { apiVersion: "v1", kind, namespace: NAMESPACE, name };
}

const serviceAccount = (name: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name, namespace: NAMESPACE },
});

/** What `Cluster` promises, whoever keeps it: run on the fake in `cluster-fake.test.ts`, on a real API server in `test/e2e`. */
export function clusterSuite(title: string, make: () => Promise<ClusterUnderTest>): void {
  describe(title, () => {
    let under: ClusterUnderTest;
    let cluster: Cluster;

    beforeAll(async () => {
      under = await make();
      cluster = under.cluster;
      await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    });
    afterAll(async () => under.close?.());

    const read = async (name: string, kind?: string): Promise<KubeObject> => {
      const object = await cluster.get(ref(name, kind));
      if (!object) throw new Error(`${name} is not there`);
      return object;
    };
    const names = async (query: { labelSelector?: string; fieldSelector?: string; pageSize?: number }) => {
      const found: string[] = [];
      const all = cluster.list({ apiVersion: "v1", kind: "ConfigMap", namespace: NAMESPACE, ...query });
      for await (const object of all) found.push(object.metadata.name);
      return found;
    };

    test("lists the kinds that live in namespaces, each once", async () => {
      const kinds = await cluster.namespacedKinds();
      const found = kinds.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`);
      expect(found).toContain("v1 ConfigMap");
      expect(found).toContain("v1 ServiceAccount");
      expect(found.filter((kind) => / (Namespace|ClusterRole)$/.test(kind))).toEqual([]);
      expect(new Set(found).size).toBe(found.length);
    });

    test("says which version it is", async () => {
      expect(await cluster.version()).toMatch(/^v1\.\d+/);
    });

    test("what is not there is undefined, whether the object, its namespace or its kind is missing", async () => {
      expect(await cluster.get(ref("nothing"))).toBeUndefined();
      expect(await cluster.get({ ...ref("nothing"), namespace: "no-such-namespace" })).toBeUndefined();
      expect(
        await cluster.get({ ...ref("nothing", "Widget"), apiVersion: "example.com/v1" }),
      ).toBeUndefined();
    });

    test("serves what it serves", async () => {
      expect(await cluster.serves("apps/v1", "Deployment")).toBe(true);
      expect(await cluster.serves("apps/v1", "Widget")).toBe(false);
      expect(await cluster.serves("example.com/v1", "Widget")).toBe(false);
    });

    test("knows the time, and no log where there is no pod", async () => {
      const time = await cluster.serverTime();
      expect(Math.abs((time?.getTime() ?? 0) - Date.now())).toBeLessThan(60_000);
      const nowhere = { namespace: NAMESPACE, pod: "nothing", container: "none", tailLines: 5 };
      expect(await cluster.logs(nowhere)).toBeUndefined();
    });

    test("apply creates, and a dry run does not", async () => {
      const before = under.writes();
      const dry = await cluster.apply(configMap("applied", { a: "1" }), { dryRun: true });
      expect(dry).toMatchObject({ outcome: "applied", object: { data: { a: "1" } } });
      expect(await cluster.get(ref("applied"))).toBeUndefined();
      expect(under.writes()).toBe(before);

      expect(await cluster.apply(configMap("applied", { a: "1" }))).toMatchObject({ outcome: "applied" });
      const object = await read("applied");
      expect(object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap", data: { a: "1" } });
      expect(object.metadata.managedFields).toMatchObject([{ manager: "eso-bootstrap", operation: "Apply" }]);
      expect(under.writes()).toBe(before + 1);
    });

    test("applying the same again leaves the resourceVersion alone", async () => {
      await cluster.apply(configMap("same", { a: "1" }));
      const before = await read("same");
      const again = await cluster.apply(configMap("same", { a: "1" }), { dryRun: true });
      expect(again).toMatchObject({
        object: { metadata: { resourceVersion: before.metadata.resourceVersion } },
      });
      await cluster.apply(configMap("same", { a: "1" }));
      expect((await read("same")).metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    });

    test("what is no longer applied goes away, what others own stays", async () => {
      await cluster.apply(configMap("shrinks", { mine: "1", also: "2" }));
      await under.writeAs("somebody", configMap("shrinks", { theirs: "3" }));
      expect(await cluster.apply(configMap("shrinks", { mine: "1" }))).toMatchObject({ outcome: "applied" });
      expect(await read("shrinks")).toMatchObject({ data: { mine: "1", theirs: "3" } });
      expect(at(await read("shrinks"), "data", "also")).toBeUndefined();
    });

    test("a field of another manager is a conflict that names both, until it is forced", async () => {
      await under.writeAs("somebody", configMap("contested", { a: "theirs" }));
      const before = under.writes();
      const contested = configMap("contested", { a: "ours" });
      const expected = { outcome: "conflict", owners: ["somebody"], fields: [".data.a"] };
      expect(await cluster.apply(contested)).toEqual(expected);
      expect(await cluster.apply(contested, { dryRun: true })).toEqual(expected);
      expect(under.writes()).toBe(before);
      expect(await cluster.apply(contested, { force: true })).toMatchObject({ outcome: "applied" });
      expect(await read("contested")).toMatchObject({ data: { a: "ours" } });
    });

    test("agreeing with another manager is no conflict", async () => {
      await under.writeAs("somebody", configMap("agreed", { a: "1" }));
      expect(await cluster.apply(configMap("agreed", { a: "1" }))).toMatchObject({ outcome: "applied" });
    });

    test("an object into a namespace that is not there is refused, and the namespace named", async () => {
      const lost = { ...configMap("lost", {}), metadata: { name: "lost", namespace: "no-such-namespace" } };
      const refusal = {
        code: "ESOB-K106",
        reason: expect.stringContaining('namespaces "no-such-namespace" not found'),
      };
      await expect(cluster.apply(lost)).rejects.toMatchObject(refusal);
      await expect(cluster.apply(lost, { dryRun: true })).rejects.toMatchObject(refusal);
      await expect(cluster.create(lost)).rejects.toMatchObject(refusal);
    });

    test("a kind that is not served cannot be applied", async () => {
      const widget = { ...configMap("widget", {}), apiVersion: "example.com/v1", kind: "Widget" };
      await expect(cluster.apply(widget)).rejects.toMatchObject({ code: "ESOB-K111" });
      await expect(cluster.create(widget)).rejects.toMatchObject({ code: "ESOB-K111" });
    });

    test("create never overwrites", async () => {
      expect(await cluster.create(configMap("once", { a: "1" }))).toBe("created");
      const before = under.writes();
      expect(await cluster.create(configMap("once", { a: "2" }))).toBe("exists");
      expect(await read("once")).toMatchObject({ data: { a: "1" } });
      expect(under.writes()).toBe(before);
    });

    test("replace holds to the resourceVersion", async () => {
      await cluster.create(configMap("swapped", { a: "1" }));
      const seen = await read("swapped");
      expect(await cluster.replace({ ...seen, data: { a: "2" } })).toBe("replaced");
      expect(await cluster.replace({ ...seen, data: { a: "3" } })).toBe("conflict");
      expect(await read("swapped")).toMatchObject({ data: { a: "2" } });
    });

    test("replace of an object that is gone is a conflict", async () => {
      await cluster.create(configMap("vanished", {}));
      const seen = await read("vanished");
      await cluster.delete(ref("vanished"), { uid: seen.metadata.uid ?? "" });
      expect(await cluster.replace(seen)).toBe("conflict");
    });

    test("a JSON patch is guarded by its tests", async () => {
      await cluster.create(configMap("patched", { a: "1" }));
      const guarded = (value: string) => [
        { op: "test" as const, path: "/data/a", value },
        { op: "replace" as const, path: "/data/a", value: "2" },
      ];
      expect(await cluster.patch(ref("patched"), guarded("other"))).toBe("conflict");
      expect(await cluster.patch(ref("patched"), guarded("1"))).toBe("patched");
      expect(await read("patched")).toMatchObject({ data: { a: "2" } });
      expect(await cluster.patch(ref("not-there"), guarded("1"))).toBe("absent");
    });

    test("delete takes only the object that was meant", async () => {
      await cluster.create(configMap("doomed", {}));
      const { uid = "", resourceVersion = "" } = (await read("doomed")).metadata;
      expect(await cluster.delete(ref("doomed"), { uid: "11111111-2222-3333-4444-555555555555" })).toBe(
        "conflict",
      );
      expect(await cluster.delete(ref("doomed"), { uid, resourceVersion: "1" })).toBe("conflict");
      expect(await cluster.delete(ref("doomed"), { uid, resourceVersion })).toBe("deleted");
      expect(await cluster.delete(ref("doomed"), { uid })).toBe("absent");
    });

    test("lists by label and by field, page by page, in order", async () => {
      for (const name of ["l-3", "l-1", "l-2"])
        await cluster.create(configMap(name, {}, { suite: "list", name }));
      expect(await names({ labelSelector: "suite=list", pageSize: 2 })).toEqual(["l-1", "l-2", "l-3"]);
      expect(await names({ labelSelector: "suite=list,name!=l-2" })).toEqual(["l-1", "l-3"]);
      expect(await names({ labelSelector: "suite=list,name in (l-2, l-3)" })).toEqual(["l-2", "l-3"]);
      expect(await names({ fieldSelector: "metadata.name=l-2" })).toEqual(["l-2"]);
    });

    test("listed objects know their kind, and an unknown kind lists nothing", async () => {
      await cluster.create(configMap("kind", {}, { suite: "kind" }));
      const query = {
        apiVersion: "v1",
        kind: "ConfigMap",
        namespace: NAMESPACE,
        labelSelector: "suite=kind",
      };
      for await (const object of cluster.list(query))
        expect(object).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
      const found: KubeObject[] = [];
      for await (const object of cluster.list({ apiVersion: "example.com/v1", kind: "Widget" }))
        found.push(object);
      expect(found).toEqual([]);
    });

    test("follows a collection: what is there, each change, and what goes", async () => {
      const end = new AbortController();
      const told: string[] = [];
      const labels = { suite: "follow" };
      await cluster.create(configMap("f-1", { step: "1" }, labels));
      const query = {
        apiVersion: "v1",
        kind: "ConfigMap",
        namespace: NAMESPACE,
        labelSelector: "suite=follow",
      };
      for await (const { object, gone } of cluster.follow(query, end.signal)) {
        told.push(`${object.metadata.name} ${textOf(at(object, "data", "step"))}${gone ? " gone" : ""}`);
        if (told.length === 1)
          await cluster.patch(ref("f-1"), [{ op: "replace", path: "/data/step", value: "2" }]);
        if (told.length === 2) await cluster.create(configMap("f-2", { step: "1" }, labels));
        if (told.length === 3)
          await cluster.delete(ref("f-1"), { uid: (await read("f-1")).metadata.uid ?? "" });
        if (gone) end.abort();
      }
      expect(told).toEqual(["f-1 1", "f-1 2", "f-2 1", "f-1 2 gone"]);
    });

    test("waits until it is so, and tells each state", async () => {
      const told: (string | undefined)[] = [];
      const waiting = cluster.waitUntil(ref("awaited"), (object) => at(object, "data", "step") === "2", {
        timeoutMs: under.patienceMs,
        onChange: (object) => told.push(textOf(at(object, "data", "step"))),
      });
      await cluster.create(configMap("awaited", { step: "1" }));
      await cluster.patch(ref("awaited"), [{ op: "replace", path: "/data/step", value: "2" }]);
      expect(await waiting).toMatchObject({ done: true, object: { data: { step: "2" } } });
      expect(told.at(-1)).toBe("2");
    });

    test("waits until it is gone", async () => {
      await cluster.create(configMap("leaving", {}));
      const { uid = "" } = (await read("leaving")).metadata;
      const gone = (object: KubeObject | undefined) => object === undefined;
      const waiting = cluster.waitUntil(ref("leaving"), gone, { timeoutMs: under.patienceMs });
      await cluster.delete(ref("leaving"), { uid });
      expect(await waiting).toEqual({ done: true, object: undefined });
    });

    test("a wait that runs out of time gives the last state", async () => {
      await cluster.create(configMap("slow", { step: "1" }));
      const result = await cluster.waitUntil(ref("slow"), () => false, { timeoutMs: 50 });
      expect(result).toMatchObject({ done: false, object: { data: { step: "1" } } });
    });

    test("a wait ends when it is called off", async () => {
      const calledOff = AbortSignal.abort(new Error("called off"));
      const options = { timeoutMs: under.patienceMs, signal: calledOff };
      await expect(cluster.waitUntil(ref("never"), () => false, options)).rejects.toThrow("called off");
    });

    test("an admin misses no right", async () => {
      const query = { verb: "create", group: "", resource: "secrets", namespace: NAMESPACE };
      expect(await cluster.missingRights([query, query])).toEqual([]);
    });

    test("a Secret keeps stringData as data, and a token Secret is filled", async () => {
      await cluster.apply({
        ...configMap("plain", {}),
        kind: "Secret",
        stringData: { key: "value" },
        data: {},
      });
      expect(await read("plain", "Secret")).toMatchObject({ data: { key: "dmFsdWU=" }, type: "Opaque" });

      await cluster.apply(serviceAccount("token-owner"));
      const annotations = { "kubernetes.io/service-account.name": "token-owner" };
      await cluster.apply({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: "token", namespace: NAMESPACE, annotations },
        type: "kubernetes.io/service-account-token",
      });
      const filled = (object: KubeObject | undefined) => textOf(at(object, "data", "token")) !== undefined;
      const wait = { timeoutMs: under.patienceMs };
      expect(await cluster.waitUntil(ref("token", "Secret"), filled, wait)).toMatchObject({ done: true });
    });

    test("a token is reviewed by who may, and dies with its Secret", async () => {
      const { reviewer, subject, secretUid } = await tokensFor(cluster);
      const review = (token: Secret, bearer: Secret) => cluster.reviewToken({ token, bearer });
      const username = `system:serviceaccount:${NAMESPACE}:subject`;

      expect(await review(subject, new Secret("nonsense"))).toMatchObject({
        verdict: "refused",
        status: 401,
      });
      const refused = await review(subject, subject);
      expect(refused).toMatchObject({ verdict: "refused", status: 403 });
      expect(refused).toMatchObject({ error: expect.stringContaining("tokenreviews") });
      expect(await review(subject, reviewer)).toMatchObject({ verdict: "genuine", username });
      expect(await review(new Secret("nonsense"), reviewer)).toMatchObject({ verdict: "not-genuine" });
      const elsewhere = await cluster.reviewToken({
        token: subject,
        bearer: reviewer,
        audiences: ["elsewhere"],
      });
      expect(elsewhere).toMatchObject({ verdict: "not-genuine", error: expect.stringContaining("audience") });

      await cluster.delete(ref("bound", "Secret"), { uid: secretUid });
      const dead = async () => (await review(subject, reviewer)).verdict;
      await expect.poll(dead, { timeout: 2 * under.patienceMs, interval: 100 }).toBe("not-genuine");
    });

    test("a token needs its ServiceAccount", async () => {
      const nobody = cluster.requestToken({ namespace: NAMESPACE, serviceAccount: "nobody" });
      await expect(nobody).rejects.toMatchObject({ code: "ESOB-K106" });
    });
  });
}

/** A reviewer who may review (system:auth-delegator), and another ServiceAccount's token bound to a Secret. */
async function tokensFor(
  cluster: Cluster,
): Promise<{ reviewer: Secret; subject: Secret; secretUid: string }> {
  await cluster.apply(serviceAccount("reviewer"));
  await cluster.apply(serviceAccount("subject"));
  await cluster.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "cluster-suite-reviewer" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:auth-delegator" },
    subjects: [{ kind: "ServiceAccount", name: "reviewer", namespace: NAMESPACE }],
  });
  await cluster.apply({ ...configMap("bound", {}), kind: "Secret" });
  const secretUid = (await cluster.get(ref("bound", "Secret")))?.metadata.uid ?? "";
  const reviewer = await cluster.requestToken({ namespace: NAMESPACE, serviceAccount: "reviewer" });
  const subject = await cluster.requestToken({
    namespace: NAMESPACE,
    serviceAccount: "subject",
    expirationSeconds: 1200,
    boundSecret: { name: "bound", uid: secretUid },
  });
  expect(subject.expiresAt.getTime()).toBeGreaterThan(Date.now() + 1_000_000);
  return { reviewer: reviewer.token, subject: subject.token, secretUid };
}
