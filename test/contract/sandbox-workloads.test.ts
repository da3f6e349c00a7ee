import { expect, test } from "vitest";
import { at, recordsAt } from "../../src/data.ts";
import { sampleObjects } from "../../src/sandbox/demo/sample.ts";
import { startKubernetes } from "../../src/sandbox/kubernetes/index.ts";

test("a Deployment comes to rest though each look at the clock tells another second", async () => {
  let time = Date.parse("2026-01-01T00:00:00Z");
  const server = await startKubernetes({ now: () => (time += 1000) });
  const { api } = server;
  try {
    server.seed(...sampleObjects);
    const status = () => api.get("deployments.apps", "shop", "shop")?.["status"];
    while (at(status(), "availableReplicas") !== 1) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    const { revision } = api.store;
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(api.store.revision).toBe(revision);
    expect(recordsAt(status(), "conditions").map(({ reason }) => reason)).toEqual([
      "MinimumReplicasAvailable",
      "NewReplicaSetAvailable",
    ]);
  } finally {
    await server.stop();
  }
});
