import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { didYouMean } from "../../inputs/nearest.ts";
import type { CheckContext } from "../context.ts";
import { pass } from "../finding.ts";
import { restore, restoreAtInfisical } from "../mending.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";
import { projectOf } from "./beyond.ts";
import { placeIn } from "./chain.ts";

type Listed =
  | { readonly allowed: true; readonly names: readonly string[] }
  | { readonly allowed: false; readonly reason: string };

/** What the list of a store's own place says: names, or why there are none. */
export async function judgeListing(
  context: CheckContext,
  store: LiveStore,
  listed: Listed,
): Promise<Finding> {
  if (listed.allowed && listed.names.length > 0) return pass(`${listed.names.length} names`);
  // A server of 2024 answers a missing folder with an empty list, and a narrow role any unknown place with a refusal.
  await assertPlace(context, store);
  if (listed.allowed) return pass("no names yet");
  throw refused(context, store, listed.reason);
}

/** Throws where project, environment or folder do not exist; needs the operator's view. */
async function assertPlace(context: CheckContext, store: LiveStore): Promise<void> {
  const { infisical } = context;
  const { projectSlug, environment, path } = placeIn(store.live);
  const project = await projectOf(context, projectSlug);
  if (!infisical) return;
  const fixIt = (
    code: "ESOB-I201" | "ESOB-I202" | "ESOB-I203",
    what: string,
    known: readonly string[],
    word: string,
  ) =>
    new BootstrapError(code, {
      message: `${titleOf(store)} names ${what}, which Infisical does not have.`,
      reason: `it has ${known.join(", ") || "none"}${didYouMean(word, known)}`,
      fix: restore(context, code, subjectOf(store)),
    });
  if (!project) {
    const slugs = (await infisical.listProjects()).map(({ slug }) => slug);
    throw fixIt("ESOB-I201", `project ${projectSlug}`, slugs, projectSlug);
  }
  const slugs = project.environments.map(({ slug }) => slug);
  if (!slugs.includes(environment))
    throw fixIt("ESOB-I202", `environment ${environment}`, slugs, environment);
  const scope = { project, environment, path };
  if (path === "/" || (await infisical.folderExists(scope))) return;
  const parent = path.slice(0, path.lastIndexOf("/")) || "/";
  const folders = await infisical.listFolders({ ...scope, path: parent });
  throw fixIt("ESOB-I203", `folder ${environment}:${path}`, folders, path.slice(path.lastIndexOf("/") + 1));
}

/** The server's words for a list that it refuses, of all generations (infisical-api.md 4.3, 10.1; eso.md 5.3). */
export const LIST_ROWS = [
  { code: "ESOB-I201", says: /Project with slug .* not found|find project by slug|Project not found/i },
  { code: "ESOB-I202", says: /^Environment (with slug .* )?not found/ },
  { code: "ESOB-I203", says: /Folder (with path .* )?not found|Folder with path/ },
  { code: "ESOB-I332", says: /not a member|ProjectMembershipNotFound|not part of the project/i },
  { code: "ESOB-R222", says: /names may be read, but not values|readValue|hidden-by-infisical/ },
  { code: "ESOB-R119", says: /not allowed|permission/i },
] as const;

function refused(context: CheckContext, store: LiveStore, reason: string): BootstrapError {
  const { environment, path, recursive } = placeIn(store.live);
  const code = LIST_ROWS.find(({ says }) => says.test(reason))?.code ?? "ESOB-R119";
  const hidden = recursive && store.live.ready?.ready === true;
  return new BootstrapError(code, {
    message: `${titleOf(store)} may not read ${environment}:${path}.`,
    reason: hidden ? `${reason}; ESO calls it Valid because a recursive list is never refused` : reason,
    fix: restoreAtInfisical(context, code),
  });
}
