import { dirname, isAbsolute, join } from "node:path";
import { FIELDS } from "./fields.ts";
import { valueAt } from "./given.ts";
import type { ConfigFile } from "./config-file.ts";
import type {
  ClusterInput,
  EsoInput,
  IgnoreInput,
  InfisicalInput,
  Inputs,
  Namespaces,
  ReviewerInput,
  SecretInput,
  StoreInput,
} from "./inputs.ts";
import { storeFor } from "./relations.ts";
import type { Reader } from "./reader.ts";
import { entries } from "./config-rules.ts";
import type { Field } from "./field.ts";
import { isRecord } from "./value.ts";

/** Each function reads one part of `Inputs`, field by field, from the table. */

export function clusterInput(read: Reader, filePath: string): ClusterInput {
  const { cluster } = FIELDS;
  const context = read.get(cluster.context);
  const name = read.get(cluster.name) ?? slugFrom(context);
  if (read.source(cluster.name) === undefined && name !== undefined) read.note(cluster.name.key, "detected");
  return {
    name,
    context,
    apiServer: read.get(cluster.apiServer),
    caFile: fileIn(read, cluster.caFile, filePath),
  };
}

/** A name as a slug: `arn:aws:eks:…:cluster/Prod_EU` → `arn-aws-eks-cluster-prod-eu`, at most 50 from its end. */
export function slugFrom(name: string | undefined): string | undefined {
  const words = name?.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  const slug = words.join("-").slice(-50).replace(/^-/, "");
  return slug === "" ? undefined : slug;
}

export function infisicalInput(read: Reader, filePath: string): InfisicalInput {
  const { infisical } = FIELDS;
  return {
    host: read.setting(infisical.host),
    hostFromCluster: read.get(infisical.hostFromCluster),
    caFile: fileIn(read, infisical.caFile, filePath),
    organization: read.get(infisical.organization),
    project: read.get(infisical.project),
    create: read.setting(infisical.create),
  };
}

export function esoInput(read: Reader, filePath: string): EsoInput {
  const { eso } = FIELDS;
  const chart = read.setting(eso.chart);
  const isPath = /^\.\.?\//.test(chart) || (chart.endsWith(".tgz") && !chart.includes("://"));
  return {
    manage: read.setting(eso.manage),
    namespace: read.setting(eso.namespace),
    release: read.setting(eso.release),
    chart: isPath && read.source(eso.chart) === "file" ? besideFile(chart, filePath) : chart,
    repo: read.setting(eso.repo),
    version: read.setting(eso.version),
    installCRDs: read.setting(eso.installCRDs),
    controllerClass: read.setting(eso.controllerClass),
    values: read.setting(eso.values),
  };
}

export function reviewerInput(read: Reader): ReviewerInput {
  const { reviewer } = FIELDS;
  return {
    mode: read.setting(reviewer.mode),
    namespace: read.get(reviewer.namespace),
    serviceAccount: read.setting(reviewer.serviceAccount),
    clusterRole: read.setting(reviewer.clusterRole),
    tokenLifetime: read.setting(reviewer.tokenLifetime),
  };
}

export interface StoreContext extends Pick<Inputs, "infisical" | "eso"> {
  /** The file has no other store, so that flags can only mean this one. */
  readonly isOnly: boolean;
}

export function storeInput(read: Reader, index: number, run: StoreContext): StoreInput {
  const { store } = FIELDS;
  const kind = read.setting(store.kind, index);
  return {
    name: read.setting(store.name, index),
    kind,
    namespace: storeNamespace(read, index, kind, run.eso.namespace),
    allowedNamespaces: read.get(store.allowedNamespaces, index),
    project: storeProject(read, index, run),
    environment: read.need(store.environment, "", index),
    path: read.setting(store.path, index),
    recursive: read.setting(store.recursive, index),
    alsoRead: read.setting(store.alsoRead, index),
    imports: read.setting(store.imports, index),
    identity: read.get(store.identity, index),
    identityId: read.get(store.identityId, index),
    accessTokenTTL: read.setting(store.accessTokenTTL, index),
    spec: read.setting(store.spec, index),
  };
}

/** A ClusterSecretStore belongs to no team's namespace: what only the context or -n says is not for its identity Secret. */
function storeNamespace(read: Reader, index: number, kind: StoreInput["kind"], eso: string): Namespaces {
  const key = FIELDS.store.namespace.key.replace("[]", `[${index}]`);
  const found = read.get(FIELDS.store.namespace, index);
  const source = read.source(FIELDS.store.namespace, index);
  if (kind === "ClusterSecretStore" && source !== "file" && source !== "answer") {
    read.note(key, "default");
    return { names: [eso] };
  }
  return found ?? read.or(FIELDS.store.namespace, { names: ["default"] }, index);
}

/** `--project` also wins over the project of the file's only store: flag > file. */
function storeProject(read: Reader, index: number, run: StoreContext): string {
  const { store, infisical } = FIELDS;
  const { project } = run.infisical;
  const own = read.or<string | undefined>(store.project, undefined, index);
  const isOverruled =
    read.source(store.project, index) === "file" &&
    run.isOnly &&
    ["flag", "environment"].includes(read.source(infisical.project) ?? "");
  const chosen = isOverruled ? project : (own ?? project);
  return chosen ?? read.need(infisical.project, "");
}

export function secretInput(read: Reader, index: number, stores: readonly StoreInput[]): SecretInput {
  const { secret } = FIELDS;
  const wanted = read.or<string | undefined>(secret.store, undefined, index);
  const ownNamespace = read.or<Namespaces | undefined>(secret.namespace, undefined, index);
  const store = storeFor({ store: wanted, namespace: ownNamespace }, stores);
  const name = read.or(secret.name, nameFrom(store), index);
  return {
    name,
    namespace: ownNamespace ?? secretNamespace(read, store),
    store: wanted ?? store?.name ?? "",
    target: read.or(secret.target, name, index),
    refreshInterval: read.setting(secret.refreshInterval, index),
    creationPolicy: read.setting(secret.creationPolicy, index),
    deletionPolicy: read.setting(secret.deletionPolicy, index),
    keys: read.need(secret.keys, "all", index),
    spec: read.setting(secret.spec, index),
    restart: read.setting(secret.restart, index),
  };
}

/** `/team/shop` → `shop`; at the root the project's slug. */
function nameFrom(store: StoreInput | undefined): string {
  const folder = store?.path.split("/").at(-1);
  return slugFrom(folder) ?? slugFrom(store?.project) ?? "infisical";
}

function secretNamespace(read: Reader, store: StoreInput | undefined): Namespaces {
  if (store?.kind === "SecretStore") return store.namespace;
  return read.get(FIELDS.store.namespace) ?? { names: ["default"] };
}

export function ignoreInputs(config: ConfigFile | undefined): IgnoreInput[] {
  const doctor = valueAt(config?.values, "doctor");
  return entries(isRecord(doctor) ? doctor : {}, "ignore").map(({ code, resource, reason, until }) => ({
    code: String(code),
    resource: typeof resource === "string" ? resource : undefined,
    reason: String(reason),
    until: typeof until === "string" ? until : undefined,
  }));
}

function fileIn(read: Reader, field: Field<string>, filePath: string): string | undefined {
  const value = read.get(field);
  return value !== undefined && value !== "system" && read.source(field) === "file"
    ? besideFile(value, filePath)
    : value;
}

/** Paths in the file are relative to the file, as in a kubeconfig; those of flags to where one stands. */
function besideFile(value: string, filePath: string): string {
  const folder = dirname(filePath);
  if (isAbsolute(value) || folder === ".") return value;
  const joined = join(folder, value);
  return isAbsolute(joined) || joined.startsWith("..") ? joined : `./${joined}`;
}
