import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { formatDuration } from "../../inputs/durations.ts";
import type { CheckContext, CheckOptions } from "../context.ts";
import { pass, warning } from "../finding.ts";
import { lookAgain } from "../mending.ts";
import { fixFor } from "./fix.ts";
import type { SecretView } from "../view/external-secret.ts";

const HOUR = 3600;
/** Seconds that a sync may be late: ESO works its queue one by one (eso.md 1.7). */
const GRACE = 60;

/** A synced ExternalSecret is as new as it says: present version, within its interval, anew with `--fresh`. */
export function judgeFreshness(context: CheckContext, live: SecretView): Finding {
  const { clock, options } = context;
  const place = `ExternalSecret ${live.namespace}/${live.name}`;
  const fix = lookAgain("Have ESO sync it now.", subjectOf(live));
  const synced = Number(/^(\d+)-/.exec(live.syncedVersion ?? "")?.[1] ?? Number.NaN);
  const isRepeated = (live.refreshPolicy ?? "Periodic") === "Periodic";
  // An interval of 0 keeps ESO from looking at a new version, too (eso.md 2.1, shouldRefresh): that is the cause then.
  const once = isRepeated && live.refreshSeconds === 0;
  if (!once && live.generation !== undefined && synced < live.generation)
    throw new BootstrapError("ESOB-E219", {
      message: `ESO synced version ${synced} of ${place}, and ${live.generation} is there.`,
      fix,
    });
  const last = Date.parse(live.refreshTime ?? "");
  if (!isRepeated || Number.isNaN(last)) return pass(live.refreshPolicy);
  if (once)
    return warning("ESOB-E217", {
      message: `${place} was synced once and is never synced again.`,
      reason: "refreshInterval is 0: a change at Infisical never arrives",
      fix: fixFor(context, live, "ESOB-E217"),
    });
  if (options.fresh && !isNewer(options, live))
    throw new BootstrapError("ESOB-E218", {
      message: `${place} was not synced since the command began.`,
      reason: `the last sync was at ${live.refreshTime}`,
      fix,
    });
  const age = Math.round((clock.now() - last) / 1000);
  const interval = live.refreshSeconds ?? HOUR;
  const late = age - interval;
  const grace = Math.max(GRACE, interval / 2);
  if (late <= grace) return pass(`${formatDuration(Math.max(0, age))} ago`);
  const details = {
    message: `${place} was last synced ${formatDuration(age)} ago, and should be every ${live.refreshInterval}.`,
    reason: "ESO says it is synced, but has not come back to it",
    fix,
  };
  if (late > Math.max(2 * grace, Math.min(10 * interval, HOUR)))
    throw new BootstrapError("ESOB-E216", details);
  return warning("ESOB-E216", details);
}

/** `refreshTime` has whole seconds, of another machine's clock: what counts is that it differs. */
function isNewer(
  { synced }: CheckOptions,
  { namespace, name, refreshTime, syncedVersion }: SecretView,
): boolean {
  if (!synced) return false;
  const before = synced.get(`${namespace}/${name}`);
  return !before || before.refreshTime !== refreshTime || before.syncedVersion !== syncedVersion;
}

const subjectOf = ({ namespace, name }: SecretView) => ({ kind: "ExternalSecret", namespace, name });
