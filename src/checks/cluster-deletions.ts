import { recordsAt } from "../data.ts";
import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { unlessHidden } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { findControllers, listAll } from "./eso-found.ts";

/** What has hung longer than this waits for something that does not come. */
const HUNG_MS = 60_000;

/** Deletions that ESO's finalizers hold (eso.md 5, row 14). */
export function deletionChecks(): Check<CheckContext>[] {
  return [
    {
      id: "cluster-namespaces",
      code: "ESOB-K203",
      category: "cluster",
      title: "no namespace hangs in its deletion",
      severity: "error",
      needs: ["cluster-reach"],
      run: judgeNamespaces,
    },
    {
      id: "cluster-finalizers",
      code: "ESOB-K204",
      category: "cluster",
      title: "no object of ESO hangs in its deletion",
      severity: "error",
      needs: ["cluster-reach"],
      after: ["cluster-namespaces"],
      run: (context) => unlessHidden(context, ["ExternalSecret"], () => judgeObjects(context)),
    },
  ];
}

async function judgeNamespaces(context: CheckContext): Promise<Finding> {
  const namespaces = await listAll(context, { apiVersion: "v1", kind: "Namespace" });
  const hung = namespaces.filter(({ metadata }) => isHung(context, metadata.deletionTimestamp));
  const held = hung.find((namespace) => holdsEsoObjects(namespace));
  if (!held) return { status: "pass", evidence: `${namespaces.length} namespaces` };
  const { name, deletionTimestamp } = held.metadata;
  throw new BootstrapError("ESOB-K203", {
    message: `Namespace ${name} cannot be deleted: objects of ESO are held by their finalizer.`,
    reason: `it has been terminating since ${deletionTimestamp}; ${await whyHeld(context)}`,
    fix: {
      summary: "Let ESO run, or take the finalizers away.",
      command: releaseAll(name),
    },
  });
}

async function judgeObjects(context: CheckContext): Promise<Finding> {
  const hung = context.secrets.flatMap(({ live }) =>
    live && live.finalizers.length > 0 && isHung(context, live.deleting) ? live : [],
  );
  const [first] = hung;
  if (!first) return { status: "pass" };
  const { namespace, name, deleting, finalizers } = first;
  throw new BootstrapError("ESOB-K204", {
    message: `ExternalSecret ${namespace}/${name} cannot be deleted${hung.length > 1 ? `, and ${hung.length - 1} more` : ""}.`,
    reason: `${finalizers.join(", ")} has held it since ${deleting}; ${await whyHeld(context)}`,
    fix: {
      summary: "Let ESO run, or take the finalizer away.",
      command: `kubectl patch externalsecret ${name} -n ${namespace} --type=merge -p '{"metadata":{"finalizers":null}}'`,
    },
  });
}

function isHung({ clock }: CheckContext, deleting: string | undefined): boolean {
  return deleting !== undefined && clock.now() - Date.parse(deleting) > HUNG_MS;
}

/** The namespace controller names the kinds and finalizers that are left. */
function holdsEsoObjects(namespace: KubeObject): boolean {
  return recordsAt(namespace["status"], "conditions").some(
    ({ status, message }) => status === "True" && /external-secrets/.test(String(message)),
  );
}

async function whyHeld(context: CheckContext): Promise<string> {
  const { controller } = await findControllers(context);
  if (!controller) return "no ESO is in the cluster to clear it";
  return controller.available ? "ESO runs, but does not clear it" : "ESO is not available to clear it";
}

function releaseAll(namespace: string): string {
  return `kubectl get externalsecrets -n ${namespace} -o name | xargs -I{} kubectl patch {} -n ${namespace} --type=merge -p '{"metadata":{"finalizers":null}}'`;
}
