import type { Action, FieldDiff } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { JsonPatch, KubeObject } from "../kubernetes/cluster.ts";
import type { Secret } from "../secret.ts";
import type { RoadContext } from "./context.ts";
import { refOf, rightsFor, targetOf } from "./objects.ts";
import { claimsOf } from "./reviewer-fact.ts";

/**
 * Annotations of the Secret that bound tokens hang on: when the token of the identity with this id ends. Infisical alone has the
 * token; nothing of it but its end is written down, for whoever may only ask the cluster.
 */
const END = "eso-bootstrap/token-end-";
const keyOf = (identityId: string) => `${END}${identityId}`;

const DAY_MS = 86_400_000;
/** Time enough for somebody to run `apply`; of short lives, a fifth. */
const SOON_MS = 7 * DAY_MS;
const SOON_PART = 0.2;

/** When a life that began then, as far as that is known, ends soon, so that somebody should be warned. */
export function endsSoon(end: Date, began: Date | undefined, now: number): boolean {
  const life = began && began < end ? end.getTime() - began.getTime() : Number.POSITIVE_INFINITY;
  return end.getTime() - now < Math.min(SOON_MS, life * SOON_PART);
}

/** The first end that was written down; undefined where there is none, as from a version that wrote none. */
export function endOf({ metadata }: KubeObject): Date | undefined {
  const ends = Object.entries(metadata.annotations ?? {}).flatMap(([key, value]) => {
    const time = key.startsWith(END) ? Date.parse(value) : Number.NaN;
    return Number.isNaN(time) ? [] : [time];
  });
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}

/** An identity, and the reviewer token that it holds. */
export interface Holder {
  readonly identityId: string;
  readonly token: Secret | undefined;
}

interface Ends {
  readonly step: string;
  /** The Secret that the tokens hang on, or will. */
  secret(): Promise<KubeObject>;
  /** A change before this one gives out tokens, whose ends only the API server knows. */
  readonly isRenewing: boolean;
  /** As Infisical has them now. */
  holders(): Promise<readonly Holder[]>;
}

/** Writes down when bound tokens end, where that does not stand there yet: a run that was killed before is finished by the next. */
export async function lookAtEnds(context: RoadContext, ends: Ends): Promise<Action[]> {
  const { mode, tokenLifetime } = context.desired.reviewer;
  if (mode === "self" || tokenLifetime === undefined) return [];
  const { step, isRenewing } = ends;
  const manifest = await ends.secret();
  const { secret, open } = await readEnds(context, manifest, ends);
  if (open.length === 0 && !isRenewing) return [];
  const renewed = { path: `${ANNOTATIONS}.${END}*`, from: secret && shown(endOf(secret)), to: AS_GRANTED };
  return [
    {
      change: {
        step,
        action: "update",
        target: { ...targetOf(manifest), kind: "Annotation" },
        summary: "when its tokens end, for status",
        diff: isRenewing ? [renewed] : open,
      },
      needs: { kubernetes: rightsFor(manifest, ["patch"]) },
      apply: () => writeEnds(context, manifest, ends),
    },
  ];
}

const ANNOTATIONS = "metadata.annotations";
const AS_GRANTED = "as the API server grants";
/** To the second, as tokens say it. */
const shown = (time: Date | undefined) => time?.toISOString().replace(/\.\d+Z$/, "Z");

async function readEnds(
  { cluster }: RoadContext,
  manifest: KubeObject,
  { holders }: Pick<Ends, "holders">,
): Promise<{ secret: KubeObject | undefined; open: FieldDiff[] }> {
  const secret = await cluster.get(refOf(manifest));
  if (!secret) return { secret, open: [] };
  const open = (await holders()).flatMap(({ identityId, token }): FieldDiff[] => {
    const claims = token && claimsOf(token);
    const to = claims?.secret.uid === secret.metadata.uid ? shown(claims?.expiresAt) : undefined;
    const from = secret.metadata.annotations?.[keyOf(identityId)];
    return to === undefined || to === from ? [] : [{ path: `${ANNOTATIONS}.${keyOf(identityId)}`, from, to }];
  });
  return { secret, open };
}

async function writeEnds(
  context: RoadContext,
  manifest: KubeObject,
  ends: Pick<Ends, "holders">,
): Promise<void> {
  const { secret, open } = await readEnds(context, manifest, ends);
  if (!secret || open.length === 0) return;
  const entries = open.map(({ path, to }): [string, unknown] => [path.slice(ANNOTATIONS.length + 1), to]);
  const outcome = await context.cluster.patch(refOf(secret), [
    ...guardOf(secret),
    ...(secret.metadata.annotations ? [] : [{ op: "add", path: ROOT, value: {} } as const]),
    ...entries.map(([key, value]): JsonPatch => ({ op: "add", path: pointer(key), value })),
  ]);
  if (outcome === "patched") return;
  throw new BootstrapError("ESOB-C201", {
    message: `Secret ${secret.metadata.namespace}/${secret.metadata.name} has changed since the plan was made.`,
    fix: { summary: "Run it again: it looks at what is there now." },
  });
}

const ROOT = "/metadata/annotations";
const pointer = (key: string) => `${ROOT}/${key.replaceAll("/", "~1")}`;
const guardOf = ({ metadata }: KubeObject): JsonPatch[] => [
  { op: "test", path: "/metadata/resourceVersion", value: metadata.resourceVersion },
];

/** An identity that is gone has no token any more whose end could matter; that its entry stays, where it may not be changed, is no harm. */
export async function forgetEnd({ cluster, facts }: RoadContext, identityId: string): Promise<void> {
  const key = keyOf(identityId);
  for (const secret of await facts.reviewerSecrets())
    if (secret.metadata.annotations?.[key] !== undefined)
      await cluster.patch(refOf(secret), [...guardOf(secret), { op: "remove", path: pointer(key) }]);
}
