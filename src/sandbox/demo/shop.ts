import type { Sandbox } from "../index.ts";

/** Where the sample's values lie at Infisical. */
export const SHOP = { project: "shop", environment: "prod", path: "/shop", namespace: "shop" } as const;

/** The variables of the sample that Infisical has from the start; `LATE` comes with `add-secret`. */
export const EARLY = ["DB_HOST", "DB_PASSWORD", "DB_PORT", "DB_USER"] as const;
export const LATE = "API_KEY";

/** A project with the sample's values, in it the operator as administrator, and others beside it to choose from. */
export function furnishShop({ infisical }: Sandbox, newValue: () => string): void {
  const { project, environment, path } = SHOP;
  for (const slug of [project, "website"]) {
    infisical.createProject(slug, slug);
    infisical.addMember(slug, infisical.operator.identityId, "admin");
  }
  for (const name of EARLY) infisical.setSecret(project, environment, path, name, newValue());
}
