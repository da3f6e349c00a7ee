import { isDeepStrictEqual } from "node:util";
import {
  isAlias,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
  stringify,
  type Document,
} from "yaml";
import { stepsOf } from "./given.ts";

type Step = string | number;

/** One replacement in a text. */
interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Sets one value in a file and leaves everything else as it is: comments, order, quotes, anchors, spaces. `path` is dotted, as
 * `stores[0].identityId`, or a list of steps; the index behind the last entry of a list appends. Where the text is too
 * unusual for that (an alias on the way, a block that becomes a word), the document is written anew, which keeps comments
 * but may change spaces.
 */
export function setInFile(text: string, path: string | readonly Step[], value: unknown): string {
  const steps = typeof path === "string" ? stepsOf(path) : path;
  const wanted = rewritten(text, steps, value);
  const edit = editFor(text, steps, value);
  if (!edit) return wanted;
  const edited = text.slice(0, edit.from) + edit.text + text.slice(edit.to);
  return isEquivalent(edited, wanted) ? edited : wanted;
}

function parse(text: string): Document.Parsed {
  return parseDocument(text, { merge: true, logLevel: "error", prettyErrors: false });
}

/** The way that always works, and says what the edited text must mean. An alias on the way becomes a copy, so that only this place changes. */
function rewritten(text: string, steps: readonly Step[], value: unknown): string {
  const document = parse(text);
  for (const length of steps.keys()) {
    const place = steps.slice(0, length);
    const node: unknown = length === 0 ? document.contents : document.getIn(place, true);
    if (isAlias(node)) document.setIn(place, document.createNode(node.toJS(document)));
    else if (length > 0 && isScalar(node) && node.value === null) document.deleteIn(place);
  }
  document.setIn(steps, document.createNode(value));
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

function isEquivalent(edited: string, wanted: string): boolean {
  const document = parse(edited);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), parse(wanted).toJS());
}

function editFor(text: string, steps: readonly Step[], value: unknown): Edit | undefined {
  let node: unknown = parse(text).contents;
  for (const [depth, step] of steps.entries()) {
    const child = childOf(node, step);
    const rest = steps.slice(depth + 1);
    if (child === undefined) return insertion(text, node, step, nested(rest, value));
    if (rest.length === 0) return replacement(child, value);
    node = child;
  }
  return undefined;
}

/** The node behind a step; undefined where the mapping or list has none. */
function childOf(node: unknown, step: Step): unknown {
  return isCollection(node) ? (node.get(step, true) ?? undefined) : undefined;
}

/** `["a", "b"]` around 1 → `{a: {b: 1}}`; an index makes a list. */
function nested(steps: readonly Step[], value: unknown): unknown {
  return steps.reduceRight<unknown>(
    (inner, step) => (typeof step === "number" ? [inner] : { [step]: inner }),
    value,
  );
}

function replacement(node: unknown, value: unknown): Edit | undefined {
  if (!isNode(node) || !node.range || (isCollection(node) && !node.flow)) return undefined;
  const isBlockText = isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
  const quotes =
    isScalar(node) && (node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE") ? node.type : undefined;
  if (isBlockText || node.range[0] === node.range[1]) return undefined;
  return { from: node.range[0], to: node.range[1], text: inline(value, quotes) };
}

/** On one line, safe between braces too. */
function inline(value: unknown, quotes: "QUOTE_DOUBLE" | "QUOTE_SINGLE" | "PLAIN" = "PLAIN"): string {
  const list = stringify([value], {
    collectionStyle: "flow",
    flowCollectionPadding: false,
    lineWidth: 0,
    defaultStringType: quotes,
    defaultKeyType: "PLAIN",
  });
  return list.trim().slice(1, -1).trim();
}

function insertion(text: string, node: unknown, step: Step, value: unknown): Edit | undefined {
  const isAppended = isSeq(node) && step === node.items.length;
  if (!isCollection(node) || !node.range || !(isMap(node) || isAppended)) return undefined;
  return node.flow
    ? intoBraces(
        text,
        node.range[1] - 1,
        node.items.length,
        isMap(node) ? `${step}: ${inline(value)}` : inline(value),
      )
    : afterLast(text, node, isMap(node) ? { [step]: value } : [value]);
}

/** Before the closing brace or bracket at `close`. */
function intoBraces(text: string, close: number, count: number, entry: string): Edit {
  const at = text.slice(0, close).trimEnd().length;
  const hasComma = text[at - 1] === ",";
  const comma = count === 0 ? "" : hasComma ? " " : ", ";
  return { from: at, to: at, text: comma + entry };
}

/** On lines of their own behind the last entry, as far in as the first. */
function afterLast(text: string, node: unknown, entry: unknown): Edit | undefined {
  const indent = indentOf(text, node);
  if (indent === undefined) return undefined;
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = stringify(entry, { lineWidth: 0, flowCollectionPadding: false }).trimEnd().split("\n");
  const block = lines.map((line) => " ".repeat(indent) + line).join(eol);
  const end = endOf(node);
  const next = text[end - 1] === "\n" ? end : text.indexOf("\n", end) + 1;
  return next > 0
    ? { from: next, to: next, text: block + eol }
    : { from: text.length, to: text.length, text: eol + block + eol };
}

function indentOf(text: string, node: unknown): number | undefined {
  if (!isCollection(node)) return undefined;
  const [first] = node.items;
  const start = startOf(isMap(node) ? node.items[0]?.key : first);
  if (start === undefined) return undefined;
  const line = text.lastIndexOf("\n", start - 1) + 1;
  const before = text.slice(line, start);
  if (isMap(node)) return before.length;
  return /- +$/.test(before) ? before.lastIndexOf("-") : undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Where the last visible character of a node ends; a collection's own range may reach over comments behind it. */
function endOf(node: unknown): number {
  if (!isNode(node)) return 0;
  if (!isCollection(node) || node.flow) return node.range?.[1] ?? 0;
  const last = node.items.at(-1);
  if (isSeq(node)) return endOf(last);
  const pair = isMap(node) ? node.items.at(-1) : undefined;
  return Math.max(endOf(pair?.key), endOf(pair?.value));
}
