/**
 * The permission rules a role may hold, as each generation reads them (infisical-api.md 2.1, 2.2, 10.1, and the
 * server's own OpenAPI of 2024-10). What a schema does not know is stripped, which can make a role wider.
 */

import { badRequest } from "./errors.ts";
import type { Conditions, Rule } from "./permissions.ts";
import {
  array,
  boolean,
  discriminated,
  literal,
  mapped,
  object,
  oneOf,
  optional,
  string,
  union,
  type Schema,
} from "./validation.ts";

const crud = ["read", "create", "edit", "delete"] as const;

/** Subject and actions of the V1 schema, in the order the server tells them (OpenAPI of 2024-10). */
const v1Subjects: readonly (readonly [string, readonly string[]])[] = [
  ["secrets", crud],
  ["secret-approval", crud],
  ["secret-rotation", crud],
  ["secret-rollback", ["read", "create"]],
  ["member", crud],
  ["groups", crud],
  ["role", crud],
  ["integrations", crud],
  ["webhooks", crud],
  ["identity", crud],
  ["service-tokens", crud],
  ["settings", crud],
  ["environments", crud],
  ["tags", crud],
  ["audit-logs", crud],
  ["ip-allowlist", crud],
  ["certificate-authorities", crud],
  ["certificates", crud],
  ["certificate-templates", crud],
  ["pki-alerts", crud],
  ["pki-collections", crud],
  ["workspace", ["edit", "delete"]],
  ["kms", ["edit"]],
  ["secret-folders", ["read"]],
  ["cmek", [...crud, "encrypt", "decrypt"]],
];

const identityActions = [
  ...crud,
  "grant-privileges",
  "assume-privileges",
  "edit-auth",
  "revoke-auth",
  "assign-role",
  "assign-additional-privileges",
];

/** Subject and actions of the V2 schema, as far as roles for secrets and operators need them. */
const v2Subjects: readonly (readonly [string, readonly string[]])[] = [
  ["secrets", [...crud, "describeSecret", "readValue", "subscribe"]],
  ["secret-folders", crud],
  ["secret-imports", crud],
  [
    "dynamic-secrets",
    [
      "read-root-credential",
      "create-root-credential",
      "edit-root-credential",
      "delete-root-credential",
      "lease",
    ],
  ],
  ["identity", identityActions],
  ["member", [...crud, "grant-privileges", "assign-role"]],
  ...v1Subjects.filter(([subject]) => !["secrets", "secret-folders", "identity", "member"].includes(subject)),
];

const text = string({ min: 1 });
const eq = { $eq: optional(text), $ne: optional(text), $in: optional(array(text)) };

/** V1 conditions: `$glob` for the path only. */
const v1Conditions = object({
  environment: optional(union(string(), object(eq))),
  secretPath: optional(union(string(), object({ ...eq, $glob: optional(text) }))),
});

const absolute = {
  test: (path: string) => path.startsWith("/"),
  message: "Invalid Secret Path; it must start with a '/'",
};
const path = string({ min: 1, checks: [absolute] });
const anyText = union(string(), object({ ...eq, $glob: optional(text) }));

/** V2 conditions: `$glob` for every key, paths must be absolute. */
const v2Conditions = object({
  environment: optional(anyText),
  secretPath: optional(
    union(
      path,
      object({
        $eq: optional(path),
        $ne: optional(path),
        $in: optional(array(path)),
        $glob: optional(text),
      }),
    ),
  ),
  secretName: optional(anyText),
  secretTags: optional(object({ $in: array(text) })),
});

const identityConditions = object({ identityId: optional(anyText) });

const v2ConditionsOf: Readonly<Record<string, Schema<object>>> = {
  secrets: v2Conditions,
  "secret-folders": v2Conditions,
  "secret-imports": v2Conditions,
  "dynamic-secrets": v2Conditions,
  identity: identityConditions,
};

const actionField = (actions: readonly string[]) => {
  const one = oneOf(actions);
  return mapped(union(one, array(one)), (value) => (typeof value === "string" ? [value] : value));
};

function ruleSchema(
  subject: string,
  actions: readonly string[],
  conditions: Schema<object> | undefined,
  inverted: boolean,
): Schema<Rule> {
  const schema = object({
    subject: literal(subject),
    action: actionField(actions),
    ...(conditions === undefined ? {} : { conditions: optional(conditions) }),
    ...(inverted ? { inverted: optional(boolean) } : {}),
  });
  return mapped(schema, (rule) => rule as Rule);
}

/** Only secrets have conditions in V1; `inverted` is unknown and thus dropped: a prohibition becomes a permission. */
const v1Rule = discriminated(
  "subject",
  new Map(
    v1Subjects.map(([subject, actions]) => [
      subject,
      ruleSchema(subject, actions, subject === "secrets" ? v1Conditions : undefined, false),
    ]),
  ),
);

const v2Rule = discriminated(
  "subject",
  new Map(
    v2Subjects.map(([subject, actions]) => [
      subject,
      ruleSchema(subject, actions, v2ConditionsOf[subject], true),
    ]),
  ),
);

/** `permissions` of POST and PATCH `/api/v1/workspace/:slug/roles`. */
export const v1Permissions = array(v1Rule);
/** `permissions` of the newer role and privilege routes. */
export const v2Permissions = array(v2Rule);

/** What `permissions` of the E0 additional privileges look like: one action, a plain environment, a glob (10.2). */
export const v1PrivilegePermissions = array(
  object({
    action: oneOf(crud),
    subject: oneOf(v1Subjects.map(([subject]) => subject)),
    conditions: optional(
      object({ environment: optional(string()), secretPath: optional(object({ $glob: text })) }),
    ),
  }),
);

/** The older spelling of the same. */
export const v1PrivilegePermission = object({
  actions: array(oneOf(crud)),
  subject: literal("secrets"),
  conditions: object({ environment: string(), secretPath: optional(object({ $glob: text })) }),
});

const wordsOf: Readonly<Record<string, string>> = {
  describeSecret: "Describe Secret",
  readValue: "Read Value",
};

/** 400 for rules that mix the legacy `read` with its two successors, or use templates other than `{{identity.*}}`. */
export function requireSoundV2(rules: readonly Rule[]): void {
  for (const { subject, action } of rules) {
    const newer = action.filter((name) => name in wordsOf);
    if (subject !== "secrets" || !action.includes("read") || newer.length === 0) continue;
    const chosen =
      newer.length === 2 ? "both Read Value and Describe Secret" : (wordsOf[newer[0] ?? ""] ?? "");
    throw badRequest(
      `You have selected Read, and ${chosen}. You cannot select Read Value or Describe Secret if you have selected Read. The Read permission is a legacy action which has been replaced by Describe Secret and Read Value.`,
    );
  }
  const templates = [...JSON.stringify(rules).matchAll(/\{\{\s*([^}]*?)\s*\}\}/gu)];
  if (templates.some(([, name]) => name?.startsWith("identity.") !== true)) {
    throw badRequest("Template sanitization failed");
  }
}

/**
 * What a 2026 server makes of V1 rules sent to the old role route: `secrets:read` also becomes `readValue`, and grants
 * `secret-imports:read` and `dynamic-secrets:read-root-credential` with the same conditions (2.2).
 */
export function backfilledToV2(rules: readonly Rule[]): Rule[] {
  return rules.flatMap((rule) => {
    if (rule.subject !== "secrets" || !rule.action.includes("read")) return [rule];
    const conditions: { conditions?: Conditions } =
      rule.conditions === undefined ? {} : { conditions: rule.conditions };
    return [
      { ...rule, action: [...rule.action, "readValue"] },
      { subject: "secret-imports", action: ["read"], ...conditions },
      { subject: "dynamic-secrets", action: ["read-root-credential"], ...conditions },
    ];
  });
}
