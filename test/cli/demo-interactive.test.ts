import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EARLY } from "../../src/sandbox/demo/shop.ts";
import { KEYS, startSession, type Session } from "../helpers/pty.ts";

/** The sources: `npm test` needs no build. */
const PROGRAM = [
  "--import",
  import.meta.resolve("tsx"),
  fileURLToPath(new URL("../../src/main.ts", import.meta.url)),
];

let temp: string;
let session: Session | undefined;
beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), "demo-interactive-"));
});
afterEach(() => {
  session?.kill();
  rmSync(temp, { recursive: true, force: true });
});

/** The run wants a pseudo-terminal from util-linux's `script`. */
test.runIf(process.platform === "linux")(
  "a person answers the demo's questions, and sees it through",
  { timeout: 90_000 }, // it is real work, and the machine may have other work
  async () => {
    const { PATH = "" } = process.env;
    const env = { PATH, HOME: temp, LANG: "C.UTF-8" };
    const at = (session = startSession({
      args: ["demo", "--interactive"],
      cwd: temp,
      env,
      program: PROGRAM,
    }));
    await at.sees("at Infisical: project shop, environment prod, folder /shop.");
    await at.choose("Cluster", "sandbox");
    await at.choose("Project", "shop");
    await at.choose("Environment", "prod");
    await at.choose("Folder", "/shop →");
    await at.choose("Folder", "/shop  (4 names");
    await at.choose("Store", "SecretStore");
    await at.asks("Keys");
    for (const key of EARLY) {
      await at.pointAt(key);
      at.type(KEYS.space);
      await at.sees(`◉ ${key}`);
    }
    at.type(KEYS.enter);
    await at.choose("Refresh", "60s");
    await at.choose("Reviewer", "a token of its own");
    await at.answer("Apply th", "y");
    expect(await at.ended, at.screen()).toBe(0);
    const screen = at.screen();
    expect(screen).toContain("Proved: ESO logged in to Infisical as itself");
    expect(screen).toMatch(/\d+ passed · exit 0\n[^]*\$ eso-bootstrap add-secret API_KEY/);
    const shown = [...screen.matchAll(/^ {2}(?:DB_\w+|API_KEY) +(not set|\*{8})/gm)].map(([, what]) => what);
    const set = (many: number) => Array.from({ length: 5 }, (_, i) => (i < many ? "********" : "not set"));
    expect(shown).toEqual([...set(0), ...set(4), ...set(5)]);
    expect(screen.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect(at.raw()).not.toMatch(/eyJ[\w-]+\.|demo-[0-9a-f]{16}/);
    const [folder = ""] = /\/\S*eso-bootstrap-demo-\w+/.exec(screen) ?? [];
    expect([folder !== "", existsSync(folder), readdirSync(temp)]).toEqual([true, false, []]);
  },
);
