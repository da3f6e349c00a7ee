import { createHash, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { at, isRecord, jsonOf, textOf, textsOf } from "../../data.ts";
import type { Store } from "./store.ts";

/** The issuer and default audience of ServiceAccount tokens. */
export const ISSUER = "https://kubernetes.default.svc.cluster.local";

export interface User {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a token is bound to: it dies with it. */
export interface Binding {
  readonly kind: "Secret" | "Pod" | "Node";
  readonly name: string;
  readonly uid: string;
}

interface Wanted {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly audiences?: readonly string[];
  /** Seconds; undefined: a legacy token that never expires. */
  readonly lifetime?: number;
  readonly bound?: Binding | undefined;
  /** A legacy token says the name of its Secret. */
  readonly secret?: string;
  readonly id?: string;
}

/** Who a token belongs to, or why it is not accepted. */
export type Verdict =
  | { readonly user: User; readonly audiences: readonly string[] }
  | { readonly error: string };

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Issues and checks ServiceAccount tokens: RS256 JWTs with the claims of a real cluster (serviceaccount/claims.go, legacy.go). */
export class Tokens {
  readonly #key: KeyObject;
  readonly publicKey: KeyObject;
  readonly keyId: string;
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    const pair = generateKeyPairSync("rsa", { modulusLength: 2048 });
    [this.#key, this.publicKey, this.#store, this.#now] = [pair.privateKey, pair.publicKey, store, now];
    this.keyId = createHash("sha256")
      .update(this.publicKey.export({ type: "spki", format: "der" }))
      .digest("base64url");
  }

  issue({ namespace, name, uid, audiences = [ISSUER], lifetime, bound, secret, id }: Wanted): string {
    const sub = `system:serviceaccount:${namespace}:${name}`;
    const seconds = Math.floor(this.#now() / 1000);
    if (lifetime === undefined) {
      const prefix = "kubernetes.io/serviceaccount";
      return this.#sign({
        iss: prefix,
        [`${prefix}/namespace`]: namespace,
        [`${prefix}/secret.name`]: secret,
        [`${prefix}/service-account.name`]: name,
        [`${prefix}/service-account.uid`]: uid,
        sub,
      });
    }
    const more = bound ? { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } } : {};
    return this.#sign({
      aud: audiences,
      exp: seconds + lifetime,
      iat: seconds,
      iss: ISSUER,
      jti: id,
      "kubernetes.io": { namespace, ...more, serviceaccount: { name, uid } },
      nbf: seconds,
      sub,
    });
  }

  #sign(claims: object): string {
    const text = `${encode({ alg: "RS256", kid: this.keyId })}.${encode(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), this.#key).toString("base64url")}`;
  }

  /** Whose token this is, where it is meant for one of the audiences. */
  check(token: string, audiences: readonly string[] = [ISSUER]): Verdict {
    const claims = this.#claims(token);
    if (!claims) return { error: "invalid bearer token" };
    return claims["iss"] === ISSUER ? this.#bound(claims, audiences) : this.#legacy(token, claims, audiences);
  }

  #claims(token: string): Record<string, unknown> | undefined {
    const [header = "", payload = "", signature = ""] = token.split(".");
    const signed = Buffer.from(`${header}.${payload}`);
    if (!signature || !verify("sha256", signed, this.publicKey, Buffer.from(signature, "base64url")))
      return undefined;
    const claims = jsonOf(Buffer.from(payload, "base64url").toString("utf8"));
    return isRecord(claims) ? claims : undefined;
  }

  #bound(claims: Readonly<Record<string, unknown>>, wanted: readonly string[]): Verdict {
    const refused = (why: string): Verdict => ({ error: `[invalid bearer token, ${why}]` });
    const its = textsOf(claims["aud"]);
    const audiences = wanted.filter((audience) => its.includes(audience));
    if (audiences.length === 0)
      return refused(
        `token audiences ${JSON.stringify(its)} is invalid for the target audiences ${JSON.stringify(wanted)}`,
      );
    if (Number(claims["exp"]) <= this.#now() / 1000) return refused("service account token has expired");
    const about = claims["kubernetes.io"];
    const namespace = textOf(at(about, "namespace")) ?? "";
    const name = textOf(at(about, "serviceaccount", "name")) ?? "";
    const uid = textOf(at(about, "serviceaccount", "uid"));
    const account = this.#store.get("serviceaccounts", namespace, name);
    if (!account) return refused(`serviceaccounts "${name}" not found`);
    if (account.metadata.uid !== uid) return refused("service account UID does not match claim");
    for (const [kind, resource] of [
      ["secret", "secrets"],
      ["pod", "pods"],
    ] as const) {
      const bound = at(about, kind);
      if (!isRecord(bound)) continue;
      const found = this.#store.get(resource, namespace, textOf(bound["name"]) ?? "");
      if (!found || found.metadata.uid !== bound["uid"])
        return refused("service account token has been invalidated");
    }
    const credential = { "authentication.kubernetes.io/credential-id": [`JTI=${String(claims["jti"])}`] };
    return { user: { ...accountUser(namespace, name, uid), extra: credential }, audiences };
  }

  #legacy(token: string, claims: Readonly<Record<string, unknown>>, wanted: readonly string[]): Verdict {
    const claim = (name: string) => textOf(claims[`kubernetes.io/serviceaccount/${name}`]) ?? "";
    const [namespace, name, uid] = [
      claim("namespace"),
      claim("service-account.name"),
      claim("service-account.uid"),
    ];
    const refused = (why: string): Verdict => ({ error: `[invalid bearer token, ${why}]` });
    if (!wanted.includes(ISSUER))
      return refused(
        `token audiences ${JSON.stringify([ISSUER])} is invalid for the target audiences ${JSON.stringify(wanted)}`,
      );
    const secret = this.#store.get("secrets", namespace, claim("secret.name"));
    const kept = Buffer.from(textOf(at(secret, "data", "token")) ?? "", "base64").toString("utf8");
    if (!secret || secret.metadata.deletionTimestamp || kept !== token)
      return refused("service account token has been invalidated");
    const account = this.#store.get("serviceaccounts", namespace, name);
    if (!account) return refused(`serviceaccounts "${name}" not found`);
    if (account.metadata.uid !== uid)
      return refused(`the service account UID (${account.metadata.uid}) does not match the token's (${uid})`);
    return { user: accountUser(namespace, name, uid), audiences: [ISSUER] };
  }
}

function accountUser(namespace: string, name: string, uid?: string): User {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
  return { username: `system:serviceaccount:${namespace}:${name}`, uid, groups };
}
