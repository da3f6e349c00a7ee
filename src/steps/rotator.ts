import { at } from "../data.ts";
import { cut } from "../desired/desired.ts";
import {
  ROTATION_NAME,
  rotationIdentityManifest,
  rotationServiceAccountManifest,
} from "../desired/rotation-manifests.ts";
import type { Action, FieldDiff, Step } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { Identity, KubernetesAuth } from "../infisical/infisical.ts";
import { MANAGED_BY_LABEL, MANAGER } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { loginWith } from "./login.ts";
import { lookAtObject, refOf } from "./objects.ts";
import { currentSecret } from "./reviewer-fact.ts";
import { reviewerToken } from "./reviewer-token.ts";
import { lookAtEnds } from "./token-ends.ts";

const STEP = "rotator";

/** The built-in role of the organization that may read and edit identities, and no secret. */
const ORG_ROLE = "member";

/** Seconds: one run of the CronJob, and no more. */
const LIFETIME = 1800;

const EDIT = { scope: "org", action: "edit", subject: "identity" } as const;
const CREATE = { ...EDIT, action: "create" } as const;

/** The operator that the CronJob is: its ServiceAccount, its identity, Kubernetes Auth for that alone, and the id in a ConfigMap. */
export const rotatorStep: Step<RoadContext> = {
  id: STEP,
  title: "the rotation may log in at Infisical",
  async look(context) {
    const { desired } = context;
    if (desired.reviewer.mode === "self") return [];
    const account = await lookAtObject(context, {
      step: STEP,
      manifest: rotationServiceAccountManifest(desired),
      summary: "as which the CronJob runs",
    });
    const identity = await findRotator(context);
    const id = await lookAtObject(context, {
      step: STEP,
      manifest: rotationIdentityManifest(desired, identity?.id ?? "known when it is made"),
      summary: "the identity's id, not a secret",
      rebuild: async () => rotationIdentityManifest(desired, (await mustFind(context)).id),
    });
    const auth = await lookAtAuth(context, identity);
    return [account, lookAtIdentity(context, identity), auth, ...(await lookAtTokenEnds(context, auth)), id];
  },
};

/** The operator's name at Infisical. */
export const rotatorName = ({ desired }: Pick<RoadContext, "desired">): string =>
  cut(`eso-${desired.cluster.name}-rotation`, 60);

async function markOf({ facts }: RoadContext): Promise<Record<string, string>> {
  return { "managed-by": MANAGER, cluster: await facts.clusterUid(), purpose: "rotation" };
}

/** By the id in the ConfigMap of ours, else by name and mark. */
export async function findRotator(context: RoadContext): Promise<Identity | undefined> {
  const { cluster, infisical, desired } = context;
  const recorded = await cluster.get(refOf(rotationIdentityManifest(desired, "")));
  const id = at(recorded?.["data"], "identityId");
  if (typeof id === "string" && recorded?.metadata.labels?.[MANAGED_BY_LABEL] === MANAGER) {
    const identity = await infisical.findIdentity(id);
    if (identity) return identity;
  }
  const mark = await markOf(context);
  const named = await infisical.findIdentitiesByName(rotatorName(context), undefined);
  const ours = named.filter(({ metadata }) =>
    Object.entries(mark).every(([key, value]) => metadata[key] === value),
  );
  if (ours.length < 2) return ours[0];
  throw new BootstrapError("ESOB-R305", {
    message: `${ours.length} machine identities are named ${rotatorName(context)} and marked as ours.`,
    facts: { Exists: ours.map((one) => one.id).join(", ") },
  });
}

async function mustFind(context: RoadContext): Promise<Identity> {
  const identity = await findRotator(context);
  if (identity) return identity;
  throw new BootstrapError("ESOB-R113", {
    message: `The machine identity ${rotatorName(context)} does not exist.`,
    fix: { summary: "Run it again.", command: "eso-bootstrap reviewer register" },
  });
}

function lookAtIdentity(context: RoadContext, identity: Identity | undefined): Action {
  const name = rotatorName(context);
  const change = {
    step: STEP,
    target: { system: "infisical", kind: "MachineIdentity", name },
    summary: `may read and edit identities of the organization (role ${ORG_ROLE}), no secrets`,
  } as const;
  if (identity) return { change: { ...change, action: "unchanged" } };
  return {
    change: { ...change, action: "create" },
    needs: { infisical: [CREATE] },
    apply: async () => {
      const metadata = await markOf(context);
      await context.infisical.createIdentity({ name, metadata, project: undefined, orgRole: ORG_ROLE });
    },
  };
}

/** Everything but the token, which `apply` and `reviewer rotate` keep. */
async function wantedAuth({ facts, desired }: RoadContext) {
  const api = await facts.apiServer();
  return {
    host: api.url,
    ca: api.ca,
    allowedNamespaces: desired.reviewer.namespace,
    allowedNames: ROTATION_NAME,
    allowedAudience: "",
    accessTokenTtl: LIFETIME,
    accessTokenMaxTtl: LIFETIME,
    accessTokenUses: 0,
  };
}

async function lookAtTokenEnds(context: RoadContext, { change }: Action): Promise<Action[]> {
  const { desired, facts } = context;
  return lookAtEnds(context, {
    step: STEP,
    secret: async () => currentSecret(desired, await facts.reviewerSecrets()),
    isRenewing: change.action === "create",
    holders: async () => {
      const identity = await findRotator(context);
      const auth = identity && (await facts.kubernetesAuth(identity));
      return identity ? [{ identityId: identity.id, token: auth?.reviewer }] : [];
    },
  });
}

type Wanted = Awaited<ReturnType<typeof wantedAuth>>;

async function lookAtAuth(context: RoadContext, identity: Identity | undefined): Promise<Action> {
  const { infisical, facts } = context;
  const wanted = await wantedAuth(context);
  const current = identity && (await facts.kubernetesAuth(identity));
  const change = {
    step: STEP,
    target: { system: "infisical", kind: "KubernetesAuth", name: rotatorName(context) },
    summary: `allows ${wanted.allowedNamespaces}/${wanted.allowedNames}`,
  } as const;
  if (!current)
    return {
      change: { ...change, action: "create" },
      needs: { infisical: [CREATE] },
      apply: async () => {
        const { id } = await mustFind(context);
        await infisical.attachKubernetesAuth(id, { ...wanted, reviewer: await reviewerToken(context) });
        await proveLogin(context, id);
      },
    };
  const diff = differences(current, wanted);
  if (diff.length === 0 && current.reviewer) return { change: { ...change, action: "unchanged" } };
  return {
    change: { ...change, action: "update", diff },
    needs: { infisical: [EDIT] },
    apply: async () => {
      const reviewer = current.reviewer ? {} : { reviewer: await reviewerToken(context) };
      await infisical.updateKubernetesAuth(identity.id, { ...wanted, ...reviewer });
      await proveLogin(context, identity.id);
    },
  };
}

function differences(current: KubernetesAuth, wanted: Wanted): FieldDiff[] {
  return (Object.keys(wanted) as (keyof Wanted)[]).flatMap((path): FieldDiff[] => {
    if (String(current[path]).trim() === String(wanted[path]).trim()) return [];
    if (path === "ca") return [{ path, from: "another CA", to: "this cluster's CA" }];
    return [{ path, from: current[path], to: wanted[path] }];
  });
}

async function proveLogin(context: RoadContext, identityId: string): Promise<void> {
  const { namespace } = context.desired.reviewer;
  const tried = await loginWith(context, identityId, { namespace, name: ROTATION_NAME });
  if ("session" in tried) await tried.session.revoke();
}
