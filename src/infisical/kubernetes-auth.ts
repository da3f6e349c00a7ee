import { BootstrapError } from "../errors.ts";
import { Secret } from "../secret.ts";
import { wordsOf, type Answer } from "./answers.ts";
import { COMMON, type Era } from "./eras.ts";
import type { Infisical, KubernetesAuth, KubernetesAuthChange } from "./infisical.ts";
import { fieldsOf, itemsOf, numberOf, textOf, type Json } from "./json.ts";
import { attachRefusal } from "./kubernetes-errors.ts";
import { isUuid } from "./organization.ts";
import { isAbsent, type Session } from "./session.ts";

type Operations = Pick<Infisical, "findKubernetesAuth" | "attachKubernetesAuth" | "updateKubernetesAuth">;

/** Two live checks of up to 10 s each when it is stored (infisical-api.md 1.5). */
const PATIENCE = 2;

/** 400 in both eras, 404 since 2025. */
const hasNone = (answer: Answer) =>
  isAbsent(answer) || /does not have Kubernetes Auth/i.test(wordsOf(answer).message);

/** Kubernetes Auth of an identity (1.5). Bodies hold the reviewer's token both ways: they go into no message. */
export function kubernetesAuthOperations(session: Session): Operations {
  async function findKubernetesAuth(identityId: string): Promise<KubernetesAuth | undefined> {
    if (!isUuid(identityId)) return undefined;
    const body = await session.readAt([COMMON.kubernetesAuth], {
      doing: `read the Kubernetes Auth of identity ${identityId}`,
      params: { identityId },
      absent: hasNone,
    });
    return body === undefined ? undefined : parse(fieldsOf(body)["identityKubernetesAuth"]);
  }

  async function attachKubernetesAuth(
    identityId: string,
    auth: Parameters<Infisical["attachKubernetesAuth"]>[1],
  ): Promise<void> {
    const era = await session.era();
    const doing = `attach Kubernetes Auth to identity ${identityId}`;
    let isThere = false;
    await session.writeAt([COMMON.attachKubernetesAuth], {
      doing,
      params: { identityId },
      // Without the key the reviewed token reviews itself; null is only for PATCH.
      body: bodyFor(era, { ...auth, reviewer: auth.reviewer ?? undefined }, auth.reviewer === null),
      patience: PATIENCE,
      landed: async () => (await findKubernetesAuth(identityId)) !== undefined,
      already: (answer) => (isThere = /to already configured identity/.test(wordsOf(answer).message)),
      refused: (answer) => attachRefusal(answer, doing),
    });
    if (isThere && !(await findKubernetesAuth(identityId))) throw otherMethod(identityId);
    if (isThere) return updateKubernetesAuth(identityId, auth);
    await assertStored(identityId, auth);
  }

  async function updateKubernetesAuth(identityId: string, change: KubernetesAuthChange): Promise<void> {
    const era = await session.era();
    const full = await withBothLifetimes(identityId, change);
    const doing = `change the Kubernetes Auth of identity ${identityId}`;
    if (Object.keys(full).length === 0) return;
    await session.writeAt([COMMON.updateKubernetesAuth], {
      doing,
      params: { identityId },
      body: bodyFor(era, full, full.reviewer === null),
      patience: PATIENCE,
      landed: async () => differences(await findKubernetesAuth(identityId), full).length === 0,
      refused: (answer) => attachRefusal(answer, doing),
    });
    await assertStored(identityId, full);
  }

  /** The server compares a lifetime that was left out with the stored *maximum*: both go always together (1.5). */
  async function withBothLifetimes(
    identityId: string,
    change: KubernetesAuthChange,
  ): Promise<KubernetesAuthChange> {
    const { accessTokenTtl, accessTokenMaxTtl } = change;
    if ((accessTokenTtl === undefined) === (accessTokenMaxTtl === undefined)) return change;
    const stored = await findKubernetesAuth(identityId);
    const ttl = accessTokenTtl ?? stored?.accessTokenTtl;
    const max = accessTokenMaxTtl ?? stored?.accessTokenMaxTtl;
    return {
      ...change,
      ...(ttl === undefined ? {} : { accessTokenTtl: ttl }),
      ...(max === undefined ? {} : { accessTokenMaxTtl: max }),
    };
  }

  /** Servers drop what they do not know without a word: what was sent must be there. */
  async function assertStored(identityId: string, wanted: KubernetesAuthChange): Promise<void> {
    const wrong = differences(await findKubernetesAuth(identityId), wanted);
    if (wrong.length === 0) return;
    throw new BootstrapError("ESOB-I112", {
      message: `Infisical stored the Kubernetes Auth of identity ${identityId} otherwise than asked.`,
      reason: `it differs in: ${wrong.join(", ")}`,
    });
  }

  return { findKubernetesAuth, attachKubernetesAuth, updateKubernetesAuth };
}

type Change = Omit<KubernetesAuthChange, "reviewer"> & { reviewer?: Secret | null | undefined };

/** Our words → the server's; `reviewer` apart. */
const WIRE_NAMES = {
  host: "kubernetesHost",
  ca: "caCert",
  allowedNamespaces: "allowedNamespaces",
  allowedNames: "allowedNames",
  allowedAudience: "allowedAudience",
  accessTokenTtl: "accessTokenTTL",
  accessTokenMaxTtl: "accessTokenMaxTTL",
  accessTokenUses: "accessTokenNumUsesLimit",
} as const;
type Field = keyof typeof WIRE_NAMES;
const FIELDS: readonly Field[] = [
  "host",
  "ca",
  "allowedNamespaces",
  "allowedNames",
  "allowedAudience",
  "accessTokenTtl",
  "accessTokenMaxTtl",
  "accessTokenUses",
];

/** Throws ESOB-I207 where the server demands a reviewer's token and none is given. */
function bodyFor({ traits, verifiesTls }: Era, change: Change, reviewsItself: boolean): Json {
  if (reviewsItself && !traits.selfReview)
    throw new BootstrapError("ESOB-I207", { message: "This Infisical server demands a reviewer token." });
  const plain = FIELDS.flatMap((field) =>
    change[field] === undefined ? [] : [[WIRE_NAMES[field], change[field]]],
  );
  return {
    ...Object.fromEntries(plain),
    // `""` would keep the stored token, null removes it (1.5).
    ...(change.reviewer === undefined ? {} : { tokenReviewerJwt: change.reviewer?.reveal() ?? null }),
    ...(verifiesTls && change.ca === "" ? { verifyTlsCertificate: false } : {}),
  };
}

function differences(stored: KubernetesAuth | undefined, wanted: KubernetesAuthChange): string[] {
  if (!stored) return ["everything: it is not there"];
  const plain = FIELDS.filter(
    (field) => wanted[field] !== undefined && !isSame(stored[field], wanted[field]),
  );
  if (wanted.reviewer === undefined) return plain;
  return isSameToken(stored.reviewer, wanted.reviewer) ? plain : [...plain, "reviewer token"];
}

/** Texts are trimmed by the server. */
const isSame = (left: string | number, right: string | number | undefined) =>
  String(left).trim() === String(right).trim();

function isSameToken(stored: Secret | undefined, wanted: Secret | null): boolean {
  if (!stored || !wanted) return !stored && !wanted;
  return stored.fingerprint() === new Secret(wanted.reveal().trim()).fingerprint();
}

/** A server of 2024 holds one method per identity: another one is in the way (1.4). */
function otherMethod(identityId: string): BootstrapError {
  return new BootstrapError("ESOB-I112", {
    message: `Identity ${identityId} has another auth method, and this server allows only one.`,
    reason: "Universal Auth must go before Kubernetes Auth comes",
  });
}

/** Every era gives the reviewer's token back in clear: it becomes a `Secret` here and now. */
function parse(value: unknown): KubernetesAuth {
  const row = fieldsOf(value);
  const token = textOf(row["tokenReviewerJwt"]) ?? "";
  return {
    host: textOf(row["kubernetesHost"]) ?? "",
    ca: textOf(row["caCert"]) ?? "",
    reviewer: token === "" ? undefined : new Secret(token),
    allowedNamespaces: textOf(row["allowedNamespaces"]) ?? "",
    allowedNames: textOf(row["allowedNames"]) ?? "",
    allowedAudience: textOf(row["allowedAudience"]) ?? "",
    accessTokenTtl: numberOf(row["accessTokenTTL"]) ?? 0,
    accessTokenMaxTtl: numberOf(row["accessTokenMaxTTL"]) ?? 0,
    accessTokenUses: numberOf(row["accessTokenNumUsesLimit"]) ?? 0,
    trustedIps: itemsOf(row["accessTokenTrustedIps"]).map(addressOf),
  };
}

function addressOf(value: unknown): string {
  const { ipAddress, prefix } = fieldsOf(value);
  const length = numberOf(prefix);
  return `${textOf(ipAddress) ?? ""}${length === undefined ? "" : `/${length}`}`;
}
