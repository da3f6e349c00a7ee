import { describe, expect, it } from "vitest";
import { planText, readPlan } from "../../../src/commands/plan-file.ts";
import { planOf } from "../../../src/engine/plan.ts";
import { createFakeFiles } from "../../fakes/files.ts";

const plan = planOf(
  [
    {
      change: {
        step: "eso",
        action: "create",
        target: { system: "helm", kind: "Release", namespace: "external-secrets", name: "external-secrets" },
        summary: "2.9.0",
      },
    },
  ],
  { cluster: "https://k8s.example:6443", infisical: "https://eu.infisical.com" },
);

describe("a plan file", () => {
  it("is the document of `plan -o json`, and is read back as it was", async () => {
    const files = createFakeFiles({ "plan.json": planText(plan) });
    expect(JSON.parse(planText(plan))).toMatchObject({ apiVersion: "eso-bootstrap/v1", kind: "Plan" });
    expect(await readPlan(files, "plan.json")).toMatchObject(plan);
  });

  it("that is not there is said to be missing", async () => {
    await expect(readPlan(createFakeFiles(), "plan.json")).rejects.toMatchObject({
      code: "ESOB-C202",
      exitCode: 2,
      message: "There is no plan file plan.json.",
    });
  });

  it.each([
    ["nothing", ""],
    ["no JSON", "changes: []"],
    ["half of one", planText(plan).slice(0, 80)],
    ["another kind", planText(plan).replace('"Plan"', '"ApplyResult"')],
    ["another version", planText(plan).replace("/v1", "/v2")],
    ["no changes", '{"apiVersion":"eso-bootstrap/v1","kind":"Plan"}'],
    ["a list", "[]"],
    ["null", "null"],
  ])("that holds %s is refused", async (_name, text) => {
    const files = createFakeFiles({ "plan.json": text });
    await expect(readPlan(files, "plan.json")).rejects.toMatchObject({ code: "ESOB-C202" });
  });
});
