import { reviewerSecretManifest } from "../desired/manifests.ts";
import type { Action, Change, Step } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import { roughDuration } from "../inputs/durations.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { Secret } from "../secret.ts";
import type { RoadContext } from "./context.ts";
import { tokenRight } from "./login.ts";
import { lookAtObject, rightsFor, targetOf } from "./objects.ts";
import { serviceAccountOf } from "./reviewer-login.ts";
import type { ReviewerUser } from "./reviewer-users.ts";
import { waitForToken } from "./reviewer.ts";
import { removeOld, renew } from "./rotation-writes.ts";
import { readRotation, type RotationOptions, type RotationState } from "./rotation-state.ts";
import { lookAtEnds } from "./token-ends.ts";

/**
 * The rotation, in order: a new Secret beside the old one; each identity gets its token, proved before and after; the old Secret
 * goes, and its token is proved dead. What stands in the two systems says how far it is, so a killed one is finished.
 */
export function rotation(options: RotationOptions): readonly Step<RoadContext>[] {
  /** Tokens that this run has replaced: tried again when their Secret is gone. */
  const replaced: Secret[] = [];
  const step = (
    id: string,
    title: string,
    look: (context: RoadContext, state: RotationState) => Promise<readonly Action[]>,
  ): Step<RoadContext> => ({
    id,
    title,
    async look(context) {
      if (context.desired.reviewer.mode === "self") return [];
      return look(context, await readRotation(context, options));
    },
  });
  return [
    step("reviewer-token", "a new reviewer token is there", (context, state) =>
      lookAtToken(context, state, options),
    ),
    step("reviewer-users", "every identity holds the new token", (context, state) =>
      lookAtUsers(context, state, replaced),
    ),
    step("reviewer-old", "the old token is dead", (context, state) => lookAtOld(context, state, replaced)),
  ];
}

async function lookAtToken(
  context: RoadContext,
  state: RotationState,
  { visibleOnly }: RotationOptions,
): Promise<Action[]> {
  const { desired, facts } = context;
  await assertReviewer(context);
  const { unlisted } = await facts.reviewerUsers();
  const bound = desired.reviewer.tokenLifetime !== undefined;
  const manifest = reviewerSecretManifest(desired, state.index);
  if (state.phase === "rest") return [resting(manifest, state)];
  if (unlisted.organization && !visibleOnly) return [unseen()];
  const action = await lookAtObject(context, {
    step: "reviewer-token",
    manifest,
    summary: bound ? "new tokens with an expiry hang on it" : "the new token",
    ...(!bound && { settle: () => waitForToken(context, manifest) }),
  });
  return [action];
}

async function assertReviewer({ cluster, desired }: RoadContext): Promise<void> {
  const { namespace, serviceAccount: name } = desired.reviewer;
  if (await cluster.get({ apiVersion: "v1", kind: "ServiceAccount", namespace, name })) return;
  throw new BootstrapError("ESOB-R301", {
    message: `There is no reviewer ${namespace}/${name} whose token could be rotated.`,
    fix: { summary: "Make it first, with a token.", command: "eso-bootstrap reviewer" },
  });
}

function resting(manifest: KubeObject, { ageMs }: RotationState): Action {
  const summary = `its token is ${roughDuration(ageMs / 1000)} old and stays`;
  return { change: { step: "reviewer-token", action: "unchanged", target: targetOf(manifest), summary } };
}

/** Whoever holds the old token and is not seen would be locked out. */
function unseen(): Action {
  return {
    change: {
      step: "reviewer-token",
      action: "blocked",
      target: { system: "infisical", kind: "Organization", name: "machine identities" },
      summary: "",
      reason:
        "they cannot be listed (ESOB-R302); --visible-only goes on with those of the projects, and locks out others that hold the old token",
    },
  };
}

async function lookAtUsers(
  context: RoadContext,
  state: RotationState,
  replaced: Secret[],
): Promise<Action[]> {
  const names = [...state.outdated, ...state.current].map(({ identity }) => identity.name);
  /** Names are not unique at Infisical. */
  const target = ({ identity: { name, id } }: ReviewerUser) =>
    ({
      system: "infisical",
      kind: "KubernetesAuth",
      name: names.filter((other) => other === name).length > 1 ? `${name} (${id.slice(0, 8)})` : name,
    }) as const;
  const kept = state.current.map((user): Action => {
    return { change: { step: "reviewer-users", action: "unchanged", target: target(user), summary: "" } };
  });
  const renewals = state.outdated.map(async (user): Promise<Action> => {
    const change = { step: "reviewer-users", target: target(user), summary: "gets the new reviewer token" };
    if (!user.ours && !context.options.adopt)
      return { change: { ...change, action: "blocked", reason: FOREIGN } };
    return {
      change: { ...change, action: "update", diff: [tokenDiff(context, state, user)] },
      needs: {
        kubernetes: await tokenRights(context, user),
        infisical: [{ scope: "org", action: "edit", subject: "identity" }],
      },
      apply: async () => {
        await renew(context, mustHave(state.target, context), user);
        replaced.push(user.token);
      },
    };
  });
  const actions = [...kept, ...(await Promise.all(renewals))];
  const ends = await lookAtEnds(context, {
    step: "reviewer-users",
    secret: async () => reviewerSecretManifest(context.desired, state.index),
    isRenewing: actions.some(({ change }) => change.action === "update"),
    holders: async () => {
      const { users } = await context.facts.reviewerUsers();
      return users.map(({ identity, token }) => ({ identityId: identity.id, token }));
    },
  });
  return [...actions, ...ends];
}

const FOREIGN =
  "it does not carry our mark, and would be locked out with the old token; --adopt sends it the new one";

function tokenDiff({ desired }: RoadContext, { index }: RotationState, { token }: ReviewerUser) {
  const { serviceAccount } = desired.reviewer;
  return {
    path: "tokenReviewerJwt",
    from: `sha256:${token.fingerprint().slice(0, 12)}`,
    to: `[redacted] (of ${serviceAccount}-${index})`,
  };
}

/** Tokens of the reviewer where they are bound, and one of ESO's own for the proof. */
async function tokenRights(context: RoadContext, user: ReviewerUser) {
  const { namespace, serviceAccount, tokenLifetime } = context.desired.reviewer;
  const eso = await serviceAccountOf(context, user.auth);
  const { namespace: where, name } = eso;
  return [
    { verb: "get", group: "", resource: "serviceaccounts", namespace: where, name },
    tokenRight(where, name),
    ...(tokenLifetime === undefined ? [] : [tokenRight(namespace, serviceAccount)]),
  ];
}

async function lookAtOld(context: RoadContext, state: RotationState, replaced: Secret[]): Promise<Action[]> {
  const { projects } = (await context.facts.reviewerUsers()).unlisted;
  const others = projects.length > 0 ? `; identities of ${projects.join(", ")} cannot be listed` : "";
  return state.old.map((secret) => {
    const change: Change = {
      step: "reviewer-old",
      action: "delete",
      target: targetOf(secret),
      summary: `the old token, which is proved dead${others}`,
    };
    return {
      change,
      needs: { kubernetes: rightsFor(secret, ["delete"]) },
      apply: () => removeOld(context, { secret, target: mustHave(state.target, context), replaced }),
    };
  });
}

function mustHave(target: KubeObject | undefined, { desired }: RoadContext): KubeObject {
  if (target) return target;
  const { namespace, serviceAccount } = desired.reviewer;
  throw new BootstrapError("ESOB-R101", {
    message: `The new Secret of the reviewer ${namespace}/${serviceAccount} has vanished.`,
    fix: { summary: "Run it again.", command: "eso-bootstrap reviewer rotate" },
  });
}
