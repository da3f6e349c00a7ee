/** `v1.36.3`, `0.20.4`, `1.29+` as numbers; undefined where it is no version. */
export function parseVersion(text: string | undefined): readonly [number, number, number] | undefined {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? "") ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch ?? 0)];
}

/** True when a version is known and lower than another. */
export function isOlder(text: string | undefined, than: string): boolean {
  const [left, right] = [parseVersion(text), parseVersion(than)];
  if (!left || !right) return false;
  const differs = left.findIndex((part, index) => part !== right[index]);
  return differs >= 0 && (left[differs] ?? 0) < (right[differs] ?? 0);
}
