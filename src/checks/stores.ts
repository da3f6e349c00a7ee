import { CODES, type Code } from "../codes.ts";
import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import { ESO_IDS } from "./eso.ts";
import { reachIdsOf } from "./infisical.ts";
import { oneLine, storeCause } from "./causes.ts";
import type { CheckContext } from "./context.ts";
import { lastWords } from "./controller-log.ts";
import { pass } from "./finding.ts";
import { chainOf, placeIn } from "./login/chain.ts";
import { tryLogin } from "./login/trial.ts";
import { loginIdsOf } from "./login.ts";
import { inKubectl, lookAgain, restoreAtInfisical } from "./mending.ts";
import { specIdsOf } from "./store-spec.ts";
import { isLive, subjectOf, titleOf, type LiveStore } from "./subject.ts";

/** Every store is Valid. */
export function storeChecks(context: CheckContext): readonly Check<CheckContext>[] {
  return context.stores.map((store) => ({
    id: `store ${store.key}`,
    code: "ESOB-S101",
    category: "stores",
    title: `${titleOf(store)} is Valid`,
    severity: "error",
    retry: true,
    needs: [`exists ${store.key}`],
    after: [
      ...ESO_IDS,
      ...reachIdsOf(store),
      ...specIdsOf(store),
      ...(isLive(store) ? loginIdsOf(context, store) : []),
    ],
    subject: subjectOf(store),
    run: async (now) => (isLive(store) ? judge(now, store) : pass()),
  }));
}

/** An object that is being deleted for longer hangs on a finalizer. */
const DELETION_GRACE_MS = 60_000;

const hangsInDeletion = (deleting: string | undefined, now: number): boolean =>
  deleting !== undefined && now - Date.parse(deleting) > DELETION_GRACE_MS;

async function judge(context: CheckContext, store: LiveStore): Promise<Finding> {
  const { live } = store;
  const title = titleOf(store);
  if (hangsInDeletion(live.deleting, context.clock.now()))
    throw new BootstrapError("ESOB-S229", {
      message: `${title} is being deleted since ${live.deleting}.`,
      reason: `it waits for ${live.finalizers.join(", ") || "nobody known"}`,
    });
  if (!live.ready)
    throw new BootstrapError("ESOB-S102", {
      message: `ESO has not looked at ${title}.`,
      reason: "it has no status at all: ESO is down, or does not take care of it",
    });
  if (live.ready.ready) return pass(live.ready.reason);
  throw await whyNot(context, store, live.ready.message);
}

async function whyNot(context: CheckContext, store: LiveStore, says: string): Promise<BootstrapError> {
  const told = await lastWords(context, subjectOf(store));
  const text = "text" in told ? told.text : undefined;
  const cause = (text !== undefined && storeCause(text)) || storeCause(says);
  const message = `${titleOf(store)} is not valid: ${says}.`;
  if (cause && (await isMended(context, store, cause.code)))
    return new BootstrapError("ESOB-E223", {
      message: `${message} What ESO complained of is mended.`,
      reason: `it said: ${cause.words}`,
      fix: lookAgain("Have ESO look now.", subjectOf(store)),
    });
  const code = cause?.code ?? "ESOB-S101";
  return new BootstrapError(code, {
    message,
    reason: cause?.words ?? ("because" in told ? told.because : oneLine(told.text)),
    fix: fixFor(context, store, code),
  });
}

/** Causes that our own way to Infisical would have met, too. */
const PROVED_BY_LOGIN = /^ESOB-(R1\d\d|R221|R222|I201|I202|I203|I332|S20\d)$/;

/** True where our own login as ESO went through to the names: ESO only waits before it tries again. */
async function isMended(context: CheckContext, store: LiveStore, code: Code): Promise<boolean> {
  const chain = chainOf(context, store);
  if (!chain || !PROVED_BY_LOGIN.test(code)) return false;
  const trial = await tryLogin(context, chain).catch(() => undefined);
  if (!trial || "because" in trial) return false;
  const answer = trial.answer(placeIn(store.live));
  return answer !== undefined && "allowed" in answer && answer.allowed;
}

function fixFor(context: CheckContext, store: LiveStore, code: Code) {
  if (code === "ESOB-S101")
    return {
      summary: "Look at ESO's own words.",
      command: `kubectl describe ${inKubectl(subjectOf(store))}`,
    };
  if (/^ESOB-(R|I3|S20|S21)/.test(code)) return restoreAtInfisical(context, code);
  return { summary: CODES[code].mend };
}
