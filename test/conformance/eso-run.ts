import { at, recordOf, recordsAt, textOf } from "../../src/data.ts";
import { ApiError } from "../e2e/stack/api.ts";
import { until } from "../e2e/stack/poll.ts";
import type { World } from "../e2e/world.ts";
import { ESO_ACCEPTED, type EsoCase, type EsoObjects } from "./eso-cases.ts";

const ESO = "/apis/external-secrets.io/v1";
const PATHS = {
  SecretStore: (namespace: string) => `${ESO}/namespaces/${namespace}/secretstores/infisical`,
  ExternalSecret: (namespace: string) => `${ESO}/namespaces/${namespace}/externalsecrets/x`,
  Secret: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets/x`,
} as const;

/** What a person would see: conditions, events, the Secret. Without what is another at each run. */
export type Seen = Record<string, unknown>;

/** What both clusters said of a case, the one that is compared first; of a case with a step more also what they said after it. */
export type Pair = readonly [one: Seen, other: Seen];

/** A cluster with its ESO, and an identity that reads prod:/shop there. */
export interface Side {
  readonly world: World;
  readonly identityId: string;
}

/** A case on both clusters, in a namespace of its own: until they agree and nothing moves, or the time for that is up. */
export async function runPair(
  sides: readonly [Side, Side],
  { name, change, after }: EsoCase,
  namespace: string,
): Promise<readonly Pair[]> {
  const patienceMs = name in ESO_ACCEPTED ? ACCEPTED_MS : PATIENCE_MS;
  await Promise.all(
    sides.map(async ({ world, identityId }) => {
      const objects = plain(world, identityId);
      change?.(objects);
      await make(world, namespace, objects);
    }),
  );
  const first = await agreed(sides, namespace, patienceMs);
  if (!after) return [first];
  const patch = ["--type=merge", "-p", JSON.stringify(after.patch ?? {})];
  const object = after.kind === "SecretStore" ? "infisical" : "x";
  for (const { world } of sides) {
    const { api, kubectl } = world.stack;
    if (after.deletes) await api("DELETE", PATHS[after.kind](namespace));
    else await kubectl(["patch", after.kind.toLowerCase(), object, "-n", namespace, ...patch]);
  }
  return [first, await agreed(sides, namespace, patienceMs)];
}

function plain({ infisical: { url } }: World, identityId: string): EsoObjects {
  const infisical = {
    hostAPI: url,
    auth: { kubernetesAuthCredentials: { identityId: { name: "infisical-identity", key: "identityId" } } },
    secretsScope: { projectSlug: "shop", environmentSlug: "prod", secretsPath: "/shop" },
  };
  return {
    identity: { identityId },
    infisical,
    store: { provider: { infisical } },
    secret: {
      refreshInterval: "1h",
      secretStoreRef: { kind: "SecretStore", name: "infisical" },
      target: { name: "x" },
      data: [
        { secretKey: "A", remoteRef: { key: "DB_HOST" } },
        { secretKey: "B", remoteRef: { key: "DB_USER" } },
      ],
    },
    before: [],
  };
}

async function make({ stack: { api } }: World, namespace: string, objects: EsoObjects): Promise<void> {
  await api("POST", "/api/v1/namespaces", { metadata: { name: namespace } });
  const secrets = `/api/v1/namespaces/${namespace}/secrets`;
  const named = (name: string) => ({ metadata: { name, namespace } });
  if (objects.identity)
    await api("POST", secrets, { ...named("infisical-identity"), stringData: objects.identity });
  for (const { name, data } of objects.before)
    await api("POST", secrets, { ...named(name), stringData: data });
  const kind = (name: string) => ({ apiVersion: "external-secrets.io/v1", kind: name });
  await api("POST", `${ESO}/namespaces/${namespace}/secretstores`, {
    ...kind("SecretStore"),
    ...named("infisical"),
    spec: objects.store,
  });
  // ESO says the same whether the store was looked at before or not; but not at the same moment.
  await until(`the store of ${namespace}`, async () => {
    const { status, spec } = await api<Seen>("GET", PATHS.SecretStore(namespace));
    return recordsAt(status, "conditions").length > 0 || at(spec, "controller") === "other";
  });
  await api("POST", `${ESO}/namespaces/${namespace}/externalsecrets`, {
    ...kind("ExternalSecret"),
    ...named("x"),
    spec: objects.secret,
  });
}

/** A real ESO has one worker and waits after a failure: what it is about to say may take it a while. */
const PATIENCE_MS = 60_000;
/** Where they are known to differ, time to come to rest. */
const ACCEPTED_MS = 8_000;
/** So long must both have said the same. */
const REST_MS = 3_000;
const PAUSE_MS = 500;

async function agreed(sides: readonly [Side, Side], namespace: string, patienceMs: number): Promise<Pair> {
  const end = Date.now() + patienceMs;
  let last = "";
  let since = Date.now();
  for (;;) {
    const [one, other] = await Promise.all([
      look(sides[0].world, namespace),
      look(sides[1].world, namespace),
    ]);
    const texts = [JSON.stringify(one), JSON.stringify(other)];
    const text = texts.join("\n");
    if (text !== last || texts[0] !== texts[1]) since = Date.now();
    last = text;
    if (Date.now() - since >= REST_MS || Date.now() >= end) return [one, other];
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

async function look({ stack: { api } }: World, namespace: string): Promise<Seen> {
  const get = (path: string) =>
    api<Seen>("GET", path).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
  const [store, secret, list] = await Promise.all([
    get(PATHS.SecretStore(namespace)),
    get(PATHS.ExternalSecret(namespace)),
    api<{ items: Seen[] }>("GET", `/api/v1/namespaces/${namespace}/secrets`),
  ]);
  const { items: events } = await api<{ items: Seen[] }>("GET", `/api/v1/namespaces/${namespace}/events`);
  return {
    store: store && statusOf(store),
    secret: secret && { ...statusOf(secret), finalizers: at(secret["metadata"], "finalizers") },
    secrets: list.items.flatMap((item) => {
      const name = textOf(at(item["metadata"], "name")) ?? "";
      return name === "infisical-identity" ? [] : [secretOf(name, item)];
    }),
    events: [...new Set(events.map(eventOf))].toSorted(),
  };
}

function statusOf({ status }: Seen): Seen {
  const { conditions: _conditions, refreshTime, syncedResourceVersion, ...rest } = recordOf(status);
  const conditions = recordsAt(status, "conditions").map(({ type, status: is, reason, message }) =>
    masked([type, is, reason, message].join(" | ")),
  );
  return {
    ...rest,
    conditions,
    refreshed: textOf(refreshTime) !== undefined,
    synced: textOf(syncedResourceVersion)?.replace(/-.*/, "-HASH"),
  };
}

function secretOf(name: string, { metadata, data, type, immutable }: Seen): Seen {
  const { labels, annotations, ownerReferences } = recordOf(metadata);
  return {
    name,
    type,
    immutable,
    data,
    labels: Object.keys(recordOf(labels)).toSorted(),
    annotations: Object.keys(recordOf(annotations)).toSorted(),
    owners: recordsAt({ ownerReferences }, "ownerReferences").map(
      ({ kind, name: owner, controller, blockOwnerDeletion }) => [
        kind,
        owner,
        controller,
        blockOwnerDeletion,
      ],
    ),
  };
}

const eventOf = ({ type, reason, message, involvedObject }: Seen): string =>
  masked([at(involvedObject, "kind"), type, reason, message].join(" | "));

/** Ids, ports and what the server counts. */
const masked = (text: string): string =>
  text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UUID")
    .replaceAll(/127\.0\.0\.1:\d+/g, "HOST")
    .replaceAll(/req-\w+/g, "REQ")
    .replaceAll(/case-\d+/g, "NAMESPACE");
