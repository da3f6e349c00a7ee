import { describe, expect, it } from "vitest";
import { buildProgram } from "../../src/command-tree.ts";
import { COMMANDS } from "../../src/commands.ts";
import { filesBelow, textOf } from "../house/tree.ts";
import { createScreen } from "../unit/ui/screen.ts";
import { documentIn, run, SHOP } from "./person.ts";

const NAMES = COMMANDS.map(({ name }) => name);
const widest = (text: string) => Math.max(...text.split("\n").map((line) => line.length));

describe("help", () => {
  it("lists every command and the exit codes, on 80 columns", async () => {
    const { code, stdout, stderr, contacted } = await run(["--help"]);
    expect([code, stderr, contacted]).toEqual([0, "", []]);
    for (const name of NAMES) expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, "m"));
    for (const exit of ["3 doctor", "4 doctor", "6 plan", "130 interrupted"]) expect(stdout).toContain(exit);
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  it("is what the name alone says, and the word help", async () => {
    const { stdout } = await run(["--help"]);
    expect(await run([])).toMatchObject({ code: 0, stdout, stderr: "" });
    expect(await run(["help"])).toMatchObject({ code: 0, stdout, stderr: "" });
    const demo = await run(["demo", "--help"]);
    expect(await run(["help", "demo"])).toMatchObject({ code: 0, stdout: demo.stdout, stderr: "" });
  });

  const every = COMMANDS.flatMap((record) => [
    record,
    ...(record.commands ?? []).map((below) => ({ ...below, name: `${record.name} ${below.name}` })),
  ]);
  it.each(every.map(({ name, examples, apart = false }) => [name, examples, apart] as const))(
    "of %s has its flags and three examples",
    async (name, examples, apart) => {
      const { code, stdout, stderr } = await run([...name.split(" "), "--help"]);
      expect([code, stderr]).toEqual([0, ""]);
      for (const flag of ["--output", "--timeout", "--debug"]) expect(stdout).toContain(flag);
      for (const flag of ["--file", "--context"]) expect(stdout.includes(flag)).toBe(!apart);
      const whole = stdout.replaceAll(" \\\n    ", " ");
      for (const example of examples) expect(whole).toContain(example);
      expect(stdout).toMatch(/^Exit codes:\n {2}0 done/m);
      expect(widest(stdout)).toBeLessThanOrEqual(80);
    },
  );

  /** The command that a line is understood as, and the one that it names. */
  async function understood(typed: string): Promise<{ meant: readonly string[]; named: string | undefined }> {
    const line = /(?:^|[|(] ?|kubectl )eso-bootstrap ([^|>)]*)/.exec(typed)?.[1]?.trim() ?? "";
    const argv = line.split(/ +/).filter((word) => word !== "--help");
    const meant: string[] = [];
    const program = await buildProgram(
      argv,
      () => createScreen().terminal,
      async (_record, { command }) => void meant.push(command),
    );
    await program.parseAsync(argv, { from: "user" });
    return { meant, named: every.map(({ name }) => name).findLast((name) => line.startsWith(name)) };
  }

  it.each(every.flatMap(({ examples }) => examples))("its example is understood: %s", async (example) => {
    const { meant, named } = await understood(example);
    expect(meant).toEqual([named]);
  });

  it.each(inlineCommands())("%s: `%s` is understood", async (_page, line) => {
    const { meant, named } = await understood(line);
    expect(meant).toEqual([named]);
  });

  it("tells the version", async () => {
    expect((await run(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+/);
  });
});

/** Commands of ours in the running text of the pages, each once; the blocks are run by test/house/docs-run.test.ts. */
function inlineCommands(): [page: string, line: string][] {
  const lines = ["README.md", ...filesBelow("docs", ".md")].flatMap((page) => {
    const prose = textOf(page).replaceAll(/^\s*```[^]*?^\s*```$/gm, "");
    return [...prose.matchAll(/`((?:kubectl )?eso-bootstrap [a-z][^`\n]*)`/g)].map(
      ([, line = ""]): [string, [string, string]] => [line, [page, line]],
    );
  });
  return [...new Map(lines).values()];
}

const WRONG: readonly (readonly [what: string, argv: string[], says: string])[] = [
  ["an unknown command", ["aply"], "apply"],
  ["an unknown flag", ["plan", "--evironment", "prod"], "--environment"],
  ["a flag without its value", ["plan", "--file"], "--file"],
  ["too many words", ["plan", "shop"], "argument"],
  ["an unknown command below another", ["reviewer", "rotte"], "Did you mean rotate?"],
  ["an unknown command below another, behind a flag", ["reviewer", "--yes", "shwo"], "Did you mean show?"],
  ["one below that is like none", ["reviewer", "-n", "shop", "xyzzy"], "it has rotate, show, register"],
  ["a missing word", ["explain"], "code"],
  ["an output that is none", ["plan", "-o", "yaml"], "json"],
  ["an output of other commands", ["plan", "-o", "junit"], "human, json"],
  ["a timeout that is none", ["plan", "--timeout", "soon"], "duration"],
  ["add-secret: a key that is none", ["add-secret", "A KEY", "--to", "db"], "legal"],
  ["add-secret: one name for two keys", ["add-secret", "A", "B", "--as", "C"], "--as"],
  ["add-secret: no value on stdin", ["add-secret", "A", "--to", "db", "--value-stdin"], "stdin"],
  ["sync: a file that is not there", ["sync", "-f", "none.yaml"], "none.yaml"],
  ["sync: a timeout of nothing", ["sync", "--timeout", "0s"], "duration"],
  ["a code that is none", ["explain", "ESOB-R1O3"], "ESOB-R103"],
  ["a file that is not there", ["apply", "-f", "none.yaml", "--yes"], "none.yaml"],
  ["a flag before the last word", ["reviewer", "--yes", "rotate"], "after"],
  ["an age that is none", ["reviewer", "rotate", "--if-older-than", "soon"], "30d"],
  ["demo: a word too many", ["demo", "shop"], "argument"],
  ["demo: a breakage that is none", ["demo", "--break", "reviewer-tokn"], "reviewer-token"],
  ["completion: a shell that we know none for", ["completion", "tcsh"], "zsh"],
  ["nothing to go by", ["apply", "--yes"], "--project"],
];

describe("wrong usage: exit 2, nothing is contacted or written", () => {
  it.each(WRONG)("%s", async (_what, argv, says) => {
    const ran = await run(argv);
    expect(ran.code, ran.stderr).toBe(2);
    expect(ran.stdout).toBe("");
    expect(ran.stderr).toMatch(/^✖ .*/);
    expect(ran.stderr).toContain(says);
    expect(ran.stderr).toMatch(/^ {2}Fix /m);
    expect(ran.stderr).toContain("Nothing was changed.");
    expect([ran.contacted, ran.files.size]).toEqual([[], 0]);
  });

  it.each(WRONG)("%s, as one JSON document", async (_what, argv) => {
    const [command = "", ...rest] = argv;
    for (const json of [["-o", "json"], ["--output=json"], ["-ojson"]]) {
      const ran = await run([command, ...json, ...rest]);
      expect(ran.code).toBe(2);
      expect(documentIn(ran)).toMatchObject({ apiVersion: "eso-bootstrap/v1", kind: "Error", exitCode: 2 });
      expect(documentIn(ran)["code"]).toMatch(/^ESOB-C[135]/);
      expect(documentIn(ran)["fix"]).toHaveProperty("summary");
    }
  });

  it("a flag of one store where the file has several", async () => {
    const second = "  - {name: other, namespace: cart, environment: prod, path: /cart}\n";
    const file = SHOP.replace("secrets:", `${second}secrets:`);
    const ran = await run(["apply", "--path", "/shop", "--yes"], { files: { "eso-bootstrap.yaml": file } });
    expect([ran.code, ran.contacted]).toEqual([2, []]);
    expect(ran.stderr).toContain("ESOB-C105");
    expect(ran.stderr).toContain("--path");
  });

  it("an environment that names another Infisical than the file", async () => {
    const ran = await run(["plan"], {
      files: { "eso-bootstrap.yaml": SHOP },
      env: { INFISICAL_DOMAIN: "https://eu.infisical.com" },
    });
    expect([ran.code, ran.contacted]).toEqual([2, []]);
    expect(ran.stderr).toContain("ESOB-C106");
  });

  it("half a credential", async () => {
    const ran = await run(["plan"], {
      files: { "eso-bootstrap.yaml": SHOP },
      env: { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "3f61" },
    });
    expect([ran.code, ran.contacted]).toEqual([2, []]);
    expect(ran.stderr).toContain("INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET");
  });
});

describe("a file with mistakes", () => {
  const FILE = `apiVersion: eso-bootstrap/v1
infisical:
  host: https://infisical.example
  projct: shop
eso:
  manage: perhaps
stores:
  - {name: infisical, namespace: shop, environment: prod, path: /shop}
  - {name: infisical, namespace: shop, environment: dev, path: shop}
secrets:
  - {name: db, namespace: shop, store: infisical, refreshInterval: 1 fortnight, keys: [A]}
  - {name: db, namespace: shop, store: infisical, keys: [A]}
  - {name: mail, namespace: shop, store: infisicle, keys: [A]}
`;

  it.each(["init", "plan", "apply", "render", "store"])("%s: all are told at once", async (command) => {
    const yes = ["init", "apply", "store"].includes(command) ? ["--yes"] : [];
    const ran = await run([command, ...yes], { files: { "eso-bootstrap.yaml": FILE } });
    expect([ran.code, ran.contacted]).toEqual([2, []]);
    const lines = [
      /line 4, column \d+: unknown key "projct"; did you mean "project"\?/,
      /line 6, column \d+: .*perhaps/,
      /line 9, column \d+: [^:]*path: .*"shop"/,
      /line 11, column \d+: .*1 fortnight/,
    ];
    const flat = ran.stderr.replaceAll(/\s+/g, " ");
    for (const line of lines) expect(flat).toMatch(line);
    expect(ran.files.get("eso-bootstrap.yaml")).toBe(FILE);
  });

  it("names that are there twice, and a store that no one defines", async () => {
    const file = FILE.replace("projct", "project")
      .replace("perhaps", "true")
      .replace("path: shop", "path: /shop")
      .replace("1 fortnight", "60s");
    const ran = await run(["plan"], { files: { "eso-bootstrap.yaml": file } });
    expect(ran.code).toBe(2);
    const flat = ran.stderr.replaceAll(/\s+/g, " ");
    expect(flat).toMatch(/line 9, .*infisical/);
    expect(flat).toMatch(/line 12, .*db/);
    expect(flat).toMatch(/line 13, .*infisicle.*infisical/);
  });
});
