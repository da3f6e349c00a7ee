import { at, isRecord, jsonOf, numberOf as numberIn, textOf } from "../data.ts";
import { REVIEWER_LABEL, reviewerSecretManifest } from "../desired/manifests.ts";
import type { Desired } from "../desired/desired.ts";
import { MANAGED_BY_LABEL, MANAGER, type Cluster, type KubeObject } from "../kubernetes/cluster.ts";
import { Secret } from "../secret.ts";

/** The reviewer's Secrets that carry our mark, by number: the last one is in use. */
export async function listReviewerSecrets(cluster: Cluster, { reviewer }: Desired): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  const labelSelector = `${MANAGED_BY_LABEL}=${MANAGER},${REVIEWER_LABEL}=${reviewer.serviceAccount}`;
  const query = { apiVersion: "v1", kind: "Secret", namespace: reviewer.namespace, labelSelector };
  for await (const secret of cluster.list(query)) if (!secret.metadata.deletionTimestamp) found.push(secret);
  return found.toSorted((a, b) => numberOf(a) - numberOf(b));
}

/** The number at the end of `infisical-token-reviewer-7`. */
export function numberOf(secret: KubeObject): number {
  return Number(/-(\d+)$/.exec(secret.metadata.name)?.[1] ?? 0);
}

/** Secrets of this type hold an unlimited token; ours of any other type are what bound tokens hang on. */
export const TOKEN_TYPE = "kubernetes.io/service-account-token";

/**
 * The Secret in use: the newest of ours, or a first one. Its kind follows the kind of token: another kind gets a number of its own,
 * the old one stays until it is rotated.
 */
export function currentSecret(desired: Desired, secrets: readonly KubeObject[]): KubeObject {
  const newest = secrets.at(-1);
  const wanted = desired.reviewer.tokenLifetime === undefined ? TOKEN_TYPE : "Opaque";
  const index = newest ? numberOf(newest) + (newest["type"] === wanted ? 0 : 1) : 1;
  return reviewerSecretManifest(desired, index);
}

/** The token that kube-controller-manager filled in, or undefined while it has not. */
export function tokenIn(secret: KubeObject | undefined): Secret | undefined {
  const token = at(secret?.["data"], "token");
  return typeof token === "string" && token
    ? new Secret(Buffer.from(token, "base64").toString("utf8"))
    : undefined;
}

/** What a ServiceAccount token says of itself; never verified here, only compared. */
export interface TokenClaims {
  readonly account: {
    readonly namespace: string | undefined;
    readonly name: string | undefined;
    readonly uid: string | undefined;
  };
  /** The Secret that it hangs on: a bound token says its uid, an unlimited one only its name. */
  readonly secret: { readonly name: string | undefined; readonly uid: string | undefined };
  /** Unlimited tokens say neither when they were made nor when they end. */
  readonly issuedAt: Date | undefined;
  readonly expiresAt: Date | undefined;
}

/** Where unlimited tokens have their claims (kubernetes `serviceaccount/legacy.go`). */
const LEGACY = "kubernetes.io/serviceaccount";

/** Decodes a JWT's claims; undefined when it is none. */
export function claimsOf(token: Secret): TokenClaims | undefined {
  const payload = jsonOf(Buffer.from(token.reveal().split(".")[1] ?? "", "base64url").toString("utf8"));
  if (!isRecord(payload)) return undefined;
  const bound = payload["kubernetes.io"];
  const legacy = (name: string) => textOf(payload[`${LEGACY}/${name}`]);
  const date = (name: string) => {
    const seconds = numberIn(payload[name]);
    return seconds === undefined ? undefined : new Date(seconds * 1000);
  };
  return {
    account: {
      namespace: textOf(at(bound, "namespace")) ?? legacy("namespace"),
      name: textOf(at(bound, "serviceaccount", "name")) ?? legacy("service-account.name"),
      uid: textOf(at(bound, "serviceaccount", "uid")) ?? legacy("service-account.uid"),
    },
    secret: {
      name: textOf(at(bound, "secret", "name")) ?? legacy("secret.name"),
      uid: textOf(at(bound, "secret", "uid")),
    },
    issuedAt: date("iat"),
    expiresAt: date("exp"),
  };
}
