import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Schema } from "../kubernetes/schema.ts";

/**
 * The four CRDs of ESO that the sandbox has, as small as its Infisical provider allows: the fields, limits and columns are those of
 * ESO 2.9.0 (eso.md 1 and 2); the other providers and the sub-fields that nothing here reads may hold anything.
 */

const text: Schema = { type: "string" };
const flag: Schema = { type: "boolean" };
const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const list = (items: Schema): Schema => ({ type: "array", items });
const map = (values: Schema): Schema => ({ type: "object", additionalProperties: values });
const choice = (...values: string[]): Schema => ({ type: "string", enum: values });
const object = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: "object",
  properties,
  ...(required.length > 0 && { required }),
});

const SUBDOMAIN = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const name: Schema = { type: "string", minLength: 1, maxLength: 253, pattern: SUBDOMAIN };
const key: Schema = { type: "string", minLength: 1, maxLength: 253, pattern: "^[-._a-zA-Z0-9]+$" };
const namespace: Schema = {
  type: "string",
  minLength: 1,
  maxLength: 63,
  pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
};
const selector = object({ name, key, namespace });

/** Each way to log in, with the selectors that it needs. */
const AUTH: Readonly<Record<string, readonly string[]>> = {
  universalAuthCredentials: ["clientId!", "clientSecret!"],
  kubernetesAuthCredentials: ["identityId!", "serviceAccountTokenPath"],
  awsAuthCredentials: ["identityId!"],
  azureAuthCredentials: ["identityId!", "resource"],
  gcpIdTokenAuthCredentials: ["identityId!"],
  gcpIamAuthCredentials: ["identityId!", "serviceAccountKeyFilePath!"],
  jwtAuthCredentials: ["identityId!", "jwt!"],
  ldapAuthCredentials: ["identityId!", "ldapUsername!", "ldapPassword!"],
  tokenAuthCredentials: ["accessToken!"],
};

const auth = object(
  Object.fromEntries(
    Object.entries(AUTH).map(([method, fields]) => {
      const names = fields.map((field) => field.replace("!", ""));
      const needed = fields.filter((field) => field.endsWith("!")).map((field) => field.replace("!", ""));
      return [method, object(Object.fromEntries(names.map((one) => [one, selector])), ...needed)];
    }),
  ),
);

const infisical = object(
  {
    hostAPI: { ...text, default: "https://app.infisical.com/api" },
    caBundle: { type: "string", format: "byte" },
    caProvider: object({ type: choice("Secret", "ConfigMap"), name, key, namespace }, "name", "type"),
    auth,
    secretsScope: object(
      {
        projectSlug: text,
        environmentSlug: text,
        organizationSlug: text,
        secretsPath: { ...text, default: "/" },
        recursive: { ...flag, default: false },
        expandSecretReferences: { ...flag, default: true },
      },
      "environmentSlug",
      "projectSlug",
    ),
  },
  "auth",
  "secretsScope",
);

const condition = object(
  {
    lastTransitionTime: { type: "string", format: "date-time" },
    message: text,
    reason: text,
    status: text,
    type: text,
  },
  "status",
  "type",
);

const labelSelector: Schema = {
  ...object({
    matchLabels: map(text),
    matchExpressions: list(object({ key: text, operator: text, values: list(text) }, "key", "operator")),
  }),
  "x-kubernetes-map-type": "atomic",
};

const store = object({
  apiVersion: text,
  kind: text,
  metadata: { type: "object" },
  spec: object(
    {
      controller: text,
      conditions: list(
        object({
          namespaceSelector: labelSelector,
          namespaces: list(namespace),
          namespaceRegexes: list(text),
        }),
      ),
      provider: {
        type: "object",
        properties: { infisical },
        minProperties: 1,
        maxProperties: 1,
        "x-kubernetes-preserve-unknown-fields": true,
      },
      refreshInterval: { "x-kubernetes-int-or-string": true },
      retrySettings: object({ maxRetries: { type: "integer", format: "int32" }, retryInterval: text }),
    },
    "provider",
  ),
  status: object({ capabilities: text, conditions: list(condition) }),
});

const storeRef = object({ name, kind: choice("SecretStore", "ClusterSecretStore") });
const remoteRef = object(
  {
    key: text,
    property: text,
    version: text,
    metadataPolicy: choice("None", "Fetch"),
    conversionStrategy: choice("Default", "Unicode"),
    decodingStrategy: choice("Auto", "Base64", "Base64URL", "None"),
    nullBytePolicy: choice("Ignore", "Fail"),
  },
  "key",
);
const sourceRef = object({ storeRef, generatorRef: open });

const externalSecretSpec = object({
  secretStoreRef: storeRef,
  refreshPolicy: choice("CreatedOnce", "Periodic", "OnChange"),
  refreshInterval: { ...text, default: "1h0m0s" },
  syncWindows: open,
  target: {
    ...object({
      name,
      creationPolicy: { ...choice("Owner", "Orphan", "Merge", "None", "CreateOrMerge"), default: "Owner" },
      deletionPolicy: { ...choice("Delete", "Merge", "Retain"), default: "Retain" },
      immutable: flag,
      template: open,
      manifest: open,
    }),
    default: { creationPolicy: "Owner", deletionPolicy: "Retain" },
  },
  data: list(object({ secretKey: { ...key }, remoteRef, sourceRef }, "remoteRef", "secretKey")),
  dataFrom: list(
    object({
      extract: remoteRef,
      find: object({
        path: text,
        name: object({ regexp: text }),
        tags: map(text),
        conversionStrategy: text,
        decodingStrategy: text,
      }),
      rewrite: list(open),
      sourceRef,
    }),
  ),
});

const externalSecret = object({
  apiVersion: text,
  kind: text,
  metadata: { type: "object" },
  spec: externalSecretSpec,
  status: object({
    binding: { ...object({ name: { ...text, default: "" } }), "x-kubernetes-map-type": "atomic" },
    conditions: list(condition),
    refreshTime: { type: "string", format: "date-time", nullable: true },
    syncedResourceVersion: text,
  }),
});

const clusterExternalSecret = object({
  apiVersion: text,
  kind: text,
  metadata: { type: "object" },
  spec: object(
    {
      externalSecretSpec,
      externalSecretName: name,
      externalSecretMetadata: object({ labels: map(text), annotations: map(text) }),
      namespaceSelector: labelSelector,
      namespaceSelectors: list(labelSelector),
      namespaces: list(namespace),
      refreshTime: text,
    },
    "externalSecretSpec",
  ),
  status: object({
    conditions: list(condition),
    externalSecretName: text,
    failedNamespaces: list(open),
    provisionedNamespaces: list(text),
  }),
});

const READY = '.status.conditions[?(@.type=="Ready")]';
const column = (title: string, jsonPath: string, type = "string") => ({ name: title, jsonPath, type });
const STORE_COLUMNS = [
  column("AGE", ".metadata.creationTimestamp", "date"),
  column("Status", `${READY}.reason`),
  column("Capabilities", ".status.capabilities"),
  column("Ready", `${READY}.status`),
];

const KINDS = [
  { kind: "SecretStore", short: "ss", scope: "Namespaced", schema: store, columns: STORE_COLUMNS },
  { kind: "ClusterSecretStore", short: "css", scope: "Cluster", schema: store, columns: STORE_COLUMNS },
  {
    kind: "ExternalSecret",
    short: "es",
    scope: "Namespaced",
    schema: externalSecret,
    columns: [
      column("StoreType", ".spec.secretStoreRef.kind"),
      column("Store", ".spec.secretStoreRef.name"),
      column("Refresh Interval", ".spec.refreshInterval"),
      column("Status", `${READY}.reason`),
      column("Ready", `${READY}.status`),
      column("Last Sync", ".status.refreshTime", "date"),
    ],
    selectable: ["secretStoreRef.name", "secretStoreRef.kind", "target.name", "refreshInterval"],
  },
  {
    kind: "ClusterExternalSecret",
    short: "ces",
    scope: "Cluster",
    schema: clusterExternalSecret,
    columns: [
      column("Store", ".spec.externalSecretSpec.secretStoreRef.name"),
      column("Refresh Interval", ".spec.refreshTime"),
      column("Ready", `${READY}.status`),
    ],
  },
];

/** The CRDs with the marks of whoever installs them. */
export function esoCrds(
  marks: { readonly labels?: Record<string, string>; readonly annotations?: Record<string, string> } = {},
): KubeObject[] {
  return KINDS.map(({ kind, short, scope, schema, columns, selectable }) => {
    const plural = `${kind.toLowerCase()}s`;
    const names = {
      kind,
      listKind: `${kind}List`,
      plural,
      singular: kind.toLowerCase(),
      shortNames: [short],
      categories: ["external-secrets"],
    };
    const labels = { ...marks.labels, "external-secrets.io/component": "controller" };
    return {
      apiVersion: "apiextensions.k8s.io/v1",
      kind: "CustomResourceDefinition",
      metadata: {
        name: `${plural}.external-secrets.io`,
        labels,
        ...(marks.annotations && { annotations: marks.annotations }),
      },
      spec: {
        group: "external-secrets.io",
        names,
        scope,
        versions: [
          {
            name: "v1",
            served: true,
            storage: true,
            schema: { openAPIV3Schema: schema },
            additionalPrinterColumns: columns,
            ...(selectable && {
              selectableFields: selectable.map((field) => ({ jsonPath: `.spec.${field}` })),
            }),
            subresources: { status: {} },
          },
        ],
      },
    };
  });
}
