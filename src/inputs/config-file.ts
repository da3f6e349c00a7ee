import { fileRules } from "./config-rules.ts";
import { walkConfig } from "./config-walk.ts";
import { readYaml } from "./config-yaml.ts";
import { mistakes, type Position, type Problem } from "./problems.ts";
import { ROOT } from "./shape.ts";
import { isRecord } from "./value.ts";

/** The configuration file, validated against the table. Values are as they stand there; `resolve` reads them once more. */
export interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Record<string, unknown>>;
  /** `stores[0].path` → where the key stands. */
  readonly positions: ReadonlyMap<string, Position>;
}

/** A mistake that a rule found, by key; the position follows from the key. */
export interface KeyProblem {
  readonly key: string;
  readonly text: string;
}

/** Reads the text of `eso-bootstrap.yaml`. All its mistakes come in one ESOB-C101; what is no such text is ESOB-C102. */
export function parseConfig(text: string, path: string): ConfigFile {
  const yaml = readYaml(text, path);
  const { problems, positions } = walkConfig(yaml, ROOT);
  const values = isRecord(yaml.root) ? yaml.root : undefined;
  const all = [...yaml.twins, ...problems, ...(values ? placed(fileRules(values), positions) : [])];
  if (all.length > 0) throw mistakes(path, all);
  return { path, values: values ?? {}, positions };
}

/** Gives each problem the position of its key, or of the nearest thing around it that the file has. */
export function placed(problems: readonly KeyProblem[], positions: ReadonlyMap<string, Position>): Problem[] {
  return problems.map(({ key, text }) => ({ position: positionOf(key, positions), text }));
}

function positionOf(key: string, positions: ReadonlyMap<string, Position>): Position {
  if (key === "") return { line: 1, column: 1 };
  return positions.get(key) ?? positionOf(key.replace(/(\.[^.[\]]+|\[\d+\]|^[^.[\]]+)$/, ""), positions);
}
