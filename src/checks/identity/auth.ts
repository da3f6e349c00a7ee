import type { Code } from "../../codes.ts";
import type { Desired } from "../../desired/desired.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError, isBootstrapError } from "../../errors.ts";
import { findApiServer } from "../../steps/api-server.ts";
import type { CheckContext } from "../context.ts";
import { pass, skip, warning } from "../finding.ts";
import { tryLogin } from "../login/trial.ts";
import { restoreAtInfisical } from "../mending.ts";
import { authOf, type Bearer } from "./bearer.ts";
import { operatorOf } from "./seen.ts";

/** The API server's address that Infisical has stored, against the live cluster. */
export async function judgeHost(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const { auth, api } = await storedAndLive(context, bearer);
  if (!api) return UNKNOWN_API;
  if (isSameUrl(auth.host, api.url)) return pass(auth.host);
  const message = `Infisical asks the API server at ${auth.host}, and this cluster's is ${api.url}.`;
  return differs(context, bearer, "ESOB-I323", message);
}

/** The CA that Infisical has stored for it. Of another address it is not known which is right. */
export async function judgeCa(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const { auth, api } = await storedAndLive(context, bearer);
  if (!api) return UNKNOWN_API;
  if (!isSameUrl(auth.host, api.url)) return skip(`Infisical asks another address: ${auth.host}`);
  if (auth.ca.trim() === api.ca.trim())
    return pass(auth.ca.trim() === "" ? "none is needed" : "this cluster's");
  const message = `Infisical trusts another CA than this cluster's for ${auth.host}.`;
  return differs(context, bearer, "ESOB-I324", message);
}

const UNKNOWN_API = skip("without eso-bootstrap.yaml it is not known which address Infisical is to use");

const isSameUrl = (one: string, other: string) => one.replace(/\/+$/, "") === other.replace(/\/+$/, "");

async function storedAndLive(context: CheckContext, bearer: Bearer) {
  const auth = await authOf(context, bearer);
  const { desired, once } = context;
  const find = (wanted: Desired) => findApiServer({ ...context, infisical: operatorOf(context) }, wanted);
  return { auth, api: desired && (await once("api-server", () => find(desired))) };
}

/** What differs and works is told as a warning; what differs while the login fails is that failure's cause and has its code. */
async function differs(context: CheckContext, bearer: Bearer, code: Code, message: string): Promise<Finding> {
  const broken = await brokenLogin(context, bearer);
  if (broken === "no") return warning(code, { message, fix: restoreAtInfisical(context, code) });
  const exact = broken === "unknown" ? code : broken.code;
  const reason = broken === "unknown" ? undefined : broken.reason;
  throw new BootstrapError(exact, {
    message,
    ...(reason !== undefined && { reason }),
    fix: restoreAtInfisical(context, code),
  });
}

/** How the login as ESO fails; where it cannot be tried, what ESO says of the store. */
async function brokenLogin(
  context: CheckContext,
  { chain }: Bearer,
): Promise<BootstrapError | "no" | "unknown"> {
  try {
    const trial = await tryLogin(context, chain);
    if (!("because" in trial)) return "no";
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    if (error.code.startsWith("ESOB-R")) return error;
  }
  return chain.store.live.ready?.ready ? "no" : "unknown";
}

/** The reviewer against reviewer.mode: a token of its own, or none where ESO reviews itself. */
export async function judgeReviewer(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const { reviewer } = await authOf(context, bearer);
  const mode = context.desired?.reviewer.mode;
  if (mode === undefined) return pass(reviewer ? "a token of its own" : "ESO reviews itself");
  if ((mode === "self") === (reviewer === undefined)) return pass(mode);
  throw new BootstrapError("ESOB-I325", {
    message: reviewer
      ? `The ${bearer.label} has a reviewer's token stored, and reviewer.mode is self.`
      : `The ${bearer.label} has no reviewer's token stored, and reviewer.mode is ${mode}.`,
    fix: restoreAtInfisical(context, "ESOB-I325"),
  });
}
