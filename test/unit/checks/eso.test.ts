import { describe, expect, it } from "vitest";
import { esoChecks } from "../../../src/checks/proof/eso.ts";
import { runChecks } from "../../../src/engine/check.ts";
import type { RoadContext } from "../../../src/steps/context.ts";
import type { Controller, EsoFact } from "../../../src/steps/eso-fact.ts";

const controller: Controller = {
  namespace: "external-secrets",
  deployment: "external-secrets",
  serviceAccount: "external-secrets",
  version: "2.9.0",
  controllerClass: "default",
  installedBy: "Argo CD",
  available: true,
};

/** What the checks say of an ESO that was found like this; `status code` by id. */
async function judged(fact: Partial<EsoFact>): Promise<Record<string, string>> {
  const eso = async () => ({ controller, others: [], brokenCrds: [], ...fact });
  const context = { facts: { eso } } as unknown as RoadContext;
  const results = await runChecks(esoChecks(), context, () => undefined);
  return Object.fromEntries(
    results.map(({ id, status, code }) => [id, status === "pass" ? status : `${status} ${code}`]),
  );
}

describe("the checks of ESO", () => {
  it("pass when its controller is available and its kinds are served", async () => {
    expect(await judged({})).toEqual({ "eso-controller": "pass", "eso-crds": "pass" });
  });

  it("fail when there is no controller, or it is not available", async () => {
    const unavailable = { ...controller, available: false };
    expect(await judged({ controller: undefined })).toMatchObject({ "eso-controller": "fail ESOB-H104" });
    expect(await judged({ controller: unavailable })).toMatchObject({ "eso-controller": "fail ESOB-H104" });
  });

  it("fail when a kind is not served as v1", async () => {
    const brokenCrds = ["secretstores.external-secrets.io"];
    expect(await judged({ brokenCrds })).toMatchObject({ "eso-crds": "fail ESOB-K111" });
  });
});
