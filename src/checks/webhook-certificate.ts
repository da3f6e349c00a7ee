import { X509Certificate } from "node:crypto";
import { at, textOf } from "../data.ts";
import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";
import { webhookCheck, type WebhookService } from "./webhook-found.ts";

/** The webhook's own certificate, and the CA by which the API server trusts it. Private keys are not looked at. */
export function certificateChecks(): Check<CheckContext>[] {
  const secret = webhookCheck("secret", "ESOB-H225", "the webhook's certificate is there", hasCertificate);
  const more = [
    webhookCheck("names", "ESOB-H224", "the webhook's certificate is for its Service", isForService),
    webhookCheck("expiry", "ESOB-H235", "the webhook's certificate is valid now", isValidNow),
    webhookCheck("ca", "ESOB-H220", "the API server trusts the webhook's certificate", isTrusted),
  ];
  return [
    { ...secret, after: ["eso-webhook-cert-controller"] },
    ...more.map((check) => ({ ...check, needs: [secret.id] })),
  ];
}

interface Certificate {
  readonly ca: string | undefined;
  readonly own: X509Certificate | undefined;
}

function readCertificate(
  { cluster, once }: CheckContext,
  { namespace, name, text }: WebhookService,
): Promise<Certificate | undefined> {
  return once(`webhook certificate ${text}`, async () => {
    const live = await cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name });
    return live && { ca: pemAt(live, "ca.crt"), own: parse(pemAt(live, "tls.crt")) };
  });
}

function pemAt(secret: unknown, key: string): string | undefined {
  const base64 = textOf(at(secret, "data", key));
  return base64 === undefined ? undefined : Buffer.from(base64, "base64").toString("utf8");
}

function parse(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

const renewal = ({ namespace, name }: WebhookService) => ({
  summary: "Empty the Secret and restart the cert-controller: it makes a new certificate.",
  command: `kubectl patch secret ${name} -n ${namespace} --type=json -p '[{"op":"remove","path":"/data"}]' && kubectl rollout restart deployment -n ${namespace} -l app.kubernetes.io/name=external-secrets-cert-controller`,
});
const restart = ({ namespace }: WebhookService) => ({
  summary: "Restart the cert-controller: it fills the Secret and puts the CA into the webhook.",
  command: `kubectl rollout restart deployment -n ${namespace} -l app.kubernetes.io/name=external-secrets-cert-controller`,
});

async function hasCertificate(service: WebhookService, context: CheckContext): Promise<Finding | undefined> {
  const seen = await readCertificate(context, service);
  if (seen?.own) return undefined;
  throw new BootstrapError("ESOB-H225", {
    message: `ESO's webhook has no certificate: it cannot start, and changes are refused.`,
    reason: `Secret ${service.text} ${seen ? "holds no certificate in tls.crt" : "does not exist"}`,
    fix: restart(service),
  });
}

async function isForService(service: WebhookService, context: CheckContext): Promise<undefined> {
  const wanted = `${service.name}.${service.namespace}.svc`;
  const own = (await readCertificate(context, service))?.own;
  if (own?.checkHost(wanted) !== undefined) return undefined;
  throw new BootstrapError("ESOB-H224", {
    message: `The certificate of ESO's webhook is not for ${wanted}.`,
    reason: `it is for ${own?.subjectAltName ?? "no name"}: of another release, or of another namespace`,
    fix: renewal(service),
  });
}

async function isValidNow(service: WebhookService, context: CheckContext): Promise<undefined> {
  const until = Date.parse((await readCertificate(context, service))?.own?.validTo ?? "");
  if (until > context.clock.now()) return undefined;
  throw new BootstrapError("ESOB-H235", {
    message: `The certificate of ESO's webhook has expired.`,
    reason: `it was valid until ${new Date(until).toISOString()}; the cert-controller did not renew it`,
    fix: renewal(service),
  });
}

async function isTrusted(service: WebhookService, context: CheckContext): Promise<undefined> {
  const { ca = "" } = (await readCertificate(context, service)) ?? {};
  // cert-manager may chain to another CA than the one in this Secret.
  if (service.byCertManager && ca === "") return undefined;
  const wanted = plain(ca);
  const wrong = service.caBundles.find(
    (bundle) => wanted === "" || !plain(Buffer.from(bundle, "base64").toString("utf8")).includes(wanted),
  );
  if (wrong === undefined) return undefined;
  throw new BootstrapError("ESOB-H220", {
    message: `The API server does not trust ESO's webhook: changes of stores and ExternalSecrets are refused.`,
    reason: `${wrong === "" ? "the webhook configuration has no caBundle" : `its caBundle is not the ca.crt of Secret ${service.text}`} (${service.configurations.join(", ")})`,
    fix: restart(service),
  });
}

const plain = (pem: string) => pem.replace(/\s+/g, "");
