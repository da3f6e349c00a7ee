/**
 * The glob language of secret paths, as the server's picomatch reads it (`strictSlashes: false`).
 *
 * Confirmed against a real server (infisical-api.md 10.1): `/shop/**` is `/shop` and everything below, `/shop/*`
 * its direct children only, `/shop**` is `/shop` and `/shopping` but no children, `/` is the root only.
 */

const anyButSlash = "[^/]*?";
const notHidden = "(?!\\.)";
const escapeRegExp = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/gu, String.raw`\$&`);

/** Reads `[abc]`, `[^a]` or `{a,b}` at `start`; undefined when the bracket never closes. */
function readGroup(glob: string, start: number): { source: string; end: number } | undefined {
  const close = glob[start] === "[" ? "]" : "}";
  const end = glob.indexOf(close, start + 2);
  if (end === -1) return undefined;
  const inner = glob.slice(start + 1, end);
  if (close === "]") {
    const negated = inner.startsWith("^");
    const set = (negated ? inner.slice(1) : inner).replaceAll(/[\\\]]/gu, String.raw`\$&`);
    return { source: `[${negated ? "^" : ""}${set}]`, end };
  }
  if (!inner.includes(",")) return undefined;
  const options = inner.split(",").map((option) => segmentSource(option, false));
  return { source: `(?:${options.join("|")})`, end };
}

/** One path segment. A star at its start does not match a name that begins with a dot. */
function segmentSource(segment: string, atStart = true): string {
  let source = "";
  for (let index = 0; index < segment.length; index += 1) {
    const character = segment[index] ?? "";
    const opensSegment = atStart && index === 0;
    if (character === "*") {
      while (segment[index + 1] === "*") index += 1;
      const wholeSegment = opensSegment && index === segment.length - 1;
      source += `${opensSegment ? notHidden : ""}${wholeSegment ? "(?=[^/])" : ""}${anyButSlash}`;
      continue;
    }
    if (character === "?") {
      source += `${opensSegment ? "(?!\\.)" : ""}[^/]`;
      continue;
    }
    if (character === "\\" && index + 1 < segment.length) {
      index += 1;
      source += escapeRegExp(segment[index] ?? "");
      continue;
    }
    const group = character === "[" || character === "{" ? readGroup(segment, index) : undefined;
    if (group === undefined) source += escapeRegExp(character);
    else {
      source += group.source;
      index = group.end;
    }
  }
  return source;
}

/** Any depth of segments, none of which begins with a dot. */
const anySegments = String.raw`(?:(?!(?:^|\/)\.).)*?`;

function globSource(glob: string): string {
  const segments = glob.split("/");
  let source = "";
  for (const [index, segment] of segments.entries()) {
    const first = index === 0;
    const last = index === segments.length - 1;
    if (segment !== "**") {
      source += `${first ? "" : String.raw`\/`}${segmentSource(segment)}`;
    } else if (last) {
      // `/a/**`: `/a` itself, `/a/` and everything below.
      source += first ? anySegments : String.raw`(?:\/(?!\.)${anySegments}|$)`;
    } else {
      // `/a/**/b`: any number of folders between, also none (but `/**/b` needs at least one).
      const belowRoot = index === 1 && segments[0] === "";
      const between = String.raw`\/(?!\.)${anySegments}`;
      if (first) source += String.raw`(?:|${anySegments}\/)`;
      else source += belowRoot ? between : `(?:|${between})`;
    }
  }
  const lastSegment = segments.at(-1) ?? "";
  return lastSegment !== "**" && /[*\]]$/u.test(lastSegment) ? String.raw`${source}\/?` : source;
}

/** Does `value` match the glob? Throws on an empty pattern, with picomatch's own words. */
export function matchesGlob(glob: string, value: string): boolean {
  if (glob === "") throw new TypeError("Expected pattern to be a non-empty string");
  if (value === "") return false;
  if (value === glob) return true;
  if (glob.startsWith("!") && !glob.startsWith("!(")) return !matchesGlob(glob.slice(1), value);
  return new RegExp(`^(?:${globSource(glob)})$`, "su").test(value);
}
