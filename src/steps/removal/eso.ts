import { recordsAt, textOf, at } from "../../data.ts";
import type { Action, Step, Target } from "../../engine/plan.ts";
import type { AccessQuery, KubeObject, ObjectRef } from "../../kubernetes/cluster.ts";
import { refOf } from "../objects.ts";
import type { RemovalContext } from "./context.ts";
import { ESO_API, listWhereAllowed } from "./survey.ts";
import { blocked, ifSeen, permitted, removing, staying } from "./take.ts";

const STEP = "eso";
const CRD_STEP = "crds";
const CRD = "CustomResourceDefinition";
const GROUP = /(^|\.)external-secrets\.io$/;
/** What else keeps ESO busy besides stores and ExternalSecrets; GeneratorStates are its own. */
const FURTHER_KINDS = [
  [ESO_API, "ClusterExternalSecret"],
  ["external-secrets.io/v1alpha1", "PushSecret"],
  ["external-secrets.io/v1alpha1", "ClusterPushSecret"],
] as const;
const OWN_KINDS = new Set(["GeneratorState"]);

/** With `--crds`: the kinds of ESO, when nothing of anybody would be deleted with them. */
export const removeCrds: Step<RemovalContext> = {
  id: CRD_STEP,
  title: "no CRD of ours is left",
  async look(context) {
    if (!context.removal.crds) return [];
    const target: Target = { system: "kubernetes", kind: CRD, name: "*.external-secrets.io" };
    return ifSeen({ step: CRD_STEP, target, summary: "the kinds of ESO" }, async () => {
      const crds = await ourCrds(context);
      if (crds.length === 0) return [];
      const users = await usersOf(context);
      const actions = await Promise.all(crds.map((crd) => lookAtCrd(context, crd, users)));
      return permitted(context, actions);
    });
  },
};

/** With `--eso`: our Helm release, with its last user. */
export const removeRelease: Step<RemovalContext> = {
  id: STEP,
  title: "no ESO of ours is left",
  async look(context) {
    if (!context.removal.eso) return [];
    const { release: name, namespace } = context.desired.eso;
    const target: Target = { system: "helm", kind: "Release", namespace, name };
    return ifSeen({ step: STEP, target, summary: "ESO" }, () => lookAtRelease(context, target));
  },
};

async function lookAtRelease(context: RemovalContext, target: Target): Promise<Action[]> {
  const { helm, desired } = context;
  const { release: name, namespace } = desired.eso;
  const release = await helm.release(name, namespace);
  if (!release) return [];
  const change = { step: STEP, target, summary: `ESO ${release.chartVersion}` };
  const left = (reason: string): Action => ({ change: { ...change, action: "unchanged", reason } });
  if (!release.ours)
    return [left(`somebody else made it; to remove it: helm uninstall ${name} -n ${namespace}`)];
  const { user, hidden } = await usersOf(context);
  if (user !== undefined) return [left(user)];
  if (hidden.length > 0) return [{ change: { ...change, action: "blocked", reason: unknownUsers(hidden) } }];
  const uninstall: Action = {
    change: { ...change, action: "delete" },
    needs: { kubernetes: helmRights(namespace) },
    apply: () => helm.uninstall(name, namespace),
  };
  return permitted(context, [uninstall]);
}

const unknownUsers = (hidden: readonly string[]) =>
  `may not be listed, so its users are unknown: ${hidden.join(", ")}`;

/** By a few that stand for all that the chart made. */
function helmRights(namespace: string): AccessQuery[] {
  const cluster = (resource: string) => ({
    verb: "delete",
    group: "rbac.authorization.k8s.io",
    resource,
  });
  return [
    { verb: "delete", group: "apps", resource: "deployments", namespace },
    { verb: "delete", group: "", resource: "secrets", namespace },
    cluster("clusterroles"),
    cluster("clusterrolebindings"),
  ];
}

/** `user`: whose work would stop without ESO; `hidden`: what may not be listed, so that nobody can say. */
interface Users {
  readonly user: string | undefined;
  readonly hidden: readonly string[];
}

async function usersOf({ survey, cluster }: RemovalContext): Promise<Users> {
  const [{ remaining }, world] = await Promise.all([survey.judged(), survey.world()]);
  const hidden = [...world.hidden];
  const [user] = [...remaining.secrets, ...remaining.stores];
  if (user) return { user: usedBy(user.ref, remaining.secrets.length + remaining.stores.length), hidden };
  const others: ObjectRef[] = [];
  for (const [apiVersion, kind] of FURTHER_KINDS)
    await listWhereAllowed(cluster, { apiVersion, kind }, [], hidden, (one) => void others.push(refOf(one)));
  const [other] = others;
  return { user: other && usedBy(other, others.length), hidden };
}

const usedBy = ({ kind, namespace, name }: ObjectRef, count: number) =>
  `still used, by ${kind} ${namespace ? `${namespace}/` : ""}${name}${count > 1 ? ` and ${count - 1} others` : ""}`;

/** CRDs carry the name of the release that brought them, also after it is gone (`helm.sh/resource-policy: keep`). */
async function ourCrds({ cluster, helm, desired, survey }: RemovalContext): Promise<KubeObject[]> {
  const { release, namespace } = desired.eso;
  const found: KubeObject[] = [];
  const query = { apiVersion: "apiextensions.k8s.io/v1", kind: CRD };
  for await (const crd of cluster.list(query)) {
    const { annotations = {} } = crd.metadata;
    const isOfRelease =
      annotations["meta.helm.sh/release-name"] === release &&
      annotations["meta.helm.sh/release-namespace"] === namespace;
    if (isOfRelease && GROUP.test(textOf(at(crd["spec"], "group")) ?? "")) found.push(crd);
  }
  if (found.length === 0) return [];
  const live = await helm.release(release, namespace);
  const others = live ? [] : ((await survey.controllers()) ?? []);
  return live?.ours === true || (!live && others.length === 0) ? found : [];
}

async function lookAtCrd(context: RemovalContext, crd: KubeObject, { user, hidden }: Users): Promise<Action> {
  const candidate = { step: CRD_STEP, ref: refOf(crd), summary: "" };
  if (user !== undefined) return staying(candidate, user);
  if (hidden.length > 0) return blocked(candidate, unknownUsers(hidden));
  const kind = textOf(at(crd["spec"], "names", "kind")) ?? "";
  // Without a user none of these is left, or will be when its turn comes.
  const isGoing = ["ExternalSecret", "SecretStore", "ClusterSecretStore"].includes(kind);
  const left = isGoing ? "" : await instancesOf(context, crd, kind);
  if (left !== "") return staying(candidate, `would be deleted with it: ${left}`);
  return removing(context, {
    ...candidate,
    summary: "nothing is deleted with it",
    uid: crd.metadata.uid ?? "",
  });
}

/** Names of what would be deleted with a CRD, cluster-wide. */
async function instancesOf({ cluster }: RemovalContext, crd: KubeObject, kind: string): Promise<string> {
  if (OWN_KINDS.has(kind)) return "";
  const served = recordsAt(crd["spec"], "versions").find((version) => version["served"] === true);
  const apiVersion = `${textOf(at(crd["spec"], "group"))}/${textOf(served?.["name"])}`;
  const names: string[] = [];
  for await (const { metadata } of cluster.list({ apiVersion, kind }))
    names.push(metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name);
  return names.join(", ");
}
