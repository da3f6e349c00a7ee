import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { runCli } from "../helpers/run-cli.ts";
import { isInfisicalWrite, isKubernetesWrite, type Seen } from "../helpers/proxy.ts";
import { KEYS, startSession, type Session } from "../helpers/pty.ts";
import { merge } from "../../src/desired/manifests.ts";
import { esoHelmValues } from "./stack/eso.ts";
import { startWorld, type World } from "./world.ts";

/*
 * Acceptance 8: the built package in a real pseudo-terminal, against the real stack. `ESO_BOOTSTRAP_SESSION_FILE` names a
 * file that the first session is written to as text.
 */

let world: World;
let chart: string;
let home: string;
let session: Session | undefined;

beforeAll(async () => {
  world = await startWorld();
  world.infisical.createProject("Infra Tools", "infra-tools-x7k2");
  world.infisical.addMember("infra-tools-x7k2", world.infisical.operator.identityId, "admin");
  chart = await quietChart();
});

afterAll(async () => {
  await world?.stop();
});

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "eso-bootstrap-wizard-"));
  for (const proxy of Object.values(world.proxies)) proxy.clear();
});

afterEach(async () => {
  session?.kill();
  await rm(home, { recursive: true, force: true });
});

/** ESO's chart with the stack's values as its defaults: no question asks for Helm values, and no webhook can be reached here. */
async function quietChart(): Promise<string> {
  const dir = join(world.dir, "chart");
  const run = promisify(execFile);
  await run("mkdir", [dir]);
  await run("tar", ["-xzf", world.stack.chart.tgz, "-C", dir]);
  const values = join(dir, "external-secrets", "values.yaml");
  await writeFile(values, stringify(merge(parse(await readFile(values, "utf8")), esoHelmValues)));
  await run("tar", ["-czf", join(dir, "external-secrets.tgz"), "-C", dir, "external-secrets"]);
  return join(dir, "external-secrets.tgz");
}

function person(): Record<string, string> {
  const {
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: _id,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: _secret,
    ...env
  } = world.env;
  return { ...env, HOME: home, XDG_STATE_HOME: join(home, "state"), LANG: "C.UTF-8" };
}

function start(...args: string[]): Session {
  session = startSession({ args: ["init", "--chart", chart, ...args], cwd: home, env: person() });
  return session;
}

/** Writes of the tool alone: ESO goes to the same Infisical here, and Infisical to the same API server. */
function writes(): string[] {
  const { kubernetes, infisical } = world.proxies;
  return [...kubernetes.seen.filter(isKubernetesWrite), ...infisical.seen.filter(isInfisicalWrite)].map(
    ({ method, path }: Seen) => `${method} ${path}`,
  );
}

const draft = () => readFile(join(home, "state/eso-bootstrap/answers.json"), "utf8");
const config = () => readFile(join(home, "eso-bootstrap.yaml"), "utf8");

async function untilProject(at: Session): Promise<void> {
  await at.choose("Cluster", "e2e");
  await at.choose("Infisical", "a server of my own");
  await at.answer("Address of your Infisical", world.proxies.infisical.url);
  await logIn(at);
}

async function logIn(at: Session): Promise<void> {
  await at.choose("Log in with", "Universal Auth");
  await at.answer("Client id", world.infisical.operator.clientId);
  await at.answer("Client secret", world.infisical.operator.clientSecret);
}

async function untilPlan(at: Session, secret: string): Promise<void> {
  await untilProject(at);
  await at.choose("Project", "shop");
  await at.choose("Environment", "prod");
  await at.choose("Folder", "/shop");
  await at.choose("Folder", "/shop  (4 names");
  await at.choose("Namespace", "shop");
  await at.choose("Store", "SecretStore");
  await at.asks("Keys");
  for (const key of ["DB_HOST", "DB_PASSWORD", "DB_USER"]) {
    await at.pointAt(key);
    at.type(KEYS.space);
    await at.sees(`◉ ${key}`);
  }
  at.type(KEYS.enter);
  await at.answer("Name of the Secret", secret);
  await at.choose("Refresh", "60s");
  await at.choose("Reviewer", "a token of its own");
  await at.asks("Apply th");
}

describe("init, asked in a terminal", () => {
  it("declined: nothing is changed, and no file is left", async () => {
    const at = start();
    await untilPlan(at, "shop-db");
    at.type(`n${KEYS.enter}`);
    expect(await at.ended).toBe(130);
    expect(at.screen()).toContain("The plan was declined.");
    expect(at.screen()).toMatch(/nothing was changed/i);
    expect(writes()).toEqual([]);
    expect(await readdir(home)).not.toContain("eso-bootstrap.yaml");
  });

  it("Ctrl-C in the middle: nothing is changed, and the answers are offered the next time", async () => {
    const at = start();
    await untilProject(at);
    await at.choose("Project", "infra-tools-x7k2");
    await at.choose("Environment", "staging");
    await at.asks("Folder");
    at.type(KEYS.ctrlC);
    expect(await at.ended).toBe(130);
    expect(at.screen()).toContain("ESOB-C205");
    expect(writes()).toEqual([]);
    expect(await draft()).toContain("infra-tools-x7k2");
    expect(await draft()).not.toContain(world.infisical.operator.clientSecret);
    expect(await draft()).not.toContain(world.infisical.operator.clientId);

    const again = start();
    await again.choose("Cluster", "e2e");
    await again.asks("Infisical");
    again.type(KEYS.enter);
    await again.asks("Address of your Infisical");
    await again.sees(world.proxies.infisical.url);
    again.type(KEYS.enter);
    await logIn(again);
    await again.asks("Project");
    await again.sees("❯ infra-tools-x7k2");
    again.type(KEYS.enter);
    await again.asks("Environment");
    await again.sees(/❯ staging/);
    again.type(KEYS.ctrlC);
    expect(await again.ended).toBe(130);
    expect(writes()).toEqual([]);
  });

  it("a wrong client secret and a wrong address are said at once and asked again", async () => {
    const at = start();
    await at.choose("Cluster", "e2e");
    await at.choose("Infisical", "a server of my own");
    await at.answer("Address of your Infisical", "http://127.0.0.1:1");
    await at.sees("cannot be reached");
    await at.choose("Infisical", "a server of my own");
    await at.answer("Address of your Infisical", world.proxies.infisical.url);
    await at.choose("Log in with", "Universal Auth");
    await at.answer("Client id", world.infisical.operator.clientId);
    await at.answer("Client secret", "not-the-secret-91aa");
    await at.sees("refused");
    await logIn(at);
    await at.asks("Project");
    at.type(KEYS.ctrlC);
    expect(await at.ended).toBe(130);
    expect(at.raw()).not.toContain("not-the-secret-91aa");
    expect(writes()).toEqual([]);
  });

  it("goes from the first question to the proof, and again without questions", async () => {
    const at = start();
    try {
      await untilPlan(at, "shop-db");
      expect(writes()).toEqual([]);
      at.type(`y${KEYS.enter}`);
      expect(await at.ended).toBe(0);
    } finally {
      const file = process.env["ESO_BOOTSTRAP_SESSION_FILE"];
      if (file !== undefined) await writeFile(file, `$ eso-bootstrap init\n${at.screen()}\n`);
    }
    expect(at.raw()).not.toContain(world.infisical.operator.clientSecret);
    expect(at.raw()).not.toContain("canary-value-7f31");
    expect(at.screen()).toContain("Proved: ESO logged in to Infisical as itself");
    expect(
      Math.max(
        ...at
          .screen()
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(80);
    expect(await world.secret("shop", "shop-db")).toEqual({
      DB_HOST: "db.internal",
      DB_PASSWORD: "canary-value-7f31",
      DB_USER: "shop",
    });
    expect(await config()).not.toContain(world.infisical.operator.clientSecret);

    const credentials = { ...person(), ...operator() };
    const run = (args: readonly string[]) => runCli({ args, cwd: home, env: credentials });
    const plan = await run(["plan", "-f", "eso-bootstrap.yaml"]);
    expect(plan.code, plan.stderr).toBe(0);

    const [, printed = ""] = /without questions:\s+eso-bootstrap (.*)/.exec(at.screen()) ?? [];
    for (const proxy of Object.values(world.proxies)) proxy.clear();
    const again = await run(printed.trim().split(" "));
    expect(again.code, again.stderr).toBe(0);
    expect(writes()).toEqual([]);
  });

  it("an empty folder: the first values are typed, hidden, and arrive", async () => {
    world.infisical.createFolder("shop", "staging", "/fresh");
    const at = start();
    await untilProject(at);
    await at.choose("Project", "shop");
    await at.choose("Environment", "staging");
    await at.choose("Folder", "/fresh");
    await at.choose("Folder", "/fresh  (0 names");
    await at.choose("Namespace", "another, new one");
    await at.answer("Name of the new namespace", "fresh");
    await at.choose("Store", "SecretStore");
    await at.answer("Name of the first key", "API_KEY");
    await at.answer("Value of API_KEY", "first-value-canary-3c9e");
    await at.answer("Name of the next key", "");
    await at.answer("Name of the Secret", "fresh");
    await at.choose("Refresh", "5m");
    await at.choose("Reviewer", "a token of its own");
    await at.asks("Apply th");
    expect(writes()).toEqual([]);
    at.type(`y${KEYS.enter}`);
    expect(await at.ended, at.screen()).toBe(0);
    expect(await world.secret("fresh", "fresh")).toEqual({ API_KEY: "first-value-canary-3c9e" });
    expect(at.raw()).not.toContain("first-value-canary-3c9e");
    expect(await config()).not.toContain("first-value-canary-3c9e");
  });
});

function operator(): Record<string, string> {
  const { clientId, clientSecret } = world.infisical.operator;
  return {
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: clientId,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: clientSecret,
  };
}
