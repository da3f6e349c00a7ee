import type { Desired } from "../desired/desired.ts";
import { roughDuration } from "../inputs/durations.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { TOKEN_TYPE } from "../steps/reviewer-fact.ts";
import { expiresSoon } from "../steps/reviewer-token.ts";
import type { ReviewerUser, ReviewerUsers } from "../steps/reviewer-users.ts";
import { endOf, endsSoon } from "../steps/token-ends.ts";
import { grouped } from "../grouped.ts";

/** One token of the reviewer as `reviewer show` tells it: how old, until when, who uses it. Never the token. */
interface TokenStatus {
  /** `namespace/name`; null where the Secret that it hung on is gone, or is not ours. */
  readonly secret: string | null;
  readonly createdAt: string | null;
  readonly ageSeconds: number | null;
  /** It ends: without `expiresAt` nobody has written down when. */
  readonly bound: boolean;
  readonly expiresAt: string | null;
  readonly expiresInSeconds: number | null;
  /** Less than a fifth of its life is left. */
  readonly expiresSoon: boolean;
  /** null: Infisical was not asked. */
  readonly usedBy: readonly string[] | null;
}

/** What `reviewer show -o json` has as its item. */
export interface ReviewerStatus {
  readonly cluster: string;
  readonly mode: "token" | "self";
  readonly serviceAccount: string;
  readonly tokens: readonly TokenStatus[];
  /** Lists at Infisical that the operator may not read: there can be more users. */
  readonly unlisted: readonly string[];
  /** Why Infisical could not be asked; null: it was. */
  readonly notAsked: string | null;
}

interface Seen {
  readonly secrets: readonly KubeObject[];
  readonly found: ReviewerUsers | { readonly because: string };
  readonly now: number;
}

export function reviewerStatus(
  { cluster, reviewer }: Desired,
  { secrets, found, now }: Seen,
): ReviewerStatus {
  const base = {
    cluster: cluster.name,
    mode: reviewer.mode,
    serviceAccount: `${reviewer.namespace}/${reviewer.serviceAccount}`,
  };
  if ("because" in found) {
    const tokens = secrets.map((secret) => inCluster(secret, null, now));
    return { ...base, tokens, unlisted: [], notAsked: found.because };
  }
  const { users, unlisted } = found;
  const idle = secrets.filter((secret) => !users.some((user) => user.secret === secret));
  const inUse = grouped(users, ({ token }) => token.fingerprint());
  return {
    ...base,
    tokens: [
      ...inUse.flatMap(([, same]) => tokenInUse(same, now)),
      ...idle.map((one) => inCluster(one, [], now)),
    ],
    unlisted: [...(unlisted.organization ? ["the organization"] : []), ...unlisted.projects],
    notAsked: null,
  };
}

function tokenInUse(same: readonly ReviewerUser[], now: number): TokenStatus[] {
  const [user] = same;
  if (!user) return [];
  const { claims, secret } = user;
  const times = timesOf(claims.issuedAt ?? createdAt(secret), claims.expiresAt, now);
  const usedBy = same.map(({ identity }) => identity.name);
  const bound = claims.expiresAt !== undefined;
  return [{ secret: nameOf(secret), bound, ...times, expiresSoon: expiresSoon(claims, now), usedBy }];
}

/** As far as the cluster knows: of a bound token the end that was written down. */
function inCluster(secret: KubeObject, usedBy: TokenStatus["usedBy"], now: number): TokenStatus {
  const bound = secret["type"] !== TOKEN_TYPE;
  const [made, end] = [createdAt(secret), bound ? endOf(secret) : undefined];
  const isSoon = end !== undefined && endsSoon(end, made, now);
  return { secret: nameOf(secret), bound, ...timesOf(made, end, now), expiresSoon: isSoon, usedBy };
}

function timesOf(created: Date | undefined, expires: Date | undefined, now: number) {
  const seconds = (from: number, to: number) => Math.floor((to - from) / 1000);
  return {
    createdAt: created?.toISOString() ?? null,
    ageSeconds: created ? seconds(created.getTime(), now) : null,
    expiresAt: expires?.toISOString() ?? null,
    expiresInSeconds: expires ? seconds(now, expires.getTime()) : null,
  };
}

function createdAt(secret: KubeObject | undefined): Date | undefined {
  const time = Date.parse(secret?.metadata.creationTimestamp ?? "");
  return Number.isNaN(time) ? undefined : new Date(time);
}

const nameOf = (secret: KubeObject | undefined) =>
  secret ? `${secret.metadata.namespace}/${secret.metadata.name}` : null;

/** A table for people; names of identities below each other. */
export function statusText(status: ReviewerStatus): string {
  const { cluster, mode, serviceAccount, tokens, unlisted, notAsked } = status;
  if (mode === "self")
    return `REVIEWER  ESO reviews itself in ${cluster} (reviewer.mode: self): there is no reviewer token`;
  const rows = [["TOKEN", "AGE", "EXPIRES", "USED BY"], ...tokens.flatMap(rowsOf)];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ");
  return [
    `REVIEWER  ${serviceAccount} in ${cluster}`,
    ...(tokens.length === 0 ? ["no token: make one with `eso-bootstrap reviewer`"] : rows.map(line)),
    ...unlisted.map((list) => `not seen: the identities of ${list}, which may not be listed`),
    ...(notAsked === null ? [] : [`not seen: who uses them, and what else is in use. ${notAsked}`]),
  ]
    .map((text) => text.trimEnd())
    .join("\n");
}

function rowsOf(token: TokenStatus): string[][] {
  const { secret, ageSeconds, usedBy } = token;
  const expires = expiryText(token);
  const [first = "nobody: `reviewer rotate` ends it", ...others] = usedBy ?? ["?"];
  return [
    [
      secret?.split("/")[1] ?? "(not ours, or gone)",
      ageSeconds === null ? "?" : roughDuration(ageSeconds),
      expires,
      first,
    ],
    ...others.map((name) => ["", "", "", name]),
  ];
}

function expiryText({ bound, expiresInSeconds: seconds, expiresSoon: soon }: TokenStatus): string {
  if (seconds === null) return bound ? "not known" : "never";
  return seconds <= 0 ? "EXPIRED" : `in ${roughDuration(seconds)}${soon ? " (soon)" : ""}`;
}

/** The Prometheus text format (prometheus.io/docs/instrumenting/exposition_formats), for node_exporter's textfile collector. */
export function metricsText({ cluster, tokens }: ReviewerStatus): string {
  const secrets = grouped(tokens, ({ secret }) => secret ?? "");
  return METRICS.flatMap(({ name, help, value, of }) => {
    // A series is there once: several tokens may hang on one Secret.
    const samples = secrets.flatMap(([secret, same]) => {
      const numbers = same.flatMap((token) => value(token) ?? []);
      return numbers.length === 0 ? [] : [`${name}{cluster="${cluster}",secret="${secret}"} ${of(numbers)}`];
    });
    return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...samples];
  }).join("\n");
}

const unix = (time: string | null) => (time === null ? null : Date.parse(time) / 1000);

const least = (numbers: readonly number[]) => Math.min(...numbers);
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** `of`: the one number that is told of several tokens. */
const METRICS: readonly {
  name: string;
  help: string;
  value: (token: TokenStatus) => number | null;
  of: (numbers: readonly number[]) => number;
}[] = [
  {
    name: "eso_bootstrap_reviewer_token_created_timestamp_seconds",
    help: "When the reviewer token was made.",
    value: (token) => unix(token.createdAt),
    of: least,
  },
  {
    name: "eso_bootstrap_reviewer_token_expires_timestamp_seconds",
    help: "When the reviewer token ends; missing for unlimited ones.",
    value: (token) => unix(token.expiresAt),
    of: least,
  },
  {
    name: "eso_bootstrap_reviewer_token_users",
    help: "Machine identities that hold the reviewer token.",
    value: (token) => token.usedBy?.length ?? null,
    of: sum,
  },
];
