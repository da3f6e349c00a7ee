import type { Check } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";
import { upgrade } from "./eso/release.ts";
import { findControllers, usualNamespace, type EsoController } from "./eso-found.ts";
import { isOlder } from "../semver.ts";

/** Kubernetes Auth came with 0.19.2, finalizers and today's schema with 0.20 (eso.md 4.5). */
const FIRST_WITH_KUBERNETES_AUTH = "0.19.2";
const FIRST_GOOD = "0.20.0";

/** The controller's Deployment: there, of a version that can do it, wanted at all. */
export function installChecks(): Check<CheckContext>[] {
  return [
    {
      id: "eso-installed",
      code: "ESOB-H201",
      category: "eso",
      title: "ESO is installed",
      severity: "error",
      needs: ["cluster-reach"],
      run: async (context) => {
        const { namespace, deployment, installedBy, version } = await theController(context);
        return {
          status: "pass",
          evidence: `${namespace}/${deployment} ${version ?? "of unknown version"}, by ${installedBy}`,
        };
      },
    },
    {
      id: "eso-version",
      code: "ESOB-H202",
      category: "eso",
      title: "ESO's version knows Kubernetes Auth",
      severity: "error",
      needs: ["eso-installed"],
      run: async (context) => {
        const controller = await theController(context);
        const { version } = controller;
        if (version === undefined)
          return { status: "skip", because: "neither the label nor the image tag tells ESO's version" };
        if (isOlder(version, FIRST_WITH_KUBERNETES_AUTH)) throw tooOld(controller, context);
        if (isOlder(version, FIRST_GOOD)) return { status: "warn", error: old(controller, context) };
        return { status: "pass", evidence: version };
      },
    },
    {
      id: "eso-scaled",
      code: "ESOB-H204",
      category: "eso",
      title: "ESO is not scaled to zero",
      severity: "error",
      needs: ["eso-installed"],
      run: async (context) => {
        const { replicas, namespace, deployment } = await theController(context);
        if (replicas > 0) return { status: "pass", evidence: `${replicas} wanted` };
        throw new BootstrapError("ESOB-H204", {
          message: `ESO's controller ${namespace}/${deployment} is scaled to 0: nothing is synced.`,
          reason: "spec.replicas is 0",
          fix: {
            summary: "Scale it up.",
            command: `kubectl scale deployment/${deployment} -n ${namespace} --replicas=1`,
          },
        });
      },
    },
  ];
}

/** The controller; ESOB-H201 where there is none. */
export async function theController(context: CheckContext): Promise<EsoController> {
  const { controller } = await findControllers(context);
  if (controller) return controller;
  const { desired } = context;
  throw new BootstrapError("ESOB-H201", {
    message: "ESO is not in this cluster: nothing syncs the ExternalSecrets.",
    reason: "no Deployment has the label app.kubernetes.io/name=external-secrets, or runs its image",
    fix: desired?.eso.manage
      ? { summary: "Install it.", command: "eso-bootstrap install" }
      : {
          summary: `Install it the way this cluster is managed${desired ? " (eso.manage is false)" : ""}.`,
          command: `helm install external-secrets external-secrets --repo https://charts.external-secrets.io -n ${usualNamespace(context)} --create-namespace`,
        },
  });
}

function tooOld(controller: EsoController, context: CheckContext): BootstrapError {
  return new BootstrapError("ESOB-H202", {
    message: `ESO ${controller.version} does not know Infisical's Kubernetes Auth.`,
    reason: `it came with ${FIRST_WITH_KUBERNETES_AUTH}`,
    fix: upgrade(controller, context.desired),
  });
}

function old(controller: EsoController, context: CheckContext): BootstrapError {
  return new BootstrapError("ESOB-H203", {
    message: `ESO ${controller.version} is older than ${FIRST_GOOD}.`,
    reason:
      "only the newest minor version is supported, and old ones give empty values where Infisical refuses",
    fix: upgrade(controller, context.desired),
  });
}
