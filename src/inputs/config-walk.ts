import { isMap, isNode, isPair, isScalar, isSeq, type Pair } from "yaml";
import type { ReadYaml } from "./config-yaml.ts";
import { valueAt } from "./given.ts";
import { didYouMean } from "./nearest.ts";
import type { Position, Problem } from "./problems.ts";
import { homeOf, type Section, type Shape } from "./shape.ts";
import { shown, type Flaw } from "./value.ts";

export interface Walked {
  readonly problems: readonly Problem[];
  /** `stores[0].path` → where the key stands. */
  readonly positions: ReadonlyMap<string, Position>;
}

/** Walks the nodes of the file along the shape of the table: notes where each key stands, and everything that is wrong. */
export function walkConfig({ contents, root, resolve, positionAt }: ReadYaml, shapeOfRoot: Section): Walked {
  const problems: Problem[] = [];
  const positions = new Map<string, Position>();
  const where = (node: unknown): Position => positionAt(startOf(node));
  const report = (node: unknown, text: string): void => void problems.push({ position: where(node), text });

  function section(node: unknown, shape: Section, path: string): void {
    const found = resolve(node);
    if (isNothing(found) && path !== "") return;
    if (!isMap(found)) {
      const name = path === "" ? "the file" : path;
      return report(node, `${name}: expected a mapping (key: value), found ${shownNode(found)}`);
    }
    for (const pair of pairsOf(found.items, resolve)) entry(pair, shape, path);
  }

  function entry(pair: Pair, parent: Section, path: string): void {
    const key = nameOf(pair);
    if (key === undefined) return report(pair.key, "a key must be a text");
    const shape = parent.children.get(key);
    if (!shape) return report(pair.key, unknownKey(key, parent, path));
    const full = path === "" ? key : `${path}.${key}`;
    positions.set(full, where(pair.key));
    value(pair, shape, full);
  }

  function value(pair: Pair, shape: Shape, path: string): void {
    if (shape.form === "section") return section(pair.value, shape, path);
    if (shape.form === "list") return list(pair.value, shape.item, path);
    const raw = valueAt(root, path);
    if (raw === undefined) return report(pair.key, `${path} has no value; give one or leave the key out`);
    const read = shape.field.type.read(raw);
    for (const flaw of "flaws" in read ? read.flaws : [])
      report(flawedNode(pair.value, flaw.at, flaw), `${pathOf(path, flaw)}: ${flaw.text}`);
  }

  function list(node: unknown, item: Section, path: string): void {
    const found = resolve(node);
    if (isNothing(found)) return;
    if (!isSeq(found)) return report(node, `${path}: expected a list (- name: …), found ${shownNode(found)}`);
    for (const [index, child] of found.items.entries()) {
      const full = `${path}[${index}]`;
      positions.set(full, where(child));
      if (isNothing(resolve(child))) report(child ?? node, `${full} is empty`);
      else section(child, item, full);
    }
  }

  /** The node that a flaw is about: as far down as there are nodes. */
  function flawedNode(node: unknown, at: Flaw["at"], flaw: Flaw): unknown {
    const [step, ...rest] = at;
    const found = resolve(node);
    if (step === undefined) return node;
    if (isSeq(found) && typeof step === "number") return flawedNode(found.items[step], rest, flaw);
    const pair = isMap(found)
      ? pairsOf(found.items, resolve).find((item) => nameOf(item) === step)
      : undefined;
    if (!pair) return node;
    const isAboutKey = rest.length === 0 && (flaw.isAboutKey === true || isNothing(pair.value));
    return isAboutKey ? pair.key : flawedNode(pair.value, rest, flaw);
  }

  section(contents, shapeOfRoot, "");
  return { problems, positions };
}

/** What a key is called when somebody wrote a credential into the file. Known keys never come here. */
const CREDENTIAL_KEY = /secret|token|passw|jwt|credential|private_?key|api_?key|client_?id/i;
const CREDENTIAL_ADVICE =
  "no credential belongs in this file: set INFISICAL_UNIVERSAL_AUTH_CLIENT_ID and INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET, or INFISICAL_TOKEN, in the environment";

function unknownKey(key: string, parent: Section, path: string): string {
  const place = path === "" ? "" : ` in ${path}`;
  const subject = `unknown key ${shown(key)}`;
  const close = didYouMean(key, parent.children.keys());
  if (close !== "") return subject + close;
  if (CREDENTIAL_KEY.test(key)) return `${subject}${place}; ${CREDENTIAL_ADVICE}`;
  const home = homeOf(key);
  if (home !== undefined) return `${subject}${place}; it belongs to ${home}`;
  return `${subject}${place}; known are ${[...parent.children.keys()].join(", ")}`;
}

/** The pairs of a mapping, with those that merge keys (`<<: *base`) bring where it has none of its own. */
function pairsOf(items: readonly unknown[], resolve: (node: unknown) => unknown): Pair[] {
  const pairs = items.filter((item) => isPair(item));
  const own = pairs.filter((pair) => !isMerge(pair));
  const names = new Set(own.map(nameOf));
  const merged = pairs.filter(isMerge).flatMap(({ value }) => {
    const base = resolve(value);
    const bases = isSeq(base) ? base.items.map(resolve) : [base];
    return bases.flatMap((node) => (isMap(node) ? pairsOf(node.items, resolve) : []));
  });
  const inherited = new Map(merged.toReversed().map((pair) => [nameOf(pair), pair]));
  return [...own, ...[...inherited.values()].filter((pair) => !names.has(nameOf(pair)))];
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && (key.value === "<<" || typeof key.value === "symbol");
}

function nameOf({ key }: Pair): string | undefined {
  const name = isScalar(key) ? key.value : undefined;
  if (typeof name === "number" || typeof name === "boolean") return String(name);
  return typeof name === "string" ? name : undefined;
}

function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.value === null);
}

function startOf(node: unknown): number {
  return (isNode(node) ? node.range?.[0] : undefined) ?? 0;
}

function shownNode(node: unknown): string {
  if (isSeq(node)) return "a list";
  return isMap(node) ? "a mapping" : shown(isScalar(node) ? node.value : undefined);
}

function pathOf(path: string, { at }: Flaw): string {
  return at.reduce<string>(
    (full, step) => (typeof step === "number" ? `${full}[${step}]` : `${full}.${step}`),
    path,
  );
}
