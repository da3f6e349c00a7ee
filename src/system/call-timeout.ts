import { BootstrapError } from "../errors.ts";
import { parseDuration } from "../inputs/durations.ts";

const VARIABLE = "ESO_BOOTSTRAP_CALL_TIMEOUT";

/**
 * Milliseconds that one request may take, from ESO_BOOTSTRAP_CALL_TIMEOUT (as `60s`), for networks that are slower than most;
 * undefined: the adapters' own limits. Throws ESOB-C104. `--timeout` is something else: how long a wait may take.
 */
export function callTimeoutOf(env: Readonly<Record<string, string | undefined>>): number | undefined {
  const text = env[VARIABLE];
  if (text === undefined || text === "") return undefined;
  const seconds = parseDuration(text);
  if (seconds !== undefined && seconds > 0) return seconds * 1000;
  throw new BootstrapError("ESOB-C104", {
    message: `${VARIABLE}="${text}" is no duration.`,
    fix: { summary: "Give seconds or minutes, as 60s or 2m, or unset it." },
  });
}
