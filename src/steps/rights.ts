import { BootstrapError } from "../errors.ts";
import type { Action, InfisicalRight } from "../engine/plan.ts";
import { isWrite } from "../engine/plan.ts";
import type { AccessQuery } from "../kubernetes/cluster.ts";
import { LEASE_RIGHTS } from "../kubernetes/lease.ts";
import type { OperatorRights, Project } from "../infisical/infisical.ts";
import type { RoadContext } from "./context.ts";

/** Names every right that the plan's writes need and that we do not have, in both systems, before the first write. */
export async function assertRights(context: RoadContext, actions: readonly Action[]): Promise<void> {
  const writes = actions.filter(({ change }) => isWrite(change));
  const kubernetes = [...writes.flatMap(({ needs }) => needs?.kubernetes ?? []), ...LEASE_RIGHTS];
  const infisical = writes.flatMap(({ needs }) => needs?.infisical ?? []);
  const [inCluster, atInfisical] = await Promise.all([
    context.cluster.missingRights(kubernetes),
    infisical.length > 0 ? missingAtInfisical(context, infisical) : [],
  ]);
  const kubernetesText = [...new Set(inCluster.map(describeAccess))];
  const count = kubernetesText.length + atInfisical.length;
  if (count === 0) return;
  const facts = {
    ...(kubernetesText.length > 0 && { Kubernetes: kubernetesText.join("; ") }),
    ...(atInfisical.length > 0 && { Infisical: atInfisical.join("; ") }),
  };
  throw new BootstrapError(kubernetesText.length > 0 ? "ESOB-K104" : "ESOB-I109", {
    message: `${count} ${count === 1 ? "right is" : "rights are"} missing for this plan.`,
    reason: "nothing was changed: a run that stops half-way helps nobody",
    fix: {
      summary: "Ask for the rights below, or run with credentials that have them.",
      ...(kubernetesText.length > 0 && { command: "kubectl auth can-i --list" }),
    },
    facts,
  });
}

/** `create secrets in external-secrets`: as `kubectl auth can-i` says it. */
export function describeAccess({ verb, group, resource, subresource, namespace, name }: AccessQuery): string {
  const plural = group && !["apps"].includes(group) ? `${resource}.${group}` : resource;
  const full = subresource === undefined ? plural : `${plural}/${subresource}`;
  const where = namespace && resource !== "namespaces" ? ` in ${namespace}` : "";
  return `${verb} ${full}${name ? ` ${name}` : ""}${where}`;
}

/** Folders had no permission of their own in 2024 (infisical-api.md 2.3). */
const OLD_SUBJECTS: Record<string, string> = { "secret-folders": "secrets" };

/** The rights at Infisical, in words, that we clearly do not have. */
export async function missingAtInfisical(
  context: RoadContext,
  needs: readonly InfisicalRight[],
): Promise<string[]> {
  const { facts, desired, infisical } = context;
  const traits = await facts.traits();
  const slugs = [...new Set(desired.stores.map(({ project }) => project))];
  const projects = await Promise.all(slugs.map((slug) => facts.project(slug)));
  const rights = await Promise.all(
    projects.map(async (project) => ({ project, rights: await infisical.operatorRights(project) })),
  );
  const missing = needs.flatMap((need) =>
    rights.flatMap((one) => (lacks(one, need, traits) ? [describeRight(need, one.project)] : [])),
  );
  return [...new Set(missing)];
}

/** Only a clear no counts: what cannot be read is left to the server's own answer. */
function lacks(
  { project, rights }: { project: Project | undefined; rights: OperatorRights },
  { scope, action, subject }: InfisicalRight,
  traits: { era: string; projectIdentities: boolean },
): boolean {
  const name = traits.era === "2024" ? (OLD_SUBJECTS[subject] ?? subject) : subject;
  if (scope === "project") return project !== undefined && rights.mayInProject(action, name) === false;
  const inProject =
    subject === "identity" && traits.projectIdentities && rights.mayInProject(action, name) !== false;
  return rights.mayInOrg(action, name) === false && !inProject;
}

function describeRight({ scope, action, subject }: InfisicalRight, project: Project | undefined): string {
  return `${action} ${subject} in ${scope === "org" ? "the organization" : `project ${project?.slug ?? "?"}`}`;
}
