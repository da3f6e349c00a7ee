import { FakeCluster } from "../fakes/cluster.ts";
import { clusterSuite } from "./cluster-suite.ts";

clusterSuite("the fake cluster", async () => {
  const fake = new FakeCluster();
  fake.patienceMs = 1000;
  return {
    cluster: fake,
    writeAs: async (manager, object) => void fake.writeAs(manager, object),
    writes: () => fake.writes,
    patienceMs: 1000,
  };
});
