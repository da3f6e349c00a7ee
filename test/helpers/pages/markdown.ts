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

/** The text without fenced blocks and code spans: what a browser would look for links and headings in. */
function prose(text: string): string {
  return text
    .replaceAll(/^(\s*)(`{3,}|~{3,})[^\n]*\n[\s\S]*?^\1\2\s*$/gm, "")
    .replaceAll(/(`+)(?!`)[^\n]*?[^`]\1(?!`)/g, (span) => span.replaceAll(/[[\]()<>]/g, ""));
}

/** Anchors as GitHub makes them: of headings, a repeated one numbered, and of `<a id>`. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, title = ""] of prose(text).matchAll(/^#{1,6}\s+(.+?)\s*$/gm)) {
    const base = title
      .toLowerCase()
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    let anchor = base;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${base}-${count}`;
    anchors.add(anchor);
  }
  for (const [, id = ""] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** Targets of links and pictures, also those in HTML. */
export function linksOf(text: string): string[] {
  const clean = prose(text);
  const inline = [...clean.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
  const html = [...clean.matchAll(/<(?:img|a|source)\b[^>]*?\s(?:src|href|srcset)="([^"]+)"/g)];
  const reference = [...clean.matchAll(/^\s*\[[^\]]+\]:\s+(\S+)/gm)];
  return [...inline, ...html, ...reference].map(([, target = ""]) => target);
}
