import type { ConfigFile } from "./config-file.ts";
import { keyAt, type Field } from "./field.ts";
import { fromFlag, fromVariable, valueAt, type Detected, type Given, type ResolveOptions } from "./given.ts";
import type { Source } from "./inputs.ts";

/** A setting that nothing gave. */
export interface Missing {
  readonly field: Field;
  /** `stores[0].environment`. */
  readonly key: string;
}

/** Reads settings in the order of precedence, and remembers where they came from and what was wrong or missing. */
export interface Reader {
  /** The value, or undefined when nothing gives one. `index`: of the store or secret. */
  get<T>(field: Field<T>, index?: number): T | undefined;
  /** For fields with a default. */
  setting<T>(field: Field<T>, index?: number): T;
  /** The value; where there is none it is noted as missing, and `standIn` keeps the reading going. */
  need<T>(field: Field<T>, standIn: T, index?: number): T;
  /** The value, or one that follows from others: its source is then "default". */
  or<T>(field: Field<T>, fallback: T, index?: number): T;
  source(field: Field, index?: number): Source | undefined;
  note(key: string, source: Source): void;
  readonly sources: Readonly<Record<string, Source>>;
  readonly missing: readonly Missing[];
  /** As `--path: expected …`. */
  readonly wrong: readonly string[];
}

export function createReader(
  options: ResolveOptions,
  config: ConfigFile | undefined,
  detected: Detected,
): Reader {
  const sources: Record<string, Source> = {};
  const missing: Missing[] = [];
  const wrong = new Set<string>();

  function candidates(field: Field, index: number | undefined): (Given | undefined)[] {
    const key = keyAt(field.key, index);
    const known = (source: Source, value: unknown): Given | undefined =>
      value === undefined ? undefined : { value, source, from: key };
    const loose = [fromFlag(field, options), fromVariable(field, options)];
    const file = known("file", valueAt(config?.values, key));
    return [
      ...(field.fillsGaps ? [file, ...loose] : [...loose, file]),
      known("answer", options.answers?.[key] ?? options.answers?.[field.key]),
      known("detected", detected[key] ?? detected[field.key]),
      known("default", field.default),
    ];
  }

  function find<T>(field: Field<T>, index: number | undefined): { value: T } | undefined {
    for (const given of candidates(field, index)) {
      if (!given) continue;
      // A copy: what becomes `Inputs` is frozen, what was given is not ours.
      const read = field.type.read(structuredClone(given.value));
      if ("value" in read) {
        sources[keyAt(field.key, index)] = given.source;
        return read;
      }
      // What was detected is a guess: a wrong one is as good as none.
      if (given.source === "detected") continue;
      for (const flaw of read.flaws) wrong.add(`${given.from}: ${flaw.text}`);
    }
    return undefined;
  }

  return {
    get: (field, index) => find(field, index)?.value,
    setting(field, index) {
      const found = find(field, index);
      if (!found) throw new Error(`the table has no default for ${field.key}`);
      return found.value;
    },
    need(field, standIn, index) {
      const found = find(field, index);
      if (found) return found.value;
      missing.push({ field, key: keyAt(field.key, index) });
      return standIn;
    },
    or(field, fallback, index) {
      const found = find(field, index);
      if (!found) sources[keyAt(field.key, index)] = "default";
      return found ? found.value : fallback;
    },
    source: (field, index) => sources[keyAt(field.key, index)],
    note: (key, source) => void (sources[key] = source),
    sources,
    missing,
    get wrong() {
      return [...wrong];
    },
  };
}
