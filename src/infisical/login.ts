import { BootstrapError, isBootstrapError } from "../errors.ts";
import { Secret } from "../secret.ts";
import type { Clock } from "../system/system.ts";
import { isOk } from "./answers.ts";
import type { Caller } from "./caller.ts";
import { COMMON, fillRoute } from "./eras.ts";
import { failure, refusal } from "./errors.ts";
import type { OperatorCredential } from "./infisical.ts";
import { fieldsOf, needText, numberOf, textOf, type Json } from "./json.ts";

/** Who we are at Infisical, from the claims of our token (infisical-api.md, token kinds). */
export interface Claims {
  readonly kind: "identity" | "user";
  readonly identityId: string | undefined;
  /** A user's token belongs to one organization. */
  readonly organizationId: string | undefined;
}

export interface Login {
  /** The bearer; logs in when there is none yet, and again shortly before it runs out. */
  token(): Promise<Secret>;
  claims(): Promise<Claims>;
  /** Ends the token that we obtained by logging in. A token that was given to us stays. */
  revoke(): Promise<void>;
}

/** A token is replaced when this share of its lifetime is over, so that it does not run out on the way. */
const USED_SHARE = 0.8;

interface Held {
  readonly token: Secret;
  readonly until: number;
}

/** The operator's login: once per run, lazily. A refused one is remembered, for three failures lock the identity out. */
export function createLogin(options: {
  caller: Caller;
  credential: OperatorCredential | undefined;
  host: string;
  clock: Clock;
  /** Of the pod's token; undefined: no such file. */
  readText?: ((path: string) => Promise<string | undefined>) | undefined;
}): Login {
  const { caller, credential, host, clock } = options;
  let held: Promise<Held> | undefined;

  async function logIn(route: string, body: Json): Promise<Held> {
    const answer = await caller.read({ method: "POST", path: fillRoute(route).path, doing: "log in", body });
    if (answer.kind === "foreign") throw failure(answer, host, "log in");
    if (!isOk(answer)) throw refusal(answer, "log in");
    const { accessToken, expiresIn } = fieldsOf(answer.body);
    const lifetime = numberOf(expiresIn) ?? 0;
    return {
      token: new Secret(needText(accessToken, "accessToken")),
      until: lifetime > 0 ? clock.now() + lifetime * 1000 * USED_SHARE : Number.POSITIVE_INFINITY,
    };
  }

  async function open(): Promise<Held> {
    if (!credential) throw new BootstrapError("ESOB-I104", { message: "No Infisical credential was given." });
    if (credential.kind === "universal-auth") {
      const { clientId, clientSecret } = credential;
      return logIn(COMMON.login, { clientId, clientSecret: clientSecret.reveal() });
    }
    if (credential.kind === "kubernetes-auth") {
      const jwt = await podToken(credential.tokenFile);
      return logIn(COMMON.kubernetesLogin, { identityId: credential.identityId, jwt: jwt.reveal() });
    }
    assertUsable(credential.token);
    return { token: credential.token, until: Number.POSITIVE_INFINITY };
  }

  async function podToken(file: string): Promise<Secret> {
    const text = (await options.readText?.(file))?.trim();
    if (text) return new Secret(text);
    throw new BootstrapError("ESOB-I104", {
      message: `There is no ServiceAccount token at ${file}.`,
      reason: "INFISICAL_MACHINE_IDENTITY_ID asks for Kubernetes Auth, which needs one: it is meant for pods",
    });
  }

  /** Parallel callers share one login. Only what may pass by itself is tried again by the next caller. */
  function current(): Promise<Held> {
    held ??= open().catch((error: unknown) => {
      if (!isRefused(error)) held = undefined;
      throw error;
    });
    return held;
  }

  async function fresh(): Promise<Held> {
    const shared = current();
    const known = await shared;
    if (clock.now() < known.until) return known;
    if (held === shared) held = undefined;
    return current();
  }

  return {
    token: async () => (await fresh()).token,
    claims: async () => claimsOf((await fresh()).token),
    async revoke() {
      if (!credential || credential.kind === "token" || !held) return;
      const known = await held.catch(() => undefined);
      held = undefined;
      if (known) await revokeToken(caller, known.token);
    },
  };
}

const isRefused = (error: unknown) => isBootstrapError(error) && /I10[456]|I118/.test(error.code);

/** POST /api/v1/auth/token/revoke: the token is the body, no bearer is needed. */
export async function revokeToken(caller: Caller, token: Secret): Promise<void> {
  await caller.once({
    method: "POST",
    path: fillRoute(COMMON.revoke).path,
    doing: "revoke an access token",
    body: { accessToken: token.reveal() },
    evenIfInterrupted: true,
  });
}

function assertUsable(token: Secret): void {
  if (token.reveal().startsWith("st."))
    throw wrongKind("it is a service token (st.…), which can only read secrets");
  if (decode(token) === undefined)
    throw wrongKind("it is not an access token of a machine identity or a user");
}

function wrongKind(reason: string): BootstrapError {
  return new BootstrapError("ESOB-I118", { message: "INFISICAL_TOKEN cannot be used here.", reason });
}

/** The claims are only read, never trusted: the server checks the signature. */
function claimsOf(token: Secret): Claims {
  const { authTokenType, identityId, organizationId } = decode(token) ?? {};
  const isIdentity = textOf(identityId) !== undefined && authTokenType !== "accessToken";
  return {
    kind: isIdentity ? "identity" : "user",
    identityId: isIdentity ? textOf(identityId) : undefined,
    organizationId: textOf(organizationId),
  };
}

function decode(token: Secret): Json | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]*$/.exec(token.reveal())?.[1];
  if (payload === undefined) return undefined;
  try {
    return fieldsOf(JSON.parse(Buffer.from(payload, "base64url").toString("utf8")));
  } catch {
    return undefined;
  }
}
