import type { Sandbox } from "../index.ts";

/** Where the sample's values lie at Infisical, and where they go to. */
export const SHOP = { project: "shop", environment: "prod", path: "/shop", namespace: "shop" } as const;
export const SECRET = "shop-db";

/** The variables of the sample that Infisical has from the start; `LATE` comes with `add-secret`. */
export const EARLY = ["DB_HOST", "DB_PASSWORD", "DB_PORT", "DB_USER"] as const;
export const LATE = "API_KEY";

/** A project with the sample's values, in it the operator as administrator, and another beside it to choose from. Answers with the first's id. */
export function furnishShop({ infisical }: Sandbox, newValue: () => string): { projectId: string } {
  const { project, environment, path } = SHOP;
  const { id: projectId } = infisical.createProject(project, project);
  infisical.createProject("website", "website");
  for (const slug of [project, "website"]) infisical.addMember(slug, infisical.operator.identityId, "admin");
  for (const name of EARLY) infisical.setSecret(project, environment, path, name, newValue());
  // Whoever answers the questions otherwise finds names there, too.
  for (const other of ["dev", "staging"])
    for (const name of EARLY) infisical.setSecret(project, other, path, name, newValue());
  infisical.setSecret("website", "dev", "/", "SITE_TITLE", newValue());
  return { projectId };
}
