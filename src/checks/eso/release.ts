import type { Controller } from "../../steps/eso-fact.ts";

/**
 * Puts back what a Helm release holds, as it was installed; undefined where ESO came another way. An upgrade to the same version and
 * values changes nothing in our plan, whatever somebody has deleted since.
 */
export function asInstalled({ installedBy }: Controller): string | undefined {
  const [, namespace, release] = /^Helm release ([^/]+)\/(.+)$/.exec(installedBy) ?? [];
  if (release === undefined) return undefined;
  return `helm get manifest ${release} -n ${namespace} | kubectl apply --server-side --force-conflicts -n ${namespace} -f -`;
}
