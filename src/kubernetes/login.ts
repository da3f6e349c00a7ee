import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

import type { Run } from "../system/system.ts";
import type { ChosenContext } from "./contexts.ts";
import type { Access } from "./exchange.ts";
import { type PluginCredential, runPlugin } from "./exec-plugin.ts";
import { type KubeconfigUser, unusable } from "./kubeconfig.ts";
import { at, jsonOf, numberOf } from "../data.ts";
import type { Credentials } from "./transport.ts";

/** Makes an agent and headers of a user whose credential is at hand: no plugin, no token file. */
export type Connect = (user: KubeconfigUser) => Promise<Access>;

interface Held {
  readonly user: KubeconfigUser;
  readonly access: Access;
  readonly goodUntil: number;
}

/** client-go reads a token file again every minute; a login of an auth provider looks at its own expiry. */
const REREAD_MS = 60_000;
/** Many requests may hear 401 at once; one new credential is for all of them. */
const RENEW_AT_MOST_EVERY_MS = 10_000;

/** The credential of a context: fetched when first needed, kept, and renewed when it expires or is refused. */
export function createLogin(
  chosen: ChosenContext,
  connect: Connect,
  run: Run,
  signal: AbortSignal | undefined,
): Credentials {
  let held: Promise<Held> | undefined;
  let latest: Held | undefined;
  let renewedAt = 0;
  const load = (): Promise<Held> => {
    held = fetchCredential(chosen, connect, run, signal, latest);
    held.then(
      (fresh) => (latest = fresh),
      () => (held = undefined),
    );
    return held;
  };
  return {
    async current() {
      const have = await (held ?? load());
      return (have.goodUntil > Date.now() ? have : await load()).access;
    },
    async renew() {
      if (!isRenewable(chosen.user)) return false;
      if (Date.now() - renewedAt > RENEW_AT_MOST_EVERY_MS) {
        renewedAt = Date.now();
        void load();
      }
      await held;
      return true;
    },
    hint: () => latest && expiryHint(latest.user),
    end: () =>
      latest && latest.user.token === undefined && !isRenewable(chosen.user)
        ? endOf(latest.user)[1]
        : undefined,
  };
}

function isRenewable({ exec, tokenFile, authProvider }: KubeconfigUser): boolean {
  return exec !== undefined || tokenFile !== undefined || authProvider !== undefined;
}

async function fetchCredential(
  { user, cluster }: ChosenContext,
  connect: Connect,
  run: Run,
  signal: AbortSignal | undefined,
  before: Held | undefined,
): Promise<Held> {
  if (user.exec) {
    const credential = await runPlugin(user, cluster, run, signal);
    return hold(withPlugin(user, credential), connect, credential.expiresAt?.getTime(), before);
  }
  if (user.tokenFile !== undefined) {
    const token = readToken(user.tokenFile);
    return hold({ ...user, token }, connect, Date.now() + REREAD_MS, before);
  }
  return hold(user, connect, user.authProvider ? Date.now() + REREAD_MS : undefined, before);
}

/** The same credential keeps its connections; an auth provider decides anew inside `connect`. */
async function hold(
  user: KubeconfigUser,
  connect: Connect,
  goodUntil: number | undefined,
  before: Held | undefined,
): Promise<Held> {
  const same =
    before &&
    !user.authProvider &&
    before.user.token === user.token &&
    before.user.certData === user.certData;
  return {
    user,
    access: same ? before.access : await connect(user),
    goodUntil: goodUntil ?? Number.POSITIVE_INFINITY,
  };
}

function withPlugin(user: KubeconfigUser, { token, certPem, keyPem }: PluginCredential): KubeconfigUser {
  const encode = (pem: string) => Buffer.from(pem).toString("base64");
  return {
    name: user.name,
    impersonate: user.impersonate,
    ...(token && { token: token.reveal() }),
    ...(certPem !== undefined && keyPem
      ? { certData: encode(certPem), keyData: encode(keyPem.reveal()) }
      : { certData: user.certData, certFile: user.certFile, keyData: user.keyData, keyFile: user.keyFile }),
  };
}

function readToken(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    throw unusable(path, "the token file that it names cannot be read", error);
  }
}

/** Why a credential may be refused, where it says so itself: notAfter of a certificate, `exp` of a JWT. */
function expiryHint(user: KubeconfigUser): string | undefined {
  const [what, until] = endOf(user);
  if (until === undefined || until > Date.now()) return undefined;
  return `the ${what} of the kubeconfig expired on ${new Date(until).toISOString()}`;
}

function endOf({ certData, certFile, token }: KubeconfigUser): [what: string, until: number | undefined] {
  return token === undefined
    ? ["client certificate", certificateEnd(certData, certFile)]
    : ["token", tokenEnd(token)];
}

function certificateEnd(data: string | undefined, file: string | undefined): number | undefined {
  try {
    const pem = data === undefined ? file && readFileSync(file) : Buffer.from(data, "base64");
    return pem ? Date.parse(new X509Certificate(pem).validTo) : undefined;
  } catch {
    return undefined;
  }
}

function tokenEnd(token: string): number | undefined {
  const claims = jsonOf(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const seconds = numberOf(at(claims, "exp"));
  return seconds === undefined ? undefined : seconds * 1000;
}
