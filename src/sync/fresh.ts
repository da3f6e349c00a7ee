import type { SecretView } from "../checks/view/external-secret.ts";

/**
 * True when ESO has synced the ExternalSecret since it was poked: whatever our clock and ESO's say, `syncedResourceVersion` is a
 * generation and a hash over labels and annotations (eso.md 3.2), so that only a sync that saw the poke changes it. A stale
 * `Ready=True` never passes.
 */
export function isFresh(before: SecretView, now: SecretView): boolean {
  return (
    now.ready?.ready === true &&
    now.syncedVersion !== undefined &&
    now.syncedVersion !== before.syncedVersion &&
    now.syncedVersion.split("-")[0] === String(now.generation) &&
    (now.refreshTime ?? "") >= (before.refreshTime ?? "")
  );
}

/** True when ESO tried since and failed, as far as the condition shows it: the same failure again leaves it as it is. */
export function isRefused(before: SecretView, now: SecretView): boolean {
  if (now.ready?.ready !== false) return false;
  const { ready } = before;
  return ready?.ready !== false || ready.since !== now.ready.since || ready.message !== now.ready.message;
}

/** ESO reads such a one a single time, whatever is done to it (eso.md 2.1, `shouldRefresh`). */
export function isReadOnce(secret: SecretView): boolean {
  const never = secret.refreshPolicy === "CreatedOnce";
  const once = secret.refreshSeconds === 0 && (secret.refreshPolicy ?? "Periodic") === "Periodic";
  return (never || once) && secret.syncedVersion !== undefined;
}

/** Keys that the Secret must have; [] where a template makes them, so that no one else can know. */
export function keysOf({ templated, data }: SecretView): readonly string[] {
  return templated ? [] : data.map(({ secretKey }) => secretKey);
}
