import { recordOf } from "../../src/data.ts";

type Fields = Record<string, unknown>;

/** What stands in a case's namespace: an identity Secret, a store that reads prod:/shop with it, an ExternalSecret with two keys. */
export interface EsoObjects {
  /** The identity Secret's data, as text; undefined: there is none. */
  identity: Record<string, string> | undefined;
  /** `spec.provider.infisical` of the store. */
  readonly infisical: Fields;
  /** Spec of the store. */
  readonly store: Fields;
  /** Spec of the ExternalSecret. */
  readonly secret: Fields;
  /** Secrets that are there before. */
  readonly before: {
    readonly name: string;
    readonly data: Record<string, string>;
    readonly owner?: string;
  }[];
}

/** One way of using ESO. `change`: what is different from the plain case. `after`: a step more, when ESO has come to rest. */
export interface EsoCase {
  readonly name: string;
  readonly change?: (objects: EsoObjects) => void;
  readonly after?: {
    readonly kind: "SecretStore" | "ExternalSecret" | "Secret";
    /** A merge patch; `deletes`: the object is deleted instead. */
    readonly patch?: Fields;
    readonly deletes?: true;
  };
}

const scope = (more: Fields) => (objects: EsoObjects) => {
  objects.infisical["secretsScope"] = { ...recordOf(objects.infisical["secretsScope"]), ...more };
};
const auth = (more: Fields) => (objects: EsoObjects) => {
  const credentials = recordOf(recordOf(objects.infisical["auth"])["kubernetesAuthCredentials"]);
  objects.infisical["auth"] = { kubernetesAuthCredentials: { ...credentials, ...more } };
};
const target = (more: Fields) => (objects: EsoObjects) => {
  objects.secret["target"] = { ...recordOf(objects.secret["target"]), ...more };
};
const data = (...entries: readonly (readonly [secretKey: string, remoteRef: Fields])[]) => {
  return (objects: EsoObjects) => {
    objects.secret["data"] = entries.map(([secretKey, remoteRef]) => ({ secretKey, remoteRef }));
  };
};
const dataFrom = (...entries: Fields[]) => {
  return (objects: EsoObjects) => {
    delete objects.secret["data"];
    objects.secret["dataFrom"] = entries;
  };
};
const secret = (more: Fields) => (objects: EsoObjects) => void Object.assign(objects.secret, more);

/** How ESO is used and misused, without what takes it minutes to say. */
export const ESO_CASES: readonly EsoCase[] = [
  { name: "all is well" },
  { name: "no identity Secret", change: (objects) => (objects.identity = undefined) },
  { name: "an identity Secret without the key", change: (objects) => (objects.identity = { id: "x" }) },
  { name: "an identity Secret that is empty", change: (objects) => (objects.identity = { identityId: "" }) },
  {
    name: "an id that nobody has",
    change: (objects) => (objects.identity = { identityId: "11111111-2222-4333-8444-555555555555" }),
  },
  { name: "a name for an id", change: (objects) => (objects.identity = { identityId: "eso-prod" }) },
  { name: "a ref without a key", change: auth({ identityId: { name: "infisical-identity" } }) },
  {
    name: "a ref into another namespace",
    change: auth({ identityId: { name: "infisical-identity", key: "identityId", namespace: "default" } }),
  },
  { name: "no auth at all", change: ({ infisical }) => (infisical["auth"] = {}) },
  { name: "a project that is not there", change: scope({ projectSlug: "shoop" }) },
  { name: "an environment that is not there", change: scope({ environmentSlug: "production" }) },
  { name: "a folder that is not there", change: scope({ secretsPath: "/nowhere" }) },
  { name: "a folder that may not be read", change: scope({ secretsPath: "/cart" }) },
  { name: "hostAPI with /api/", change: ({ infisical }) => (infisical["hostAPI"] += "/api/") },
  { name: "another controller class", change: ({ store }) => (store["controller"] = "other") },
  { name: "a store that is not there", change: secret({ secretStoreRef: { name: "nowhere" } }) },
  { name: "a key that is not there", change: data(["A", { key: "NO_SUCH_KEY" }]) },
  {
    name: "one of two keys is not there",
    change: data(["A", { key: "DB_HOST" }], ["B", { key: "NO_SUCH_KEY" }]),
  },
  {
    name: "a key that is not there, and deletionPolicy Delete",
    change: (objects) => {
      data(["A", { key: "DB_HOST" }], ["B", { key: "NO_SUCH_KEY" }])(objects);
      target({ deletionPolicy: "Delete" })(objects);
    },
  },
  { name: "a property of what is no JSON", change: data(["A", { key: "DB_HOST", property: "port" }]) },
  { name: "a property", change: data(["A", { key: "SETTINGS", property: "port" }]) },
  { name: "a property that is not there", change: data(["A", { key: "SETTINGS", property: "prot" }]) },
  { name: "a key with its path", change: data(["A", { key: "/shop/DB_HOST" }]) },
  { name: "everything", change: dataFrom({ find: { name: { regexp: ".*" } } }) },
  { name: "everything that fits", change: dataFrom({ find: { name: { regexp: "^DB_" } } }) },
  { name: "what is in a JSON value", change: dataFrom({ extract: { key: "SETTINGS" } }) },
  { name: "what is in no JSON value", change: dataFrom({ extract: { key: "DB_HOST" } }) },
  { name: "Merge without a Secret", change: target({ creationPolicy: "Merge" }) },
  {
    name: "Merge into a Secret",
    change: (objects) => {
      target({ creationPolicy: "Merge" })(objects);
      objects.before.push({ name: "x", data: { OWN: "1" } });
    },
  },
  { name: "Orphan", change: target({ creationPolicy: "Orphan" }) },
  { name: "None", change: target({ creationPolicy: "None" }) },
  { name: "a target with another name", change: target({ name: "other" }) },
  { name: "an immutable target", change: target({ immutable: true }) },
  {
    name: "a Secret of somebody else",
    change: (objects) => void objects.before.push({ name: "x", data: { OWN: "1" } }),
  },
  {
    name: "a template",
    change: target({ template: { data: { URL: "db://{{ .A }}" }, metadata: { labels: { team: "shop" } } } }),
  },
  { name: "once and never again", change: secret({ refreshPolicy: "CreatedOnce" }) },
  { name: "on change only", change: secret({ refreshPolicy: "OnChange" }) },
  { name: "an interval of nothing", change: secret({ refreshInterval: "0s" }) },
  {
    name: "poked",
    after: { kind: "ExternalSecret", patch: { metadata: { annotations: { "force-sync": "1" } } } },
  },
  { name: "a key comes", after: { kind: "ExternalSecret", patch: { spec: { refreshInterval: "2h" } } } },
  { name: "its Secret is deleted", after: { kind: "Secret", deletes: true } },
  { name: "a value is changed by hand", after: { kind: "Secret", patch: { data: { A: "eA==" } } } },
  { name: "it is deleted", after: { kind: "ExternalSecret", deletes: true } },
  {
    name: "it is deleted and the Secret stays",
    change: target({ creationPolicy: "Orphan" }),
    after: { kind: "ExternalSecret", deletes: true },
  },
  {
    name: "the store goes wrong later",
    after: {
      kind: "SecretStore",
      patch: { spec: { provider: { infisical: { secretsScope: { projectSlug: "shoop" } } } } },
    },
  },
];

/** Cases in which the simulated ESO is known to differ, and how. docs/sandbox.md has the same table. */
export const ESO_ACCEPTED: Readonly<Record<string, string>> = {
  "it is deleted": "the garbage collector of a real cluster needs up to a minute to know a new kind",
};
