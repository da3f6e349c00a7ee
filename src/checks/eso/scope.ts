import { at, numberOf, textOf, textsOf } from "../../data.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { containers, optionOf } from "../../steps/eso-fact.ts";
import type { CheckContext } from "../context.ts";
import { skip } from "../finding.ts";
import { findControllers, type EsoController } from "../eso-found.ts";
import { upgradeWith } from "./release.ts";

const PASS = { status: "pass" } as const;

/** Both would write the same Secrets and spend Infisical's limits twice (eso.md 4.7). */
export async function alone(_controller: EsoController, context: CheckContext): Promise<Finding> {
  const { all, onlyIn } = await findControllers(context);
  const active = all.filter(({ replicas }) => replicas > 0);
  const [first, second] =
    active
      .flatMap((one, index) => active.slice(index + 1).map((other) => [one, other] as const))
      .find(([one, other]) => overlap(one, other)) ?? [];
  if (!first || !second) {
    if (onlyIn !== undefined)
      return skip(`only ${onlyIn} may be looked into: needs the right to list deployments`);
    return { status: "pass", evidence: `${active.length} in the cluster` };
  }
  throw new BootstrapError("ESOB-H227", {
    message: `Two controllers reconcile the same objects: ${nameOf(first)} and ${nameOf(second)}.`,
    reason: `both serve the class "${first.controllerClass}" (installed by ${first.installedBy} and ${second.installedBy})`,
    fix: {
      summary:
        "Remove one, or give it a class of its own (controllerClass, and spec.controller of its stores).",
      command: `kubectl scale deployment/${second.deployment} -n ${second.namespace} --replicas=0`,
    },
  });
}

const nameOf = ({ namespace, deployment }: EsoController) => `${namespace}/${deployment}`;

function overlap(one: EsoController, other: EsoController): boolean {
  const places = [one.onlyNamespace, other.onlyNamespace];
  return (
    one.controllerClass === other.controllerClass &&
    (places.includes(undefined) || one.onlyNamespace === other.onlyNamespace)
  );
}

export function elected({ replicas, electsLeader, namespace, deployment }: EsoController): Finding {
  if (replicas < 2 || electsLeader) return PASS;
  const error = new BootstrapError("ESOB-H228", {
    message: `All ${replicas} replicas of ${namespace}/${deployment} work at once: Infisical is asked ${replicas} times as often.`,
    reason: "leader election is off (leaderElect: false)",
    fix: {
      summary: "Run one, or set leaderElect: true in the chart's values.",
      command: `kubectl scale deployment/${deployment} -n ${namespace} --replicas=1`,
    },
  });
  return { status: "warn", error };
}

export async function hasLeader(
  { electsLeader, namespace, deployment, live }: EsoController,
  { cluster, clock }: CheckContext,
) {
  if (!electsLeader) return { ...PASS, evidence: "leader election is off" };
  const args = textsOf(containers(live)[0]?.["args"]);
  const name = optionOf(args, "--leader-election-id") ?? "external-secrets-controller";
  const lease = await cluster.get({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name });
  const spec = lease?.["spec"];
  const seconds = numberOf(at(spec, "leaseDurationSeconds")) ?? 15;
  const renewed = Date.parse(textOf(at(spec, "renewTime")) ?? "");
  const age = clock.now() - renewed;
  // Clocks differ a little, and a new leader may be on its way.
  if (lease && age < (seconds + 60) * 1000)
    return { ...PASS, evidence: textOf(at(spec, "holderIdentity")) ?? name };
  throw new BootstrapError("ESOB-H234", {
    message: `No replica of ${namespace}/${deployment} leads: nothing is synced.`,
    reason: lease
      ? `the Lease ${namespace}/${name} was last renewed ${textOf(at(spec, "renewTime")) ?? "never"}`
      : `there is no Lease ${namespace}/${name}`,
    fix: {
      summary: "Restart it; if that does not help, see whether it may write the Lease.",
      command: `kubectl rollout restart deployment/${deployment} -n ${namespace}`,
    },
  });
}

export function seesNamespaces(controller: EsoController, { stores, secrets }: CheckContext): Finding {
  const { onlyNamespace, namespace, deployment } = controller;
  if (onlyNamespace === undefined) return { ...PASS, evidence: "all namespaces" };
  const wanted = [...stores, ...secrets].flatMap((subject) => subject.namespace ?? []);
  const outside = [...new Set(wanted)].filter((one) => one !== onlyNamespace).toSorted();
  if (outside.length === 0) return { ...PASS, evidence: onlyNamespace };
  throw new BootstrapError("ESOB-H229", {
    message: `ESO looks only at namespace ${onlyNamespace}, not at ${outside.slice(0, 5).join(", ")}.`,
    reason: `${namespace}/${deployment} runs with --namespace=${onlyNamespace} (scopedNamespace)`,
    fix: {
      summary: "Unset scopedNamespace, or install an ESO for each namespace.",
      command: upgradeWith(controller, "--set scopedNamespace= --set scopedRBAC=false"),
    },
  });
}

export function seesClusterStores(controller: EsoController, { stores }: CheckContext): Finding {
  const cluster = stores.filter(({ kind }) => kind === "ClusterSecretStore");
  if (controller.processesClusterStores || cluster.length === 0) return PASS;
  throw new BootstrapError("ESOB-H230", {
    message: `ESO does not look at ClusterSecretStores, as ${cluster[0]?.name ?? ""} is one.`,
    reason:
      "it runs with --enable-cluster-store-reconciler=false (processClusterStore: false, or scopedRBAC)",
    fix: {
      summary: "Set processClusterStore: true in the chart's values, or use a SecretStore.",
      command: upgradeWith(controller, "--set processClusterStore=true"),
    },
  });
}

/** ESO sends its own token to Infisical: without the file there is nothing to log in with (eso.md 5, row 23). */
export async function hasToken(controller: EsoController, { cluster }: CheckContext): Promise<Finding> {
  const { namespace, serviceAccount, tokenMounted, live } = controller;
  const explicit = at(live["spec"], "template", "spec", "automountServiceAccountToken") === true;
  const account = await cluster.get({
    apiVersion: "v1",
    kind: "ServiceAccount",
    namespace,
    name: serviceAccount,
  });
  const refusedByAccount = account?.["automountServiceAccountToken"] === false && !explicit;
  if (tokenMounted && !refusedByAccount) return PASS;
  throw new BootstrapError("ESOB-H233", {
    message: `ESO's pods have no ServiceAccount token: they cannot log in at Infisical.`,
    reason: `automountServiceAccountToken is false on the ${refusedByAccount ? `ServiceAccount ${namespace}/${serviceAccount}` : "Deployment"}`,
    fix: {
      summary: "Let it be mounted.",
      command: upgradeWith(controller, "--set serviceAccount.automount=true"),
    },
  });
}
