import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CheckResult } from "../../src/engine/check.ts";
import { init, runJson, troubleOf } from "./driving.ts";
import { settings, startWorld, type World } from "./world.ts";

interface Report {
  summary: { passed: number; failed: number; warnings: number; skipped: number };
  checks: CheckResult[];
}

let world: World;
beforeAll(async () => {
  world = await startWorld();
  await world.config(settings(world));
  expect(troubleOf(await init(world))).toBe("");
});
afterAll(() => world?.stop());

const troubles = ({ checks }: Report) =>
  checks
    .filter(({ status }) => status === "fail" || status === "warn")
    .map(({ code, id, message, cause }) => `${code} ${id}: ${message} (${cause})`);

const skips = ({ checks }: Report) =>
  checks
    .filter(({ status }) => status === "skip")
    .map(({ id, skippedBecause }) => `${id}: ${skippedBecause}`);

const NO_CREDENTIAL = {
  INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "",
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "",
};

const idsOf = ({ checks }: Report) =>
  [
    ...new Set(checks.filter(({ status }) => status === "skip").map(({ id }) => id.split(" ")[0] ?? "")),
  ].toSorted();

test("what init is told by a flag goes into the file, so that doctor judges by what was set up", async () => {
  const before = await world.file("eso-bootstrap.yaml");
  const three = ["DB_HOST", "DB_PASSWORD", "DB_USER"];
  expect(before).toMatch(new RegExp(three.map((key) => `- ${key}\\n`).join(" +")));
  const run = await world.cli(["init", "--yes", "--keys", "DB_HOST,DB_USER"]);
  expect([run.code, run.stderr]).toEqual([
    0,
    expect.stringMatching(/Saved: eso-bootstrap\.yaml \(secrets\[0\]\.keys\)/),
  ]);
  const { json, code } = await runJson<Report>(world, "doctor");
  expect([code, troubles(json)]).toEqual([0, []]);
  expect(Object.keys(await world.secret("shop", "shop-db")).toSorted()).toEqual(["DB_HOST", "DB_USER"]);
  expect(troubleOf(await init(world, "--keys", three.join(",")))).toBe("");
  expect(await world.file("eso-bootstrap.yaml")).toBe(before);
});

const FLAGS = [
  "--doctor-rbac",
  "--doctor-rbac --no-secrets",
  "--doctor-rbac=login",
  "--doctor-rbac=login, --trust-host",
  "all rights",
] as const;
type Flags = (typeof FLAGS)[number];

/** What docs/ci.md says that doctor skips without the file: the table's column of the flags. */
function told(flags: Flags): string[] {
  const page = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|(.*)\|$/gm)];
  const skipped = rows.flatMap(([, ids = "", cells = ""]) => {
    const cell = cells.split("|")[1 + FLAGS.indexOf(flags)];
    return cell?.trim() === "skipped" ? (ids.match(/[a-z-]+/g) ?? []) : [];
  });
  if (skipped.length === 0) throw new Error(`docs/ci.md has no column for ${flags}`);
  return skipped;
}

/** Looks from an empty folder: nobody has named an Infisical. */
async function fromNowhere(look: readonly string[], env: Record<string, string> = {}) {
  const cwd = join(world.dir, "empty");
  await mkdir(cwd, { recursive: true });
  return anonymously(look, { cwd, env });
}

/** Without an Infisical credential. */
async function anonymously(
  look: readonly string[],
  { env = {}, ...more }: { env?: Record<string, string>; cwd?: string },
) {
  const args = ["doctor", "-A", ...look, "-o", "json"];
  const { code, stdout } = await world.cli(args, { ...more, env: { ...NO_CREDENTIAL, ...env } });
  const json = JSON.parse(stdout) as Report;
  return { json, verdict: { code, troubles: troubles(json), skipped: idsOf(json) } };
}

const BINDING = ["clusterrolebinding", "infisical-token-reviewer"];

/** Healthy, but for what docs/ci.md says is skipped. */
const healthyBut = (skipped: readonly string[]) => ({
  code: 0,
  troubles: [],
  skipped: skipped.toSorted(),
});

const becauseOf = ({ checks }: Report, id: string) =>
  checks.find((check) => check.id.startsWith(`${id} `))?.skippedBecause;

/** Each in a namespace of its own: none has to wait until another is gone. The roles are the last one's. */
let accounts = 0;

/** A kubeconfig of the ServiceAccount that `render` prints, with those rights and no others. */
async function accountWith(flags: Exclude<Flags, "all rights">): Promise<string> {
  const { stack, dir } = world;
  const namespace = `ci-${(accounts += 1)}`;
  await stack.kubectl(["create", "namespace", namespace]);
  const { stdout } = await world.cli(["render", ...flags.split(" "), "-n", namespace]);
  await stack.kubectl(["apply", "-f", "-"], stdout);
  const token = await stack.kubectl(["create", "token", "eso-bootstrap-doctor", "-n", namespace]);
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "e2e",
    clusters: [
      {
        name: "e2e",
        cluster: {
          server: stack.apiServer,
          "certificate-authority-data": Buffer.from(stack.caPem).toString("base64"),
        },
      },
    ],
    users: [{ name: "doctor", user: { token: token.trim() } }],
    contexts: [{ name: "e2e", context: { cluster: "e2e", user: "doctor" } }],
  };
  const path = join(dir, "doctor.kubeconfig");
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

describe("doctor on a healthy stack", () => {
  test("with the file and the operator's credential", async () => {
    const run = await runJson<Report>(world, "doctor", "-f", "eso-bootstrap.yaml");
    expect(troubles(run.json)).toEqual([]);
    expect(skips(run.json)).toEqual([]);
    expect(run.code).toBe(0);
    expect(run.json.summary.passed).toBeGreaterThan(2);
  });

  test("with a kubeconfig only: ESO's token goes nowhere", async () => {
    const { json, verdict } = await fromNowhere([]);
    expect(verdict).toEqual(healthyBut(told("all rights")));
    expect(becauseOf(json, "login")).toContain(`pass --trust-host ${world.infisical.url}`);
  });

  test("with a kubeconfig and --trust-host", async () => {
    const { verdict } = await fromNowhere(["--trust-host", world.infisical.url]);
    expect(verdict).toEqual(healthyBut([]));
  });

  describe("with exactly the role that render prints, and without the file", () => {
    test.each([
      ["--doctor-rbac", []],
      ["--doctor-rbac --no-secrets", ["--no-secrets"]],
      ["--doctor-rbac=login", []],
    ] as const)("%s", async (flags, look) => {
      const { verdict } = await fromNowhere(look, { KUBECONFIG: await accountWith(flags) });
      expect(verdict).toEqual(healthyBut(told(flags)));
    });

    test("--doctor-rbac=login, and --trust-host: the login is proved", async () => {
      const trust = ["--trust-host", world.infisical.url];
      const env = { KUBECONFIG: await accountWith("--doctor-rbac=login") };
      const { json, verdict } = await fromNowhere(trust, env);
      expect(verdict).toEqual(healthyBut(told("--doctor-rbac=login, --trust-host")));
      const passed = json.checks.filter(({ status }) => status === "pass").map(({ id }) => id.split(" ")[0]);
      expect(passed).toEqual(expect.arrayContaining(["token", "review", "login", "list", "width"]));
    });
  });

  test("with the role in the file's folder: its host is named", async () => {
    const env = { KUBECONFIG: await accountWith("--doctor-rbac=login") };
    const { verdict } = await anonymously([], { env });
    expect(verdict).toEqual(healthyBut(told("--doctor-rbac=login, --trust-host")));
  });

  test("with the role, which may write nothing: --wait sees what somebody else mends", async () => {
    const { stack } = world;
    const found = await stack.kubectl(["get", ...BINDING, "-o", "json"]);
    const { metadata, ...rest } = JSON.parse(found) as { metadata: Record<string, unknown> };
    const { name, labels } = metadata;
    const binding = JSON.stringify({ ...rest, metadata: { name, labels } });
    const KUBECONFIG = await accountWith("--doctor-rbac=login");
    await stack.kubectl(["delete", ...BINDING]);
    let mended: Promise<string> | undefined;
    const onStderr = (text: string) => {
      if (text.includes("first ESOB-R202")) mended ??= stack.kubectl(["apply", "-f", "-"], binding);
    };
    try {
      const env = { ...NO_CREDENTIAL, KUBECONFIG };
      const run = await world.cli(["doctor", "-A", "--wait=90s"], { env, onStderr });
      expect([run.code, run.stderr, await mended]).toEqual([
        0,
        expect.stringMatching(/\d passed, 1 skipped · exit 0/),
        expect.stringMatching(/created/),
      ]);
    } finally {
      await stack.kubectl(["apply", "-f", "-"], binding);
    }
  });

  test("one namespace, one name", async () => {
    const run = await runJson<Report>(world, "doctor", "shop-db", "-n", "shop");
    expect(troubles(run.json)).toEqual([]);
    expect(skips(run.json)).toEqual([]);
    expect(run.code).toBe(0);
  });
});
