import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Stack } from "../test/e2e/stack/stack.ts";

const EVERY_EVENT = '{.metadata.namespace} {.metadata.name} {.metadata.annotations.force-sync}{"\\n"}';

interface Live {
  readonly metadata: { readonly generation: number };
  readonly status: object;
}

/**
 * Stands in for ESO and Infisical where `sync -A` is measured: whatever is poked gets, at once, the status of a sync that saw it.
 * The real two are far slower, by Infisical's limits alone; so what is left is our own part and the API server's.
 */
export function startStandIn(stack: Stack): { stop(): void } {
  const watch = spawn(
    stack.bin.kubectl,
    ["get", "externalsecrets", "-A", "--watch-only", "-o", `jsonpath=${EVERY_EVENT}`],
    { env: { ...process.env, ...stack.env }, stdio: ["ignore", "pipe", "inherit"] },
  );
  const seen = new Map<string, string>();
  createInterface({ input: watch.stdout }).on("line", (line) => {
    const [namespace = "", name = "", poked = ""] = line.split(" ");
    if (poked === "" || seen.get(`${namespace}/${name}`) === poked) return;
    seen.set(`${namespace}/${name}`, poked);
    void sayItIsSynced(stack, `/apis/external-secrets.io/v1/namespaces/${namespace}/externalsecrets/${name}`);
  });
  return { stop: () => void watch.kill() };
}

async function sayItIsSynced({ api }: Stack, path: string): Promise<void> {
  const live = await api<Live>("GET", path);
  const syncedResourceVersion = `${live.metadata.generation}-${crypto.randomUUID().replaceAll("-", "")}`;
  const status = { ...live.status, syncedResourceVersion, refreshTime: new Date().toISOString() };
  await api("PUT", `${path}/status`, { ...live, status });
}
