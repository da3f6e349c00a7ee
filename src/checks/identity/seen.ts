import type { Desired } from "../../desired/desired.ts";
import type { Infisical, Project } from "../../infisical/infisical.ts";
import type { CheckContext } from "../context.ts";
import { projectOf } from "../login/beyond.ts";

/** What the operator sees of identities. Each thing is asked once in a look, whoever wants it first. */
type Looking = Pick<CheckContext, "infisical" | "once">;

/** An identity that is about to be judged; its `name` where the file gives one. */
interface Awaited {
  readonly id: string;
  readonly projectSlug: string;
  readonly name?: string;
}

/** With more stores than this in the file, asking for all of them at once would be a burst at the server. */
const FEW = 4;

/** The operator's view; checks of identities are made only where there is one. */
export function operatorOf({ infisical }: Pick<CheckContext, "infisical">): Infisical {
  if (!infisical) throw new Error("no operator's credential");
  return infisical;
}

/** An identity may live in its project, where it is found only once that is known. */
export const identityAt = (looking: Looking, id: string, projectSlug: string) =>
  looking.once(`identity ${id}`, async () => {
    await projectOf(looking, projectSlug).catch(() => undefined);
    return operatorOf(looking).findIdentity(id);
  });

export const kubernetesAuthAt = (looking: Looking, id: string) =>
  looking.once(`kubernetes-auth ${id}`, () => operatorOf(looking).findKubernetesAuth(id));

export const universalAuthAt = (looking: Looking, id: string) =>
  looking.once(`universal-auth ${id}`, () => operatorOf(looking).hasUniversalAuth(id));

export const membershipAt = (looking: Looking, project: Project, id: string) =>
  looking.once(`membership ${project.id} ${id}`, () => operatorOf(looking).findMembership(project, id));

export const privilegesAt = (looking: Looking, project: Project, id: string) =>
  looking.once(`privileges ${project.id} ${id}`, () => operatorOf(looking).listPrivileges(project, id));

/** The roles of its membership; undefined for one that is built in. */
export const rolesAt = (looking: Looking, project: Project, id: string) =>
  looking.once(`roles ${project.id} ${id}`, async () => {
    const slugs = (await membershipAt(looking, project, id))?.roles ?? [];
    return Promise.all(
      slugs.map(async (slug) => ({ slug, role: await operatorOf(looking).findRole(project, slug) })),
    );
  });

export const namesakesOf = (looking: Looking, project: Project | undefined, name: string) =>
  looking.once(`namesakes ${project?.id} ${name}`, () =>
    operatorOf(looking).findIdentitiesByName(name, project),
  );

/** Logs in and asks for the identities whose ids the file has: none of that waits for the cluster. */
export function askForFile(looking: Looking, { stores }: Pick<Desired, "stores">): void {
  if (!looking.infisical || stores.length > FEW) return;
  for (const { identityId: id, project: projectSlug, identityName: name } of stores)
    if (id === undefined) void Promise.allSettled([projectOf(looking, projectSlug)]);
    else askAhead(looking, { id, projectSlug, name });
}

/** Asks for everything that the checks of an identity want, without waiting; who needs it hears of a failure. */
export function askAhead(looking: Looking, { id, projectSlug, name }: Awaited): void {
  const inProject = async () => {
    const project = await projectOf(looking, projectSlug);
    if (!project) return;
    await Promise.allSettled([
      rolesAt(looking, project, id),
      privilegesAt(looking, project, id),
      ...(name === undefined ? [] : [namesakesOf(looking, project, name)]),
    ]);
  };
  void Promise.allSettled([
    identityAt(looking, id, projectSlug),
    kubernetesAuthAt(looking, id),
    universalAuthAt(looking, id),
    inProject(),
  ]);
}
