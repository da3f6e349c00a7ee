import { afterAll, beforeAll, expect, test } from "vitest";
import type { CheckResult } from "../../src/engine/check.ts";
import { init, troubleOf } from "./driving.ts";
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

const ELSEWHERE = { spec: { provider: { infisical: { secretsScope: { environmentSlug: "nosuch" } } } } };

const NO_EVENTS = { apiVersion: "v1", kind: "EventList", metadata: {}, items: [] };

/** What doctor says of the store itself. */
async function storeSays(): Promise<CheckResult | undefined> {
  const { stdout } = await world.cli(["doctor", "-A", "-o", "json"], { env: NO_CREDENTIAL });
  const { checks } = JSON.parse(stdout) as { checks: CheckResult[] };
  return checks.find(({ id }) => id.startsWith("store "));
}

test("where the events have expired, ESO's own log names the cause", async () => {
  const { stack, proxies, eso } = world;
  const store = ["secretstore/infisical", "-n", "shop"];
  await stack.kubectl(["patch", ...store, "--type=merge", "-p", JSON.stringify(ELSEWHERE)]);
  await stack.kubectl(["wait", ...store, "--for=condition=Ready=False", "--timeout=60s"]);
  const answer = (type: string, body: string) =>
    ({ kind: "answer", status: 200, headers: { "content-type": type }, body }) as const;
  const isEvents = (path: string) => /\/events\?/.test(path);
  proxies.kubernetes.judge = ({ path }) =>
    isEvents(path) ? answer("application/json", JSON.stringify(NO_EVENTS)) : { kind: "pass" };
  // The pods of this stack are kwok's: the API server finds no kubelet to ask for a log.
  const silent = await storeSays();
  expect(silent).toMatchObject({ status: "fail", code: "ESOB-S101" });
  expect(silent?.cause).toMatch(/its pods have no log$/);
  // What ESO, which runs beside the stack, has printed.
  proxies.kubernetes.judge = ({ path }) => {
    if (isEvents(path)) return answer("application/json", JSON.stringify(NO_EVENTS));
    return /\/pods\/[^/]+\/log\?/.test(path) ? answer("text/plain", eso.logs()) : { kind: "pass" };
  };
  expect(await storeSays()).toMatchObject({ status: "fail", code: "ESOB-R119" });
});
