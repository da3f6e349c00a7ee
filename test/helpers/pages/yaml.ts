import { parseAllDocuments, stringify } from "yaml";
import { isRecord, recordOf } from "../../../src/data.ts";
import { isBootstrapError } from "../../../src/errors.ts";
import { parseConfig } from "../../../src/inputs/config-file.ts";
import { configSchema } from "../../../src/inputs/schema.ts";
import { esoCrds } from "../../../src/sandbox/eso/crds.ts";
import { apiVersionOf, Kinds } from "../../../src/sandbox/kubernetes/kinds.ts";
import { SHOP } from "./world.ts";

/** Kinds of other tools that pages mention. */
const OTHERS = [
  "argoproj.io/v1alpha1 Application",
  "kustomize.toolkit.fluxcd.io/v1 Kustomization",
  "kustomize.config.k8s.io/v1beta1 Kustomization",
  "helm.toolkit.fluxcd.io/v2 HelmRelease",
  "source.toolkit.fluxcd.io/v1 HelmRepository",
  "source.toolkit.fluxcd.io/v1 GitRepository",
];

/** What is wrong with a YAML block: undefined where it parses and is of a kind that we know. */
export function yamlTrouble(text: string): string | undefined {
  for (const document of parseAllDocuments(text, { strict: true })) {
    const [mistake] = [...document.errors, ...document.warnings];
    if (mistake) return mistake.message;
    const trouble = kindTrouble(document.toJS() as unknown, String(document));
    if (trouble !== undefined) return trouble;
  }
  return undefined;
}

function kindTrouble(value: unknown, text: string): string | undefined {
  if (Array.isArray(value))
    return value.every(isStep) ? undefined : "a list that is not one of workflow steps";
  if (!isRecord(value)) return "neither a mapping nor a list";
  const { apiVersion, kind } = value;
  if (apiVersion === "eso-bootstrap/v1") return configTrouble(text);
  if (typeof apiVersion === "string" && typeof kind === "string")
    return isServed(apiVersion, kind) || OTHERS.includes(`${apiVersion} ${kind}`)
      ? undefined
      : `${apiVersion} ${kind} is a kind that nobody knows here`;
  const keys = Object.keys(value);
  if (keys.every((key) => isJob(value[key]))) return undefined;
  const sections = Object.keys(recordOf(configSchema()["properties"]));
  if (keys.every((key) => sections.includes(key)))
    return configTrouble(stringify({ ...parseShop(), ...value }));
  if (isRecord(value["jobs"]) && "on" in value) return undefined;
  return `of no kind that we know: ${keys.join(", ")}`;
}

/** By the tool itself. */
function configTrouble(text: string): string | undefined {
  try {
    parseConfig(text, "eso-bootstrap.yaml");
    return undefined;
  } catch (error) {
    return isBootstrapError(error) ? [error.message, error.reason].join("\n") : String(error);
  }
}

const parseShop = () => recordOf(parseAllDocuments(SHOP)[0]?.toJS() as unknown);
const isStep = (one: unknown) => isRecord(one) && ("run" in one || "uses" in one);
const isJob = (one: unknown) => isRecord(one) && Array.isArray(one["script"]);

const ESO_CRDS = esoCrds({}).map(({ spec }) => recordOf(spec));

function isServed(apiVersion: string, kind: string): boolean {
  const [group, version] = apiVersion.split("/");
  return (
    new Kinds().all().some((one) => apiVersionOf(one) === apiVersion && one.kind === kind) ||
    ESO_CRDS.some(
      (spec) =>
        spec["group"] === group &&
        recordOf(spec["names"])["kind"] === kind &&
        JSON.stringify(spec["versions"]).includes(`"${version}"`),
    )
  );
}
