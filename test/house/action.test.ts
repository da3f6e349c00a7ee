import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { COMMANDS } from "../../src/commands.ts";
import { ROOT, textOf } from "./tree.ts";

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string; readonly description: string }>>;
  readonly runs: {
    readonly steps: readonly [{ readonly env: Record<string, string>; readonly run: string }];
  };
}

const { inputs, runs } = parse(textOf("action.yml")) as Action;
const [step] = runs.steps;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eso action "));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The step as a runner executes it, with an npx that writes down what it was given. */
function runStep(given: Record<string, string>): { args: string[]; code: number | null } {
  writeFileSync(join(folder, "npx"), `#!/bin/bash\nprintf '%s\\n' "$@" > "${folder}/args"\necho report\n`);
  chmodSync(join(folder, "npx"), 0o755);
  const env = Object.fromEntries(
    Object.entries(step.env).map(([variable, expression]) => {
      const [, name = ""] = /^\$\{\{ inputs\.([\w-]+) \}\}$/.exec(expression) ?? [];
      return [variable, given[name] ?? inputs[name]?.default ?? ""];
    }),
  );
  const { status } = spawnSync("bash", ["-eo", "pipefail", "-c", step.run], {
    cwd: folder,
    env: {
      ...env,
      GITHUB_ACTION_PATH: ROOT,
      PATH: `${folder}:${dirname(process.execPath)}:/usr/bin:/bin`,
    },
  });
  return { args: readFileSync(join(folder, "args"), "utf8").trimEnd().split("\n"), code: status };
}

describe("action.yml", () => {
  it("runs doctor, annotations first", () => {
    const { version } = JSON.parse(textOf("package.json")) as { version: string };
    const asked = (of: string) => ["--yes", `eso-bootstrap@${of}`, "doctor", "-o", "github"];
    expect(runStep({})).toEqual({ args: asked(version), code: 0 });
    expect(runStep({ version: "latest" })).toEqual({ args: asked("latest"), code: 0 });
  });

  it("hands arguments and the file over, and no more than that", () => {
    const given = {
      arguments: "--wait=5m $(touch hacked); touch hacked",
      output: "sarif",
      file: "out.sarif",
    };
    const asked = ["doctor", "-o", "sarif", "--wait=5m", "$(touch", "hacked);", "touch", "hacked"];
    expect(runStep(given).args.slice(2)).toEqual(asked);
    expect(existsSync(join(folder, "hacked"))).toBe(false);
    expect(readFileSync(join(folder, "out.sarif"), "utf8")).toBe("report\n");
  });

  it("names the formats that doctor has", () => {
    const outputs = COMMANDS.find(({ name }) => name === "doctor")?.outputs ?? [];
    const told = (inputs["output"]?.description ?? "").split(": ")[1]?.match(/\w+/g) ?? [];
    expect(told.filter((word) => word !== "or").toSorted()).toEqual([...outputs].toSorted());
  });
});
