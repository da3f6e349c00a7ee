import type { Secret } from "../secret.ts";
import type { Clock } from "../system/system.ts";
import { isOk, rateLimitOf, type Answer, type Foreign } from "./answers.ts";
import { failure, rateLimited, refusal } from "./errors.ts";
import type { Exchange, Http, Method } from "./http.ts";

/** One call, in words that can stand in an error: "Infisical refused to {doing}". */
export interface Call {
  readonly method: Method;
  readonly path: string;
  readonly doing: string;
  readonly body?: unknown;
  readonly bearer?: Secret;
  /** Where the server does slow work of its own (reaching a cluster): a multiple of the usual limit. */
  readonly patience?: number;
  /** An answer of 500 and more that is the server's last word all the same: servers of 2024 say "not found" so. */
  readonly isFinal?: (answer: Answer) => boolean;
  /** Goes on when the run was interrupted: revoking a token. */
  readonly evenIfInterrupted?: boolean;
}

export interface CallerOptions {
  readonly http: Http;
  readonly host: string;
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** How long one call waits in all for rate limits to clear. */
  readonly waitBudgetMs: number;
  readonly signal?: AbortSignal | undefined;
  readonly onWait?: ((text: string, seconds: number) => void) | undefined;
}

/** Tries of a read, and of a write whose answer was lost without effect. */
const TRIES = 3;
const FIRST_PAUSE_MS = 200;

export interface Caller {
  /** Sends once; waits out rate limits, and throws only when those do not clear (ESOB-I110) or the run is interrupted. */
  once(call: Call): Promise<Exchange>;
  /** Reads: repeated on resets, 5xx and cut answers. */
  read(call: Call): Promise<Answer | Foreign>;
  /**
   * Writes: when the answer is lost, `landed` looks whether the work was done before anything is sent again. A POST that
   * timed out is not sent again at all: the server may still be at it.
   */
  write(call: Call, landed: () => Promise<boolean>): Promise<Answer | Foreign | Landed>;
}

/** The answer of a write was lost, but what it was to do is done. */
export interface Landed {
  readonly kind: "landed";
}

export function createCaller(options: CallerOptions): Caller {
  const { http, host, clock, signal } = options;

  async function once(call: Call): Promise<Exchange> {
    const stop = call.evenIfInterrupted ? undefined : signal;
    let waited = 0;
    for (;;) {
      const exchange = await http.exchange({
        method: call.method,
        path: call.path,
        ...(call.body === undefined ? {} : { body: call.body }),
        ...(call.bearer ? { bearer: call.bearer } : {}),
        timeoutMs: options.timeoutMs * (call.patience ?? 1),
        signal: stop,
      });
      const seconds = exchange.kind === "answer" ? rateLimitOf(exchange, clock.now()) : undefined;
      if (seconds === undefined) return exchange;
      const pause = Math.max(1, seconds);
      if ((waited + pause) * 1000 > options.waitBudgetMs) throw rateLimited(call.doing, pause, waited);
      options.onWait?.(`Infisical's rate limit: waiting to ${call.doing}`, pause);
      await clock.sleep(pause * 1000, stop);
      waited += pause;
    }
  }

  const pause = (attempt: number) => clock.sleep(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);

  async function read(call: Call): Promise<Answer | Foreign> {
    for (let attempt = 1; ; attempt += 1) {
      const exchange = await once(call);
      if (isSettled(exchange, call)) return exchange;
      if (attempt === TRIES || !isWorthRepeating(exchange)) throw unsettled(exchange, call);
      await pause(attempt);
    }
  }

  async function write(call: Call, landed: () => Promise<boolean>): Promise<Answer | Foreign | Landed> {
    let wasLost = false;
    for (let attempt = 1; ; attempt += 1) {
      const exchange = await once(call);
      const settled = isSettled(exchange, call);
      if (exchange.kind === "answer" && settled && (!wasLost || isOk(exchange))) return exchange;
      if (exchange.kind === "unreachable" && !wasLost) throw failure(exchange, host, call.doing);
      // From here on it may have been carried out, by this request or by the one before; also when a proxy's page came back.
      if (!settled) await pause(attempt);
      if (await landed()) return { kind: "landed" };
      if (settled) return exchange;
      wasLost = true;
      const isStillAtIt = exchange.kind === "lost" && exchange.why === "timeout" && call.method === "POST";
      if (attempt === TRIES || isStillAtIt) throw unsettled(exchange, call);
    }
  }

  const unsettled = (exchange: Exchange, call: Call) =>
    exchange.kind === "answer" ? refusal(exchange, call.doing) : failure(exchange, host, call.doing);

  return { once, read, write };
}

/** Who was silent for the whole limit, or cannot be reached, will not be better in a moment. */
function isWorthRepeating(exchange: Exchange): boolean {
  return exchange.kind === "answer" || (exchange.kind === "lost" && exchange.why !== "timeout");
}

/** An answer below 500 is the server's last word; a web page is nobody's, but will not get better. */
function isSettled(exchange: Exchange, call: Call): exchange is Answer | Foreign {
  if (exchange.kind !== "answer") return exchange.kind === "foreign";
  return exchange.status < 500 || (call.isFinal?.(exchange) ?? false);
}
