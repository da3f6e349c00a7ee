import { BootstrapError } from "../errors.ts";
import { wordsOf } from "./answers.ts";
import { fieldsOf, needItems, needText, textOf } from "./json.ts";
import { isAbsent, type Session } from "./session.ts";

interface Organization {
  readonly id: string;
  readonly slug: string | undefined;
  readonly name: string | undefined;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Ids that are no UUID make the server answer 500, so they are not sent at all (infisical-api.md, general behaviour). */
export const isUuid = (text: string) => UUID.test(text);

/**
 * The organization's id. Users are told their organizations; identities since 2025 theirs (`/identities/details`). Servers of
 * 2024 tell an identity nothing: there it comes from the setting, or from a project that was found by its slug.
 */
export async function findOrganizationId(session: Session): Promise<string> {
  const claims = await session.claims();
  if (claims.kind === "user") return ofUser(session, claims.organizationId);
  const own = await ofIdentity(session);
  if (own) return matching(session, [own]);
  if (session.organization !== undefined && isUuid(session.organization)) return session.organization;
  const [seen] = session.seen.organizations;
  if (seen !== undefined && session.organization === undefined) return seen;
  throw unknown(
    session.organization === undefined
      ? "this server does not tell an identity its organization"
      : `this server does not tell which id the organization "${session.organization}" has`,
  );
}

async function ofUser(session: Session, claimed: string | undefined): Promise<string> {
  const body = await session.read("organizationsOfUser", { doing: "list your organizations" });
  const organizations = needItems(fieldsOf(body)["organizations"], "organizations").map(parse);
  if (session.organization === undefined && claimed !== undefined) return claimed;
  return matching(session, organizations);
}

async function ofIdentity(session: Session): Promise<Organization | undefined> {
  if ((await session.era()).traits.era === "2024") return undefined;
  const body = await session.read("organizationOfIdentity", {
    doing: "find out our organization",
    // Before there was this route, "details" was taken for an identity's id: 500, a database error (1.1).
    absent: (answer) => isAbsent(answer) || wordsOf(answer).error === "FindByOrgId",
    isOptional: true,
  });
  const { organization } = fieldsOf(fieldsOf(body)["identityDetails"]);
  return organization === undefined ? undefined : parse(organization);
}

function parse(value: unknown): Organization {
  const { id, slug, name } = fieldsOf(value);
  return { id: needText(id, "organization id"), slug: textOf(slug), name: textOf(name) };
}

function matching({ organization }: Session, candidates: readonly Organization[]): string {
  const fitting = candidates.filter(
    ({ id, slug }) => organization === undefined || id === organization || slug === organization,
  );
  const [only] = fitting;
  if (only && fitting.length === 1) return only.id;
  const exists = candidates.map(({ slug, name, id }) => slug ?? name ?? id).join(", ");
  throw unknown(
    only ? "you belong to several" : `you do not belong to an organization "${organization ?? ""}"`,
    exists,
  );
}

function unknown(reason: string, exists?: string): BootstrapError {
  return new BootstrapError("ESOB-I116", {
    message: "The Infisical organization cannot be found out.",
    reason,
    ...(exists ? { facts: { Exists: exists } } : {}),
  });
}
