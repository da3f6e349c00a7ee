import type { KubeObject } from "../../kubernetes/cluster.ts";

const READ = "get,list,watch";
const WRITE = "create,delete,deletecollection,patch,update";

/**
 * The roles that every API server brings along, as far as the kinds here go (bootstrappolicy/policy.go of v1.36): `name`, the label it
 * is aggregated by, and rules `verbs|groups|resources`, or `verbs|paths`. A role with `<` gathers those that carry a label.
 */
const ROLES = `
cluster-admin ~ *|*|* *|*
admin ~ <admin
edit admin <edit
view edit <view
system:aggregate-to-admin admin create|authorization.k8s.io|localsubjectaccessreviews ${WRITE},${READ}|rbac.authorization.k8s.io|rolebindings,roles
system:aggregate-to-edit edit ${READ}||pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy impersonate||serviceaccounts ${WRITE}||pods,pods/attach,pods/exec,pods/portforward,pods/proxy create||pods/eviction ${WRITE}||configmaps,persistentvolumeclaims,secrets,serviceaccounts,services,services/proxy create||serviceaccounts/token ${WRITE}|,events.k8s.io|events ${WRITE}|apps|daemonsets,deployments,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale ${WRITE}|batch|cronjobs,jobs ${WRITE}|policy|poddisruptionbudgets ${WRITE}|networking.k8s.io|networkpolicies ${WRITE},${READ}|coordination.k8s.io|leases
system:aggregate-to-view view ${READ}||configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,serviceaccounts,services,services/status ${READ}||namespaces/status,pods/log,pods/status ${READ}||namespaces ${READ}|,events.k8s.io|events ${READ}|discovery.k8s.io|endpointslices ${READ}|apps|daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status ${READ}|batch|cronjobs,cronjobs/status,jobs,jobs/status ${READ}|policy|poddisruptionbudgets,poddisruptionbudgets/status ${READ}|networking.k8s.io|networkpolicies
system:auth-delegator ~ create|authentication.k8s.io|tokenreviews create|authorization.k8s.io|subjectaccessreviews
system:basic-user ~ create|authorization.k8s.io|selfsubjectaccessreviews,selfsubjectrulesreviews create|authentication.k8s.io|selfsubjectreviews
system:discovery ~ get|/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/
system:public-info-viewer ~ get|/healthz,/livez,/readyz,/version,/version/
system:service-account-issuer-discovery ~ get|/.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/
`;

const BINDINGS: Readonly<Record<string, readonly string[]>> = {
  "cluster-admin": ["system:masters"],
  "system:basic-user": ["system:authenticated"],
  "system:discovery": ["system:authenticated"],
  "system:public-info-viewer": ["system:authenticated", "system:unauthenticated"],
  "system:service-account-issuer-discovery": ["system:serviceaccounts"],
};

const GROUP = "rbac.authorization.k8s.io";
const BOOTSTRAP = { "kubernetes.io/bootstrapping": "rbac-defaults" };
const annotations = { "rbac.authorization.kubernetes.io/autoupdate": "true" };

function ruleOf(notation: string): object {
  const [verbs = "", groups = "", resources] = notation.split("|");
  const list = verbs.split(",").toSorted();
  if (resources === undefined) return { verbs: list, nonResourceURLs: groups.split(",") };
  return { verbs: list, apiGroups: groups.split(","), resources: resources.split(",") };
}

function roleOf(line: string): KubeObject {
  const [name = "", aggregate = "~", ...notations] = line.split(" ");
  const label = (to: string) => `${GROUP}/aggregate-to-${to}`;
  const labels = { ...BOOTSTRAP, ...(aggregate !== "~" && { [label(aggregate)]: "true" }) };
  const gathers = notations[0]?.startsWith("<") ? notations[0].slice(1) : undefined;
  const metadata = { name, labels, annotations };
  const base = { apiVersion: `${GROUP}/v1`, kind: "ClusterRole", metadata };
  if (gathers !== undefined)
    return {
      ...base,
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [label(gathers)]: "true" } }] },
      rules: [],
    };
  return { ...base, rules: notations.map(ruleOf) };
}

const bindingOf = ([name, groups]: readonly [string, readonly string[]]): KubeObject => ({
  apiVersion: `${GROUP}/v1`,
  kind: "ClusterRoleBinding",
  metadata: { name, labels: BOOTSTRAP, annotations },
  roleRef: { apiGroup: GROUP, kind: "ClusterRole", name },
  subjects: groups.map((group) => ({ apiGroup: GROUP, kind: "Group", name: group })),
});

export const bootstrapRoles = (): KubeObject[] => [
  ...ROLES.trim().split("\n").map(roleOf),
  ...Object.entries(BINDINGS).map(bindingOf),
];
