import { at, numberOf, recordsAt, textOf } from "../data.ts";
import { merge, namespaceManifest } from "../desired/manifests.ts";
import { BootstrapError } from "../errors.ts";
import type { Action, FieldDiff, Step, Target } from "../engine/plan.ts";
import type { AccessQuery, KubeObject } from "../kubernetes/cluster.ts";
import type { Release } from "../helm/helm.ts";
import type { RoadContext } from "./context.ts";
import { ESO_CRDS, isAvailable, isByRelease, isServed, type EsoFact } from "./eso-fact.ts";
import { lookAtObject, sameData } from "./objects.ts";

const STEP = "eso";
/** A release that is `pending` for longer than this has no helm at work any more: we never use `helm --wait`. */
const DEAD_AFTER_MS = 30_000;

/** Step 1: ESO runs, by a Helm release of ours or by somebody else's hand; a foreign one is used and never changed. */
export const esoStep: Step<RoadContext> = {
  id: STEP,
  title: "ESO runs",
  async look(context) {
    const { eso } = context.desired;
    const [fact, release] = await Promise.all([context.facts.eso(), context.facts.release()]);
    if (release?.ours) return lookAtRelease(context, fact, release);
    if (fact.controller) return [usedAsItIs(fact)];
    if (!eso.manage) throw noEso();
    if (release) return [foreignRelease(context, release)];
    const namespace = await lookAtObject(context, {
      step: STEP,
      manifest: namespaceManifest(eso.namespace),
      summary: "for ESO",
    });
    const summary = fact.others.length > 0 ? "beside the ESO that is there" : "External Secrets Operator";
    return [namespace, install(context, fact, "create", `${await context.facts.chartVersion()}: ${summary}`)];
  },
};

const target = ({ desired }: RoadContext): Target => ({
  system: "helm",
  kind: "Release",
  namespace: desired.eso.namespace,
  name: desired.eso.release,
});

/** The version that runs when the road is done, as far as it is known: somebody else's ESO stays as it is. */
export async function versionToBe(context: RoadContext): Promise<string | undefined> {
  const { eso } = context.desired;
  const { controller } = await context.facts.eso();
  const isTheirs = controller && !isByRelease(controller, eso);
  if (isTheirs || !eso.manage) return controller?.version;
  // Who makes a store alone needs no helm; a step that installs says what is wrong with it.
  return context.facts.chartVersion().catch(() => undefined);
}

function usedAsItIs({ controller }: EsoFact): Action {
  const { namespace = "", deployment = "", version, installedBy } = controller ?? {};
  return {
    change: {
      step: STEP,
      action: "unchanged",
      target: { system: "kubernetes", kind: "Deployment", namespace, name: deployment },
      summary: `ESO ${version ?? "of unknown version"}, installed by ${installedBy}: used as it is`,
    },
  };
}

function noEso(): BootstrapError {
  return new BootstrapError("ESOB-H106", {
    message: "There is no External Secrets Operator in this cluster.",
    reason: "eso.manage is false, so it may not be installed",
    fix: { summary: "Let it be installed, or install it yourself.", command: "eso-bootstrap install" },
  });
}

function foreignRelease(context: RoadContext, release: Release): Action {
  return {
    change: {
      step: STEP,
      action: "blocked",
      target: target(context),
      summary: `${release.chart} ${release.chartVersion}`,
      reason:
        "a Helm release of that name was made by somebody else and runs no ESO; choose another eso.release",
    },
  };
}

async function lookAtRelease(context: RoadContext, fact: EsoFact, release: Release): Promise<Action[]> {
  const wanted = await context.facts.chartVersion();
  const values = valuesOf(context, fact);
  const diff: FieldDiff[] = [];
  if (release.chartVersion !== wanted) diff.push({ path: "version", from: release.chartVersion, to: wanted });
  if (!sameData(release.values, values)) diff.push({ path: "values", from: release.values, to: values });
  if (release.status !== "deployed") diff.push({ path: "status", from: release.status, to: "deployed" });
  if (!fact.controller) diff.push({ path: "deployment", from: "absent", to: "present" });
  if (fact.brokenCrds.length > 0)
    diff.push({ path: "crds", from: `missing: ${fact.brokenCrds.join(", ")}`, to: "served as v1" });
  if (diff.length > 0) return [install(context, fact, "update", `ESO ${wanted}`, diff)];
  return [{ change: { step: STEP, action: "unchanged", target: target(context), summary: `ESO ${wanted}` } }];
}

/** Passed to Helm: the user's values, ours on top only where the road needs them (product.md section 1). */
function valuesOf({ desired }: RoadContext, fact: EsoFact): Record<string, unknown> {
  const { installCRDs, controllerClass, values } = desired.eso;
  const crds = installCRDs === "auto" ? fact.crds !== "foreign" : installCRDs;
  const second = fact.others.length > 0;
  const ours = {
    installCRDs: crds,
    ...(crds && { crds: { annotations: { "helm.sh/resource-policy": "keep" } } }),
    ...(controllerClass !== "default" && { controllerClass }),
    // The webhook configurations have fixed, cluster-wide names: a second release cannot have its own (eso.md 4.7).
    ...(second && { webhook: { create: false }, certController: { create: false } }),
  };
  return merge(values, ours) as Record<string, unknown>;
}

function install(
  context: RoadContext,
  fact: EsoFact,
  action: "create" | "update",
  summary: string,
  diff?: FieldDiff[],
): Action {
  return {
    change: { step: STEP, action, target: target(context), summary, ...(diff && { diff }) },
    needs: { kubernetes: helmRights(context.desired.eso.namespace) },
    apply: async () => {
      const { chart, repo, version, namespace, release } = context.desired.eso;
      await clearDeadRelease(context, await context.facts.release());
      const remote = (await context.helm.localChartVersion(chart)) === undefined;
      await context.helm.upgradeInstall({
        release,
        namespace,
        chart,
        ...(remote && { version }),
        ...(remote && !chart.startsWith("oci://") && { repo }),
        values: valuesOf(context, fact),
        timeoutMs: context.options.timeoutMs,
      });
      await settle(context);
    },
  };
}

/** What the chart writes, by a few that stand for all: helm itself would stop half-way where one is missing. */
function helmRights(namespace: string): AccessQuery[] {
  const cluster = (group: string, resource: string) => ({ verb: "create", group, resource });
  const inside = (group: string, resource: string) => ({ ...cluster(group, resource), namespace });
  return [
    inside("apps", "deployments"),
    inside("", "serviceaccounts"),
    inside("", "secrets"),
    cluster("rbac.authorization.k8s.io", "clusterroles"),
    cluster("rbac.authorization.k8s.io", "clusterrolebindings"),
    cluster("apiextensions.k8s.io", "customresourcedefinitions"),
  ];
}

/**
 * A helm that was killed leaves its release `pending`, and helm refuses to go on from there. When it is surely dead, the
 * record of that attempt is removed; the next `upgrade --install` takes over the objects, which carry the release's name.
 */
async function clearDeadRelease(
  { cluster, helm, clock, desired, emit }: RoadContext,
  seen: Release | undefined,
): Promise<void> {
  const { release: name, namespace } = desired.eso;
  let release = seen;
  while (release?.ours && release.status.startsWith("pending")) {
    if (clock.now() - release.updated.getTime() > DEAD_AFTER_MS) {
      const ref = {
        apiVersion: "v1",
        kind: "Secret",
        namespace,
        name: `sh.helm.release.v1.${name}.v${release.revision}`,
      };
      const record = await cluster.get(ref);
      if (record?.metadata.uid) await cluster.delete(ref, { uid: record.metadata.uid });
      return;
    }
    emit({
      type: "waiting",
      what: `Helm release ${name}`,
      state: `${release.status}: another helm may be at work`,
    });
    await clock.sleep(1000);
    release = await helm.release(name, namespace);
  }
}

/** Ready means: CRDs served as v1 and every Deployment of the release Available (eso.md 4.4). */
async function settle({ cluster, desired, emit, options }: RoadContext): Promise<void> {
  const { namespace, release } = desired.eso;
  const wait = { timeoutMs: options.timeoutMs, signal: options.signal };
  const labelSelector = `app.kubernetes.io/instance=${release}`;
  const deployments: KubeObject[] = [];
  for await (const one of cluster.list({
    apiVersion: "apps/v1",
    kind: "Deployment",
    namespace,
    labelSelector,
  }))
    deployments.push(one);
  let ready = 0;
  const results = await Promise.all([
    ...deployments.map(async (deployment) => {
      const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace, name: deployment.metadata.name };
      const result = await cluster.waitUntil(ref, (one) => one !== undefined && isAvailable(one), wait);
      if (result.done) ready += 1;
      emit({ type: "waiting", what: "ESO", state: `${ready} of ${deployments.length} deployments` });
      return result.done ? undefined : `Deployment ${ref.name}: ${conditionText(result.object)}`;
    }),
    ...ESO_CRDS.map(async (name) => {
      const ref = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name };
      const result = await cluster.waitUntil(ref, isServed, wait);
      return result.done ? undefined : `CRD ${name}: not served as external-secrets.io/v1`;
    }),
  ]);
  const broken = results.filter((result) => result !== undefined);
  if (broken.length > 0)
    throw new BootstrapError("ESOB-H104", {
      message: "ESO was installed, but it did not become ready in time.",
      reason: broken.join("; "),
      fix: { summary: "Look at its pods.", command: `kubectl get pods -n ${namespace}` },
    });
}

function conditionText(object: KubeObject | undefined): string {
  const condition = recordsAt(object?.["status"], "conditions").find(({ status }) => status === "False");
  const available = numberOf(at(object?.["status"], "availableReplicas")) ?? 0;
  return condition
    ? `${textOf(condition["reason"])}: ${textOf(condition["message"])}`
    : `${available} replicas available`;
}
