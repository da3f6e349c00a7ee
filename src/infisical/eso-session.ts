import { BootstrapError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { isOk, quote, wordsOf, type Answer } from "./answers.ts";
import { COMMON, fillRoute } from "./eras.ts";
import { failure, refusal } from "./errors.ts";
import type { EsoSession, Infisical } from "./infisical.ts";
import { fieldsOf, itemsOf, needText } from "./json.ts";
import { loginRefusal } from "./kubernetes-errors.ts";
import { revokeToken } from "./login.ts";
import { isUuid } from "./organization.ts";
import { namesIn } from "./secrets.ts";
import type { Session } from "./session.ts";

type Place = Parameters<EsoSession["list"]>[0];
type Listing = Awaited<ReturnType<EsoSession["list"]>>;

const DOING = "log in as ESO";

/** Infisical's own call to the API server may take 10 s, and a server of 2024 sets it no limit (infisical-api.md 4.2). */
const PATIENCE = 2;

/** Logs in with ESO's ServiceAccount token, as ESO's Infisical provider does, and answers what ESO would see. */
export function esoOperations(session: Session): Pick<Infisical, "loginAsEso"> {
  async function loginAsEso(given: string, jwt: Secret): Promise<EsoSession> {
    const identityId = given.trim();
    if (!isUuid(identityId)) throw noIdentityId();
    const exchange = await session.caller.once({
      method: "POST",
      path: fillRoute(COMMON.kubernetesLogin).path,
      doing: DOING,
      body: { identityId, jwt: jwt.reveal() },
      patience: PATIENCE,
    });
    if (exchange.kind === "lost" && exchange.why !== "gateway")
      throw await droppedLogin(identityId, exchange.reason);
    if (exchange.kind !== "answer") throw failure(exchange, session.host, DOING);
    if (!isOk(exchange)) throw loginRefusal(exchange, identityId);
    return open(new Secret(needText(fieldsOf(exchange.body)["accessToken"], "accessToken")));
  }

  /**
   * A server of 2024 hangs up after 30 s when the API server is silent, without any answer (10.3). Where Infisical itself
   * answers, that is what happened; where it does not, the error of the status call says so.
   */
  async function droppedLogin(identityId: string, reason: string): Promise<BootstrapError> {
    const doing = "see whether Infisical answers";
    const status = await session.caller.read({ method: "GET", path: fillRoute(COMMON.status).path, doing });
    if (status.kind === "foreign") return failure(status, session.host, doing);
    return new BootstrapError("ESOB-R109", {
      message: `Infisical did not answer ESO's login with the identity ${identityId}.`,
      reason: `Infisical answers otherwise, so its call to the API server hangs (${reason})`,
    });
  }

  function open(token: Secret): EsoSession {
    /** A recursive list is never refused (10.1), so whether it is allowed is judged by the plain one. */
    const list = async (place: Place): Promise<Listing> => {
      const plain = await listOnce(token, { ...place, recursive: false });
      return plain.allowed && place.recursive ? listOnce(token, place) : plain;
    };
    return { list, revoke: () => revokeToken(session.caller, token) };
  }

  async function listOnce(bearer: Secret, place: Place): Promise<Listing> {
    const doing = `list ${place.environment}:${place.path} as ESO`;
    const { path } = fillRoute(COMMON.listAsEso, { ...place, recursive: String(place.recursive) });
    const answer = await session.caller.read({ method: "GET", path, doing, bearer, isFinal: isUnknownPlace });
    if (answer.kind === "foreign") throw failure(answer, session.host, doing);
    if (isOk(answer)) return judge(answer);
    if ([403, 404].includes(answer.status) || isUnknownPlace(answer))
      return { allowed: false, reason: quote(wordsOf(answer)) };
    throw refusal(answer, doing);
  }

  return { loginAsEso };
}

/** The server would answer 500 to it (10.3), and ESO's token need not travel for that. It may be any Secret's value: not shown. */
function noIdentityId(): BootstrapError {
  return new BootstrapError("ESOB-R113", {
    message: "The id that ESO would log in with is not the id of a machine identity.",
    reason: "ids are UUIDs; often the name, or the value with something around it, stands there",
  });
}

/** 2024: an unknown project's slug is a 500 (recorded: "secrets bad slug"). */
const isUnknownPlace = (answer: Answer) => /find project by slug/i.test(wordsOf(answer).error);

/** Names only. Without `readValue` the server answers 200 with hidden values, with which ESO cannot do anything (1.8). */
function judge({ body }: Answer): Listing {
  const { secrets, imports } = fieldsOf(body);
  if (itemsOf(secrets).some((secret) => fieldsOf(secret)["secretValueHidden"] === true))
    return { allowed: false, reason: "names may be read, but not values" };
  const imported = itemsOf(imports).flatMap((one) => namesIn(fieldsOf(one)["secrets"] ?? []));
  return { allowed: true, names: [...new Set([...namesIn(secrets), ...imported])] };
}
