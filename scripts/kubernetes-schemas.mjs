// Writes src/sandbox/kubernetes/schema-table.ts: the types of the built-in kinds that the simulated API server has, from the
// OpenAPI v3 documents and the generated.proto files (folder with `api@…`, `apimachinery@…` of k8s.io) of a real one:
// node scripts/kubernetes-schemas.mjs KUBECONFIG FOLDER VERSION (with kubectl on the PATH).
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const GROUPS = {
  "api/v1":
    "Namespace Secret ConfigMap ServiceAccount Pod Service Endpoints Event Node PersistentVolumeClaim TokenRequest Eviction",
  "apis/apps/v1": "Deployment StatefulSet DaemonSet ReplicaSet Scale",
  "apis/batch/v1": "Job CronJob",
  "apis/rbac.authorization.k8s.io/v1": "Role RoleBinding ClusterRole ClusterRoleBinding",
  "apis/coordination.k8s.io/v1": "Lease",
  "apis/discovery.k8s.io/v1": "EndpointSlice",
  "apis/admissionregistration.k8s.io/v1": "ValidatingWebhookConfiguration MutatingWebhookConfiguration",
  "apis/apiextensions.k8s.io/v1": "CustomResourceDefinition",
  "apis/authentication.k8s.io/v1": "TokenReview SelfSubjectReview",
  "apis/authorization.k8s.io/v1":
    "SelfSubjectAccessReview SubjectAccessReview LocalSubjectAccessReview SelfSubjectRulesReview",
  "apis/policy/v1": "PodDisruptionBudget",
  "apis/networking.k8s.io/v1": "NetworkPolicy",
};

const SPECIAL = {
  Quantity: "q",
  IntOrString: "I",
  Time: "t",
  MicroTime: "u",
  RawExtension: "o",
  FieldsV1: "o",
  JSON: "o",
  JSONSchemaProps: "o",
  Duration: "s",
};

const schemas = {};
const roots = [];
for (const [path, kinds] of Object.entries(GROUPS)) {
  const raw = execFileSync(
    "kubectl",
    ["--kubeconfig", process.argv[2], "get", "--raw", `/openapi/v3/${path}`],
    {
      maxBuffer: 1e9,
    },
  );
  const found = JSON.parse(raw).components.schemas;
  Object.assign(schemas, found);
  for (const kind of kinds.split(" ")) roots.push(idOf(kind, found));
}

function idOf(kind, found) {
  const isIt = ([id, schema]) =>
    id.endsWith(`.${kind}`) && schema["x-kubernetes-group-version-kind"]?.some((one) => one.kind === kind);
  return Object.entries(found).find(isIt)[0];
}

/** Short names; `apps.Scale` and the like keep the folder where two types share one. */
const short = (id) => {
  const [name, version, folder] = id.split(".").toReversed();
  const same = [...seen].filter((other) => other !== id && other.endsWith(`.${name}`));
  return same.length > 0 ? `${folder === "meta" ? version : folder}.${name}` : name;
};

const seen = new Set();
function walk(id) {
  if (seen.has(id) || SPECIAL[id.split(".").at(-1)]) return;
  seen.add(id);
  JSON.stringify(schemas[id], (key, value) => {
    if (key === "$ref") walk(value.split("/").at(-1));
    return value;
  });
}
roots.forEach(walk);

function typeOf(schema) {
  const ref = schema.$ref ?? schema.allOf?.[0].$ref;
  if (ref) {
    const id = ref.split("/").at(-1);
    return SPECIAL[id.split(".").at(-1)] ?? short(id);
  }
  if (schema.type === "array") {
    const inner = typeOf(schema.items);
    const keys = schema["x-kubernetes-list-map-keys"];
    const merge = schema["x-kubernetes-patch-merge-key"];
    const strategic = merge && merge !== keys?.[0] ? `~${merge}` : keys && !merge ? "~" : "";
    if (schema["x-kubernetes-list-type"] === "map") return `[${inner}@${keys.join(",")}${strategic}]`;
    if (schema["x-kubernetes-list-type"] === "set") return `[${inner}#]`;
    const setLike = schema["x-kubernetes-patch-strategy"] === "merge" && !merge ? "+" : "";
    return `[${inner}${setLike}${merge ? `~${merge}` : ""}]`;
  }
  if (schema.type === "object" && schema.additionalProperties)
    return `{${typeOf(schema.additionalProperties)}}${schema["x-kubernetes-map-type"] === "atomic" ? "." : ""}`;
  const simple = { "integer/int32": "i", "integer/int64": "l", "string/byte": "y", "string/date-time": "t" };
  const key = `${schema.type}/${schema.format}`;
  return (
    simple[key] ?? { string: "s", boolean: "b", number: "n", integer: "l", object: "o" }[schema.type] ?? "o"
  );
}

/** Field numbers of a message in its generated.proto, by name. */
function numbersOf(id) {
  const [name, version, folder] = id.split(".").toReversed();
  const [, , module, go] = process.argv.slice(1);
  const places = [
    join(module, `api@${go}`, folder, version, "generated.proto"),
    join(module, `apimachinery@${go}`, "pkg/apis", folder, version, "generated.proto"),
    join(module, `apiextensions-apiserver@${go}`, "pkg/apis", folder, version, "generated.proto"),
  ];
  const text = places
    .filter(existsSync)
    .map((path) => readFileSync(path, "utf8"))
    .join("\n");
  const body = new RegExp(`^message ${name} \\{$([\\s\\S]*?)^\\}$`, "m").exec(text)?.[1] ?? "";
  return Object.fromEntries(
    [...body.matchAll(/^ {2}(?:optional |repeated )?\S.* (\w+) = (\d+);/gm)].map(([, field, number]) => [
      field,
      number,
    ]),
  );
}

function field(name, schema, required, number) {
  const { default: fallback } = schema;
  const isPlain =
    typeof fallback === "string" || typeof fallback === "number" || typeof fallback === "boolean";
  const given = isPlain && fallback !== "" && fallback !== 0 ? `=${fallback}` : "";
  const choices = schema.enum ? `|${schema.enum.join("|")}` : "";
  const byValue = JSON.stringify(fallback) === "{}" ? "*" : "";
  return `${name}${number ? `#${number}` : ""}${required.includes(name) ? "!" : ""}:${byValue}${typeOf(schema)}${given}${choices}`;
}

const lines = [...seen].map((id) => {
  const { properties = {}, required = [], ...rest } = schemas[id];
  const atomic = rest["x-kubernetes-map-type"] === "atomic" ? "." : "";
  const numbers = numbersOf(id);
  const fields = Object.entries(properties).map(([name, schema]) =>
    field(name, schema, required, numbers[name]),
  );
  return `${short(id)}${atomic} ${fields.join(" ")}`.trim();
});

writeFileSync(
  new URL("../src/sandbox/kubernetes/schema-table.ts", import.meta.url),
  `/**
 * The types of the built-in kinds, generated by scripts/kubernetes-schemas.mjs from the OpenAPI of kube-apiserver v1.36.3. A line is a
 * type and its fields. A trailing \`.\` means atomic, \`#1\` its number in protobuf, \`!\` required, \`=\` default, \`|\` the values there are; s string, i int32, l int64, n number,
 * b boolean, t time, u microtime, y bytes, q quantity, I int-or-string, o anything; [T] list, [T@key] list of type map, [T#] of type
 * set, ~key: merge key of a strategic merge patch, {T} map, *T a struct that is always there in Go.
 */
export const SCHEMA_TABLE = \`
${lines.toSorted().join("\n")}
\`;
`,
);
