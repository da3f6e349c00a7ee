import type { SecretView } from "../checks/view/external-secret.ts";
import { isBootstrapError } from "../errors.ts";
import type { Clock } from "../system/system.ts";

/** What is wrong with the Infisical behind an ExternalSecret, in words, asked within that many milliseconds; undefined: nothing that shows. */
export type AskServer = (secret: SecretView, ms: number) => Promise<string | undefined>;

/** The most that is waited before the server is asked, and for its answer. */
const MOST_MS = 5000;

/** One that may come too late. */
export interface Late {
  /** To be asked when the time is up. */
  why(): Promise<string | undefined>;
  close(): void;
}

/**
 * Where a sync takes long, has the server asked meanwhile, so that the answer is there when the time is up: a third of it is
 * waited for ESO alone, and a third for the server.
 */
export function watchForLate(
  clock: Clock,
  ask: AskServer | undefined,
  secret: SecretView,
  leftMs: number,
): Late {
  const end = new AbortController();
  const third = Math.min(leftMs / 3, MOST_MS);
  const asked = ask && clock.sleep(third, end.signal).then(() => ask(secret, wholeSeconds(third)));
  // It may fail before anybody asks why, and only helps to tell.
  const answer = asked?.catch((error: unknown) => {
    if (end.signal.aborted || isBootstrapError(error)) return undefined;
    throw error;
  });
  answer?.catch(() => undefined);
  return { why: async () => answer, close: () => end.abort() };
}

const wholeSeconds = (ms: number) => Math.max(1, Math.floor(ms / 1000)) * 1000;
