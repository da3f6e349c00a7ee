import { scrub } from "../secret.ts";
import type { Exchange } from "./http.ts";
import { fieldsOf, itemsOf, textOf, type Json } from "./json.ts";

/** A whole JSON answer of the server, whatever its status. */
export type Answer = Extract<Exchange, { kind: "answer" }>;

/** Something answered that is not Infisical's API: a web page, a redirect. */
export type Foreign = Extract<Exchange, { kind: "foreign" }>;

export const isOk = ({ status }: Answer) => status >= 200 && status < 300;

/** What the server said: the useful half is in `message` or in `error`, depending on release and route. */
export interface ServerWords {
  readonly message: string;
  readonly error: string;
  readonly requestId: string | undefined;
  /** `path: problem` of each refused field; Zod issues come in `message` as a list. */
  readonly issues: readonly string[];
}

/** Reads an error body of either era: `{statusCode, message, error}`, later with `reqId` and `details`. */
export function wordsOf({ body }: Answer): ServerWords {
  const { message, error, reqId } = fieldsOf(body);
  const issues = itemsOf(message).flatMap(issueOf);
  return {
    message: short(textOf(message) ?? ""),
    error: short(textOf(error) ?? ""),
    requestId: textOf(reqId),
    issues: issues.map(short),
  };
}

/** A union's own text is "Invalid input": what is wrong is said by its branches. */
function issueOf(issue: unknown): string[] {
  const { path, message } = fieldsOf(issue);
  return [`${itemsOf(path).map(String).join(".") || "body"}: ${textOf(message) ?? "invalid"}`];
}

/** `message (error)`, without repeating a word that says nothing. */
export function quote({ message, error, issues }: ServerWords): string {
  const said = message || issues.join("; ");
  const isTelling =
    error !== "" && !/^(BadRequest|NotFound|InternalServerError|ValidationFailure)$/.test(error);
  if (!said) return error || "no reason given";
  return isTelling && !said.includes(error) ? `${said} (${error})` : said;
}

const LONGEST = 400;

/** On one line, without secrets, and not too long for a screen. */
function short(text: string): string {
  const clean = scrub(text).replaceAll(/\s+/g, " ");
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST)}…` : clean;
}

/**
 * Seconds to wait when the call was refused for its rate, else undefined. 429 since 2025; a server of 2024 answers 500 with
 * `retry-after` (infisical-api.md sections 6 and 10.5). Either way the request was not carried out.
 */
export function rateLimitOf({ status, headers, body }: Answer, now: number): number | undefined {
  const header = headers["retry-after"];
  if (status !== 429 && !(status === 500 && header !== undefined)) return undefined;
  return secondsOf(header, now) ?? inWords(fieldsOf(body)) ?? 5;
}

function secondsOf(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header.trim())) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}

function inWords({ message }: Json): number | undefined {
  const seconds = /try again in (\d+) second/i.exec(textOf(message) ?? "")?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

/** True when the server has no such route, which is not the same as having no such thing. */
export function isRouteMissing(answer: Answer): boolean {
  return answer.status === 404 && /^Route \S+ not found$/.test(wordsOf(answer).message);
}
