/** Brings the cluster back to the state it had; returns when the API server knows. */
export type Restore = () => Promise<void>;

type Entries = ReadonlyMap<string, string>;

interface KeyValue {
  key: string;
  value?: string;
}

/** What the control plane keeps for itself: its own leases, nodes and their heartbeats, events, and the groups it serves. */
const LEFT_ALONE =
  /^\/registry\/(events|masterleases|minions|apiregistration\.k8s\.io|leases\/kube-node-lease|leases\/kube-system\/apiserver-)/;

/** etcd's transactions take at most 128 operations (`--max-txn-ops`). */
const OPERATIONS = 100;

/**
 * Remembers everything that is in the cluster. Going back writes to etcd behind the API server, which hears of it as of any
 * other write: no finalizers, no waiting for namespaces to go, a tenth of a second instead of a new cluster.
 */
export async function checkpoint(etcdUrl: string): Promise<Restore> {
  const before = await readAll(etcdUrl);
  return async () => {
    const now = await readAll(etcdUrl);
    const operations = [
      ...[...now.keys()]
        .filter((key) => !before.has(key))
        .map((key) => ({ request_delete_range: { key: base64(key) } })),
      ...[...before]
        .filter(([key, value]) => now.get(key) !== value)
        .map(([key, value]) => ({ request_put: { key: base64(key), value } })),
    ];
    for (let first = 0; first < operations.length; first += OPERATIONS)
      await ask(etcdUrl, "txn", { success: operations.slice(first, first + OPERATIONS) });
  };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function readAll(etcdUrl: string): Promise<Entries> {
  // "0" is the character after "/": all keys below /registry/.
  const range = { key: base64("/registry/"), range_end: base64("/registry0") };
  const { kvs = [] } = (await ask(etcdUrl, "range", range)) as { kvs?: KeyValue[] };
  return new Map(
    kvs
      .map(({ key, value = "" }) => [Buffer.from(key, "base64").toString("utf8"), value] as const)
      .filter(([key]) => !LEFT_ALONE.test(key)),
  );
}

/** etcd's JSON gateway (etcd.io/docs, "gRPC gateway"). */
async function ask(etcdUrl: string, what: "range" | "txn", body: object): Promise<unknown> {
  const answer = await fetch(`${etcdUrl}/v3/kv/${what}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd refused to ${what}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
