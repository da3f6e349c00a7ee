/** Every request the server saw, with secrets as hashes, and a way to ask where a raw value was seen. */

import { createHash } from "node:crypto";

/** One request. */
export interface LogEntry {
  readonly number: number;
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Status answered; 0 when the connection ended without an answer. */
  readonly status: number;
  /** The identity whose token was shown and accepted. */
  readonly identityId: string | undefined;
  /** Header names, in lower case. */
  readonly headerNames: readonly string[];
  /** The JSON body with the values of secret fields as `sha256:<hex>`. */
  readonly body: unknown;
  /** It changed, or could have changed, what the server keeps (logins and token calls do not count). */
  readonly isWrite: boolean;
}

/** One place a value was seen in. */
export interface Sighting {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  /** `header:<name>`, `url`, `body.<field>` or `body` when it is not JSON. */
  readonly where: string;
}

/** The raw request, kept for `sawToken` only and never shown. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bodyText: string;
  readonly body: unknown;
}

const secretFields = new Set(["accessToken", "clientSecret", "jwt", "secretValue", "tokenReviewerJwt"]);

const sha256 = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;

/** A copy in which every secret field is a hash. */
function redacted(value: unknown, field = ""): unknown {
  if (typeof value === "string") return secretFields.has(field) ? sha256(value) : value;
  if (Array.isArray(value)) return value.map((entry) => redacted(entry, field));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redacted(entry, key)]));
}

function fieldsHolding(value: unknown, wanted: string, path: string): string[] {
  if (typeof value === "string") return value.includes(wanted) ? [path] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, entry]) => fieldsHolding(entry, wanted, `${path}.${key}`));
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function placesOf(raw: RawRequest, value: string): string[] {
  const headers = Object.entries(raw.headers)
    .filter(([, text]) => [text].flat().some((line) => line?.includes(value) === true))
    .map(([name]) => `header:${name}`);
  const inUrl = raw.path.includes(value) || decoded(raw.path).includes(value);
  const fields = fieldsHolding(raw.body, value, "body");
  const inBody = fields.length === 0 && raw.bodyText.includes(value) ? ["body"] : fields;
  return [...headers, ...(inUrl ? ["url"] : []), ...inBody];
}

/** The log of one server. */
export class RequestLog {
  readonly #entries: LogEntry[] = [];
  readonly #raw: RawRequest[] = [];

  add(raw: RawRequest, outcome: Pick<LogEntry, "status" | "identityId" | "isWrite">): void {
    this.#raw.push(raw);
    this.#entries.push({
      number: this.#entries.length + 1,
      method: raw.method,
      path: raw.path,
      headerNames: Object.keys(raw.headers),
      body: redacted(raw.body),
      ...outcome,
    });
  }

  /** All requests, oldest first. */
  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  /** The requests that changed something: writes that were answered with 2xx. */
  get writes(): readonly LogEntry[] {
    return this.#entries.filter((entry) => entry.isWrite && entry.status >= 200 && entry.status < 300);
  }

  /** Where a raw value (a token, a secret) was seen; part of a header or field is enough. */
  sawToken(value: string): Sighting[] {
    return this.#raw.flatMap((raw, index) =>
      placesOf(raw, value).map((where) => ({
        number: index + 1,
        method: raw.method,
        path: raw.path,
        where,
      })),
    );
  }

  clear(): void {
    this.#entries.length = 0;
    this.#raw.length = 0;
  }
}
