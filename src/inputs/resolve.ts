import { BootstrapError } from "../errors.ts";
import { clusterTargets, type ClusterTarget } from "./clusters.ts";
import { parseConfig, placed, type ConfigFile } from "./config-file.ts";
import { entries } from "./config-rules.ts";
import { operatorCredential } from "./credential.ts";
import { withEnvironmentHost } from "./environment-host.ts";
import type { Field, Scope } from "./field.ts";
import { ALL_FIELDS, FIELDS } from "./fields.ts";
import { fromFlag, fromVariable, type Need, type ResolveOptions } from "./given.ts";
import type { Inputs } from "./inputs.ts";
import { missingSettings, wrongValues } from "./missing.ts";
import { mistakes } from "./problems.ts";
import { createReader, type Reader } from "./reader.ts";
import { relationProblems } from "./relations.ts";
import * as parts from "./resolve-parts.ts";

export type { Need, ResolveOptions } from "./given.ts";

/**
 * Flags, environment, file, answers and what was detected → `Inputs`, final and frozen (product.md section 3). Pure. For
 * commands that work on one cluster: several are ESOB-C108.
 */
export function resolveInputs(options: ResolveOptions): Inputs {
  const [first, ...others] = resolveAll(options);
  if (first && others.length === 0) return first;
  throw new BootstrapError("ESOB-C108", {
    message: `This command works on one cluster, but ${others.length + 1} are meant.`,
    reason: [first, ...others].map((inputs) => inputs?.cluster.context ?? inputs?.cluster.name).join(", "),
    fix: { summary: "Choose one with --context." },
  });
}

/** As `resolveInputs`, one per cluster of `clusters:` or of a list in `--context`. */
export function resolveAll(options: ResolveOptions): readonly Inputs[] {
  return drafts(options).map(({ draft, target }) => finish(draft, target));
}

/** The settings that nothing gives yet, in the order of the table: what a wizard must ask, or ESOB-C103 would list. */
export function missingFields(options: ResolveOptions): Field[] {
  const missing = drafts(options).flatMap(({ draft }) => draft.read.missing.map(({ field }) => field));
  return ALL_FIELDS.filter((field) => missing.includes(field));
}

/** The settings with a question that neither flag, environment, file nor answer settled: also those with a default. */
export function openFields(options: ResolveOptions): Field[] {
  const settled = new Set(["flag", "environment", "file", "answer"]);
  const [first] = drafts(options);
  if (!first) return [];
  return ALL_FIELDS.filter((field) => {
    const source = first.draft.read.source(field, field.scope === "run" ? undefined : 0);
    return field.question !== undefined && !settled.has(source ?? "");
  });
}

/** `eso-bootstrap.yaml, line 6` for a dotted key that stands in the file, as `stores[0].path`. */
export function whereIs(inputs: Inputs, key: string): string | undefined {
  const line = inputs.lines?.[key];
  return line === undefined ? undefined : `${inputs.file}, line ${line}`;
}

interface Draft {
  readonly inputs: Inputs;
  readonly read: Reader;
}

function drafts(options: ResolveOptions): { draft: Draft; target: ClusterTarget }[] {
  const config = options.file === undefined ? undefined : parseConfig(options.file, options.filePath);
  refuseSingleFlags(options, config);
  const complete = withEnvironmentHost(options, config);
  return clusterTargets(complete, config).map((target) => ({ target, draft: draftOf(target) }));
}

function draftOf({ options, config }: ClusterTarget): Draft {
  const { filePath } = options;
  const read = createReader(options, config, detectedFor(options, config));
  const cluster = parts.clusterInput(read, filePath);
  const infisical = parts.infisicalInput(read, filePath);
  const eso = parts.esoInput(read, filePath);
  const reviewer = parts.reviewerInput(read);
  if (options.needs?.includes("project") && infisical.project === undefined && !hasStoreProject(config))
    read.need(FIELDS.infisical.project, "");
  const storeIndexes = indexes(options, config, "store");
  const run = { infisical, eso, isOnly: storeIndexes.length === 1 };
  const stores = storeIndexes.map((index) => parts.storeInput(read, index, run));
  const isSecretPossible = stores.length > 0 || (config && entries(config.values, "secrets").length > 0);
  const secrets = (isSecretPossible ? indexes(options, config, "secret") : []).map((index) =>
    parts.secretInput(read, index, stores),
  );
  const inputs: Inputs = {
    file: filePath,
    fileExists: config !== undefined,
    cluster,
    infisical,
    eso,
    reviewer,
    stores,
    secrets,
    ignore: parts.ignoreInputs(config),
    credential: operatorCredential(options.env, options.interactive),
    sources: read.sources,
    lines: Object.fromEntries([...(config?.positions ?? [])].map(([key, { line }]) => [key, line])),
  };
  return { inputs, read };
}

function finish({ inputs, read }: Draft, { config }: ClusterTarget): Inputs {
  if (read.wrong.length > 0) throw wrongValues(read.wrong);
  if (read.missing.length > 0) throw missingSettings(read.missing, inputs.file);
  const related = relationProblems(inputs.stores, inputs.secrets);
  if (related.length > 0 && config) throw mistakes(config.path, placed(related, config.positions));
  if (related.length > 0) throw wrongValues(related.map(({ text }) => text));
  return freezeDeeply(inputs);
}

function detectedFor(options: ResolveOptions, config: ConfigFile | undefined) {
  if (typeof options.detected !== "function") return options.detected ?? {};
  return options.detected(createReader(options, config, {}).get(FIELDS.cluster.context));
}

function hasStoreProject(config: ConfigFile | undefined): boolean {
  const stores = config ? entries(config.values, "stores") : [];
  return stores.length > 0 && stores.every((store) => "project" in store);
}

const LISTS = { store: "stores", secret: "secrets" } as const satisfies Partial<Record<Scope, string>>;

/** The entries to read: those of the file, else one that flags and answers describe, where such a one is wanted. */
function indexes(options: ResolveOptions, config: ConfigFile | undefined, scope: Need & Scope): number[] {
  const count = config ? entries(config.values, LISTS[scope]).length : 0;
  if (count > 0) return Array.from({ length: count }, (_, index) => index);
  return options.needs?.includes(scope) || isDescribed(options, scope) ? [0] : [];
}

/** True when a flag or an answer speaks of a store or secret. `-n` does not: it is a place, not a thing. */
function isDescribed(options: ResolveOptions, scope: Scope): boolean {
  return ALL_FIELDS.some((field) => {
    if (field.scope !== scope || field.isGlobal) return false;
    const isAnswered = options.answers?.[field.key] !== undefined;
    return isAnswered || fromFlag(field, options) !== undefined;
  });
}

/** A flag that describes one store cannot say which of several it means (product.md section 2). */
function refuseSingleFlags(options: ResolveOptions, config: ConfigFile | undefined): void {
  for (const scope of ["store", "secret"] as const) {
    const count = config ? entries(config.values, LISTS[scope]).length : 0;
    if (count < 2) continue;
    const given = ALL_FIELDS.filter((field) => field.scope === scope && !field.fillsGaps).flatMap(
      (field) => fromFlag(field, options) ?? fromVariable(field, options) ?? [],
    );
    if (given.length === 0) continue;
    const names = given.map(({ from }) => from).join(", ");
    throw new BootstrapError("ESOB-C105", {
      message: `${names} can only describe one ${scope}, but ${options.filePath} has ${count}.`,
      reason: `it is not clear which of the ${count} ${LISTS[scope]} is meant`,
      fix: { summary: `Set the value in ${options.filePath}, at the ${scope} that is meant.` },
    });
  }
}

/** Plain data only: a `Secret` guards itself. */
function freezeDeeply<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && !Array.isArray(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freezeDeeply(part);
  return value;
}
