/** The roles every server has: names and fixed ids as recorded, permissions as read in the sources (shortened to what routes here ask). */

import type { Rule } from "./permissions.ts";

const all = (subject: string, ...more: string[]): Rule => ({
  subject,
  action: ["read", "create", "edit", "delete", ...more],
});
const only = (subject: string, ...action: string[]): Rule => ({ subject, action });

const identityExtras = [
  "grant-privileges",
  "assume-privileges",
  "edit-auth",
  "revoke-auth",
  "assign-role",
  "assign-additional-privileges",
];

const secretActions = ["describeSecret", "readValue"];

const projectAdmin: readonly Rule[] = [
  all("secrets", ...secretActions, "subscribe"),
  all("secret-folders"),
  all("secret-imports"),
  all("identity", ...identityExtras),
  all("role"),
  all("environments"),
  all("member", "grant-privileges"),
  all("groups"),
  all("settings"),
  all("tags"),
  all("secret-approval"),
  all("secret-rotation"),
  only("secret-rollback", "read", "create"),
  all("integrations"),
  all("webhooks"),
  all("service-tokens"),
  all("audit-logs"),
  all("ip-allowlist"),
  only("workspace", "edit", "delete"),
  only("kms", "edit"),
  only(
    "dynamic-secrets",
    "read-root-credential",
    "create-root-credential",
    "edit-root-credential",
    "delete-root-credential",
    "lease",
  ),
];

const projectMember: readonly Rule[] = [
  all("secrets", ...secretActions),
  all("secret-folders"),
  all("secret-imports"),
  all("identity"),
  only("role", "read"),
  all("environments"),
  only("member", "read", "create"),
  only("groups", "read"),
  all("settings"),
  all("tags"),
  only("secret-approval", "read"),
  only("secret-rotation", "read"),
  only("secret-rollback", "read", "create"),
  all("integrations"),
  all("webhooks"),
  all("service-tokens"),
  only("audit-logs", "read"),
  only("ip-allowlist", "read"),
];

const projectViewer: readonly Rule[] = [
  only("secrets", "read", ...secretActions),
  only("secret-folders", "read"),
  only("secret-imports", "read"),
  only("identity", "read"),
  only("role", "read"),
  only("environments", "read"),
  only("member", "read"),
  only("groups", "read"),
  only("settings", "read"),
  only("tags", "read"),
];

/** A built-in project role. The ids are the same on every server (recorded). */
export interface BuiltinRole {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly permissions: readonly Rule[];
}

export const projectRoles: readonly BuiltinRole[] = [
  {
    id: "b11b49a9-09a9-4443-916a-4246f9ff2c69",
    slug: "admin",
    name: "Admin",
    description: "Full administrative access over a project",
    permissions: projectAdmin,
  },
  {
    id: "b11b49a9-09a9-4443-916a-4246f9ff2c70",
    slug: "member",
    name: "Developer",
    description: "Limited read/write role in a project",
    permissions: projectMember,
  },
  {
    id: "b11b49a9-09a9-4443-916a-4246f9ff2c71",
    slug: "viewer",
    name: "Viewer",
    description: "Only read role in a project",
    permissions: projectViewer,
  },
  {
    id: "b11b49a9-09a9-4443-916a-4246f9ff2c72",
    slug: "no-access",
    name: "No Access",
    description: "No access to any resources in the project",
    permissions: [],
  },
];

/** Slugs a custom role may not take. */
export const reservedRoleSlugs: ReadonlySet<string> = new Set([
  ...projectRoles.map((role) => role.slug),
  "custom",
]);

/** What the built-in organization roles allow, as far as routes here ask. */
export const orgRoles: ReadonlyMap<string, readonly Rule[]> = new Map([
  [
    "admin",
    [
      all("workspace"),
      all("identity", ...identityExtras),
      all("member"),
      all("role"),
      all("settings"),
      all("billing"),
      only("organization-admin-console", "access-all-projects"),
      only("gateway", "attach-gateways"),
    ],
  ],
  [
    "member",
    [
      only("workspace", "read", "create"),
      all("identity", "edit-auth", "revoke-auth"),
      only("member", "read"),
      only("role", "read"),
      only("settings", "read"),
      only("billing", "read"),
    ],
  ],
  ["no-access", []],
]);
