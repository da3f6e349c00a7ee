import { createCluster } from "../../src/kubernetes/client.ts";
import { clusterSuite } from "../contract/cluster-suite.ts";
import { startStack } from "./stack/stack.ts";

/** The same promises as the fake's, kept by a real API server. */
clusterSuite("the adapter on a real API server", async () => {
  const stack = await startStack({ name: "cluster-suite" });
  let writes = 0;
  const cluster = await createCluster({
    kubeconfig: stack.kubeconfig,
    env: stack.env,
    onWrite: () => (writes += 1),
  });
  return {
    cluster,
    async writeAs(manager, object) {
      const how = ["--server-side", "--force-conflicts", `--field-manager=${manager}`];
      await stack.kubectl(["apply", ...how, "-f", "-"], JSON.stringify(object));
    },
    writes: () => writes,
    patienceMs: 15_000,
    close: () => stack.stop(),
  };
});
