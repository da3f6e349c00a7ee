import { recordsAt } from "../data.ts";
import type { Check } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { isAvailable } from "../steps/eso-fact.ts";
import type { CheckContext } from "./context.ts";
import { listAll } from "./eso-found.ts";
import { certificateChecks } from "./webhook-certificate.ts";
import { admissionCheck } from "./webhook-dry-run.ts";
import { serviceOf, webhookCheck, type WebhookService } from "./webhook-found.ts";
import { podTrouble } from "./pod-trouble.ts";

/** ESO's admission webhook: whatever stands between a person and an ExternalSecret (eso.md 5, rows 5 to 13). */
export function webhookChecks(): Check<CheckContext>[] {
  return [
    webhookCheck("service", "ESOB-H219", "the Service of ESO's webhook is there", hasService),
    webhookCheck("cert-controller", "ESOB-H226", "ESO's cert-controller is available", certController),
    ...certificateChecks(),
    {
      ...webhookCheck("endpoints", "ESOB-H221", "a pod answers for ESO's webhook", hasEndpoints),
      after: ["eso-webhook-cert-controller", "eso-webhook-secret"],
    },
    admissionCheck(),
  ];
}

async function hasService(service: WebhookService, context: CheckContext): Promise<undefined> {
  if (await serviceOf(context, service)) return undefined;
  throw new BootstrapError("ESOB-H219", {
    message: `A webhook was left behind: every change of stores and ExternalSecrets is refused, deleting too.`,
    reason: `${service.configurations.join(" and ")} name the Service ${service.text}, which does not exist`,
    fix: {
      summary: "Delete the left-overs; an ESO that runs makes its own again.",
      command: `kubectl delete validatingwebhookconfiguration ${service.configurations.join(" ")}`,
    },
  });
}

/** Its own Deployment; with cert-manager there is none. */
async function certController({ namespace }: WebhookService, context: CheckContext): Promise<undefined> {
  const deployment = await deploymentNamed(context, namespace, "external-secrets-cert-controller");
  if (!deployment || isAvailable(deployment)) return undefined;
  const { reason, message, fix } = await podTrouble(context, deployment);
  throw new BootstrapError("ESOB-H226", {
    message: `ESO's cert-controller ${namespace}/${deployment.metadata.name} is not available: the webhook's certificate is not renewed.`,
    reason: reason ?? message,
    fix,
  });
}

async function hasEndpoints(
  { namespace, name, text }: WebhookService,
  context: CheckContext,
): Promise<undefined> {
  const slices = await listAll(context, {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    namespace,
    labelSelector: `kubernetes.io/service-name=${name}`,
  });
  const ready = slices.flatMap((slice) => recordsAt(slice, "endpoints")).some(isReady);
  if (ready) return undefined;
  const deployment = await deploymentNamed(context, namespace, "external-secrets-webhook");
  const trouble = deployment && !isAvailable(deployment) ? await podTrouble(context, deployment) : undefined;
  throw new BootstrapError("ESOB-H221", {
    message: `No pod answers for ESO's webhook ${text}: changes of stores and ExternalSecrets are refused.`,
    reason: trouble
      ? `${trouble.message} ${trouble.reason ?? ""}`.trim()
      : "the Service has no ready endpoint",
    fix: trouble?.fix ?? { summary: "Look at its pods.", command: `kubectl get pods -n ${namespace}` },
  });
}

/** `conditions.ready` left out means ready (discovery.k8s.io/v1). */
function isReady(endpoint: Record<string, unknown>): boolean {
  const conditions = endpoint["conditions"];
  return !(
    typeof conditions === "object" &&
    conditions !== null &&
    "ready" in conditions &&
    conditions.ready === false
  );
}

async function deploymentNamed(
  context: CheckContext,
  namespace: string,
  app: string,
): Promise<KubeObject | undefined> {
  const labelSelector = `app.kubernetes.io/name=${app}`;
  return (await listAll(context, { apiVersion: "apps/v1", kind: "Deployment", namespace, labelSelector }))[0];
}
