import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
} from "yaml";

/** A place of the file that stands for more than itself: whoever changes it changes the others, too. */
export interface SharedPlace {
  /** Of the name behind `&` and `*`. */
  readonly anchor: string;
  /** Where the thing itself ends, which all of them are; `isInline`: on that line stands all of it. */
  readonly line: number;
  readonly isInline: boolean;
  /** Where the place that was asked for takes it from; undefined: it is the thing itself. */
  readonly takenIn: number | undefined;
}

/** What is shared on the way to a place, by an alias (`*name`), a merge (`<<: *name`) or an anchor (`&name`) that others use. */
export function sharedPlace(text: string, path: readonly (string | number)[]): SharedPlace | undefined {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    merge: true,
    logLevel: "error",
    prettyErrors: false,
    lineCounter: lines,
  });
  const used = aliasesIn(document);
  const lineOf = (offset: number | undefined) => lines.linePos(offset ?? 0).line;
  let node: unknown = document.contents;
  let shared: { readonly anchor: string; readonly takenIn: number | undefined } | undefined;
  for (const step of [undefined, ...path]) {
    if (step !== undefined) {
      const merged = isMap(node) && !node.has(step) ? mergeIn(node) : undefined;
      if (merged) shared ??= { anchor: merged.source, takenIn: lineOf(merged.range?.[0]) };
      const holder: unknown = merged ? merged.resolve(document) : node;
      node = isCollection(holder) ? holder.get(step, true) : undefined;
    }
    if (isAlias(node)) {
      shared ??= { anchor: node.source, takenIn: lineOf(node.range?.[0]) };
      node = node.resolve(document);
    } else if (isNode(node) && "anchor" in node && node.anchor !== undefined && used.has(node.anchor))
      shared ??= { anchor: node.anchor, takenIn: undefined };
  }
  if (!shared || !isNode(node)) return undefined;
  const isInline = !isCollection(node) || node.flow === true;
  return { ...shared, line: lineOf(isInline ? node.range?.[0] : lastOffset(node)), isInline };
}

function aliasesIn(document: Document.Parsed): Set<string> {
  const names = new Set<string>();
  visit(document, { Alias: (_, { source }) => void names.add(source) });
  return names;
}

/** The alias behind `<<` of a mapping. */
function mergeIn(node: Node) {
  if (!isMap(node)) return undefined;
  const pair = node.items.find(
    ({ key }) => isScalar(key) && (key.value === "<<" || typeof key.value === "symbol"),
  );
  return isAlias(pair?.value) ? pair.value : undefined;
}

/** Where the last entry begins. */
function lastOffset(node: Node): number | undefined {
  const last = isCollection(node) ? node.items.at(-1) : undefined;
  return (isNode(last) ? last.range?.[0] : undefined) ?? node.range?.[0];
}
