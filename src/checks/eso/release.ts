import type { Desired } from "../../desired/desired.ts";
import type { Fix } from "../../errors.ts";
import type { Controller } from "../../steps/eso-fact.ts";
import { isOlder } from "../../semver.ts";

const REPO = "--repo https://charts.external-secrets.io";
/** An upgrade goes one minor version at a time; this one does all that we need (eso.md 4.5). */
const GOOD = "0.20.4";

/** The release of the file: `eso-bootstrap install` changes no other. */
export function isOfFile({ installedBy }: Controller, desired: Desired | undefined): boolean {
  if (!desired?.eso.manage) return false;
  return installedBy === `Helm release ${desired.eso.namespace}/${desired.eso.release}`;
}

/**
 * Puts back what a Helm release holds, as it was installed; undefined where ESO came another way. An upgrade to the same version and
 * values changes nothing in our plan, whatever somebody has deleted since.
 */
export function asInstalled(controller: Controller): string | undefined {
  const { release, namespace } = releaseOf(controller) ?? {};
  if (release === undefined) return undefined;
  return `helm get manifest ${release} -n ${namespace} | kubectl apply --server-side --force-conflicts -n ${namespace} -f -`;
}

/** The same version with other values; by hand where no Helm knows it. */
export function upgradeWith(controller: Controller, flags: string): string {
  const { deployment, namespace, version } = controller;
  const release = releaseOf(controller);
  if (!release) return `kubectl edit deployment/${deployment} -n ${namespace}`;
  const same = version === undefined ? "" : ` --version ${version}`;
  return `helm upgrade ${release.release} external-secrets ${REPO}${same} -n ${namespace} --reuse-values ${flags}`;
}

/** A newer version: by the file where it is the file's, and the file's is newer. */
export function upgrade(controller: Controller, desired: Desired | undefined): Fix {
  const { installedBy, namespace, version } = controller;
  if (desired && isOfFile(controller, desired)) {
    const isNewer = isOlder(version, desired.eso.version);
    return {
      summary: "Upgrade it.",
      command: isNewer ? "eso-bootstrap install" : `eso-bootstrap install --chart-version ${GOOD}`,
    };
  }
  const release = releaseOf(controller);
  if (!release) return { summary: `Upgrade it by ${installedBy}; one minor version at a time, CRDs first.` };
  return {
    summary: "Upgrade it; one minor version at a time.",
    command: `helm upgrade ${release.release} external-secrets ${REPO} --version ${GOOD} -n ${namespace} --reuse-values`,
  };
}

function releaseOf({ installedBy }: Controller): { namespace: string; release: string } | undefined {
  const [, namespace, release] = /^Helm release ([^/]+)\/(.+)$/.exec(installedBy) ?? [];
  return namespace !== undefined && release !== undefined ? { namespace, release } : undefined;
}
