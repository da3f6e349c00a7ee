import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCluster } from "../../src/kubernetes/client.ts";
import { at } from "../../src/data.ts";
import { startKubernetes } from "../../src/sandbox/kubernetes/index.ts";
import { request } from "../helpers/kubernetes-request.ts";
import { clusterSuite } from "./cluster-suite.ts";

/** The same promises as the real API server's, kept by the simulated one through the unchanged adapter. */
clusterSuite("the adapter on the simulated API server", async () => {
  const server = await startKubernetes();
  const dir = await mkdtemp(join(tmpdir(), "eso-bootstrap-sandbox-"));
  const kubeconfig = join(dir, "config");
  await writeFile(kubeconfig, server.kubeconfig());
  let writes = 0;
  const cluster = await createCluster({ kubeconfig, env: {}, onWrite: () => (writes += 1) });
  return {
    cluster,
    async writeAs(manager, object) {
      const { name, namespace } = object.metadata;
      const path = `/api/v1/namespaces/${namespace}/configmaps/${name}?fieldManager=${manager}&force=true`;
      const answer = await request(server, "PATCH", path, object, "application/apply-patch+yaml");
      if (answer.status >= 300) throw new Error(String(at(answer.body, "message")));
    },
    writes: () => writes,
    patienceMs: 1000,
    close: async () => {
      await server.stop();
      await rm(dir, { recursive: true });
    },
  };
});
