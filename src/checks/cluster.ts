import { at, textOf } from "../data.ts";
import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";
import { deletionChecks } from "./cluster-deletions.ts";
import { findControllers } from "./eso-found.ts";
import { ifAllowed } from "./if-allowed.ts";
import { rightsCheck } from "./rights-check.ts";
import { isOlder } from "../semver.ts";

/** The CRDs of ESO 0.20 and newer use `selectableFields` (eso.md 4.1): Kubernetes 1.30. */
const FIRST_KUBERNETES: readonly (readonly [eso: string, kubernetes: string])[] = [
  ["0.20.0", "1.30.0"],
  ["0.0.0", "1.19.0"],
];

/** The cluster answers, is new enough, and lets go of what is deleted. */
export function clusterChecks(_context: CheckContext): readonly Check<CheckContext>[] {
  const checks: Check<CheckContext>[] = [
    {
      id: "cluster-reach",
      code: "ESOB-K101",
      category: "cluster",
      title: "the API server answers",
      severity: "error",
      retry: true,
      run: async ({ cluster }) => ({
        status: "pass",
        evidence: `${await cluster.version()} at ${cluster.info.server}`,
      }),
    },
    clusterCheck("version", "ESOB-K201", "Kubernetes is new enough for ESO", judgeVersion),
    clusterCheck("ca", "ESOB-K202", "the cluster's CA is published", judgeCa),
    ...deletionChecks(),
    rightsCheck,
  ];
  return checks.map(ifAllowed);
}

function clusterCheck(
  id: string,
  code: Check<CheckContext>["code"],
  title: string,
  run: Check<CheckContext>["run"],
): Check<CheckContext> {
  return {
    id: `cluster-${id}`,
    code,
    category: "cluster",
    title,
    severity: "error",
    needs: ["cluster-reach"],
    run,
  };
}

async function judgeVersion(context: CheckContext): Promise<Finding> {
  const kubernetes = await context.cluster.version();
  const { controller } = await findControllers(context);
  const eso = controller?.version ?? context.desired?.eso.version;
  if (eso === undefined) return { status: "skip", because: "ESO's version is not known" };
  const needed = FIRST_KUBERNETES.find(([first]) => !isOlder(eso, first))?.[1] ?? "1.19.0";
  if (!isOlder(kubernetes, needed))
    return { status: "pass", evidence: `${kubernetes}, ESO ${eso} needs ${needed}` };
  throw new BootstrapError("ESOB-K201", {
    message: `Kubernetes ${kubernetes} is too old for ESO ${eso}.`,
    reason: `its CustomResourceDefinitions use fields that came with ${needed}`,
    fix: {
      summary: "Upgrade the cluster, or install an older chart.",
      command: "eso-bootstrap install --chart-version 0.19.2",
    },
  });
}

/** Pods, and whoever makes an identity, learn the API server's CA from it. */
async function judgeCa({ cluster }: CheckContext): Promise<Finding> {
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "kube-system", name: "kube-root-ca.crt" };
  const pem = textOf(at(await cluster.get(ref), "data", "ca.crt"));
  if (pem?.includes("-----BEGIN CERTIFICATE-----") === true)
    return { status: "pass", evidence: "kube-root-ca.crt" };
  throw new BootstrapError("ESOB-K202", {
    message: "The ConfigMap kube-root-ca.crt of kube-system does not hold the cluster's CA.",
    reason: "kube-controller-manager writes it into every namespace (--root-ca-file)",
    fix: {
      summary: "Check that kube-controller-manager runs.",
      command: "kubectl get pods -n kube-system -l component=kube-controller-manager",
    },
  });
}
