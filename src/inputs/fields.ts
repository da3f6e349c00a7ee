import { field, type Field } from "./field.ts";
import { CLOUD_HOSTS } from "./host.ts";
import { oneOf } from "./value.ts";
import { keys, namespaces, paths, restart } from "./value-lists.ts";
import * as values from "./values.ts";

/** The only version of the file so far. */
export const API_VERSION = "eso-bootstrap/v1";

/**
 * THE table: every setting of product.md section 3, in the order of the file. Flags, variables, questions, validation,
 * defaults, help, the JSON schema and the README's table come from here. To add a setting: one record here, one line where
 * `resolve` builds that part of `Inputs`, and a test.
 */
export const FIELDS = {
  file: {
    apiVersion: field("apiVersion", oneOf(API_VERSION), {
      help: "Version of this file's format.",
      isRequired: true,
    }),
  },
  cluster: {
    name: field("cluster.name", values.slug, {
      flag: "--cluster-name <slug>",
      help: "Names the identities of this cluster; init writes it down.",
      defaultText: "the context's name as a slug",
      isWrittenDown: true,
    }),
    context: field("cluster.context", values.text, {
      flag: "--context <names>",
      help: "Context of the kubeconfig; a comma list works on several clusters.",
      defaultText: "the current context",
      question: "Cluster",
      isGlobal: true,
    }),
    apiServer: field("cluster.apiServer", values.url, {
      flag: "--api-server <url>",
      help: "The API server's address as Infisical reaches it.",
      defaultText: "the kubeconfig's server",
      example: "https://k8s.example:6443",
    }),
    caFile: field("cluster.caFile", values.file, {
      flag: "--ca-file <path>",
      names: "files",
      help: 'CA of that address; "system" when it is publicly trusted.',
      defaultText: "the first of kube-root-ca.crt, kubeconfig and public roots that verifies apiServer",
    }),
  },
  infisical: {
    host: field("infisical.host", values.host, {
      flag: "--infisical-host <url>",
      help: "us, eu, or the URL of your own server, with or without /api. INFISICAL_DOMAIN and INFISICAL_API_URL set it too.",
      default: CLOUD_HOSTS["us"],
      question: "Infisical",
      isWrittenDown: true,
    }),
    hostFromCluster: field("infisical.hostFromCluster", values.host, {
      flag: "--infisical-host-from-cluster <url>",
      help: "The address that ESO uses, where it must differ from this machine's.",
      defaultText: "infisical.host",
    }),
    caFile: field("infisical.caFile", values.file, {
      flag: "--infisical-ca-file <path>",
      names: "files",
      help: "CA of a self-signed Infisical; goes into the store too.",
      defaultText: "publicly trusted",
    }),
    organization: field("infisical.organization", values.organization, {
      flag: "--organization <slug>",
      help: "Slug or id; only where it cannot be found out (servers of 2024: the id).",
      defaultText: "found out",
    }),
    project: field("infisical.project", values.infisicalSlug, {
      flag: "--project <slug>",
      help: "The project's slug.",
      question: "Project",
      isRequired: true,
    }),
    create: field("infisical.create", values.boolean, {
      flag: "--create",
      help: "Create project, environment and folder when they are missing.",
      default: false,
    }),
  },
  eso: {
    manage: field("eso.manage", values.boolean, {
      flag: "--no-manage-eso",
      help: "false: use the ESO that is there and never touch it.",
      default: true,
    }),
    namespace: field("eso.namespace", values.label, {
      flag: "--eso-namespace <name>",
      names: "namespaces",
      help: "ESO's namespace.",
      default: "external-secrets",
    }),
    release: field("eso.release", values.releaseName, {
      flag: "--release <name>",
      help: "ESO's Helm release.",
      default: "external-secrets",
    }),
    chart: field("eso.chart", values.chart, {
      flag: "--chart <chart>",
      names: "files",
      help: "Chart: a name in the repo, oci://…, or a path or .tgz (air-gapped; the version is then the chart's).",
      default: "external-secrets",
    }),
    repo: field("eso.repo", values.url, {
      flag: "--chart-repo <url>",
      help: "Helm repository of the chart.",
      default: "https://charts.external-secrets.io",
    }),
    version: field("eso.version", values.version, {
      flag: "--chart-version <version>",
      help: "Version of the chart; init writes it down.",
      default: "2.9.0",
      isWrittenDown: true,
    }),
    installCRDs: field("eso.installCRDs", values.autoBoolean, {
      flag: "--install-crds <auto|true|false>",
      help: "Whether our release brings the CRDs, which exist once per cluster.",
      default: "auto",
    }),
    controllerClass: field("eso.controllerClass", values.controllerClass, {
      flag: "--controller-class <name>",
      help: "For a second ESO; becomes spec.controller of the stores.",
      default: "default",
    }),
    values: field("eso.values", values.map, {
      flag: "--eso-values <yaml>",
      help: "Helm values, passed on.",
      default: {},
    }),
  },
  reviewer: {
    mode: field("reviewer.mode", oneOf("token", "self"), {
      flag: "--reviewer-mode <mode>",
      help: "token: Infisical keeps a reviewer token of its own; self: ESO's token reviews itself.",
      default: "token",
      question: "Reviewer",
    }),
    namespace: field("reviewer.namespace", values.label, {
      flag: "--reviewer-namespace <name>",
      names: "namespaces",
      help: "Namespace of the reviewer's ServiceAccount.",
      defaultText: "ESO's",
    }),
    serviceAccount: field("reviewer.serviceAccount", values.objectName, {
      flag: "--reviewer-service-account <name>",
      help: "The reviewer's ServiceAccount.",
      default: "infisical-token-reviewer",
    }),
    clusterRole: field("reviewer.clusterRole", oneOf("system:auth-delegator", "tokenreview-only"), {
      flag: "--cluster-role <name>",
      help: "system:auth-delegator, as Infisical documents, or tokenreview-only, which may create TokenReviews and nothing else.",
      default: "system:auth-delegator",
    }),
    tokenLifetime: field("reviewer.tokenLifetime", values.tokenLifetime, {
      flag: "--token-lifetime <duration>",
      help: "unlimited, or a duration such as 720h or 30d: a bound token, renewed by `apply` when a fifth of its life is left.",
      default: "unlimited",
    }),
  },
  store: {
    name: field("stores[].name", values.objectName, {
      flag: "--store-name <name>",
      names: "stores",
      help: "Name of the store.",
      default: "infisical",
      isWrittenDown: true,
    }),
    kind: field("stores[].kind", oneOf("SecretStore", "ClusterSecretStore"), {
      flag: "--store-kind <kind>",
      help: "SecretStore serves one namespace, ClusterSecretStore several.",
      default: "SecretStore",
    }),
    namespace: field("stores[].namespace", namespaces, {
      flag: "-n, --namespace <name>",
      help: "Namespace, a list of them, or {selector: …}: one store object in each, one identity for all. For a ClusterSecretStore: the one where the identity Secret lives. The flag says it where the file does not.",
      defaultText: "the context's; for a ClusterSecretStore eso.namespace",
      question: "Namespace",
      isGlobal: true,
      fillsGaps: true,
      isWrittenDown: true,
    }),
    allowedNamespaces: field("stores[].allowedNamespaces", namespaces, {
      flag: "--allowed-namespaces <names>",
      names: "namespaces",
      help: "ClusterSecretStore only: the namespaces that may use it, as a list or {selector: …}.",
      defaultText: "all",
      isClusterOnly: true,
    }),
    project: field("stores[].project", values.infisicalSlug, {
      flag: "--store-project <slug>",
      help: "The store's project, where it is another one.",
      defaultText: "infisical.project",
    }),
    environment: field("stores[].environment", values.infisicalSlug, {
      flag: "--environment <slug>",
      help: "The environment's slug.",
      question: "Environment",
      isRequired: true,
      example: "prod",
    }),
    path: field("stores[].path", values.secretPath, {
      flag: "--path <path>",
      help: "Folder in Infisical that the store reads.",
      default: "/",
      question: "Folder",
      isWrittenDown: true,
    }),
    recursive: field("stores[].recursive", values.boolean, {
      flag: "--recursive",
      help: "The identity may read the folders below, and the store lists them.",
      default: false,
    }),
    alsoRead: field("stores[].alsoRead", paths, {
      flag: "--also-read <paths>",
      help: "More paths of the environment that keys may name.",
      default: [],
    }),
    imports: field("stores[].imports", values.boolean, {
      flag: "--imports",
      help: "The identity may also follow secret imports.",
      default: false,
    }),
    identity: field("stores[].identity", values.identityName, {
      flag: "--identity <name>",
      help: "Name of the machine identity; {cluster} is replaced.",
      defaultText: "eso-<cluster>-<namespace>-<store>, cut to 60",
    }),
    identityId: field("stores[].identityId", values.uuid, {
      flag: "--identity-id <id>",
      help: "Id of the machine identity (not a secret); init writes it down, so that render needs no server.",
      defaultText: "found by name",
      isWrittenDown: true,
    }),
    accessTokenTTL: field("stores[].accessTokenTTL", values.tokenTTL, {
      flag: "--access-token-ttl <duration>",
      help: "How long an access token of the identity lives.",
      default: "2h",
    }),
    spec: field("stores[].spec", values.map, {
      flag: "--store-spec <yaml>",
      help: "Merged over the generated spec: every field of ESO stays reachable.",
      default: {},
    }),
  },
  secret: {
    name: field("secrets[].name", values.objectName, {
      flag: "--secret-name <name>",
      names: "secrets",
      help: "Name of the ExternalSecret.",
      defaultText: "the store's last folder, else its project (required in a file)",
      isWrittenDown: true,
    }),
    namespace: field("secrets[].namespace", namespaces, {
      flag: "--secret-namespace <names>",
      names: "namespaces",
      help: "Namespace, a list of them, or {selector: …}: one ExternalSecret for each.",
      defaultText: "the store's; with a ClusterSecretStore as stores[].namespace",
      isWrittenDown: true,
    }),
    store: field("secrets[].store", values.objectName, {
      flag: "--store <name>",
      names: "stores",
      help: "Name of the store it reads from.",
      defaultText: "the only store",
      isWrittenDown: true,
    }),
    target: field("secrets[].target", values.objectName, {
      flag: "--target <name>",
      help: "Name of the Secret that is made.",
      defaultText: "the ExternalSecret's name",
    }),
    refreshInterval: field("secrets[].refreshInterval", values.refreshInterval, {
      flag: "--refresh-interval <duration>",
      help: "How often ESO reads the values again: 60s, 5m, 1h30m; 0s: only once.",
      default: "60s",
      question: "Refresh every",
    }),
    creationPolicy: field(
      "secrets[].creationPolicy",
      oneOf("Owner", "Orphan", "Merge", "None", "CreateOrMerge"),
      {
        flag: "--creation-policy <policy>",
        help: "ESO's target.creationPolicy (CreateOrMerge: ESO 2.8 or newer).",
        default: "Owner",
      },
    ),
    deletionPolicy: field("secrets[].deletionPolicy", oneOf("Retain", "Delete", "Merge"), {
      flag: "--deletion-policy <policy>",
      help: "ESO's target.deletionPolicy.",
      default: "Retain",
    }),
    keys: field("secrets[].keys", keys, {
      flag: "--keys <keys>",
      names: "keys",
      help: "all, or the keys: a name, KEY_IN_SECRET: name (or /path/name), or {as, key, property, allowEmpty}. As a flag: A,B=NAME.",
      question: "Keys",
      isRequired: true,
    }),
    spec: field("secrets[].spec", values.map, {
      flag: "--secret-spec <yaml>",
      help: "Merged over the generated spec: templates, dataFrom, decoding, rewrite …",
      default: {},
    }),
    restart: field("secrets[].restart", restart, {
      flag: "--restart-workloads <list>",
      help: "What --restart restarts: auto (what uses the Secret), none, or a list such as deployment/shop.",
      default: "auto",
    }),
  },
  clusters: {
    name: field("clusters[].name", values.slug, {
      help: "As cluster.name.",
      defaultText: "the context's name as a slug",
    }),
    context: field("clusters[].context", values.text, { help: "As cluster.context.", isRequired: true }),
    apiServer: field("clusters[].apiServer", values.url, {
      help: "As cluster.apiServer.",
      defaultText: "the kubeconfig's server",
    }),
    caFile: field("clusters[].caFile", values.file, {
      help: "As cluster.caFile.",
      defaultText: "as cluster.caFile",
    }),
  },
  ignore: {
    code: field("doctor.ignore[].code", values.errorCode, { help: "A finding to ignore.", isRequired: true }),
    resource: field("doctor.ignore[].resource", values.resource, {
      help: "Only at this object.",
      defaultText: "all",
    }),
    reason: field("doctor.ignore[].reason", values.text, {
      help: "Why, for the next reader.",
      isRequired: true,
    }),
    until: field("doctor.ignore[].until", values.date, {
      help: "The last day on which it is ignored.",
      defaultText: "for ever",
    }),
  },
} as const;

/** The table as a list, in the order of the file. */
export const ALL_FIELDS: readonly Field[] = Object.values(FIELDS).flatMap((group): Field[] =>
  Object.values(group),
);
