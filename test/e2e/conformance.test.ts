import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startKubernetes, type KubernetesServer } from "../../src/sandbox/kubernetes/index.ts";
import { ACCEPTED, CASES } from "../conformance/cases.ts";
import { normalised } from "../conformance/normalise.ts";
import { runCases, type Outcome } from "../conformance/run.ts";
import { existingCluster } from "./stack/existing.ts";
import { type Stack, startStack } from "./stack/stack.ts";

/** The simulated API server against a real one, request by request: status, body, error text and warnings. */
describe.skipIf(existingCluster() !== undefined)("the simulator answers as the real API server", () => {
  let stack: Stack;
  let server: KubernetesServer;
  let real: readonly Outcome[];
  let simulated: readonly Outcome[];
  beforeAll(async () => {
    [stack, server] = await Promise.all([startStack({ name: "conformance" }), startKubernetes()]);
    const bob = readFileSync(stack.clientCert({ commonName: "bob" }), "utf8");
    real = await runCases({ admin: readFileSync(stack.kubeconfig, "utf8"), bob });
    simulated = await runCases({ admin: server.kubeconfig(), bob: server.kubeconfig({ commonName: "bob" }) });
  });
  afterAll(async () => {
    await server.stop();
    await stack.stop();
  });

  const shown = ({ answer }: Outcome) => ({
    status: answer.status,
    warnings: answer.warnings,
    body: normalised(answer.body),
  });

  test.each(CASES.map(({ name }, index) => [name, index] as const))("%s", (name, index) => {
    const [one, other] = [simulated[index], real[index]];
    if (!one || !other) throw new Error("the case did not run");
    expect(one.answer.status).toBe(other.answer.status);
    expect(other.answer.status).toBe(one.asked.status);
    if (!(name in ACCEPTED)) expect(shown(one)).toEqual(shown(other));
  });
});
