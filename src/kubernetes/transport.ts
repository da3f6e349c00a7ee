import type { IncomingMessage } from "node:http";

import { isBootstrapError } from "../errors.ts";
import { deadline, pause } from "./deadline.ts";
import { type Access, exchange, linesOf, textOfMessage } from "./exchange.ts";
import { cutShort, type NetworkFailure, networkFailure, notKubernetes, timedOut } from "./network-errors.ts";
import { at, jsonOf, textOf } from "../data.ts";
import { isAboutObject, type Status, statusOf } from "./status.ts";

/** One request to the API server. */
export interface Ask {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
  readonly contentType?: string;
  /** The answer is text, as a log is: whatever it looks like, it is Kubernetes'. */
  readonly plain?: boolean;
  /** `always`: doing it twice is as good as once. `unsent`: only again when the server cannot have seen it. */
  readonly repeat: "always" | "unsent";
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** What the API server said, success or not. */
export interface Answer {
  readonly status: number;
  /** Parsed JSON; undefined for plain text. */
  readonly body: unknown;
  readonly text: string;
  /** Its refusal, where there is one in its own format. */
  readonly says: Status | undefined;
  readonly retryAfterMs: number | undefined;
  /** True when an earlier try of the same request may have been carried out. */
  readonly repeated: boolean;
  /** Why this cannot be an API server's answer. */
  readonly foreign: string | undefined;
  /** The server's clock, where the answer has one. */
  readonly date: Date | undefined;
  /** With a 401: what we know of our credential. */
  readonly hint: string | undefined;
}

export interface Transport {
  readonly server: string;
  readonly signal: AbortSignal | undefined;
  /** Any answer of an API server; throws ESOB-K101, K102, K103, K109, K110, K108, L103, or the reason of the signal. */
  send(ask: Ask): Promise<Answer>;
  /** A watch: its events as they come, or the refusal. Never tried again here. */
  watch(ask: Ask): Promise<AsyncIterable<unknown> | Answer>;
}

/** Who we are. `renew`: asks for a newer credential after a 401; false: there is none. */
export interface Credentials {
  current(): Promise<Access>;
  renew(): Promise<boolean>;
  /** Why the credential may be refused, as that it expired. */
  hint(): string | undefined;
  /** When it ends (ms since 1970), where it says so and cannot be renewed. */
  end(): number | undefined;
}

export interface TransportOptions {
  readonly server: string;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  /** First pause before another try; the second is four times as long. */
  readonly retryMs: number;
  readonly signal?: AbortSignal | undefined;
}

const TRIES = 3;
const LONGEST_PAUSE_MS = 10_000;
const HEADERS = { accept: "application/json", "user-agent": "eso-bootstrap" };
/** For answers that are read as a whole; a watch is not compressed. */
const COMPRESSED = { "accept-encoding": "gzip" };

/** HTTP to one API server with one credential: time limits, tries, and telling an API server from something else. */
export function createTransport(options: TransportOptions): Transport {
  const { server, signal } = options;
  return {
    server,
    signal,
    send: (ask) => sendPatiently(options, ask),
    watch: (ask) => openWatch(options, ask),
  };
}

async function sendPatiently(options: TransportOptions, ask: Ask): Promise<Answer> {
  let repeated = false;
  let renewed = false;
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await sendOnce(options, ask);
    // As client-go does: a credential plugin is asked once more after a 401.
    if (isAnswer(outcome) && outcome.status === 401 && !renewed && (await options.credentials.renew())) {
      renewed = true;
      continue;
    }
    const wait =
      attempt < TRIES ? pauseBefore(outcome, ask, options.retryMs * 4 ** (attempt - 1)) : undefined;
    if (wait === undefined) return settled(options, outcome, repeated);
    repeated ||= isAnswer(outcome) ? outcome.status >= 500 : outcome.sent;
    await pause(wait, ask.signal ?? options.signal);
  }
}

/** How long to wait before the next try; undefined: this is the last word. */
function pauseBefore(outcome: Answer | NetworkFailure, ask: Ask, backOffMs: number): number | undefined {
  const repeatable = ask.repeat === "always";
  if (!isAnswer(outcome)) return outcome.again && (repeatable || !outcome.sent) ? backOffMs : undefined;
  const wait = Math.min(outcome.retryAfterMs ?? backOffMs, LONGEST_PAUSE_MS);
  // 429 is said before a request is carried out (API Priority and Fairness), so anything may be tried again.
  if (outcome.status === 429) return wait;
  if (!repeatable || ![500, 502, 503, 504].includes(outcome.status)) return undefined;
  return isAboutObject(outcome.says) ? undefined : wait;
}

function settled(options: TransportOptions, outcome: Answer | NetworkFailure, repeated: boolean): Answer {
  if (!isAnswer(outcome)) throw outcome.error;
  if (outcome.foreign !== undefined) throw notKubernetes(options.server, outcome.foreign);
  return { ...outcome, repeated, hint: outcome.status === 401 ? options.credentials.hint() : undefined };
}

function isAnswer(outcome: Answer | NetworkFailure): outcome is Answer {
  return "status" in outcome;
}

async function sendOnce(options: TransportOptions, ask: Ask): Promise<Answer | NetworkFailure> {
  const limitMs = ask.timeoutMs ?? options.timeoutMs;
  const access = await options.credentials.current();
  const limit = deadline(limitMs, [options.signal, ask.signal]);
  try {
    const message = await request(options.server, ask, access, limit.signal, COMPRESSED);
    const text = await textOfMessage(message);
    return ask.plain === true && message.statusCode === 200
      ? plainAnswer(message, text)
      : read(options.server, message, text);
  } catch (error) {
    if (isBootstrapError(error)) throw error;
    if (limit.timedOut()) return timedOut(options.server, limitMs);
    limit.signal.throwIfAborted();
    return networkFailure(error, options.server);
  } finally {
    limit.clear();
  }
}

function request(
  server: string,
  ask: Ask,
  access: Access,
  signal: AbortSignal,
  extra = {},
): Promise<IncomingMessage> {
  const given = Object.entries(ask.query ?? {}).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const query = given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
  const type = ask.body === undefined ? {} : { "content-type": ask.contentType ?? "application/json" };
  return exchange(`${server}${ask.path}${query}`, {
    method: ask.method,
    headers: { ...HEADERS, ...extra, ...type },
    ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
    access,
    signal,
  });
}

function read(server: string, message: IncomingMessage, text: string): Answer | NetworkFailure {
  const status = message.statusCode ?? 0;
  const body = jsonOf(text);
  if (body === undefined && /^\s*[{[]/.test(text)) return cutShort(server);
  const seconds = Number(message.headers["retry-after"] ?? Number.NaN);
  const says = statusOf(body);
  return {
    status,
    body,
    // A gateway's JSON has its own words, as `{"message": "must authenticate"}`.
    text: textOf(at(body, "message")) ?? (body === undefined ? text : ""),
    says,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
    repeated: false,
    date: dateOf(message),
    hint: undefined,
    foreign: foreignness(message, status, body, text, says),
  };
}

function plainAnswer(message: IncomingMessage, text: string): Answer {
  const nothing = { body: undefined, says: undefined, retryAfterMs: undefined };
  return {
    ...nothing,
    status: 200,
    text,
    date: dateOf(message),
    repeated: false,
    hint: undefined,
    foreign: undefined,
  };
}

function dateOf({ headers }: IncomingMessage): Date | undefined {
  const time = Date.parse(headers.date ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}

/**
 * Why an answer is not Kubernetes. The API server says everything in JSON, but for plain text where a request did not get
 * as far as that (`404 page not found`, `Unauthorized`, `Too many requests`).
 */
function foreignness(
  { headers }: IncomingMessage,
  status: number,
  body: unknown,
  text: string,
  says: Status | undefined,
): string | undefined {
  if (status >= 300 && status < 400) return `it redirects to ${hostOf(headers.location)} (status ${status})`;
  const isHtml = headers["content-type"]?.includes("html") === true || /^\s*</.test(text);
  if (isHtml) return `it answered with a web page (status ${status})`;
  if (status < 300)
    return body === undefined ? `it answered with ${headers["content-type"] ?? "nothing"}` : undefined;
  // Go's words to plain http on a TLS port are a plain 400, which Kubernetes itself never says.
  if (status === 400 && says === undefined) return `it says: ${text.trim().slice(0, 100)}`;
  const ownWords =
    body === undefined || says !== undefined || [401, 403, 429].includes(status) || status >= 500;
  return ownWords ? undefined : `it answered status ${status} in a format of its own`;
}

function hostOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? new URL(location).host : "another path";
}

async function openWatch(options: TransportOptions, ask: Ask): Promise<AsyncIterable<unknown> | Answer> {
  const limit = deadline(ask.timeoutMs ?? options.timeoutMs, [options.signal, ask.signal]);
  try {
    const access = await options.credentials.current();
    const message = await request(options.server, ask, access, limit.signal);
    if (message.statusCode !== 200) {
      const answer = read(options.server, message, await textOfMessage(message));
      limit.clear();
      return settled(options, answer, false);
    }
    return clearing(linesOf(message), limit.clear);
  } catch (error) {
    limit.clear();
    throw isBootstrapError(error) ? error : networkFailure(error, options.server).error;
  }
}

/** Lets go of the deadline when the reader is done. A watch may end at any moment, so a cut connection is an end like others. */
async function* clearing(events: AsyncIterable<unknown>, clear: () => void): AsyncGenerator<unknown> {
  try {
    yield* events;
  } catch {
    return;
  } finally {
    clear();
  }
}
