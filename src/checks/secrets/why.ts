import type { Code } from "../../codes.ts";
import { BootstrapError } from "../../errors.ts";
import { didYouMean } from "../../inputs/nearest.ts";
import { oneLine, type Cause } from "../causes.ts";
import type { SecretSubject } from "../collect.ts";
import type { CheckContext } from "../context.ts";
import { lastWords } from "../controller-log.ts";
import { chainOf, placeIn } from "../login/chain.ts";
import { tryLogin } from "../login/trial.ts";
import { inKubectl, lookAgain } from "../mending.ts";
import { isLive, titleOf } from "../subject.ts";
import { storesOf, type SecretView } from "../view/external-secret.ts";
import { storeKey } from "../view/store.ts";
import { secretCause } from "./causes.ts";
import { fixFor } from "./fix.ts";

/** Why an ExternalSecret does not sync: ESO's own words, looked at with what we know of its stores. */
export async function whyNotSynced(context: CheckContext, live: SecretView): Promise<BootstrapError> {
  const subject = { kind: "ExternalSecret", namespace: live.namespace, name: live.name };
  const says = live.ready?.message ?? "";
  const told = await lastWords(context, subject);
  const text = "text" in told ? told.text : undefined;
  const cause = causeOf(says, text);
  const message = `ExternalSecret ${live.namespace}/${live.name} did not sync: ${says}.`;
  if (!cause)
    return new BootstrapError("ESOB-E101", {
      message,
      reason: "because" in told ? told.because : oneLine(told.text),
      fix: { summary: "Look at ESO's own words.", command: `kubectl describe ${inKubectl(subject)}` },
    });
  const { code, reason } = await sharpen(context, live, cause, text ?? says);
  const fix = PASSED.includes(code)
    ? lookAgain("Have ESO sync it now.", subject)
    : fixFor(context, live, code);
  return new BootstrapError(code, { message, reason, fix });
}

/** What ESO said last is over. */
const PASSED: readonly Code[] = ["ESOB-E223", "ESOB-E101"];

/**
 * The condition is always of now, but mostly says nothing; the event says more, but may be of before: client-go lets 25 of one
 * object through, then one in five minutes (`EventSourceObjectSpamFilter`).
 */
function causeOf(condition: string, event: string | undefined): Cause | undefined {
  const now = secretCause(condition);
  if (now && now.code !== "ESOB-E224") return now;
  return (event !== undefined && secretCause(event)) || now;
}

interface Sharp {
  readonly code: Code;
  readonly reason: string;
}

type Sharpener = (
  context: CheckContext,
  live: SecretView,
  cause: Cause,
  text: string,
) => Promise<Sharp> | Sharp;

/** What ESO's words leave open, and the cluster or our own login tells. */
const SHARPENERS: Partial<Record<Code, Sharpener>> = {
  "ESOB-E222": (context, live, { code, words }) => {
    const waits = storesOf(live).every(
      ({ kind, name }) => context.known.get(storeKey(kind, live.namespace, name))?.ready?.ready,
    );
    return waits
      ? { code: "ESOB-E223", reason: `its store is ready again; ESO said: ${words}` }
      : { code, reason: words };
  },
  "ESOB-E202": ({ known }, live, { code, words }) => {
    const [ref] = storesOf(live).filter(({ kind, name }) => !known.has(storeKey(kind, live.namespace, name)));
    const twin = [...known.values()].find(({ name }) => name === ref?.name);
    return { code, reason: twin ? `there is a ${titleOf(twin)}` : words };
  },
  "ESOB-E105": async (context, live, { code, words }, text) => {
    const key = /\(key: ([^),]+)/.exec(text)?.[1] ?? /key=([^)\s]+)/.exec(text)?.[1];
    if (key === undefined) return { code, reason: words };
    const names = await namesOf(context, live);
    if (names === undefined) return { code, reason: `its key ${key} is not there` };
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (names.includes(name))
      return { code: "ESOB-E101", reason: `${key} is there now; what ESO says next will tell more` };
    return {
      code,
      reason: `${key} is not among ${names.join(", ") || "no names"}${didYouMean(name, names)}`,
    };
  },
  "ESOB-E208": ({ secrets }, live, { code, words }) => {
    const twin = twinOf(secrets, live);
    return twin
      ? { code: "ESOB-E220", reason: `ExternalSecret ${twin.name} writes ${live.target}, too` }
      : { code, reason: words };
  },
};

async function sharpen(context: CheckContext, live: SecretView, cause: Cause, text: string): Promise<Sharp> {
  return (
    (await SHARPENERS[cause.code]?.(context, live, cause, text)) ?? { code: cause.code, reason: cause.words }
  );
}

/** Another ExternalSecret with the same target. */
export function twinOf(secrets: readonly SecretSubject[], live: SecretView): SecretView | undefined {
  return secrets.find(
    (other) =>
      other.live &&
      other.namespace === live.namespace &&
      other.name !== live.name &&
      other.live.target === live.target,
  )?.live;
}

/** Names at the place of its store, as our own login as ESO saw them. */
async function namesOf(context: CheckContext, live: SecretView): Promise<readonly string[] | undefined> {
  const key = live.store && storeKey(live.store.kind, live.namespace, live.store.name);
  const store = context.stores.find((one) => one.key === key);
  const chain = store && isLive(store) ? chainOf(context, store) : undefined;
  if (!store || !isLive(store) || !chain) return undefined;
  const trial = await tryLogin(context, chain).catch(() => undefined);
  const answer = trial && !("because" in trial) ? trial.answer(placeIn(store.live)) : undefined;
  return answer && "allowed" in answer && answer.allowed ? answer.names : undefined;
}
