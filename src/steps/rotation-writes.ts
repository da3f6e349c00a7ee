import { BootstrapError, isBootstrapError } from "../errors.ts";
import { roughDuration } from "../inputs/durations.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { Secret } from "../secret.ts";
import type { RoadContext } from "./context.ts";
import { refOf } from "./objects.ts";
import { claimsOf, TOKEN_TYPE, tokenIn } from "./reviewer-fact.ts";
import { proveLogin } from "./reviewer-login.ts";
import { proveReviewer, tokenOf } from "./reviewer-token.ts";
import type { ReviewerUser } from "./reviewer-users.ts";
import { waitForToken } from "./reviewer.ts";

/** Life of a token that is asked for only to see it die: the shortest that Kubernetes grants. */
const WITNESS_SECONDS = 600;

/** The API server remembers verdicts for about 10 s (`--authentication-token` caches). */
const DEAD_WITHIN_MS = 90_000;

/** Sends the identity the new token, which works; where no login follows from it, the old one is put back while that still works. */
export async function renew(context: RoadContext, target: KubeObject, user: ReviewerUser): Promise<void> {
  const { infisical, emit, options } = context;
  const token = await newToken(context, target);
  await proveReviewer(context, token);
  await infisical.updateKubernetesAuth(user.identity.id, { reviewer: token });
  try {
    const { because } = await proveLogin(context, user);
    if (because !== undefined)
      emit({
        type: "warning",
        text: `The login with ${user.identity.name} was not proved: ${because}.`,
      });
  } catch (error) {
    if (options.signal.aborted || !isBootstrapError(error)) throw error;
    throw (await putBack(context, user)) ? withNote(error) : error;
  }
}

async function newToken(context: RoadContext, target: KubeObject): Promise<Secret> {
  const { cluster, desired, emit } = context;
  if (target["type"] === TOKEN_TYPE && !tokenIn(target)) await waitForToken(context, target);
  const secret = await cluster.get(refOf(target));
  const token = secret && (await tokenOf(context, secret));
  if (!token)
    throw new BootstrapError("ESOB-R101", {
      message: `The Secret ${target.metadata.namespace}/${target.metadata.name} holds no token.`,
    });
  const { issuedAt, expiresAt } = claimsOf(token) ?? {};
  const granted = ((expiresAt?.getTime() ?? 0) - (issuedAt?.getTime() ?? 0)) / 1000;
  const asked = desired.reviewer.tokenLifetime ?? 0;
  if (granted > 0 && granted < asked)
    emit({
      type: "warning",
      text: `The API server grants reviewer tokens ${roughDuration(granted)}, not ${roughDuration(asked)}: rotate that often.`,
    });
  return token;
}

async function putBack({ cluster, infisical }: RoadContext, user: ReviewerUser): Promise<boolean> {
  const { token, identity } = user;
  try {
    const { verdict } = await cluster.reviewToken({ token, bearer: token });
    if (verdict !== "genuine") return false;
    await infisical.updateKubernetesAuth(identity.id, { reviewer: token });
    return true;
  } catch {
    // The first error says what is wrong; the new token stays, which works too.
    return false;
  }
}

const withNote = (error: BootstrapError) =>
  new BootstrapError(error.code, {
    message: error.message,
    reason: [error.reason, "the old token was put back"].filter(Boolean).join("; "),
    fix: error.fix,
    facts: error.facts,
    cause: error,
  });

/** Deletes an old Secret that nobody uses any more, and waits until the API server refuses its tokens. */
export async function removeOld(
  context: RoadContext,
  { secret, target, replaced }: { secret: KubeObject; target: KubeObject; replaced: readonly Secret[] },
): Promise<void> {
  const { cluster, clock, options } = context;
  const what = `Secret ${secret.metadata.namespace}/${secret.metadata.name}`;
  await assertUnused(context, secret, what);
  const bearer = await tokenOf(context, target, WITNESS_SECONDS);
  const witness = await tokenOf(context, secret, WITNESS_SECONDS);
  const remembered = clock.now();
  // A bound token that a run before this one replaced is known to nobody: one of its kind, remembered as late, stands for it.
  if (bearer && witness) await cluster.reviewToken({ token: witness, bearer });
  const outcome = await cluster.delete(refOf(secret), { uid: secret.metadata.uid ?? "" });
  if (outcome === "conflict")
    throw new BootstrapError("ESOB-C201", {
      message: `${what} has been made anew since the plan was made.`,
      fix: { summary: "Look at the plan again.", command: "eso-bootstrap reviewer rotate" },
    });
  const sooner = clock.now() - remembered;
  const dying = [...(witness ? [witness] : []), ...replaced.filter((token) => hangsOn(token, secret))];
  if (bearer) for (const token of dying) await proveDead(context, { token, bearer, what });
  await clock.sleep(sooner, options.signal);
}

async function assertUnused({ facts }: RoadContext, secret: KubeObject, what: string): Promise<void> {
  facts.forget();
  const { users } = await facts.reviewerUsers();
  const names = users
    .filter((user) => user.secret?.metadata.uid === secret.metadata.uid)
    .map(({ identity }) => identity.name);
  if (names.length === 0) return;
  throw new BootstrapError("ESOB-R303", {
    message: `${what} cannot go: ${names.join(", ")} still ${names.length === 1 ? "uses" : "use"} its token.`,
    reason: "it was stored while the rotation ran",
    fix: { summary: "Run it again.", command: "eso-bootstrap reviewer rotate" },
  });
}

function hangsOn(token: Secret, { metadata }: KubeObject): boolean {
  const { secret } = claimsOf(token) ?? {};
  return secret?.uid === undefined ? secret?.name === metadata.name : secret.uid === metadata.uid;
}

async function proveDead(
  { cluster, clock, emit, options }: RoadContext,
  { token, bearer, what }: { token: Secret; bearer: Secret; what: string },
): Promise<void> {
  const until = clock.now() + DEAD_WITHIN_MS;
  for (;;) {
    const verdict = await cluster.reviewToken({ token, bearer });
    if (verdict.verdict === "not-genuine") return;
    if (clock.now() > until)
      throw new BootstrapError("ESOB-R304", {
        message: `The token of ${what}, which is deleted, is still accepted.`,
        reason: verdict.verdict === "refused" ? verdict.error : `the API server says: ${verdict.username}`,
      });
    emit({ type: "waiting", what: "the old token", state: "the API server still remembers it" });
    await clock.sleep(500, options.signal);
  }
}
