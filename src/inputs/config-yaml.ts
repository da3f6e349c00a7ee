import {
  isAlias,
  isNode,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type YAMLError,
} from "yaml";
import { BootstrapError } from "../errors.ts";
import { mistakes, type Position, type Problem } from "./problems.ts";

/** A hand-written file is never larger; what is larger is another file, and not worth the time to parse. */
const MAX_FILE_BYTES = 1024 * 1024;
/** Anchors are welcome; a "billion laughs" file multiplies far beyond this. */
const MAX_ALIASES = 1000;

/** Our words for what the YAML parser says: its own texts quote the file, which may hold a secret by mistake. */
const WORDS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key is there twice",
  TAB_AS_INDENT: "a tab cannot indent YAML; use spaces",
  BAD_INDENT: "the indentation does not fit the lines above",
  BAD_ALIAS: "an alias (*name) needs the name of an anchor (&name)",
  MULTIPLE_DOCS: "a second document (---) starts here; one is allowed",
  MULTILINE_IMPLICIT_KEY: "a key must be on one line; is a colon or a quote missing?",
  BLOCK_AS_IMPLICIT_KEY: "a mapping cannot start here; is a line break or are quotes missing?",
  MISSING_CHAR: "a quote, bracket, brace or colon is missing",
  BAD_DQ_ESCAPE: 'an escape (\\) in "double quotes" that YAML does not know',
  RESOURCE_EXHAUSTION: "nested too deeply",
  TAG_RESOLVE_FAILED: "a tag (!name) has no meaning here",
  BAD_SCALAR_START: "a text cannot start with this character; write it in quotes",
};

export interface ReadYaml {
  readonly contents: Node;
  /** The same as plain data. */
  readonly root: unknown;
  /** The node that an alias stands for; any other node is itself. */
  readonly resolve: (node: unknown) => unknown;
  /** Keys that are there twice: the rest can be judged all the same. */
  readonly twins: readonly Problem[];
  readonly positionAt: (offset: number) => Position;
}

/** The text as a YAML document, or one ESOB-C101 / ESOB-C102. Nothing of it is looked at yet. */
export function readYaml(text: string, path: string): ReadYaml {
  refuseOtherFiles(text, path);
  const lines = new LineCounter();
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  // Not "silent": the parser would then pass over a second document.
  const document = withinLimits(path, () =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error", merge: true }),
  );
  const first = firstSyntaxError(document);
  if (first) throw mistakes(path, [syntaxProblem(first, positionAt)]);
  if (document.contents === null) throw mistakes(path, [atStart(EMPTY)]);
  const { targets, orphan } = aliasesOf(document);
  if (orphan) throw mistakes(path, [{ position: positionAt(orphan.range?.[0] ?? 0), text: ORPHAN }]);
  const root: unknown = withinLimits(path, () => document.toJS({ maxAliasCount: MAX_ALIASES }));
  withinLimits(path, () => refuseCircles(root));
  return {
    contents: document.contents,
    root,
    resolve: (node) => (isAlias(node) ? targets.get(node) : node),
    positionAt,
    twins: document.errors.map((error) => syntaxProblem(error, positionAt)),
  };
}

const ORPHAN = "this alias (*name) has no anchor (&name) before it";

/** All aliases in one pass: `Alias.resolve` would read the whole document for each. */
function aliasesOf(document: Document.Parsed): { targets: Map<Node, Node>; orphan: Node | undefined } {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  let orphan: Node | undefined;
  visit(document, {
    Node(_, node) {
      if (!isNode(node)) return;
      const target = isAlias(node) ? anchors.get(node.source) : undefined;
      if (target) targets.set(node, target);
      else if (isAlias(node)) orphan ??= node;
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return { targets, orphan };
}

/** One, because what follows a syntax error is guesswork. Unknown tags (`!foo`) are only warnings to the parser. */
function firstSyntaxError({ errors, warnings }: Document.Parsed): YAMLError | undefined {
  return (
    errors.find((error) => error.code === "RESOURCE_EXHAUSTION") ??
    errors.find((error) => error.code !== "DUPLICATE_KEY") ??
    warnings[0]
  );
}

/** An alias inside its own anchor makes an endless value. Throws ReferenceError. */
function refuseCircles(value: unknown, above = new Set<unknown>(), done = new Set<unknown>()): void {
  if (typeof value !== "object" || value === null || done.has(value)) return;
  if (above.has(value)) throw new ReferenceError("circle");
  above.add(value);
  for (const part of Object.values(value)) refuseCircles(part, above, done);
  above.delete(value);
  done.add(value);
}

const EMPTY = "the file is empty; it starts with  apiVersion: eso-bootstrap/v1";

function refuseOtherFiles(text: string, path: string): void {
  if (text.length > MAX_FILE_BYTES)
    throw unusable(path, "it is larger than 1 MiB, which no configuration is");
  // U+FFFD stands where the bytes were not UTF-8.
  if (/[\0\uFFFD]/.test(text)) throw unusable(path, "it is binary, or not in UTF-8");
}

function unusable(path: string, reason: string): BootstrapError {
  return new BootstrapError("ESOB-C102", { message: `${path} is not a configuration file.`, reason });
}

function syntaxProblem(error: YAMLError, positionAt: ReadYaml["positionAt"]): Problem {
  return {
    position: positionAt(error.pos[0]),
    text: WORDS[error.code] ?? "this is not YAML; is a quote, a colon or a line break missing?",
  };
}

/** The parser and the resolver throw RangeError (too deep) and ReferenceError (alias bombs and circles). */
function withinLimits<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw mistakes(path, [atStart("it is nested too deeply")]);
    if (error instanceof ReferenceError)
      throw mistakes(path, [atStart("its aliases (*name) multiply without end; write the values out")]);
    throw error;
  }
}

function atStart(text: string): Problem {
  return { position: { line: 1, column: 1 }, text };
}
