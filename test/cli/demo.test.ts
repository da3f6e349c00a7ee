import { setMaxListeners } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { runCli } from "../../src/cli.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import { recordsAt } from "../../src/data.ts";
import { BREAKAGES } from "../../src/sandbox/demo/index.ts";
import { breakEach } from "../helpers/break-each.ts";
import { createScreen } from "../unit/ui/screen.ts";

vi.setConfig({ testTimeout: 90_000 }); // it is real work, and the machine may have other work

/** All that is left on the disk afterwards must be here: nothing. */
let temp: string;

beforeEach(() => {
  temp = mkdtempSync(join(tmpdir(), "demo-test-"));
  vi.stubEnv("TMPDIR", temp);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(temp, { recursive: true });
});

/** A machine whose own settings would lead into the wild, were they heeded. */
const ENV = {
  HOME: "/nowhere",
  KUBECONFIG: "/nowhere/kubeconfig",
  INFISICAL_API_URL: "http://127.0.0.1:9",
  INFISICAL_TOKEN: "not-for-the-demo",
  ESO_BOOTSTRAP_PROJECT: "not-for-the-demo",
  HTTPS_PROXY: "http://127.0.0.1:9",
};

async function demo(argv: readonly string[], onScreen: (text: string, abort: () => void) => void = () => {}) {
  const { terminal, stdout, stderr } = createScreen();
  const controller = new AbortController();
  setMaxListeners(0, controller.signal); // every request under way listens, as main.ts says
  const abort = () => controller.abort("SIGINT");
  const deps = createDeps({
    process: Object.assign({ ...process }, { env: ENV }),
    signal: controller.signal,
  });
  const secrets: string[] = [];
  const watched = {
    ...terminal,
    stderr: {
      write: (text: string) => {
        terminal.stderr.write(text);
        onScreen(text, abort);
      },
    },
  };
  const at = (given: Deps): Deps => ({
    ...given,
    terminal: () => watched,
    interactive: false,
    elsewhere: (place) => {
      secrets.push(place.env["INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET"] ?? "");
      return at(given.elsewhere(place));
    },
  });
  const code = await runCli(["demo", ...argv], at(deps));
  return { code, stdout: stdout(), stderr: stderr(), secrets, left: readdirSync(temp) };
}

describe("demo", () => {
  test("goes the road with the true commands, shows no secret and leaves nothing", async () => {
    const { code, stdout, stderr, secrets, left } = await demo([]);
    expect(code, stderr).toBe(0);
    expect(stdout).toBe("");
    const counts = [...stderr.matchAll(/^ {2}(?:DB_\w+|API_KEY) +(not set|\*{8})/gm)].map(([, what]) => what);
    const set = (many: number) => Array.from({ length: 5 }, (_, i) => (i < many ? "********" : "not set"));
    expect(counts).toEqual([...set(0), ...set(4), ...set(5)]);
    const said = ["$ eso-bootstrap init", "Plan ·", "has 4 of 4 keys", "passed · exit 0", "it has API_KEY"];
    const whole = stderr.replace(/\s+/g, " ");
    expect(said.map((text) => whole.indexOf(text) > 0)).toEqual(said.map(() => true));
    const places = said.map((text) => whole.indexOf(text));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(secrets.filter((secret) => secret === "" || stderr.includes(secret))).toEqual([]);
    expect(stderr).not.toMatch(/eyJ[\w-]+\.|demo-[0-9a-f]{16}/);
    expect(left).toEqual([]);
  });

  test("is the same with the same seed, but for ports, folder and times", async () => {
    const masked = async (seed: string) =>
      (await demo(["--seed", seed])).stderr
        .replaceAll(/127\.0\.0\.1:\d+/g, "HOST:PORT")
        .replaceAll(/eso-bootstrap-demo-\w+/g, "FOLDER")
        .replaceAll(/ +\d+\.\d+s/g, " TIME")
        .replaceAll(/\s+/g, " ");
    const [first, again, other] = [await masked("7"), await masked("7"), await masked("8")];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test("takes nothing that names another cluster", async () => {
    const { code, stderr, left } = await demo(["--context", "prod"]);
    expect([code, left]).toEqual([2, []]);
    expect(stderr).toContain("demo takes no --context");
  });

  test("is one document with -o json", async () => {
    const { code, stdout, secrets, left } = await demo(["-o", "json"]);
    const items = recordsAt(JSON.parse(stdout), "items");
    expect([code, items.map(({ kind }) => kind)]).toEqual([
      0,
      ["ApplyResult", "DoctorReport", "ApplyResult"],
    ]);
    expect(items[1]).toMatchObject({ summary: { failed: 0, warnings: 0, skipped: 0 } });
    expect(stdout).not.toContain(secrets[0]);
    expect(stdout).not.toMatch(/eyJ[\w-]+\.|demo-[0-9a-f]{16}/);
    expect(left).toEqual([]);
  });

  test("stays up with --keep, and the page shows no value", async () => {
    let url = "";
    const pages: Promise<string>[] = [];
    const { stderr, left, secrets } = await demo(["--keep"], (text, abort) => {
      url ||= /http:\/\/127\.0\.0\.1:\d+$/m.exec(text)?.[0] ?? "";
      if (!text.includes("sync shop-db")) return;
      const ask = (accept: string) => fetch(url, { headers: { accept } }).then((answer) => answer.text());
      pages.push(ask("text/html"), ask("*/*"));
      void Promise.allSettled(pages).then(abort);
    });
    const [html = "", text = ""] = await Promise.all(pages);
    expect(text).toMatch(/^pod shop-\w+-\w+\nDB_HOST=\*{8} {2}\d+ characters\n(.*\n){3}API_KEY=\*{8}.*\n$/);
    expect(html.match(/<tr><td>/g)).toHaveLength(5);
    expect(html + stderr).not.toMatch(/demo-[0-9a-f]{16}/);
    for (const secret of secrets) expect(stderr).not.toContain(secret);
    expect(stderr).toContain('export INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET="$(cat client-secret)"');
    expect(left).toEqual([]);
  });

  test("ends clean when it is interrupted", async () => {
    const { code, stderr, left } = await demo([], (text, abort) => {
      if (text.includes("SecretStore shop/infisical")) abort();
    });
    expect(code).toBe(130);
    expect(stderr).not.toContain("$ eso-bootstrap doctor");
    expect(left).toEqual([]);
  });
});

describe("demo --break", () => {
  test("lists what it can break", async () => {
    const { code, stdout, left } = await demo(["--break", "list"]);
    expect([code, left]).toEqual([0, []]);
    expect(stdout.trim().split("\n")).toHaveLength(BREAKAGES.length);
    for (const { name, code: named } of BREAKAGES)
      expect(stdout).toMatch(new RegExp(`^${name} +${named} `, "m"));
    expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  test("has doctor name it, and leaves the fix to the person where nobody says yes", async () => {
    const { code, stderr, left } = await demo(["--break", "reviewer-token"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/Now something breaks\.[^]*\$ eso-bootstrap doctor\n[^]*ESOB-R205/);
    expect(stderr).not.toContain("$ eso-bootstrap apply");
    expect(left).toEqual([]);
  });

  /** Mended by a command of ours, by kubectl, by both, at Infisical, by one after the other; a warning. All: test/package. */
  const KINDS = ["store-deleted", "eso-scaled", "guide-namespace", "key-gone", "finalizer", "universal-auth"];
  test("one of each kind is named first, and what doctor prints mends it", async () => {
    const chosen = BREAKAGES.filter(({ name }) => KINDS.includes(name));
    expect(chosen).toHaveLength(KINDS.length);
    expect(await breakEach(chosen)).toEqual(
      chosen.map(({ name, code }) => ({ name, code, exits: 0, left: [] })),
    );
    expect(readdirSync(temp)).toEqual([]);
  });
});
