import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { at, jsonOf, recordsAt, textOf } from "../../src/data.ts";
import { BREAKAGES } from "../../src/sandbox/demo/index.ts";
import { openOtherShell, type OtherShell } from "./other-shell.ts";

/*
 * Everything that `demo --break` knows, in the other shell of a demo: doctor names it, and what doctor prints is typed there as it
 * stands, with the real kubectl. `ESO_BOOTSTRAP_BREAK_TRANSCRIPT` names a file that gets a few lines of each.
 */
let shell: OtherShell;
beforeAll(async () => {
  shell = await openOtherShell("ESO_BOOTSTRAP_BREAK_TRANSCRIPT");
});
afterAll(() => shell?.stop());

interface Seen {
  readonly code: number;
  /** Codes of failures, then of warnings. */
  readonly troubles: readonly unknown[];
  /** The command of the first. */
  readonly command: string | undefined;
}

async function look(...more: string[]): Promise<Seen> {
  const line = ["eso-bootstrap doctor", ...more].join(" ");
  const { code, stdout } = await shell.type(`${line} -o json`);
  const report = jsonOf(stdout);
  const checks = recordsAt(report, "checks");
  const troubles = ["fail", "warn"].flatMap((status) => checks.filter((check) => check["status"] === status));
  const codes = troubles.map((check) => check["code"]);
  const told = troubles.map(({ code: its, follows }) => (follows === undefined ? its : `(${String(its)})`));
  const summary = codes.length > 0 ? told.join(" ") : `${String(at(report, "summary", "passed"))} passed`;
  shell.note(`  $ ${line}\n      exit ${code}: ${summary}`);
  return { code, troubles: codes, command: textOf(at(troubles[0], "fix", "command")) };
}

/** Nobody is there to confirm a plan. */
async function obey(command: string): Promise<void> {
  const line = command.replaceAll(/\beso-bootstrap (?!sync)[^&]+/g, (ours) => `${ours.trim()} --yes `).trim();
  const { code, text } = await shell.type(line);
  shell.note(`  $ ${line}\n      exit ${code}`);
  expect(code, text).toBe(0);
}

const ROUNDS = 3;

describe("broken in the demo, named first, and mended by what doctor prints", () => {
  test.each(BREAKAGES.map((breakage) => [breakage.name, breakage] as const))("%s", async (name, breakage) => {
    const { byHand, code, what } = breakage;
    shell.note(`\n${name} (${code}): ${what}`);
    await shell.demo.break(breakage);
    let seen = await look();
    expect(seen.troubles[0]).toBe(code);
    for (let round = 0; seen.troubles.length > 0 && round < ROUNDS; round += 1) {
      if (seen.command !== undefined) await obey(seen.command);
      else {
        shell.note(`  by hand: ${byHand?.what}`);
        await shell.demo.mendByHand(breakage);
        if (byHand?.afterwards) await obey(["eso-bootstrap", ...byHand.afterwards].join(" "));
      }
      seen = await look("--wait=3s");
    }
    expect(seen).toEqual({ code: 0, troubles: [], command: undefined });
  });
});
