import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
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

/** What this stack cannot show, by the check's id; nothing else may be skipped. */
const SKIPS: readonly string[] = [];

const skips = ({ checks }: Report) =>
  checks
    .filter(({ status, id }) => status === "skip" && !SKIPS.includes(id.split(" ")[0] ?? ""))
    .map(({ id, skippedBecause }) => `${id}: ${skippedBecause}`);

const NO_CREDENTIAL = {
  INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "",
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "",
};

const idsOf = ({ checks }: Report) =>
  [
    ...new Set(checks.filter(({ status }) => status === "skip").map(({ id }) => id.split(" ")[0] ?? "")),
  ].toSorted();

const FLAGS = ["--doctor-rbac", "--doctor-rbac --no-secrets", "--doctor-rbac=login"];

/** What docs/ci.md says that doctor skips with the role: the table's column of the flags. */
function told(flags: string): string[] {
  const page = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|(.*)\|$/gm)];
  return rows.flatMap(([, ids = "", cells = ""]) => {
    const cell = cells.split("|")[1 + FLAGS.indexOf(flags)];
    return cell?.trim() === "skipped" ? (ids.match(/[a-z-]+/g) ?? []) : [];
  });
}

/** A kubeconfig of the ServiceAccount that `render` prints, with those rights and no others. */
async function accountWith(flags: string): Promise<string> {
  const { stack, dir } = world;
  await stack.kubectl(["delete", "namespace", "ci", "--ignore-not-found"]);
  await stack.kubectl(["create", "namespace", "ci"]);
  const { stdout } = await world.cli(["render", ...flags.split(" "), "-n", "ci"]);
  await stack.kubectl(["apply", "-f", "-"], stdout);
  const token = await stack.kubectl(["create", "token", "eso-bootstrap-doctor", "-n", "ci"]);
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

  test("with a kubeconfig only", async () => {
    const run = await world.cli(["doctor", "-A", "-o", "json"], {
      env: { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "", INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "" },
    });
    const json = JSON.parse(run.stdout) as Report;
    expect(troubles(json)).toEqual([]);
    expect(skips(json)).toEqual([]);
    expect(run.code).toBe(0);
  });

  describe("with exactly the role that render prints", () => {
    test.each([
      ["--doctor-rbac", []],
      ["--doctor-rbac --no-secrets", ["--no-secrets"]],
      ["--doctor-rbac=login", []],
    ] as const)("%s", async (flags, look) => {
      const env = { ...NO_CREDENTIAL, KUBECONFIG: await accountWith(flags) };
      const run = await world.cli(["doctor", "-A", ...look, "-o", "json"], { env });
      const json = JSON.parse(run.stdout) as Report;
      expect(troubles(json)).toEqual([]);
      expect(told(flags)).not.toEqual([]);
      expect(idsOf(json)).toEqual(told(flags).toSorted());
      expect(run.code).toBe(0);
    });
  });

  test("one namespace, one name", async () => {
    const run = await runJson<Report>(world, "doctor", "shop-db", "-n", "shop");
    expect(troubles(run.json)).toEqual([]);
    expect(skips(run.json)).toEqual([]);
    expect(run.code).toBe(0);
  });
});
