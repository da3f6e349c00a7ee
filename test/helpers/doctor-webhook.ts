import { makeCertificate } from "../contract/sandbox-infisical-certificates.ts";
import type { DoctorWorld } from "./doctor-world.ts";

const namespace = "external-secrets";
const name = "external-secrets-webhook";

export const WEBHOOK = {
  service: { apiVersion: "v1", kind: "Service", namespace, name },
  secret: { apiVersion: "v1", kind: "Secret", namespace, name },
  endpoints: { apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", namespace, name: `${name}-1` },
  certController: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace,
    name: "external-secrets-cert-controller",
  },
} as const;

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Everything that the chart's webhook has (eso.md 4.3), healthy unless told otherwise. */
export function makeWebhook(
  { cluster }: DoctorWorld,
  options: { hosts?: readonly string[]; expired?: boolean; otherCa?: boolean } = {},
): void {
  const { hosts = [`${name}.${namespace}.svc`], expired = false } = options;
  const ca = makeCertificate({ name: "external-secrets", isCa: true });
  const server = makeCertificate({ name, hosts, issuer: ca, expired });
  const trusted = options.otherCa === true ? makeCertificate({ name: "old", isCa: true }) : ca;
  const clientConfig = { service: { name, namespace }, caBundle: base64(trusted.cert) };
  const metadata = { name, namespace };
  cluster.seed(
    { apiVersion: "v1", kind: "Service", metadata, spec: {} },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata,
      data: { "ca.crt": base64(ca.cert), "tls.crt": base64(server.cert) },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, name: WEBHOOK.endpoints.name, labels: { "kubernetes.io/service-name": name } },
      endpoints: [{ addresses: ["10.1.2.3"], conditions: { ready: true } }],
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        name: WEBHOOK.certController.name,
        namespace,
        labels: { "app.kubernetes.io/name": WEBHOOK.certController.name },
      },
      spec: { replicas: 1 },
    },
    ...["secretstore", "externalsecret"].map((kind) => ({
      apiVersion: "admissionregistration.k8s.io/v1",
      kind: "ValidatingWebhookConfiguration",
      metadata: { name: `${kind}-validate` },
      webhooks: [{ name: `validate.${kind}.external-secrets.io`, clientConfig }],
    })),
  );
  cluster.setStatus(WEBHOOK.certController, {
    observedGeneration: 99,
    availableReplicas: 1,
    updatedReplicas: 1,
  });
}
