import { afterAll, beforeAll, expect, test } from "vitest";
import { startKubernetes, type KubernetesServer } from "../../src/sandbox/kubernetes/index.ts";
import { CASES } from "../conformance/cases.ts";
import { runCases, type Outcome } from "../conformance/run.ts";

/** The simulator's half of test/e2e/conformance.test.ts: the status codes that the real one gave. */
let server: KubernetesServer;
let outcomes: readonly Outcome[];
beforeAll(async () => {
  server = await startKubernetes();
  outcomes = await runCases({ admin: server.kubeconfig(), bob: server.kubeconfig({ commonName: "bob" }) });
});
afterAll(() => server.stop());

test("there are enough cases, each with a name of its own", () => {
  expect(CASES.length).toBeGreaterThanOrEqual(150);
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

test("every case ends with the status of a real API server", () => {
  const wrong = outcomes.filter(({ asked, answer }) => asked.status !== answer.status);
  expect(wrong.map(({ asked, answer }) => `${asked.name}: ${answer.status}, not ${asked.status}`)).toEqual(
    [],
  );
});

test("a refusal is a Status with its own code, but for paths that are none", () => {
  const refused = outcomes.filter(({ answer }) => answer.status >= 400 && typeof answer.body !== "string");
  expect(refused.length).toBeGreaterThan(100);
  for (const { asked, answer } of refused)
    expect(answer.body, asked.name).toMatchObject({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      code: answer.status,
    });
});
