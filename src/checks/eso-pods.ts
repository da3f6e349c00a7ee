import type { Check } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";
import { theController } from "./eso-install.ts";
import { podTrouble } from "./pod-trouble.ts";

/** The controller's pods run; where they do not, why. */
export function podChecks(): Check<CheckContext>[] {
  return [
    {
      id: "eso-available",
      code: "ESOB-H104",
      category: "eso",
      title: "ESO's controller is available",
      severity: "error",
      needs: ["eso-scaled"],
      after: ["eso-crd-there"],
      run: async (context) => {
        const controller = await theController(context);
        const { available, live, namespace, deployment } = controller;
        if (!available) throw await podTrouble(context, live);
        return { status: "pass", evidence: `${namespace}/${deployment}` };
      },
    },
  ];
}
