import type { Call } from "./rounds.ts";

/** Which checks cannot pass without a read: the first words of their ids. */
interface Needed {
  readonly by: readonly string[] | "everything";
  /** Where a 403 is another matter than no answer. */
  readonly whenForbidden?: readonly string[] | "everything";
}

const ALLOWED = ["identity-allowed-audience", "identity-allowed-name", "identity-allowed-namespace"];
const KUBERNETES_AUTH = [
  ...ALLOWED,
  "identity-ca",
  "identity-host",
  "identity-method",
  "identity-reviewer",
  "identity-tokens-addresses",
  "identity-tokens-lifetime",
  "identity-tokens-most",
  "identity-tokens-uses",
  "reviewer-stored",
];
const IDENTITY = [
  ...KUBERNETES_AUTH,
  "identity-member",
  "identity-origin",
  "identity-rights",
  "identity-ways",
];
const CRDS = [
  "eso-admission",
  "eso-crd-conversion",
  "eso-crd-established",
  "eso-crd-kept",
  "eso-crd-schema",
  "eso-crd-staying",
  "eso-crd-stored",
  "eso-crd-there",
  "eso-crd-v1",
];
const WEBHOOK = [
  "eso-webhook-ca",
  "eso-webhook-cert-controller",
  "eso-webhook-endpoints",
  "eso-webhook-expiry",
  "eso-webhook-names",
  "eso-webhook-secret",
  "eso-webhook-service",
];
const LOGIN = ["list", "login", "width"];
const LIMITS = ["limit-entries", "limit-logins", "limit-reads"];
const STORES = [
  ...LIMITS,
  ...LOGIN,
  "auth",
  "class",
  "eso-namespace",
  "exists",
  "host",
  "identity-id",
  "readable",
  "review",
  "scope",
  "store",
  "token",
];
const EXTERNAL_SECRETS = ["cluster-finalizers", "eso-namespace", "keys", ...LIMITS, "readable", "synced"];

/** Every read that doctor makes in a healthy world, as `callOf` names it. */
export const NEEDED_READS: Readonly<Record<Call["name"], Needed>> = {
  "infisical GET /api/status": { by: ["infisical-api", "infisical-clock"] },
  "infisical POST /api/v1/auth/universal-auth/login": { by: [...IDENTITY, "operator-login", "width"] },
  "infisical GET /api/v1/projects": { by: [...IDENTITY, "width"] },
  "infisical GET /api/v1/projects/ID/identities": { by: IDENTITY },
  // An operator of the project alone may not look into the organization: the project's list says which is meant.
  "infisical POST /api/v1/identities/search": { by: IDENTITY, whenForbidden: [] },
  "infisical GET /api/v1/identities/ID": { by: IDENTITY },
  "infisical GET /api/v1/auth/kubernetes-auth/identities/ID": { by: KUBERNETES_AUTH },
  "infisical GET /api/v1/auth/universal-auth/identities/ID": { by: ["identity-ways"] },
  "infisical GET /api/v1/projects/ID/memberships/identities/ID": {
    by: ["identity-member", "identity-rights"],
  },
  "infisical GET /api/v1/projects/ID/roles/slug/no-access": { by: ["identity-rights"] },
  "infisical GET /api/v2/identity-project-additional-privilege": { by: ["identity-rights"] },
  "infisical POST /api/v1/auth/kubernetes-auth/login": { by: LOGIN },
  // A refusal is the answer that says that the identity reads nothing else.
  "infisical GET /api/v3/secrets/raw": { by: ["list", "width"], whenForbidden: ["list"] },
  // A token that is not revoked runs out by itself.
  "infisical POST /api/v1/auth/token/revoke": { by: [] },

  "kubernetes GET /version": { by: "everything" },
  "kubernetes GET /api/v1/namespaces": { by: ["cluster-namespaces"] },
  "kubernetes GET /api/v1/namespaces/kube-system": { by: IDENTITY },
  "kubernetes GET /api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt": {
    by: ["cluster-ca", "identity-ca", "identity-host"],
  },
  "kubernetes POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews": {
    by: ["cluster-rights", "eso-admission", ...LOGIN, "review", "token"],
  },

  "kubernetes GET /apis/external-secrets.io/v1/clustersecretstores": {
    by: "everything",
    whenForbidden: ["eso-cluster-stores", ...LIMITS, "readable"],
  },
  "kubernetes GET /apis/external-secrets.io/v1/namespaces/shop/secretstores": {
    by: "everything",
    whenForbidden: [...STORES, ...IDENTITY],
  },
  "kubernetes GET /apis/external-secrets.io/v1/namespaces/shop/externalsecrets": {
    by: "everything",
    whenForbidden: EXTERNAL_SECRETS,
  },
  // Without a file and in all namespaces: only the stores say which Infisical there is.
  "kubernetes GET /apis/external-secrets.io/v1/secretstores": {
    by: "everything",
    whenForbidden: [...STORES, "infisical-api", "infisical-clock", "infisical-reach", "infisical-tls"],
  },
  "kubernetes GET /apis/external-secrets.io/v1/externalsecrets": {
    by: "everything",
    whenForbidden: EXTERNAL_SECRETS,
  },
  "kubernetes GET /api/v1/namespaces/shop/secrets/infisical-identity": {
    by: [...IDENTITY, "identity-id", ...LOGIN],
  },
  "kubernetes GET /api/v1/namespaces/shop/secrets/shop-db": { by: ["keys"] },

  "kubernetes GET /apis/apps/v1/deployments (list)": {
    by: [
      "eso-admission",
      "eso-alone",
      "eso-available",
      "eso-cluster-stores",
      "eso-installed",
      "eso-leader",
      "eso-lease",
      "eso-namespace",
      "eso-rights",
      "eso-scaled",
      "eso-token",
      "eso-version",
      "class",
      "cluster-version",
      ...ALLOWED,
      ...LOGIN,
      "review",
      "token",
    ],
    // ESO's own namespace may still be looked into.
    whenForbidden: ["eso-alone"],
  },
  "kubernetes GET /api/v1/namespaces/external-secrets/serviceaccounts/external-secrets": {
    by: ["eso-token", ...LOGIN, "review", "token"],
    // The token is had all the same, or not: that is what it is asked for.
    whenForbidden: ["eso-token"],
  },
  "kubernetes POST /api/v1/namespaces/external-secrets/serviceaccounts/external-secrets/token": {
    by: [...LOGIN, "review", "token"],
  },
  "kubernetes POST /apis/authorization.k8s.io/v1/subjectaccessreviews": { by: ["eso-rights"] },
  "kubernetes GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/clustersecretstores.external-secrets.io":
    { by: CRDS },
  "kubernetes GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/secretstores.external-secrets.io": {
    by: CRDS,
  },
  "kubernetes GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions/externalsecrets.external-secrets.io":
    { by: CRDS },
  "kubernetes GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/secretstore-validate":
    {
      by: WEBHOOK,
    },
  "kubernetes GET /apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/externalsecret-validate":
    { by: WEBHOOK },
  "kubernetes PATCH /apis/external-secrets.io/v1/namespaces/external-secrets/externalsecrets/eso-bootstrap-probe (dry run)":
    { by: ["eso-admission"] },

  "kubernetes GET /api/v1/namespaces/external-secrets/serviceaccounts/infisical-token-reviewer": {
    by: ["reviewer-account", "reviewer-binding", "reviewer-secret", "reviewer-stored", "reviewer-token"],
  },
  "kubernetes GET /apis/rbac.authorization.k8s.io/v1/clusterrolebindings": {
    by: ["reviewer-binding", "reviewer-token"],
  },
  "kubernetes GET /apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aauth-delegator": {
    by: ["reviewer-binding", "reviewer-token"],
  },
  "kubernetes GET /api/v1/namespaces/external-secrets/secrets (list)": {
    by: ["review", "reviewer-secret", "reviewer-stored", "reviewer-token"],
  },
  "kubernetes POST /apis/authentication.k8s.io/v1/tokenreviews": {
    by: ["review", "reviewer-stored", "reviewer-token"],
  },
};
