import { at } from "../data.ts";
import { REVIEWER_LABEL } from "../desired/manifests.ts";
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

/** The token that kube-controller-manager filled in, or undefined while it has not. */
export function tokenIn(secret: KubeObject | undefined): Secret | undefined {
  const token = at(secret?.["data"], "token");
  return typeof token === "string" && token
    ? new Secret(Buffer.from(token, "base64").toString("utf8"))
    : undefined;
}

/** What a ServiceAccount token says of itself; never verified here, only compared. */
export interface TokenClaims {
  readonly expiresAt: Date | undefined;
  /** uid of the Secret a bound token hangs on. */
  readonly secretUid: string | undefined;
  readonly serviceAccountUid: string | undefined;
}

/** Decodes a JWT's claims; undefined when it is none. */
export function claimsOf(token: Secret): TokenClaims | undefined {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(token.reveal().split(".")[1] ?? "", "base64url").toString("utf8"),
    );
    const text = (...path: string[]) => {
      const value = at(payload, ...path);
      return typeof value === "string" ? value : undefined;
    };
    const exp = at(payload, "exp");
    return {
      expiresAt: typeof exp === "number" ? new Date(exp * 1000) : undefined,
      secretUid: text("kubernetes.io", "secret", "uid"),
      serviceAccountUid: text("kubernetes.io", "serviceaccount", "uid"),
    };
  } catch {
    return undefined;
  }
}
