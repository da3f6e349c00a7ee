import type { KeyProblem } from "./config-file.ts";
import { keyAt, type Field } from "./field.ts";
import { ALL_FIELDS, FIELDS } from "./fields.ts";
import { relationProblems, type SecretFacts, type StoreFacts } from "./relations.ts";
import { isRecord } from "./value.ts";

/**
 * What a file may not say although each of its values is right. Values that are wrong in themselves are passed over here:
 * they were reported already.
 */
export function fileRules(root: Record<string, unknown>): KeyProblem[] {
  const stores = entries(root, "stores");
  const secrets = entries(root, "secrets");
  return [
    ...missingInFile(root, stores.length, secrets.length),
    ...clusterRules(root),
    ...stores.flatMap(storeRules),
    ...secrets.flatMap(policyRules),
    // Without stores of its own the file relies on flags: `resolve` looks at the relations again, with everything known.
    ...(stores.length === 0 ? [] : relationProblems(stores.map(storeFacts), secrets.map(secretFacts))),
  ];
}

/** The entries of a list of the file; [] when it is none. */
export function entries(root: Readonly<Record<string, unknown>>, key: string): Record<string, unknown>[] {
  const list = root[key];
  return Array.isArray(list) ? list.map((entry: unknown) => (isRecord(entry) ? entry : {})) : [];
}

/** One store or secret may get the rest from flags; several must be complete, because no flag could say which is meant. */
function missingInFile(root: Record<string, unknown>, stores: number, secrets: number): KeyProblem[] {
  const doctor = isRecord(root["doctor"]) ? root["doctor"] : {};
  const wanted: readonly (readonly [Record<string, unknown>[], readonly Field[]])[] = [
    [[root], [FIELDS.file.apiVersion]],
    [entries(root, "stores"), stores > 1 ? requiredIn("stores[]") : []],
    [entries(root, "secrets"), [FIELDS.secret.name, ...(secrets > 1 ? requiredIn("secrets[]") : [])]],
    [entries(root, "clusters"), requiredIn("clusters[]")],
    [entries(doctor, "ignore"), requiredIn("doctor.ignore[]")],
  ];
  return wanted.flatMap(([list, fields]) =>
    list.flatMap((entry, index) =>
      fields
        .filter((field) => !(lastName(field) in entry))
        .map((field) => ({
          key: keyAt(field.key, index),
          text: `${keyAt(field.key, index)} is missing${example(field)}`,
        })),
    ),
  );
}

function requiredIn(prefix: string): Field[] {
  return ALL_FIELDS.filter((field) => field.isRequired && field.key.startsWith(`${prefix}.`));
}

function lastName(field: Field): string {
  return field.key.split(".").at(-1) ?? "";
}

function example(field: Field): string {
  return field === FIELDS.file.apiVersion ? "; the file starts with  apiVersion: eso-bootstrap/v1" : "";
}

function clusterRules(root: Record<string, unknown>): KeyProblem[] {
  const clusters = entries(root, "clusters");
  if (clusters.length === 0) return [];
  const problems: KeyProblem[] = [];
  if (isRecord(root["cluster"]))
    problems.push({ key: "cluster", text: "cluster and clusters exclude each other; keep one of them" });
  for (const name of ["name", "context"])
    for (const [index, cluster] of clusters.entries()) {
      const first = clusters.findIndex((other) => other[name] === cluster[name]);
      if (cluster[name] !== undefined && first < index)
        problems.push({ key: `clusters[${index}].${name}`, text: `clusters[${first}] has the same ${name}` });
    }
  if (clusters.length > 1)
    for (const [index, store] of entries(root, "stores").entries())
      if ("identityId" in store)
        problems.push({
          key: `stores[${index}].identityId`,
          text: "one identity serves one cluster: with several clusters leave identityId out",
        });
  return problems;
}

function storeRules(store: Record<string, unknown>, index: number): KeyProblem[] {
  const { kind, namespace } = storeFacts(store);
  if (kind === "ClusterSecretStore") {
    const isOne = namespace === undefined || ("names" in namespace && namespace.names.length === 1);
    const text =
      "a ClusterSecretStore keeps its identity Secret in one namespace; use allowedNamespaces for who may use it";
    return isOne ? [] : [{ key: `stores[${index}].namespace`, text }];
  }
  return Object.values(FIELDS.store)
    .filter((field) => field.isClusterOnly && lastName(field) in store)
    .map((field) => ({
      key: keyAt(field.key, index),
      text: `${lastName(field)} is for a ClusterSecretStore only; this is a SecretStore, which serves its own namespace`,
    }));
}

/** ESO's webhook refuses these (eso.md, ExternalSecret: target). */
function policyRules(secret: Record<string, unknown>, index: number): KeyProblem[] {
  const creation = readOr(FIELDS.secret.creationPolicy, secret) ?? "Owner";
  const deletion = readOr(FIELDS.secret.deletionPolicy, secret) ?? "Retain";
  const isRefused =
    (deletion === "Delete" && ["Merge", "None", "CreateOrMerge"].includes(creation)) ||
    (deletion === "Merge" && creation === "None");
  if (!isRefused) return [];
  const text = `ESO refuses deletionPolicy ${deletion} together with creationPolicy ${creation}`;
  return [{ key: `secrets[${index}].deletionPolicy`, text }];
}

function storeFacts(store: Record<string, unknown>): StoreFacts {
  return {
    name: readOr(FIELDS.store.name, store) ?? "infisical",
    kind: readOr(FIELDS.store.kind, store) ?? "SecretStore",
    namespace: readOr(FIELDS.store.namespace, store),
    allowedNamespaces: readOr(FIELDS.store.allowedNamespaces, store),
  };
}

function secretFacts(secret: Record<string, unknown>): SecretFacts {
  const name = readOr(FIELDS.secret.name, secret);
  return {
    name,
    namespace: readOr(FIELDS.secret.namespace, secret),
    store: readOr(FIELDS.secret.store, secret),
    target: readOr(FIELDS.secret.target, secret) ?? name,
    creationPolicy: readOr(FIELDS.secret.creationPolicy, secret) ?? "Owner",
  };
}

/** The value of a field in its entry; undefined when it is not there or wrong. */
function readOr<T>(field: Field<T>, entry: Record<string, unknown>): T | undefined {
  const read = field.type.read(entry[lastName(field)]);
  return "value" in read ? read.value : undefined;
}
