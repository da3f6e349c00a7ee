import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { SecretSubject } from "../collect.ts";
import type { CheckContext } from "../context.ts";
import { pass, skip, warning } from "../finding.ts";
import { lookAgain, restore, restoreAtInfisical } from "../mending.ts";
import { secretOf } from "../of-file.ts";
import { readTarget } from "../targets.ts";
import { storesOf, type SecretView } from "../view/external-secret.ts";
import { storeKey } from "../view/store.ts";
import type { TargetView } from "../view/target.ts";

/** The target Secret is there, has every key, and no value of it stands for another. Values are seen nowhere but in the view. */
export async function judgeKeys(context: CheckContext, secret: SecretSubject): Promise<Finding> {
  const { namespace, name, live } = secret;
  const seen = await readTarget(context, namespace, live?.target ?? secret.target);
  if (!seen.read) return skip(seen.because);
  const fix = lookAgain("Have ESO sync it again.", { kind: "ExternalSecret", namespace, name });
  const place = `Secret ${namespace}/${live?.target ?? secret.target}`;
  if (!seen.target)
    throw new BootstrapError("ESOB-E212", {
      message: `${place} is not there, although ESO calls it synced.`,
      ...(live?.creationPolicy === "Orphan" && {
        reason: "with creationPolicy: Orphan ESO does not watch it",
      }),
      fix,
    });
  const wanted = wantedKeys(context, secret);
  const missing = wanted.filter(({ as }) => !seen.target?.keys.includes(as)).map(({ as }) => as);
  if (missing.length > 0)
    throw new BootstrapError("ESOB-E103", {
      message: `${place} lacks ${missing.join(", ")}.`,
      ...(asksForAll(live, missing)
        ? { fix }
        : {
            reason: `ExternalSecret ${namespace}/${name} does not ask for it, as eso-bootstrap.yaml wants`,
            fix: restore(context, "ESOB-E103", { kind: "ExternalSecret", namespace, name }),
          }),
    });
  return judgeValues(context, secret, place, seen.target) ?? pass(`${seen.target.keys.length} keys`);
}

/** False for a key that only the file has: no sync will bring it. */
function asksForAll(live: SecretView | undefined, keys: readonly string[]): boolean {
  if (!live || live.dataFrom.length > 0) return true;
  return keys.every((key) => live.data.some(({ secretKey }) => secretKey === key));
}

interface WantedKey {
  readonly as: string;
  readonly allowEmpty: boolean;
}

/** What the file wants, else what the object names; a template may name its keys as it likes. */
function wantedKeys({ desired }: CheckContext, secret: SecretSubject): readonly WantedKey[] {
  const own = secretOf(desired, secret);
  const { live } = secret;
  if (live?.templated) return [];
  if (own && own.keys !== "all") return own.keys;
  return (live?.data ?? []).map(({ secretKey }) => ({ as: secretKey, allowEmpty: false }));
}

function judgeValues(
  context: CheckContext,
  secret: SecretSubject,
  place: string,
  target: TargetView,
): Finding | undefined {
  const allowed = new Set(
    wantedKeys(context, secret)
      .filter(({ allowEmpty }) => allowEmpty)
      .map(({ as }) => as),
  );
  const empty = target.empty.filter((key) => !allowed.has(key));
  if (empty.length > 0)
    throw new BootstrapError("ESOB-E104", {
      message: `${place} has no value for ${empty.join(", ")}.`,
      ...emptyReason(secret.live, empty),
    });
  if (target.hidden.length > 0)
    throw new BootstrapError("ESOB-E214", {
      message: `${place} holds <hidden-by-infisical> for ${target.hidden.join(", ")}.`,
      reason: "the identity may see the name, but not the value",
      fix: restoreAtInfisical(context, "ESOB-E214"),
    });
  if (target.references.length === 0 || !expands(context, secret.live)) return undefined;
  return warning("ESOB-E215", {
    message: `${place} still holds a reference in ${target.references.join(", ")}.`,
    reason: "the identity may not read what it refers to, or it does not exist",
  });
}

/** A property that is no text comes out empty, and ESO calls it synced (eso.md 2.2). */
function emptyReason(live: SecretView | undefined, empty: readonly string[]): { reason?: string } {
  const entry = live?.data.find(
    ({ secretKey, property }) => property !== undefined && empty.includes(secretKey),
  );
  return entry
    ? { reason: `property ${entry.property} of ${entry.key} is no text: ESO takes texts only` }
    : {};
}

/** A store may be told to leave references as they are. */
function expands({ known }: CheckContext, live: SecretView | undefined): boolean {
  const stores = (live ? storesOf(live) : []).map(({ kind, name }) =>
    known.get(storeKey(kind, live?.namespace, name)),
  );
  return stores.every((store) => store?.expandReferences !== false);
}
