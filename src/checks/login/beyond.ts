import type { DesiredStore } from "../../desired/desired.ts";
import type { CheckContext } from "../context.ts";
import type { LiveStore } from "../subject.ts";
import type { Place } from "./chain.ts";

/** Other environments that are tried, at most: enough to see that a role is too wide. */
const MOST_ENVIRONMENTS = 3;

/** Places next to those of the stores that their identity should not read: the root, and the path in other environments. */
export async function widerPlaces(
  context: CheckContext,
  stores: readonly LiveStore[],
  own: readonly Place[],
): Promise<readonly Place[]> {
  const [place] = own;
  if (!place) return [];
  const wanted = (context.desired?.stores ?? []).filter((store) =>
    stores.some(({ kind, name }) => kind === store.kind && name === store.name),
  );
  const environments = await environmentsOf(context, place.projectSlug);
  const candidates = [
    { ...place, path: "/", recursive: false },
    ...environments
      .filter((environment) => environment !== place.environment)
      .slice(0, MOST_ENVIRONMENTS)
      .map((environment) => ({ ...place, environment, recursive: false })),
  ];
  return candidates.filter((candidate) => !isMeant(candidate, own, wanted));
}

function isMeant(candidate: Place, own: readonly Place[], wanted: readonly DesiredStore[]): boolean {
  const scopes = wanted.flatMap(({ grant }) => grant.scopes);
  return (
    own.some(({ environment, path, recursive }) => fits(candidate, environment, path, recursive)) ||
    scopes.some(({ environment, path, subtree }) => fits(candidate, environment, path, subtree))
  );
}

function fits(candidate: Place, environment: string, path: string, below: boolean): boolean {
  const base = path.replace(/\/+$/, "");
  return (
    candidate.environment === environment &&
    (candidate.path === (base || "/") || (below && candidate.path.startsWith(`${base}/`)))
  );
}

/** Slugs of the project's environments, where the operator sees them. */
async function environmentsOf(context: CheckContext, slug: string): Promise<readonly string[]> {
  const project = await projectOf(context, slug);
  return project?.environments.map((environment) => environment.slug) ?? [];
}

/** The project as the operator sees it; undefined: not seen, or nobody looks. */
export async function projectOf({ infisical, once }: Pick<CheckContext, "infisical" | "once">, slug: string) {
  return infisical && once(`project ${slug}`, () => infisical.findProject(slug));
}
