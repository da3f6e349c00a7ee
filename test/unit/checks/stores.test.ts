import { describe, expect, it } from "vitest";
import { storeChecks } from "../../../src/checks/proof/stores.ts";
import { desiredOf } from "../../../src/desired/desired.ts";
import { runChecks } from "../../../src/engine/check.ts";
import type { StoreInput } from "../../../src/inputs/inputs.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import type { RoadContext } from "../../../src/steps/context.ts";
import { FakeCluster } from "../../fakes/cluster.ts";
import { inputs } from "../../helpers/inputs.ts";

const API = "external-secrets.io/v1";
const ready = (status: string, message: string) => ({
  status: { conditions: [{ type: "Ready", status, reason: "r", message }] },
});

function store(more: Record<string, unknown>, namespace: string | undefined = "shop"): KubeObject {
  const kind = namespace === undefined ? "ClusterSecretStore" : "SecretStore";
  return {
    apiVersion: API,
    kind,
    metadata: { name: "infisical", ...(namespace && { namespace }) },
    spec: {},
    ...more,
  };
}

async function judged(objects: readonly KubeObject[], change: Partial<StoreInput> = {}) {
  const cluster = new FakeCluster({ eso: true }).seed(...objects);
  const desired = desiredOf(inputs({ store: change }), {
    context: "c",
    namespaces: (setting) => ("names" in setting ? setting.names : []),
    infisicalCa: undefined,
    clusterCa: undefined,
    firstValues: [],
  });
  const context = { cluster, desired } as unknown as RoadContext;
  return runChecks(storeChecks(context), context, () => undefined);
}

describe("a store", () => {
  it("that ESO calls valid passes", async () => {
    expect(await judged([store(ready("True", "store validated"))])).toMatchObject([
      { status: "pass", subject: { kind: "SecretStore", namespace: "shop", name: "infisical" } },
    ]);
  });

  it("that ESO calls invalid fails with ESO's words", async () => {
    const [result] = await judged([store(ready("False", "unable to validate store"))]);
    expect(result).toMatchObject({ status: "fail", code: "ESOB-S101" });
    expect(result?.message).toContain("unable to validate store");
  });

  it.each<[string, KubeObject[]]>([
    ["that ESO has not looked at", [store({})]],
    ["that does not exist", []],
  ])("%s is not taken for valid", async (_name, objects) => {
    expect(await judged(objects)).toMatchObject([{ status: "fail", code: "ESOB-S102" }]);
  });

  it("in several namespaces is judged in each", async () => {
    const results = await judged([store(ready("True", ""))], { namespace: { names: ["shop", "cart"] } });
    expect(results.map(({ subject, status }) => `${subject?.namespace} ${status}`)).toEqual([
      "shop pass",
      "cart fail",
    ]);
  });

  it("for the whole cluster is judged once, without a namespace", async () => {
    const results = await judged(
      [{ ...store(ready("True", "")), kind: "ClusterSecretStore", metadata: { name: "infisical" } }],
      {
        kind: "ClusterSecretStore",
      },
    );
    expect(results).toMatchObject([
      { status: "pass", subject: { kind: "ClusterSecretStore", name: "infisical" } },
    ]);
  });
});
