import { recordOf } from "../../src/data.ts";
import type { KubeObject, ObjectRef } from "../../src/kubernetes/cluster.ts";
import { EXTERNAL_SECRET, IDENTITY_SECRET, STORE, TARGET, type DoctorWorld } from "./doctor-world.ts";

type Fields = Record<string, unknown>;

/** Changes `spec` of an object. */
export function inSpec(world: DoctorWorld, ref: ObjectRef, change: (spec: Fields) => void): void {
  world.edit(ref, (object) => change(recordOf(object["spec"])));
}

/** Changes `spec.provider.infisical` of the store. */
export function inStore(world: DoctorWorld, change: (infisical: Fields) => void): void {
  inSpec(world, STORE, (spec) => change(recordOf(recordOf(spec["provider"])["infisical"])));
}

/** Changes `secretsScope` of the store. */
export const inScope = (world: DoctorWorld, scope: Fields) =>
  inStore(world, (infisical) => Object.assign(recordOf(infisical["secretsScope"]), scope));

/** Changes `auth.kubernetesAuthCredentials` of the store. */
export const inAuth = (world: DoctorWorld, credentials: Fields) =>
  inStore(world, ({ auth }) =>
    Object.assign(recordOf(recordOf(auth)["kubernetesAuthCredentials"]), credentials),
  );

export const base64 = (text: string) => Buffer.from(text).toString("base64");

/** Puts a text where the identity's id should be. */
export const setIdentityId = (world: DoctorWorld, text: string) =>
  world.edit(IDENTITY_SECRET, (secret) => (secret["data"] = { identityId: base64(text) }));

export function secret(name: string, data: Record<string, string>, namespace = "shop"): KubeObject {
  const encoded = Object.entries(data).map(([key, value]) => [key, base64(value)]);
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    data: Object.fromEntries(encoded),
  };
}

/** Puts other values into the target Secret. */
export const setTarget = (world: DoctorWorld, data: Record<string, string>) =>
  world.edit(TARGET, (target) => (target["data"] = secret("", data)["data"]));

/** A call to the simulated server as its operator, past everything that our own client would refuse to do. */
export async function ask(
  { infisical }: DoctorWorld,
  method: string,
  path: string,
  body: object,
): Promise<void> {
  const answer = await fetch(`${infisical.url}${path}`, {
    method,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${infisical.tokenFor(infisical.operator.identityId)}`,
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** Changes the stored Kubernetes Auth of the store's identity. */
export const patchAuth = (world: DoctorWorld, body: object) =>
  ask(world, "PATCH", `/api/v1/auth/kubernetes-auth/identities/${world.identityId()}`, body);

/** The text of an event in which ESO's SDK quotes Infisical (eso.md 5.2). */
export const loginSays = (status: number, message: string) =>
  `failed to authenticate via kubernetes auth APIError: CallKubernetesAuthLogin unsuccessful response [POST https://x/api/v1/auth/kubernetes-auth/login] [status-code=${status}] [reqId=req-1] [message="${message}"]`;

/** The same for the list with which ESO validates a store (eso.md 5.3). */
export const listSays = (status: number, message: string) =>
  `cannot read secrets with provided project scope project:shop environment:prod secret-path:/shop recursive:false, APIError: CallListSecretsV3Raw unsuccessful response [GET https://x/api/v3/secrets/raw] [status-code=${status}] [reqId=req-1] [message="${message}"]`;

/** Store invalid, as ESO tells it. */
export const storeSays = (
  world: DoctorWorld,
  event: string | undefined,
  message = "unable to create client",
) =>
  world.complain(STORE, { reason: "InvalidProviderConfig", message, ...(event !== undefined && { event }) });

/** ExternalSecret not synced, as ESO tells it. */
export const secretSays = (
  world: DoctorWorld,
  event: string | undefined,
  message = "could not get secret data from provider",
) =>
  world.complain(EXTERNAL_SECRET, {
    reason: "SecretSyncedError",
    message,
    ...(event !== undefined && { event }),
  });

/** ExternalSecret ready, in other words than usual. */
export function callReady(world: DoctorWorld, reason: string, message: string): void {
  const { cluster } = world;
  const status = recordOf(cluster.peek(EXTERNAL_SECRET)?.["status"]);
  cluster.setStatus(EXTERNAL_SECRET, {
    ...status,
    conditions: [{ type: "Ready", status: "True", reason, message }],
  });
}
