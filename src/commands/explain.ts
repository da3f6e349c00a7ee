import { CODES, type Code } from "../codes.ts";
import type { CommandDeps } from "../commands.ts";
import { BootstrapError, docsAnchor } from "../errors.ts";
import { nearest } from "../inputs/nearest.ts";
import type { Invocation } from "../invocation.ts";

/** What a code means, from the same table as docs/troubleshooting.md. */
export async function run({ args }: Invocation, { reporter }: CommandDeps): Promise<number> {
  const wanted = (args[0] ?? "").toUpperCase();
  const code = wanted.startsWith("ESOB-") ? wanted : `ESOB-${wanted}`;
  if (!isCode(code)) {
    const near = nearest(code, Object.keys(CODES));
    throw new BootstrapError("ESOB-C104", {
      message: `There is no code ${code}.`,
      fix: near
        ? { summary: `Did you mean ${near}?`, command: `eso-bootstrap explain ${near}` }
        : { summary: "All codes are in docs/troubleshooting.md." },
    });
  }
  const { title, see, mend, exit } = CODES[code];
  const text = `${code}  ${title}\n\n  See it    ${see}\n  Mend it   ${mend}\n  More      ${docsAnchor(code)}\n`;
  reporter.end({ kind: "Text", text, items: [{ code, title, see, mend, exit, docs: docsAnchor(code) }] });
  return 0;
}

function isCode(code: string): code is Code {
  return Object.hasOwn(CODES, code);
}
