import type { Desired } from "../../desired/desired.ts";
import type { Fix } from "../../errors.ts";
import type { Helm } from "../../helm/helm.ts";
import { isByRelease, type Controller } from "../../steps/eso-fact.ts";
import { isOlder } from "../../semver.ts";

const REPO = "--repo https://charts.external-secrets.io";
/** An upgrade goes one minor version at a time; this one does all that we need (eso.md 4.5). */
const GOOD = "0.20.4";

/** The release of the file: `eso-bootstrap install` changes no other. */
export const isOfFile = (controller: Controller, { eso }: Desired): boolean =>
  eso.manage && isByRelease(controller, eso);

/**
 * Puts back what a Helm release holds, as it was installed: an upgrade to the same version and values is no change of ours, whatever
 * somebody has deleted since. undefined where ESO came another way, or where Helm cannot be asked for the revision.
 */
export async function asInstalled(
  controller: Controller,
  helm: Pick<Helm, "release">,
): Promise<string | undefined> {
  const { release, namespace } = releaseOf(controller) ?? {};
  if (release === undefined || namespace === undefined) return undefined;
  const found = await helm.release(release, namespace).catch(() => undefined);
  return found && `helm rollback ${release} ${found.revision} -n ${namespace}`;
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
