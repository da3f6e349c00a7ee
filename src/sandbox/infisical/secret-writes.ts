/** Writing secrets (infisical-api.md 1.8). */

import type { Folder, Secret } from "./types.ts";
import type { World } from "./world.ts";

/** The value as it is stored: trimmed, though one newline at the end survives (1.8). */
function trimmedValue(value: string): string {
  const trimmed = value.trim();
  return value.endsWith("\n") && trimmed !== "" ? `${trimmed}\n` : trimmed;
}

/** Writes a secret as new. */
export function insertSecret(
  world: World,
  folder: Folder,
  key: string,
  value: string,
  extra: { readonly comment?: string; readonly skipMultilineEncoding?: boolean } = {},
): Secret {
  return world.state.secrets.insert({
    ...world.state.stamp(),
    folderId: folder.id,
    key,
    value: trimmedValue(value),
    comment: extra.comment ?? "",
    version: 1,
    skipMultilineEncoding: extra.skipMultilineEncoding ?? false,
    metadata: null,
    olderValues: [],
  });
}

/** Writes a new version of a secret. */
export function updateSecret(world: World, secret: Secret, value: string): void {
  secret.olderValues.push(secret.value);
  secret.value = trimmedValue(value);
  secret.version += 1;
  secret.updatedAt = world.state.clock.now();
}
