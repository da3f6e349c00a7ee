/** One fenced block of a page. */
export interface Block {
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  /** Words after the language, as `exit=3`, `fresh`, `not-run="needs a cloud"`; a word alone is "". */
  readonly words: ReadonlyMap<string, string>;
  readonly text: string;
}

const OPENING = /^(\s*)(`{3,}|~{3,})\s*(\S*)\s*(.*)$/;
const WORD = /([\w-]+)(?:=(?:"([^"]*)"|(\S+)))?/g;

/** Every fenced block of a page, in order. Throws where a fence is left open. */
export function blocksOf(page: string, text: string): Block[] {
  const blocks: Block[] = [];
  let open: { fence: string; indent: number; block: Omit<Block, "text">; lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (open) {
      if (line.trim() === open.fence) {
        blocks.push({ ...open.block, text: `${open.lines.join("\n")}\n` });
        open = undefined;
      } else open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
      continue;
    }
    const [, indent = "", fence, language = "", rest = ""] = OPENING.exec(line) ?? [];
    if (fence === undefined) continue;
    const words = new Map(
      [...rest.matchAll(WORD)].map(([, word = "", quoted, bare]) => [word, quoted ?? bare ?? ""]),
    );
    open = { fence, indent: indent.length, block: { page, line: index + 1, language, words }, lines: [] };
  }
  if (open) throw new Error(`${page}:${open.block.line} is never closed`);
  return blocks;
}
