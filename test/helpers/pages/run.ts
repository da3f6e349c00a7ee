import type { Block } from "./markdown.ts";
import { outputTrouble } from "./output.ts";
import { SHOP, startPageWorld, type PageWorld } from "./world.ts";

/** What running a page came to. */
export interface Outcome {
  readonly failures: readonly string[];
  /** Commands that the shell executed. */
  readonly executed: number;
  /** `page:line reason`. */
  readonly notRun: readonly string[];
}

/** These begin with nothing; all others in a cluster where `init` has been. */
const FROM_NOTHING = new Set(["README.md", "docs/getting-started.md"]);

/** Runs the blocks of one page in order; a block that fails ends the page. The word `fresh` begins anew. */
export async function runPage(blocks: readonly Block[]): Promise<Outcome> {
  const notRun: string[] = [];
  let executed = 0;
  let world: PageWorld | undefined;
  try {
    for (const block of blocks) {
      if (block.words.has("fresh")) {
        await world?.stop();
        world = undefined;
      }
      if (block.words.has("not-run")) {
        if (isShell(block)) notRun.push(`${block.page}:${block.line}  ${block.words.get("not-run")}`);
        continue;
      }
      const file = block.words.get("file");
      if (file === undefined && !isShell(block)) continue;
      world ??= await begin(block.page);
      if (file !== undefined) await world.write(file, block.text);
      for (const step of isShell(block) ? stepsOf(block) : []) {
        const { code, output, commands } = await world.run(step.script);
        executed += commands.length;
        const trouble =
          code === step.code ? outputTrouble(step.expected, output) : `ended with ${code}, not ${step.code}`;
        if (trouble === undefined) continue;
        const text = `${block.page}:${block.line}\n$ ${step.script}${trouble}\n${output}`;
        return { failures: [text], executed, notRun };
      }
    }
    return { failures: [], executed, notRun };
  } finally {
    await world?.stop();
  }
}

const isShell = ({ language }: Block) => language === "sh" || language === "console";

async function begin(page: string): Promise<PageWorld> {
  const world = await startPageWorld();
  if (FROM_NOTHING.has(page)) return world;
  await world.write("eso-bootstrap.yaml", SHOP);
  const { code, output } = await world.run("eso-bootstrap apply --yes\n");
  if (code === 0) return world;
  await world.stop();
  throw new Error(`apply, before ${page}:\n${output}`);
}

interface Step {
  readonly script: string;
  readonly code: number;
  /** Lines that must be seen; undefined: whatever it says. */
  readonly expected: string | undefined;
}

/** A console block is `$ command` and what it says, time after time; any other is one script. */
function stepsOf({ language, text, words }: Block): Step[] {
  const code = Number(words.get("exit") ?? 0);
  if (language === "sh") return [{ script: text, code, expected: undefined }];
  const parts = text.split(/^\$ /m).slice(1);
  return parts.map((part, index) => {
    const lines = part.split("\n");
    const end = lines.findIndex((line) => !line.endsWith("\\")) + 1;
    const expected = lines.slice(end).join("\n").trim();
    return {
      script: `${lines.slice(0, end).join("\n")}\n`,
      code: index === parts.length - 1 ? code : 0,
      expected: expected === "" ? undefined : expected,
    };
  });
}
