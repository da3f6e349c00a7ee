/** An element as XML has it; `text` is what stands directly in it, with its references resolved. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** What a document may not hold at all (XML 1.0, section 2.2). */
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const FORBIDDEN = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const TOKEN =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/** Reads a document strictly: whatever a conforming parser refuses of what can stand in ours, this refuses. No DTDs, no CDATA. */
export function parseXml(document: string): XmlElement {
  const forbidden = FORBIDDEN.exec(document);
  if (forbidden) throw new Error(`a character that XML cannot hold at ${forbidden.index}`);
  const root = { name: "", attributes: {}, children: [] as XmlElement[], text: "" };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < document.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(document);
    if (!match) throw new Error(`not well-formed at ${at}: ${document.slice(at, at + 60)}`);
    const [, closes, name, attributes = "", isEmpty, text] = match;
    const parent = open.at(-1) ?? root;
    if (text !== undefined) parent.text += textOf(text, parent === root);
    if (closes !== undefined && open.pop()?.name !== closes) throw new Error(`</${closes}> closes nothing`);
    if (name === undefined) continue;
    const element = { name, attributes: attributesOf(attributes), children: [], text: "" };
    parent.children.push(element);
    if (isEmpty !== "/") open.push(element);
  }
  const [first, ...more] = root.children;
  if (open.length > 1 || !first || more.length > 0) throw new Error("not one element that is closed");
  return first;
}

function textOf(text: string, isOutside: boolean): string {
  if (isOutside && text.trim() !== "") throw new Error(`text outside of the element: ${text}`);
  if (text.includes("]]>")) throw new Error("]]> in text");
  return resolved(text);
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", quoted = ""] of text.matchAll(/([\w:.-]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (name in found) throw new Error(`${name} stands twice`);
    found[name] = resolved(quoted.slice(1, -1));
  }
  return found;
}

function resolved(text: string): string {
  return text.replace(/&(?:([a-z]+);|#(\d+);)?/g, (whole, entity?: string, number?: string) => {
    const character = number === undefined ? ENTITIES[entity ?? ""] : String.fromCodePoint(Number(number));
    if (character === undefined || FORBIDDEN.test(character)) throw new Error(`no reference: ${whole}`);
    return character;
  });
}
