import type { Check } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { RoadContext } from "../../steps/context.ts";

/** ESO: its controller runs and its kinds are served. */
export function esoChecks(): Check<RoadContext>[] {
  return [
    {
      id: "eso-controller",
      code: "ESOB-H104",
      category: "eso",
      title: "ESO's controller is available",
      severity: "error",
      run: async ({ facts }) => {
        const { controller } = await facts.eso();
        if (controller?.available)
          return {
            status: "pass",
            evidence: `${controller.namespace}/${controller.deployment} ${controller.version ?? ""}`,
          };
        const name = controller ? `${controller.namespace}/${controller.deployment}` : "no Deployment of ESO";
        throw new BootstrapError("ESOB-H104", {
          message: controller ? `ESO's controller ${name} is not available.` : "ESO is not in this cluster.",
          fix: {
            summary: "Look at its pods.",
            command: `kubectl get pods -n ${controller?.namespace ?? "external-secrets"}`,
          },
        });
      },
    },
    {
      id: "eso-crds",
      code: "ESOB-K111",
      category: "eso",
      title: "SecretStore, ClusterSecretStore and ExternalSecret are served as v1",
      severity: "error",
      run: async ({ facts }) => {
        const { brokenCrds } = await facts.eso();
        if (brokenCrds.length === 0) return { status: "pass" };
        throw new BootstrapError("ESOB-K111", {
          message: `The cluster does not serve ${brokenCrds.join(", ")} as v1.`,
        });
      },
    },
  ];
}
