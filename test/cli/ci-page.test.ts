import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parseDocument } from "yaml";
import { COMMANDS } from "../../src/commands.ts";
import { OUTPUTS } from "../../src/invocation.ts";
import { run } from "./person.ts";

const PAGE = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(
    ([, text = ""]) => text,
  );

describe("docs/ci.md", () => {
  it.each(blocks("yaml").map((text) => [text.split("\n")[0], text]))(
    "has YAML that parses: %s",
    (_, text) => {
      const document = parseDocument(text ?? "", { strict: true });
      expect([...document.errors, ...document.warnings]).toEqual([]);
      expect(JSON.stringify(document.toJS())).not.toBe("null");
    },
  );

  it("has a job for GitHub and one for GitLab that run doctor", () => {
    const [github, , , , gitlab] = blocks("yaml").map((text) => parseDocument(text).toJS() as unknown);
    expect(github).toMatchObject({ jobs: { doctor: { "runs-on": expect.any(String) } } });
    expect(JSON.stringify(github)).toContain("eso-bootstrap doctor --wait=5m --fresh -o github");
    expect(gitlab).toMatchObject({ secrets: { artifacts: { reports: { junit: "doctor.xml" } } } });
  });

  const commands = [...blocks("yaml"), ...blocks("sh")].flatMap((text) => [
    ...text.matchAll(/eso-bootstrap ([a-z]+) ([^\n|>]*)/g),
  ]);

  it.each(commands.map(([line = "", command = "", rest = ""]) => [line, command, rest]))(
    "uses flags that there are: %s",
    async (_, command = "", rest = "") => {
      const { stdout } = await run([command, "--help"]);
      for (const [flag] of rest.matchAll(/--[a-z-]+/g)) expect(stdout).toContain(flag);
      const [, output] = /-o (\w+)/.exec(rest) ?? [];
      const known = COMMANDS.find(({ name }) => name === command)?.outputs;
      expect(output === undefined || known?.some((one) => one === output)).toBe(true);
    },
  );

  it("describes every format", () => {
    for (const output of OUTPUTS) expect(PAGE).toContain(`| \`${output}\` |`);
  });
});
