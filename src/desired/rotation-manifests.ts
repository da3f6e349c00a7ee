import { stringify } from "yaml";
import { formatDuration } from "../inputs/durations.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { fromTemplate, type Edit } from "../templates.ts";
import type { Desired } from "./desired.ts";

/** ServiceAccount, Roles, CronJob and settings of the scheduled rotation; also the allowed name at Infisical. */
export const ROTATION_NAME = "eso-bootstrap-rotation";

/** What the file does not say of the CronJob. */
export interface CronJobOptions {
  readonly image: string;
  readonly schedule: string | undefined;
  /** ESO's own ServiceAccount, as which logins are proved. */
  readonly eso: { readonly namespace: string; readonly name: string };
  readonly organization: string | undefined;
}

/** Everything the CronJob needs but its identity's id, in the order in which it must be applied. */
export function rotationManifests(desired: Desired, options: CronJobOptions): KubeObject[] {
  const { namespace } = desired.reviewer;
  const place: Edit = [["metadata", "namespace"], namespace];
  const subjects: Edit = [["subjects"], [{ kind: "ServiceAccount", name: ROTATION_NAME, namespace }]];
  const spec = ["spec", "jobTemplate", "spec", "template", "spec"];
  return [
    rotationServiceAccountManifest(desired),
    fromTemplate("rotation-cluster-role", []),
    fromTemplate("rotation-cluster-role-binding", [subjects]),
    ...rolesOf(desired, options.eso).flatMap(({ name, where, rules }) => {
      const here: Edit[] = [
        [["metadata", "name"], name],
        [["metadata", "namespace"], where],
      ];
      return [
        fromTemplate("rotation-role", [...here, [["rules"], rules]]),
        fromTemplate("rotation-role-binding", [...here, [["roleRef", "name"], name], subjects]),
      ];
    }),
    fromTemplate("rotation-settings", [place, [["data"], settingsOf(desired, options)]]),
    fromTemplate("rotation-cron-job", [
      place,
      [[...spec, "containers", 0, "image"], options.image],
      ...(options.schedule === undefined ? [] : [[["spec", "schedule"], options.schedule] as Edit]),
    ]),
  ];
}

/** As which the CronJob runs, and which Infisical lets in. */
export function rotationServiceAccountManifest({ reviewer }: Desired): KubeObject {
  return fromTemplate("rotation-service-account", [[["metadata", "namespace"], reviewer.namespace]]);
}

/** The ConfigMap with the id that the pod logs in with. */
export function rotationIdentityManifest({ reviewer }: Desired, identityId: string): KubeObject {
  return fromTemplate("rotation-identity", [
    [["metadata", "namespace"], reviewer.namespace],
    [["data", "identityId"], identityId],
  ]);
}

interface RoleOf {
  readonly name: string;
  readonly where: string;
  readonly rules: readonly Record<string, unknown>[];
}

const core = (resource: string, verbs: readonly string[], names?: readonly string[]) => ({
  apiGroups: [""],
  resources: [resource],
  ...(names && { resourceNames: [...names] }),
  verbs: [...verbs],
});

/** Secrets of the reviewer's namespace alone: new ones have new names, so that no name can be given. */
function rolesOf({ reviewer }: Desired, eso: CronJobOptions["eso"]): RoleOf[] {
  const { namespace, serviceAccount } = reviewer;
  const lease = { apiGroups: ["coordination.k8s.io"], resources: ["leases"] };
  return [
    {
      name: ROTATION_NAME,
      where: namespace,
      rules: [
        core("secrets", ["get", "list", "watch", "create", "patch", "delete"]),
        core("serviceaccounts", ["get"], [serviceAccount, ROTATION_NAME]),
        core(
          "serviceaccounts/token",
          ["create"],
          [...(reviewer.tokenLifetime === undefined ? [] : [serviceAccount]), ROTATION_NAME],
        ),
      ],
    },
    {
      name: `${ROTATION_NAME}-login`,
      where: eso.namespace,
      rules: [
        core("serviceaccounts", ["get"], [eso.name]),
        core("serviceaccounts/token", ["create"], [eso.name]),
      ],
    },
    {
      name: ROTATION_NAME,
      where: "kube-system",
      rules: [
        { ...lease, verbs: ["create"] },
        { ...lease, resourceNames: ["eso-bootstrap"], verbs: ["get", "update", "delete"] },
      ],
    },
  ];
}

const SETTINGS = "eso-bootstrap.yaml";
const CA = "infisical-ca.crt";

/** The file that the pod is given: the cluster, the way to Infisical and the reviewer; no stores. */
function settingsOf(desired: Desired, { organization }: CronJobOptions): Record<string, string> {
  const { cluster, infisical, eso, reviewer } = desired;
  const { mode, namespace, serviceAccount, clusterRole, tokenLifetime } = reviewer;
  const file = {
    apiVersion: "eso-bootstrap/v1",
    cluster: { name: cluster.name },
    infisical: {
      host: infisical.hostForEso,
      ...(organization !== undefined && { organization }),
      ...(infisical.ca !== undefined && { caFile: `/etc/eso-bootstrap/${CA}` }),
    },
    eso: { namespace: eso.namespace, release: eso.release },
    reviewer: {
      mode,
      namespace,
      serviceAccount,
      clusterRole,
      ...(tokenLifetime !== undefined && { tokenLifetime: formatDuration(tokenLifetime) }),
    },
  };
  return { [SETTINGS]: stringify(file), ...(infisical.ca !== undefined && { [CA]: infisical.ca }) };
}
