import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { ESO_CRDS } from "../steps/eso-fact.ts";
import type { CheckContext } from "./context.ts";
import { findControllers } from "./eso-found.ts";
import {
  installCrds,
  staying,
  established,
  servesV1,
  keepsKubernetesAuth,
  storedVersions,
  kept,
  converts,
} from "./eso/crd.ts";

interface CrdCheck {
  readonly id: string;
  readonly code: Check<CheckContext>["code"];
  readonly title: string;
  readonly needs?: readonly string[];
  readonly severity?: "warning";
  judge(crd: KubeObject, context: CheckContext): Promise<Finding | undefined>;
}

/** Judged for each of the three CRDs; the first trouble counts. */
const CHECKS: readonly CrdCheck[] = [
  {
    id: "conversion",
    code: "ESOB-H218",
    title: "no conversion webhook stands between us and ESO's objects",
    judge: converts,
  },
  { id: "staying", code: "ESOB-H214", title: "ESO's kinds are not being deleted", judge: staying },
  {
    id: "established",
    code: "ESOB-H212",
    title: "ESO's kinds are established",
    needs: ["eso-crd-staying"],
    judge: established,
  },
  { id: "v1", code: "ESOB-H213", title: "ESO's kinds are served as v1", judge: servesV1 },
  {
    id: "schema",
    code: "ESOB-H216",
    title: "the stores' schema keeps Kubernetes Auth",
    judge: keepsKubernetesAuth,
  },
  {
    id: "stored",
    code: "ESOB-H215",
    title: "no old version is left in storage",
    severity: "warning",
    judge: storedVersions,
  },
  {
    id: "kept",
    code: "ESOB-H217",
    title: "an uninstall of the chart keeps the kinds",
    severity: "warning",
    judge: kept,
  },
];

/** ESO's CustomResourceDefinitions: there, established, served, as new as the controller. */
export function crdChecks(_context: CheckContext): Check<CheckContext>[] {
  return [
    {
      id: "eso-crd-there",
      code: "ESOB-H211",
      category: "eso",
      title: "ESO's kinds are defined",
      severity: "error",
      needs: ["cluster-reach"],
      after: ["eso-installed"],
      run: async (context) => {
        const crds = await readCrds(context);
        const absent = ESO_CRDS.filter((name) => !crds.some(({ metadata }) => metadata.name === name));
        if (absent.length === 0) return { status: "pass", evidence: ESO_CRDS.join(", ") };
        throw await missingCrds(context, absent);
      },
    },
    ...CHECKS.map(({ id, code, title, needs = [], severity, judge }): Check<CheckContext> => ({
      id: `eso-crd-${id}`,
      code,
      category: "eso",
      title,
      severity: severity ?? "error",
      needs: ["eso-crd-there", ...needs],
      run: async (context) => {
        const findings = await Promise.all((await readCrds(context)).map((crd) => judge(crd, context)));
        return findings.find((finding) => finding !== undefined) ?? { status: "pass" };
      },
    })),
  ];
}

async function readCrds({ cluster, once }: CheckContext): Promise<KubeObject[]> {
  const read = (name: string) =>
    once(`crd ${name}`, () =>
      cluster.get({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name }),
    );
  return (await Promise.all(ESO_CRDS.map(read))).filter((crd) => crd !== undefined);
}

async function missingCrds(context: CheckContext, absent: readonly string[]): Promise<BootstrapError> {
  const { controller } = await findControllers(context);
  const version = controller?.version;
  return new BootstrapError("ESOB-H211", {
    message: `The cluster does not know ${absent.join(", ")}.`,
    reason: controller
      ? `ESO ${version ?? ""} runs without its CustomResourceDefinitions (installCRDs: false?)`
      : "ESO's CustomResourceDefinitions are not installed",
    fix: installCrds(controller, context),
  });
}
