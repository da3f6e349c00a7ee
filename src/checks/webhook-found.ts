import { at, recordsAt, textOf } from "../data.ts";
import type { Check, Finding } from "../engine/check.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { CheckContext } from "./context.ts";

/** A Service that ESO's ValidatingWebhookConfigurations call. */
export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly text: string;
  /** Names of the configurations that call it. */
  readonly configurations: readonly string[];
  /** Each different `caBundle` (base64); "" where there is none. */
  readonly caBundles: readonly string[];
  /** True where cert-manager puts the CA in. */
  readonly byCertManager: boolean;
}

/** ESO's configurations have fixed names, whatever the release is called (eso.md 4.3). */
const NAMES = ["secretstore-validate", "externalsecret-validate"];

/** The Services behind ESO's webhooks; [] without any, or where a URL is called instead of a Service. */
export function findWebhooks({ cluster, once }: CheckContext): Promise<WebhookService[]> {
  return once("webhooks", async () => {
    const read = (name: string) =>
      cluster.get({
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        name,
      });
    const found = (await Promise.all(NAMES.map(read))).filter((one) => one !== undefined);
    const services = new Map<string, WebhookService>();
    for (const configuration of found)
      for (const webhook of recordsAt(configuration, "webhooks")) add(services, configuration, webhook);
    return [...services.values()];
  });
}

function add(
  services: Map<string, WebhookService>,
  { metadata }: KubeObject,
  webhook: Record<string, unknown>,
): void {
  const service = at(webhook, "clientConfig", "service");
  const [namespace, name] = [textOf(at(service, "namespace")), textOf(at(service, "name"))];
  if (namespace === undefined || name === undefined) return;
  const text = `${namespace}/${name}`;
  const before = services.get(text);
  const caBundle = textOf(at(webhook, "clientConfig", "caBundle")) ?? "";
  services.set(text, {
    namespace,
    name,
    text,
    configurations: [...new Set([...(before?.configurations ?? []), metadata.name])],
    caBundles: [...new Set([...(before?.caBundles ?? []), caBundle])],
    byCertManager: Object.keys(metadata.annotations ?? {}).some((key) =>
      key.startsWith("cert-manager.io/inject"),
    ),
  });
}

export function serviceOf(
  { cluster, once }: CheckContext,
  { namespace, name, text }: WebhookService,
): Promise<KubeObject | undefined> {
  return once(`service ${text}`, () => cluster.get({ apiVersion: "v1", kind: "Service", namespace, name }));
}

/** Evidence of a pass with nothing behind it: ESO does without its webhooks. */
export const NO_WEBHOOK = "no webhook is configured";

/** A check of each webhook's Service; passes where no webhook is configured. */
export function webhookCheck(
  id: string,
  code: Check<CheckContext>["code"],
  title: string,
  judge: (service: WebhookService, context: CheckContext) => Promise<Finding | undefined>,
): Check<CheckContext> {
  return {
    id: `eso-webhook-${id}`,
    code,
    category: "eso",
    title,
    severity: "error",
    needs: id === "service" ? ["cluster-reach"] : ["eso-webhook-service"],
    run: async (context) => {
      const services = await findWebhooks(context);
      if (services.length === 0) return { status: "pass", evidence: NO_WEBHOOK };
      for (const service of services) {
        const finding = await judge(service, context);
        if (finding) return finding;
      }
      return { status: "pass", evidence: services.map(({ text }) => text).join(", ") };
    },
  };
}
