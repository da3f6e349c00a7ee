/** Further parts than these are not alike: looking for their twins would cost more than it saves. */
const MOST = 1_000;

export type Share = <Part extends object>(part: Part) => Part;

/** Gives equal parts of many views as one object: most ExternalSecrets of a cluster have the same keys, finalizers and state. */
export function createShare(): Share {
  const known = new Map<string, object>();
  return <Part extends object>(part: Part): Part => {
    const text = JSON.stringify(part);
    const twin = known.get(text);
    if (twin) return twin as Part;
    if (known.size < MOST) known.set(text, part);
    return part;
  };
}
