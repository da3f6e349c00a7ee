import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StatusReport } from "../../src/status/report.ts";
import { startSession } from "../helpers/pty.ts";
import type { Running } from "../helpers/run-cli.ts";
import { init, readyReason, runJson, troubleOf } from "./driving.ts";
import { until } from "./stack/poll.ts";
import { settings, startWorld, type World } from "./world.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
  await world.config(settings(world));
  expect(troubleOf(await init(world))).toBe("");
});
afterAll(() => world?.stop());

const NO_CREDENTIAL = {
  INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "",
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "",
};

const breakSecret = (key: string) =>
  world.stack.kubectl([
    "patch",
    "externalsecret/shop-db",
    "-n",
    "shop",
    "--type=json",
    "-p",
    JSON.stringify([{ op: "replace", path: "/spec/data/0/remoteRef/key", value: key }]),
  ]);

/** Mends the ExternalSecret; ESO may take a while to notice that the API server is back. */
async function mend(): Promise<void> {
  await breakSecret("DB_HOST");
  const isSynced = async () =>
    (await readyReason(world, "namespaces/shop/externalsecrets/shop-db")) === "SecretSynced";
  await until("ESO to sync again", isSynced, { timeoutMs: 90_000, everyMs: 500 });
}

describe("status", () => {
  test("tells stores, secrets, reviewer and ESO; needs only a kubeconfig", async () => {
    const run = await world.cli(["status", "-o", "json"], { env: NO_CREDENTIAL });
    expect([run.code, run.stderr]).toEqual([0, ""]);
    const report = JSON.parse(run.stdout) as StatusReport;
    expect(report).toMatchObject({
      kind: "Status",
      cluster: "e2e",
      eso: [{ namespace: "external-secrets", available: true }],
      reviewers: [{ serviceAccount: "infisical-token-reviewer", token: "unlimited" }],
      stores: [
        {
          namespace: "shop",
          name: "infisical",
          state: "Valid",
          identity: "eso-e2e-shop-infisical",
          scope: "prod:/shop",
          secrets: 1,
          managedBy: "eso-bootstrap",
        },
      ],
      secrets: [
        { name: "shop-db", ready: true, keys: { wanted: 3, present: 3 }, late: false, target: "shop-db" },
      ],
      hidden: [],
    });
    expect(JSON.stringify(report)).not.toContain("canary");
  });

  test("broken things are told, with exit 0, and an API server that is away with exit 5", async () => {
    await breakSecret("NO_SUCH_KEY");
    await until("ESO to notice", async () => {
      const { json } = await runJson<StatusReport>(world, "status", "-A");
      return json.secrets[0]?.ready === false;
    });
    const human = await world.cli(["status"]);
    expect(human.code).toBe(0);
    expect(human.stderr).toMatch(/[✖x] shop\/shop-db[^\n]*\n {4}SecretSyncedError: /);
    await mend();
    await world.stack.stopApiServer();
    const away = await runJson<{ code: string }>(world, "status");
    await world.stack.startApiServer();
    expect([away.code, away.json.code]).toEqual([5, "ESOB-K101"]);
  });

  test("--watch tells each change in a line, also after the API server was away", async () => {
    await mend();
    let child: Running | undefined;
    let text = "";
    const sees = (what: RegExp) =>
      until(String(what), () => what.test(text), { timeoutMs: 60_000, explain: () => text });
    const watching = world.cli(["status", "--watch"], {
      onStart: (started) => {
        child = started;
      },
      onStderr: (chunk) => (text += chunk),
    });
    await sees(/shop\/shop-db/);
    await breakSecret("NO_SUCH_KEY");
    await sees(/ExternalSecret shop\/shop-db {2}SecretSynced (→|->) SecretSyncedError/);
    await world.stack.stopApiServer();
    await sees(/What\s+is\s+shown\s+may\s+be\s+old/);
    await world.stack.startApiServer();
    await mend();
    await sees(/SecretSyncedError[^\n]* (→|->) SecretSynced\n/);
    child?.kill();
    expect((await watching).signal).toBe("SIGKILL");
  });

  test("--watch redraws in place on a terminal, and ends with Ctrl-C", async () => {
    await mend();
    const session = startSession({ args: ["status", "--watch"], cwd: world.dir, env: world.env });
    await session.sees("shop/shop-db");
    await breakSecret("NO_SUCH_KEY");
    await session.sees("SecretSyncedError");
    expect(session.raw()).toContain("\u001b[J");
    session.type("\u0003");
    expect(await session.ended).toBe(130);
  });

  test("-o json cannot be watched", async () => {
    const run = await runJson<{ code: string }>(world, "status", "--watch");
    expect([run.code, run.json.code]).toEqual([2, "ESOB-C404"]);
  });
});
