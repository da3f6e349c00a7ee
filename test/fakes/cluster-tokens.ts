import type {
  IssuedToken,
  KubeObject,
  ObjectRef,
  TokenRequestOptions,
  TokenVerdict,
} from "../../src/kubernetes/cluster.ts";
import { at, listOf, textsOf } from "../../src/data.ts";
import { Secret } from "../../src/secret.ts";
import type { ClusterStore } from "./cluster-store.ts";

/** Audience and issuer of the fake's API server, as a kubeadm cluster has them. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** What a fake token stands for; the API server keeps no such list, it reads the claims. */
export interface IssuedClaims {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly serviceAccountUid: string;
  /** The token dies with this Secret. */
  readonly secretUid?: string;
  readonly audiences: readonly string[];
  readonly expiresAt?: Date;
}

/** The part of the API server that makes tokens and judges them. */
export class FakeTokens {
  readonly #issued = new Map<string, IssuedClaims>();
  readonly #store: ClusterStore;
  readonly #now: () => number;

  constructor(store: ClusterStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  issue(claims: IssuedClaims): string {
    const token = writeToken(claims, this.#issued.size + 1);
    this.#issued.set(token, claims);
    return token;
  }

  request(options: TokenRequestOptions, account: KubeObject): IssuedToken {
    const claims = claimsFor(options, account, this.#now());
    return { token: new Secret(this.issue(claims)), expiresAt: claims.expiresAt ?? new Date(this.#now()) };
  }

  /** TokenReview in the words of a real API server (1.36). */
  review(token: Secret, bearer: Secret, audiences: readonly string[] = []): TokenVerdict {
    const reviewer = this.#genuine(bearer);
    if (!reviewer?.audiences.includes(ISSUER))
      return { verdict: "refused", status: 401, error: "Unauthorized" };
    if (
      !mayReview(
        reviewer,
        this.#store.list(() => true),
      )
    )
      return { verdict: "refused", status: 403, error: mayNotReview(usernameOf(reviewer)) };
    const claims = this.#genuine(token);
    if (!claims) return { verdict: "not-genuine", error: "invalid bearer token" };
    const wanted = audiences.length > 0 ? audiences : [ISSUER];
    const shared = claims.audiences.filter((audience) => wanted.includes(audience));
    if (shared.length > 0) return { verdict: "genuine", username: usernameOf(claims), audiences: shared };
    const [has, wants] = [JSON.stringify(claims.audiences), JSON.stringify(wanted)];
    return {
      verdict: "not-genuine",
      error: `[invalid bearer token, token audiences ${has} is invalid for the target audiences ${wants}]`,
    };
  }

  /** A token lives as long as its ServiceAccount and its Secret (the same ones, by uid), and until it expires. */
  #genuine(token: Secret): IssuedClaims | undefined {
    const claims = this.#issued.get(token.reveal());
    if (!claims || (claims.expiresAt && claims.expiresAt.getTime() <= this.#now())) return undefined;
    const account = this.#store.get(accountRef(claims.namespace, claims.serviceAccount));
    if (account?.metadata.uid !== claims.serviceAccountUid) return undefined;
    if (claims.secretUid === undefined) return claims;
    const secrets = this.#store.list((object) => object.kind === "Secret");
    return secrets.some((secret) => secret.metadata.uid === claims.secretUid) ? claims : undefined;
  }
}

export function accountRef(namespace: string, name: string): ObjectRef {
  return { apiVersion: "v1", kind: "ServiceAccount", namespace, name };
}

function mayNotReview(username: string): string {
  const where = `in API group "authentication.k8s.io" at the cluster scope`;
  return `tokenreviews.authentication.k8s.io is forbidden: User "${username}" cannot create resource "tokenreviews" ${where}`;
}

/** A JWT by its looks: three parts, claims that decode, and a signature that is only a counter. */
function writeToken(claims: IssuedClaims, serial: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const payload = {
    iss: ISSUER,
    aud: claims.audiences,
    sub: usernameOf(claims),
    ...(claims.expiresAt ? { exp: Math.floor(claims.expiresAt.getTime() / 1000) } : {}),
    "kubernetes.io": {
      namespace: claims.namespace,
      serviceaccount: { name: claims.serviceAccount, uid: claims.serviceAccountUid },
      ...(claims.secretUid ? { secret: { uid: claims.secretUid } } : {}),
    },
  };
  const signature = Buffer.from(`fake-${serial}`).toString("base64url");
  return `${part({ alg: "RS256", kid: "fake" })}.${part(payload)}.${signature}`;
}

function usernameOf(claims: Pick<IssuedClaims, "namespace" | "serviceAccount">): string {
  return `system:serviceaccount:${claims.namespace}:${claims.serviceAccount}`;
}

/** The claims of a new token; the API server grants an hour where nothing is asked, and never less than ten minutes. */
function claimsFor(request: TokenRequestOptions, account: KubeObject, now: number): IssuedClaims {
  const seconds = Math.max(request.expirationSeconds ?? 3600, 600);
  return {
    namespace: request.namespace,
    serviceAccount: request.serviceAccount,
    serviceAccountUid: account.metadata.uid ?? "",
    ...(request.boundSecret ? { secretUid: request.boundSecret.uid } : {}),
    audiences: request.audiences?.length ? request.audiences : [ISSUER],
    expiresAt: new Date(now + seconds * 1000),
  };
}

/** True when a ClusterRoleBinding lets this ServiceAccount create TokenReviews (system:auth-delegator, or a role that says so). */
function mayReview(claims: IssuedClaims, objects: readonly KubeObject[]): boolean {
  const roles = objects.filter((object) => object.kind === "ClusterRole");
  return objects
    .filter((object) => object.kind === "ClusterRoleBinding")
    .filter((binding) => listOf(binding["subjects"]).some((subject) => isSubject(subject, claims)))
    .map((binding) => at(binding, "roleRef", "name"))
    .some(
      (role) =>
        role === "system:auth-delegator" ||
        role === "cluster-admin" ||
        roles.some((candidate) => candidate.metadata.name === role && allowsReviews(candidate)),
    );
}

function isSubject(subject: unknown, claims: IssuedClaims): boolean {
  return (
    at(subject, "kind") === "ServiceAccount" &&
    at(subject, "name") === claims.serviceAccount &&
    at(subject, "namespace") === claims.namespace
  );
}

function allowsReviews(role: KubeObject): boolean {
  return listOf(role["rules"]).some((rule) => {
    const holds = (field: string, value: string) =>
      textsOf(at(rule, field)).some((entry) => entry === value || entry === "*");
    return holds("resources", "tokenreviews") && holds("verbs", "create");
  });
}
