import type { Desired } from "../desired/desired.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { numberOf, TOKEN_TYPE } from "./reviewer-fact.ts";
import { expiresSoon } from "./reviewer-token.ts";
import type { ReviewerUser } from "./reviewer-users.ts";

/** What a rotation is told. */
export interface RotationOptions {
  /** Seconds: a younger token stays, unless it expires soon. 0: always rotate. */
  readonly olderThan: number;
  /** Goes on although not every identity can be listed. */
  readonly visibleOnly: boolean;
}

/** Where the rotation stands, read from the two systems alone: a run that was killed leaves nothing else behind. */
export interface RotationState {
  /** `begin`: a new token is due; `finish`: a rotation is under way; `rest`: there is nothing to do. */
  readonly phase: "begin" | "finish" | "rest";
  /** Number of the Secret whose token all shall hold; taken by no token before, for the same name gives the same token. */
  readonly index: number;
  /** That Secret; undefined while it has to be made. */
  readonly target: KubeObject | undefined;
  /** Secrets of ours that go when no identity holds their token any more. */
  readonly old: readonly KubeObject[];
  /** Identities whose token is to be replaced. */
  readonly outdated: readonly ReviewerUser[];
  readonly current: readonly ReviewerUser[];
  /** Milliseconds since the oldest token in use was made. */
  readonly ageMs: number;
}

/** Secrets and users → what is left to do. An older Secret beside one of the right kind is a rotation that was begun. */
export function rotationState(
  seen: { secrets: readonly KubeObject[]; users: readonly ReviewerUser[]; now: number },
  { reviewer }: Desired,
  { olderThan }: Pick<RotationOptions, "olderThan">,
): RotationState {
  const { secrets, users, now } = seen;
  const newest = secrets.at(-1);
  const fits = (newest?.["type"] === TOKEN_TYPE) === (reviewer.tokenLifetime === undefined);
  const ageMs = ageOf(newest, users, now);
  const isUnderWay = fits && secrets.length > 1;
  const isDue = ageMs >= olderThan * 1000 || !fits || users.some(({ claims }) => expiresSoon(claims, now));
  if (isUnderWay) return progress("finish", seen, newest, ageMs);
  if (isDue || !newest) return progress("begin", seen, undefined, ageMs);
  return { ...progress("rest", seen, newest, ageMs), old: [], outdated: [], current: users };
}

function progress(
  phase: RotationState["phase"],
  { secrets, users }: Parameters<typeof rotationState>[0],
  target: KubeObject | undefined,
  ageMs: number,
): RotationState {
  const holds = ({ secret }: ReviewerUser) =>
    target !== undefined && secret?.metadata.uid === target.metadata.uid;
  const old = secrets.filter((secret) => secret !== target);
  const concerned = users.filter(({ ours, secret }) => ours || secret !== undefined);
  return {
    phase,
    index: target ? numberOf(target) : nextNumber(secrets, users),
    target,
    old,
    outdated: concerned.filter((user) => !holds(user)),
    current: concerned.filter(holds),
    ageMs,
  };
}

/** Above every number that is taken, and above every one that a token was made for. */
function nextNumber(secrets: readonly KubeObject[], users: readonly ReviewerUser[]): number {
  const named = users.flatMap(({ claims }) => claims.secret.name ?? []);
  const names = [...secrets.map(({ metadata }) => metadata.name), ...named];
  return 1 + Math.max(0, ...names.map((name) => Number(/-(\d+)$/.exec(name)?.[1] ?? 0)));
}

/** Of bound tokens the oldest that is stored; unlimited ones do not say, and are as old as their Secret. */
function ageOf(newest: KubeObject | undefined, users: readonly ReviewerUser[], now: number): number {
  const made = users.flatMap(({ claims, secret }) => {
    const time = claims.issuedAt?.getTime() ?? Date.parse(secret?.metadata.creationTimestamp ?? "");
    return Number.isNaN(time) ? [] : [time];
  });
  const fallback = Date.parse(newest?.metadata.creationTimestamp ?? "");
  const since = made.length > 0 ? Math.min(...made) : fallback;
  return Number.isNaN(since) ? Number.POSITIVE_INFINITY : now - since;
}

/** The state now. */
export async function readRotation(
  { facts, desired, clock }: RoadContext,
  options: RotationOptions,
): Promise<RotationState> {
  const [secrets, { users }] = await Promise.all([facts.reviewerSecrets(), facts.reviewerUsers()]);
  return rotationState({ secrets, users, now: clock.now() }, desired, options);
}
