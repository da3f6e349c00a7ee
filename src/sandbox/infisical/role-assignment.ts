/** Roles named in a membership: their schema, their look-up, what they allow (infisical-api.md 1.7). */

import { projectRoles } from "./builtin-roles.ts";
import { badRequest, notFound } from "./errors.ts";
import type { Rule } from "./permissions.ts";
import { membershipRole } from "./projects.ts";
import type { MembershipRole } from "./types.ts";
import { array, literal, object, string, union, withDefault, type Infer } from "./validation.ts";
import type { World } from "./world.ts";

const roleField = union(
  object({ role: string(), isTemporary: withDefault(literal(false), false) }),
  object({
    role: string(),
    isTemporary: literal(true),
    temporaryMode: literal("relative"),
    temporaryRange: string(),
    temporaryAccessStartTime: string(),
  }),
);

/** `roles: [{role, isTemporary?}]`. */
export const rolesField = (rules: { readonly min?: number } = {}) => array(roleField, rules);

const unitMs: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_557_600_000,
};

/** `1h`, `30m`, `2 days` in milliseconds. */
function rangeMs(range: string): number {
  const found = /^(\d+)\s*([smhdwy])/u.exec(range);
  const unit = unitMs[found?.[2] ?? ""];
  if (found === null || unit === undefined) throw badRequest(`Invalid temporary range: ${range}`);
  return Number(found[1]) * unit;
}

function missingRole(world: World, slug: string) {
  return world.era.modernIdentities
    ? notFound("One or more roles not found")
    : notFound(`Specified role was not found: ${slug}`);
}

type WantedRoles = Infer<ReturnType<typeof rolesField>>;

/** Turns role slugs into rows of a membership; an unknown slug is a 404, a custom one may need the plan. */
export function readRoles(world: World, projectId: string, wanted: WantedRoles): MembershipRole[] {
  const permanent = wanted.some((entry) => !entry.isTemporary);
  if (world.era.modernIdentities && !permanent && wanted.length > 0) {
    throw badRequest("Identity must have at least one permanent role");
  }
  return wanted.map((entry) => {
    const builtin = projectRoles.find((role) => role.slug === entry.role);
    const custom = world.state.roles.find((row) => row.projectId === projectId && row.slug === entry.role);
    if (builtin === undefined && custom === undefined) throw missingRole(world, entry.role);
    if (builtin === undefined && world.era.rolesNeedRbac && !world.settings.plan.rbac) {
      throw badRequest(
        "Failed to assign custom role to identity due to plan RBAC restriction. Upgrade to Infisical Enterprise to assign custom roles.",
      );
    }
    const role = membershipRole(world.state, entry.role, custom?.id ?? null);
    if (!entry.isTemporary) return role;
    const start = new Date(entry.temporaryAccessStartTime);
    return {
      ...role,
      isTemporary: true,
      temporaryMode: entry.temporaryMode,
      temporaryRange: entry.temporaryRange,
      temporaryAccessStartTime: start,
      temporaryAccessEndTime: new Date(start.getTime() + rangeMs(entry.temporaryRange)),
    };
  });
}

/** Everything these roles allow. */
export const roleRules = (world: World, roles: readonly MembershipRole[]): Rule[] =>
  roles.flatMap((role) =>
    role.customRoleId === null
      ? (projectRoles.find((builtin) => builtin.slug === role.role)?.permissions ?? [])
      : (world.state.roles.get(role.customRoleId)?.permissions ?? []),
  );
