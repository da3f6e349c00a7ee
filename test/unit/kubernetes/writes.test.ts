import { describe, expect, test } from "vitest";

import type { Cluster } from "../../../src/kubernetes/cluster.ts";
import {
  failure,
  open,
  type Reply,
  secret,
  secretRef,
  startServer,
  status,
  type StatusFields,
} from "./loopback.ts";

/** The adapter on a server that gives these answers in turn, and a count of what was written. */
async function answering(...replies: readonly Reply[]) {
  let writes = 0;
  const server = await startServer(
    (_seen, index) => replies[index] ?? status(500, { message: "out of answers" }),
  );
  const cluster = await open(server.url, { onWrite: () => (writes += 1) });
  return { cluster, seen: server.seen, writes: () => writes };
}

const lost: Reply = (response) => void response.socket?.resetAndDestroy();
const guarded = [
  { op: "test", path: "/metadata/uid", value: "u-1" } as const,
  { op: "remove", path: "/data" } as const,
];

describe("apply", () => {
  test("is a server-side apply as eso-bootstrap, strict, with the object as its body", async () => {
    const { cluster, seen, writes } = await answering({ json: secret("2") });
    const object = secret("1", { data: { a: "MQ==" } });
    const sent = { ...object, metadata: { ...object.metadata, managedFields: [{ manager: "x" }] } };
    expect(await cluster.apply(sent)).toMatchObject({
      outcome: "applied",
      object: { metadata: { resourceVersion: "2" } },
    });
    expect(seen[0]).toMatchObject({
      method: "PATCH",
      path: "/api/v1/namespaces/shop/secrets/db",
      query: { fieldManager: "eso-bootstrap", force: "false", fieldValidation: "Strict" },
      body: object,
    });
    expect(seen[0]?.headers["content-type"]).toBe("application/apply-patch+yaml");
    expect(seen[0]?.query["dryRun"]).toBeUndefined();
    expect(seen[0]?.body).not.toHaveProperty("metadata.managedFields");
    expect(writes()).toBe(1);
  });

  test("forces and dry-runs when it is told to; a dry run is no write", async () => {
    const { cluster, seen, writes } = await answering({ json: secret() });
    await cluster.apply(secret(), { dryRun: true, force: true });
    expect(seen[0]?.query).toMatchObject({ dryRun: "All", force: "true" });
    expect(writes()).toBe(0);
  });

  test("names the owners and fields of a conflict", async () => {
    const cause = (manager: string, field: string) => ({
      reason: "FieldManagerConflict",
      message: `conflict with "${manager}" with subresource "status" using v1 at 2026-11-23T10:00:00Z`,
      field,
    });
    const causes = [cause("helm", ".data.a"), cause("helm", ".data.b"), cause("kubectl", ".data.a")];
    const { cluster, writes } = await answering(status(409, { reason: "Conflict", details: { causes } }));
    const outcome = await cluster.apply(secret());
    expect(outcome).toEqual({
      outcome: "conflict",
      owners: ["helm", "kubectl"],
      fields: [".data.a", ".data.b"],
    });
    expect(writes()).toBe(0);
  });

  test("is tried again when another write came in between, and gives up as ESOB-K107", async () => {
    const race = status(409, { reason: "Conflict", message: "the object has been modified" });
    const { cluster } = await answering(race, { json: secret() });
    expect(await cluster.apply(secret())).toMatchObject({ outcome: "applied" });
    const unlucky = await answering(race, race, race);
    expect(await failure(unlucky.cluster.apply(secret()))).toMatchObject({ code: "ESOB-K107" });
  });

  test("is safe to repeat after a lost answer, and counts once", async () => {
    const { cluster, seen, writes } = await answering(lost, { json: secret() });
    expect(await cluster.apply(secret())).toMatchObject({ outcome: "applied" });
    expect(seen).toHaveLength(2);
    expect(writes()).toBe(1);
  });

  const REFUSALS: { title: string; code: number; fields: StatusFields; expected: string; reason: RegExp }[] =
    [
      {
        title: "an invalid field",
        code: 422,
        fields: { message: 'SecretStore "x" is invalid: spec.provider: Required value' },
        expected: "ESOB-K106",
        reason: /spec\.provider/,
      },
      {
        title: "an unknown field",
        code: 400,
        fields: { message: 'strict decoding error: unknown field "spec.foo"' },
        expected: "ESOB-K106",
        reason: /spec\.foo/,
      },
      {
        title: "a field that the kind does not have",
        code: 500,
        fields: {
          message:
            "failed to create typed patch object (shop/db; /v1, Kind=Secret): .dta: field not declared in schema",
        },
        expected: "ESOB-K106",
        reason: /\.dta/,
      },
      {
        title: "a webhook that does not answer",
        code: 500,
        fields: { message: 'failed calling webhook "validate.externalsecret": connection refused' },
        expected: "ESOB-K106",
        reason: /validate\.externalsecret/,
      },
      {
        title: "a webhook that says no",
        code: 403,
        fields: { message: 'admission webhook "policy.example" denied the request: no' },
        expected: "ESOB-K106",
        reason: /policy\.example/,
      },
      {
        title: "a quota",
        code: 403,
        fields: { message: 'secrets "db" is forbidden: exceeded quota: q' },
        expected: "ESOB-K106",
        reason: /exceeded quota/,
      },
      {
        title: "a missing right",
        code: 403,
        fields: {
          message:
            'secrets "db" is forbidden: User "bob" cannot patch resource "secrets" in API group "" in the namespace "shop"',
        },
        expected: "ESOB-K104",
        reason: /bob/,
      },
      {
        title: "a namespace that is being deleted",
        code: 403,
        fields: {
          message: "unable to create new content",
          details: { causes: [{ reason: "NamespaceTerminating" }] },
        },
        expected: "ESOB-K106",
        reason: /unable to create/,
      },
      {
        title: "a missing namespace",
        code: 404,
        fields: { message: 'namespaces "shop" not found', details: { kind: "namespaces", name: "shop" } },
        expected: "ESOB-K106",
        reason: /namespaces "shop"/,
      },
      {
        title: "a body that is too large",
        code: 413,
        fields: { message: "request is too large" },
        expected: "ESOB-K106",
        reason: /too large/,
      },
    ];

  test.each(REFUSALS)(
    "refused for $title is $expected, asked once",
    async ({ code, fields, expected, reason }) => {
      const { cluster, seen, writes } = await answering(status(code, fields));
      const error = await failure(cluster.apply(secret()));
      expect(error).toMatchObject({ code: expected, reason: expect.stringMatching(reason) });
      expect(seen).toHaveLength(1);
      expect(writes()).toBe(0);
    },
  );

  test("to a kind that is not served is ESOB-K111", async () => {
    const { cluster } = await answering({ status: 404, text: "404 page not found" });
    const store = { ...secret(), apiVersion: "external-secrets.io/v1", kind: "SecretStore" };
    expect(await failure(cluster.apply(store))).toMatchObject({ code: "ESOB-K111", exitCode: 1 });
  });
});

describe("create", () => {
  test("posts to the collection", async () => {
    const { cluster, seen, writes } = await answering({ status: 201, json: secret() });
    expect(await cluster.create(secret())).toBe("created");
    expect(seen[0]).toMatchObject({ method: "POST", path: "/api/v1/namespaces/shop/secrets" });
    expect(writes()).toBe(1);
  });

  test("is exists when the name is taken, also when our own first answer was lost", async () => {
    const taken = status(409, { reason: "AlreadyExists" });
    const { cluster, writes } = await answering(taken, lost, taken);
    expect(await cluster.create(secret())).toBe("exists");
    expect(await cluster.create(secret())).toBe("exists");
    expect(writes()).toBe(0);
  });
});

describe("replace", () => {
  test("puts with the resourceVersion; 409 and 404 are conflicts", async () => {
    const gone = status(404, { details: { kind: "secrets", name: "db" } });
    const { cluster, seen, writes } = await answering({ json: secret("2") }, status(409), gone);
    expect(await cluster.replace(secret("1"))).toBe("replaced");
    expect(seen[0]).toMatchObject({ method: "PUT", body: { metadata: { resourceVersion: "1" } } });
    expect(await cluster.replace(secret("1"))).toBe("conflict");
    expect(await cluster.replace(secret("1"))).toBe("conflict");
    expect(writes()).toBe(1);
  });
});

describe("patch", () => {
  test("sends RFC 6902; a failed test is a conflict, a missing object absent", async () => {
    const failed = status(422, {
      reason: "Invalid",
      message: "the server rejected our request due to an error in our request",
      details: {},
    });
    const { cluster, seen, writes } = await answering({ json: secret() }, failed, status(404));
    expect(await cluster.patch(secretRef, guarded)).toBe("patched");
    expect(seen[0]).toMatchObject({ method: "PATCH", body: guarded });
    expect(seen[0]?.headers["content-type"]).toBe("application/json-patch+json");
    expect(await cluster.patch(secretRef, guarded)).toBe("conflict");
    expect(await cluster.patch(secretRef, guarded)).toBe("absent");
    expect(writes()).toBe(1);
  });

  test("that makes an invalid object is ESOB-K106, not a conflict", async () => {
    const invalid = status(422, {
      message: "is invalid",
      details: { causes: [{ reason: "FieldValueInvalid", field: "data" }] },
    });
    const { cluster } = await answering(invalid, invalid);
    expect(await failure(cluster.patch(secretRef, guarded))).toMatchObject({ code: "ESOB-K106" });
  });
});

describe("delete", () => {
  test("says which object it means, and lets its dependents go in the background", async () => {
    const { cluster, seen, writes } = await answering({ json: status(200).json });
    expect(await cluster.delete(secretRef, { uid: "u-1", resourceVersion: "3" })).toBe("deleted");
    expect(seen[0]).toMatchObject({
      method: "DELETE",
      body: { preconditions: { uid: "u-1", resourceVersion: "3" }, propagationPolicy: "Background" },
    });
    expect(writes()).toBe(1);
  });

  test("404 is absent, 409 a conflict, and gone after a lost answer deleted", async () => {
    const { cluster, writes } = await answering(status(404), status(409), lost, status(404));
    const uid = { uid: "u-1" };
    expect(await cluster.delete(secretRef, uid)).toBe("absent");
    expect(await cluster.delete(secretRef, uid)).toBe("conflict");
    expect(await cluster.delete(secretRef, uid)).toBe("deleted");
    expect(writes()).toBe(1);
  });
});

describe("what is not safe to repeat", () => {
  const ONCE: [string, (cluster: Cluster) => Promise<unknown>][] = [
    ["replace", (cluster) => cluster.replace(secret())],
    ["patch", (cluster) => cluster.patch(secretRef, guarded)],
  ];

  test.each(ONCE)("%s is sent once when its answer is lost", async (_title, act) => {
    const { cluster, seen } = await answering(lost, { json: secret() });
    expect(await failure(act(cluster))).toMatchObject({ code: "ESOB-K101" });
    expect(seen).toHaveLength(1);
  });

  test.each(ONCE)("%s is tried again on 429, which is said before anything is done", async (_title, act) => {
    const { cluster, seen } = await answering(status(429), { json: secret() });
    expect(await act(cluster)).toMatch(/ed$/);
    expect(seen).toHaveLength(2);
  });
});
