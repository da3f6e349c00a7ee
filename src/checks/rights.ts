/** A right that `doctor` uses. `login`, `secrets`: only where that part is wanted. */
export interface Right {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly ("get" | "list" | "create")[];
  /** Where it is needed: everywhere, or in the namespace that ESO runs in. */
  readonly where: "cluster" | "eso";
  readonly part?: "secrets" | "login";
  readonly why: string;
}

const READ = ["get", "list"] as const;

/**
 * All that `doctor` may ask of a cluster, for `render --doctor-rbac`; an end-to-end test runs doctor with exactly this. What an API
 * server gives everybody (version, SelfSubjectAccessReview) is not in it, nor what would write: the webhook's dry run is then skipped.
 */
export const DOCTOR_RIGHTS: readonly Right[] = [
  {
    group: "external-secrets.io",
    resources: ["secretstores", "clustersecretstores", "externalsecrets", "clusterexternalsecrets"],
    verbs: READ,
    where: "cluster",
    why: "what is looked at",
  },
  {
    group: "",
    resources: ["namespaces"],
    verbs: READ,
    where: "cluster",
    why: "labels for selectors; the UID of kube-system names the cluster",
  },
  {
    group: "",
    resources: ["secrets"],
    verbs: READ,
    where: "cluster",
    part: "secrets",
    why: "targets: is each key there and not empty; identity ids; the reviewer's token; Helm's releases",
  },
  {
    group: "",
    resources: ["configmaps"],
    verbs: ["get"],
    where: "cluster",
    why: "kube-root-ca.crt, and the CAs that stores name",
  },
  {
    group: "",
    resources: ["serviceaccounts"],
    verbs: READ,
    where: "cluster",
    why: "the reviewer's, ESO's, those that stores name",
  },
  { group: "", resources: ["events"], verbs: READ, where: "cluster", why: "ESO says there why it failed" },
  {
    group: "apps",
    resources: ["deployments"],
    verbs: READ,
    where: "cluster",
    why: "every ESO there is, and what uses the Secrets",
  },
  {
    group: "apiextensions.k8s.io",
    resources: ["customresourcedefinitions"],
    verbs: READ,
    where: "cluster",
    why: "ESO's kinds: served, stored, pruned",
  },
  {
    group: "admissionregistration.k8s.io",
    resources: ["validatingwebhookconfigurations"],
    verbs: READ,
    where: "cluster",
    why: "ESO's webhook",
  },
  {
    group: "rbac.authorization.k8s.io",
    resources: ["clusterroles", "clusterrolebindings", "roles", "rolebindings"],
    verbs: READ,
    where: "cluster",
    why: "may the reviewer review, and who else",
  },
  {
    group: "authorization.k8s.io",
    resources: ["subjectaccessreviews"],
    verbs: ["create"],
    where: "cluster",
    why: "a question, not a write: may ESO and the reviewer do what they must",
  },
  { group: "", resources: ["pods", "services"], verbs: READ, where: "eso", why: "does ESO run" },
  {
    group: "",
    resources: ["pods/log"],
    verbs: ["get"],
    where: "eso",
    why: "last lines of a pod that crashes, and of ESO where its events have expired",
  },
  {
    group: "discovery.k8s.io",
    resources: ["endpointslices"],
    verbs: READ,
    where: "eso",
    why: "does anything stand behind the webhook's Service",
  },
  {
    group: "coordination.k8s.io",
    resources: ["leases"],
    verbs: READ,
    where: "eso",
    why: "which replica leads",
  },
  {
    group: "",
    resources: ["serviceaccounts/token"],
    verbs: ["create"],
    where: "eso",
    part: "login",
    why: "log in to Infisical as ESO does",
  },
];
