import type { DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import type { Action, FieldDiff, Step } from "../engine/plan.ts";
import type { Identity, KubernetesAuth, KubernetesAuthChange } from "../infisical/infisical.ts";
import type { Secret } from "../secret.ts";
import type { RoadContext } from "./context.ts";
import { assertLogin } from "./login.ts";
import { currentSecret } from "./reviewer-fact.ts";
import { matchReviewer, reviewerToken } from "./reviewer-token.ts";
import { lookAtEnds, type Holder } from "./token-ends.ts";

const STEP = "kubernetes-auth";
const METHOD = "KubernetesAuth";
const TOKEN_FIELD = "tokenReviewerJwt";

/** Step 5: Kubernetes Auth on each identity: this cluster's address, CA and reviewer, ESO's own ServiceAccount, short tokens. */
export const kubernetesAuthStep: Step<RoadContext> = {
  id: STEP,
  title: "ESO may log in as the identity",
  async look(context) {
    const perStore = await Promise.all(context.desired.stores.map((store) => lookAtStore(context, store)));
    const actions = perStore.flat();
    return [...actions, ...(await lookAtTokenEnds(context, actions))];
  },
};

async function lookAtTokenEnds(context: RoadContext, actions: readonly Action[]): Promise<Action[]> {
  const { desired, facts } = context;
  const givesToken = ({ change }: Action) =>
    change.target.kind === METHOD &&
    (change.action === "create" || change.diff?.some(({ path }) => path === TOKEN_FIELD) === true);
  const holderOf = async (store: DesiredStore): Promise<Holder[]> => {
    const { identity } = await facts.identity(store);
    if (!identity) return [];
    return [{ identityId: identity.id, token: (await facts.kubernetesAuth(identity))?.reviewer }];
  };
  return lookAtEnds(context, {
    step: STEP,
    secret: async () => currentSecret(desired, await facts.reviewerSecrets()),
    isRenewing: actions.some(givesToken),
    holders: async () => (await Promise.all(desired.stores.map(holderOf))).flat(),
  });
}

type Wanted = Required<Omit<KubernetesAuthChange, "reviewer">>;

async function lookAtStore(context: RoadContext, store: DesiredStore): Promise<Action[]> {
  const { facts, desired } = context;
  const [{ identity, ours }, traits, wanted] = await Promise.all([
    facts.identity(store),
    facts.traits(),
    wantedAuth(context, store),
  ]);
  if (desired.reviewer.mode === "self" && !traits.selfReview) return [blocked(store, noSelfReview)];
  if (!identity) return [attach(context, store, wanted)];
  if (!ours && !context.options.adopt) return [];
  const [current, universal] = await Promise.all([
    facts.kubernetesAuth(identity),
    // Adopted in this plan is ours: else only the next run would remove it, and would not be quiet.
    lookAtUniversalAuth(context, store, identity, ours || context.options.adopt),
  ]);
  const main = current
    ? await compare(context, store, identity, current, wanted)
    : attach(context, store, wanted);
  // Servers of 2024 hold one method: Universal Auth goes first there. Newer ones keep a working login until the new one is in place.
  return traits.manyAuthMethods ? [main, ...universal] : [...universal, main];
}

const noSelfReview = "this Infisical demands a reviewer token; set reviewer.mode: token";

const target = (store: DesiredStore, kind: string) =>
  ({ system: "infisical", kind, name: store.identityName }) as const;

function blocked(store: DesiredStore, reason: string): Action {
  return {
    change: { step: STEP, action: "blocked", target: target(store, METHOD), summary: "", reason },
  };
}

/** Read from the live cluster: address, CA, and the ServiceAccount that the ESO Deployment really uses. */
async function wantedAuth({ facts }: RoadContext, store: DesiredStore): Promise<Wanted> {
  const [api, { serviceAccount }] = await Promise.all([facts.apiServer(), facts.eso()]);
  return {
    host: api.url,
    ca: api.ca,
    allowedNamespaces: serviceAccount.namespace,
    allowedNames: serviceAccount.name,
    allowedAudience: "",
    accessTokenTtl: store.accessTokenTtl,
    accessTokenMaxTtl: store.accessTokenTtl,
    // Each sync makes a call per key with one token.
    accessTokenUses: 0,
  };
}

const summaryOf = (wanted: Wanted) =>
  `host ${wanted.host.replace("https://", "")}, allows ${wanted.allowedNamespaces}/${wanted.allowedNames}`;

function attach(context: RoadContext, store: DesiredStore, planned: Wanted): Action {
  return {
    change: {
      step: STEP,
      action: "create",
      target: target(store, METHOD),
      summary: summaryOf(planned),
    },
    needs: { infisical: [{ scope: "org", action: "create", subject: "identity" }] },
    apply: async () => {
      const identity = await mustHaveIdentity(context, store);
      const [wanted, reviewer] = await Promise.all([wantedAuth(context, store), reviewerToken(context)]);
      await context.infisical.attachKubernetesAuth(identity.id, { ...wanted, reviewer });
      await assertLogin(context, store);
    },
  };
}

/** The identity of a store; ESOB-R113 where it was not made. */
export async function mustHaveIdentity({ facts }: RoadContext, store: DesiredStore): Promise<Identity> {
  const { identity } = await facts.identity(store);
  if (identity) return identity;
  throw new BootstrapError("ESOB-R113", {
    message: `The machine identity ${store.identityName} does not exist.`,
    fix: { summary: "Make it first.", command: "eso-bootstrap identity" },
  });
}

async function compare(
  context: RoadContext,
  store: DesiredStore,
  identity: Identity,
  current: KubernetesAuth,
  wanted: Wanted,
): Promise<Action> {
  const match = await matchReviewer(context, current.reviewer);
  const diff = fieldDiffs(current, wanted);
  if (!match.fits)
    diff.push({
      path: TOKEN_FIELD,
      from: fingerprint(current.reviewer),
      to: `[redacted] (${match.why})`,
    });
  const change = { step: STEP, target: target(store, METHOD), summary: summaryOf(wanted) };
  if (diff.length === 0) return { change: { ...change, action: "unchanged" } };
  return {
    change: { ...change, action: "update", diff },
    needs: { infisical: [{ scope: "org", action: "edit", subject: "identity" }] },
    apply: async () => {
      const fields = Object.fromEntries(
        diff.flatMap(({ path }) => (path in wanted ? [[path, wanted[path as keyof Wanted]]] : [])),
      );
      const reviewer = match.fits ? {} : { reviewer: await reviewerToken(context) };
      await context.infisical.updateKubernetesAuth(identity.id, { ...fields, ...reviewer });
      await assertLogin(context, store);
    },
  };
}

const fingerprint = (secret: Secret | undefined) =>
  secret ? `sha256:${secret.fingerprint().slice(0, 12)}` : "none";

function fieldDiffs(current: KubernetesAuth, wanted: Wanted): FieldDiff[] {
  const fields = Object.keys(wanted) as (keyof Wanted)[];
  return fields.flatMap((path) => {
    const same = path === "ca" ? current.ca.trim() === wanted.ca.trim() : current[path] === wanted[path];
    return same
      ? []
      : [
          {
            path,
            from: path === "ca" ? "another CA" : current[path],
            to: path === "ca" ? "this cluster's CA" : wanted[path],
          },
        ];
  });
}

/** Left over from the web UI, it shadows Kubernetes Auth. Never taken from a foreign identity, nor from our own login. */
async function lookAtUniversalAuth(
  context: RoadContext,
  store: DesiredStore,
  identity: Identity,
  ours: boolean,
): Promise<Action[]> {
  if (!(await context.facts.hasUniversalAuth(identity))) return [];
  const { identityId } = await context.infisical.whoAmI();
  const change = {
    step: STEP,
    target: target(store, "UniversalAuth"),
    summary: "not needed: ESO logs in with Kubernetes Auth",
  };
  if (!ours || identity.id === identityId) {
    const traits = await context.facts.traits();
    if (traits.manyAuthMethods) return [];
    return [
      {
        change: {
          ...change,
          action: "blocked",
          reason: "it is not on an identity of ours; remove it in Infisical (ESOB-I209)",
        },
      },
    ];
  }
  return [
    {
      change: { ...change, action: "delete" },
      needs: { infisical: [{ scope: "org", action: "edit", subject: "identity" }] },
      apply: () => context.infisical.removeUniversalAuth(identity.id),
    },
  ];
}
