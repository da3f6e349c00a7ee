import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { expect } from "vitest";
import { CODES } from "../../src/codes.ts";
import { startProxy, type Proxy, type Verdict } from "../helpers/proxy.ts";
import { runCli, type CliResult } from "../helpers/run-cli.ts";
import { callOf, type Call, type Generation, type Rounds } from "./rounds.ts";
import { writeKubeconfig } from "./stack/kubeconfig.ts";
import { createAuthority } from "../../src/sandbox/kubernetes/certificates.ts";
import type { Stack } from "./stack/stack.ts";

/** What goes wrong with a call. */
export type Kind = "500" | "429" | "reset" | "silence" | "html" | "truncated";
export const KINDS: readonly Kind[] = ["500", "429", "reset", "silence", "html", "truncated"];

/** What the system in question, or something in front of it, does then. `seconds`: what a rate limit asks for. */
export function faultOf({ system }: Call, kind: Kind, generation: Generation, seconds = 1): Verdict {
  const json = (status: number, body: object, headers = {}): Verdict => ({
    kind: "answer",
    status,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const later = { "retry-after": String(seconds) };
  switch (kind) {
    case "reset":
    case "silence":
    case "truncated":
      return { kind };
    case "html":
      return {
        kind: "answer",
        status: 200,
        headers: { "content-type": "text/html" },
        body: "<!doctype html><title>Sign in</title><p>Please sign in",
      };
    case "429":
      if (system === "kubernetes")
        return {
          kind: "answer",
          status: 429,
          headers: { "content-type": "text/plain", ...later },
          body: "Too many requests, please try again later.\n",
        };
      return generation === "2026"
        ? json(
            429,
            {
              statusCode: 429,
              message: `Rate limit exceeded. Please try again in ${seconds} seconds`,
              error: "RateLimitExceeded",
            },
            later,
          )
        : json(
            500,
            { statusCode: 500, message: "Something went wrong", error: "InternalServerError" },
            later,
          );
    case "500":
      return system === "kubernetes"
        ? json(500, {
            kind: "Status",
            apiVersion: "v1",
            metadata: {},
            status: "Failure",
            message: "Internal error occurred: etcdserver: request timed out",
            reason: "InternalError",
            code: 500,
          })
        : json(500, { statusCode: 500, message: "Something went wrong", error: "InternalServerError" });
  }
}

/** A time limit of one request under which silence can be tried dozens of times; a machine that is busy stays below it. */
export const IMPATIENT = { ESO_BOOTSTRAP_CALL_TIMEOUT: "4s" };

/** A folder and proxies of its own on the same cluster and Infisical, so that several runs can meet different faults at once. */
export interface Lane {
  judge: (call: Call) => Verdict;
  run(args: readonly string[], env?: Record<string, string>): Promise<CliResult>;
  /** The same in a folder without a file. */
  runElsewhere(args: readonly string[], env?: Record<string, string>): Promise<CliResult>;
  configText(): Promise<string>;
  stop(): Promise<void>;
}

export async function startLane({ world, infisical }: Pick<Rounds, "world" | "infisical">): Promise<Lane> {
  const { stack } = world;
  const dir = await mkdtemp(join(world.dir, "lane-"));
  const elsewhere = await mkdtemp(join(world.dir, "elsewhere-"));
  const authority = createAuthority("e2e lane");
  const { keyPem: key, certPem: cert } = authority.issue({ commonName: "proxy", hosts: ["127.0.0.1"] });
  const kubernetes = await startProxy({ url: stack.apiServer, ca: stack.caPem, tls: { key, cert } });
  const towards = await startProxy({ url: infisical.url });
  const lane: Pick<Lane, "judge"> = { judge: () => ({ kind: "pass" }) };
  kubernetes.judge = (seen) => lane.judge(callOf("kubernetes", seen));
  towards.judge = (seen) => lane.judge(callOf("infisical", seen));
  const configText = () => readFile(join(dir, "eso-bootstrap.yaml"), "utf8");
  const config = parse(await world.file("eso-bootstrap.yaml")) as { infisical: object };
  await writeFile(
    join(dir, "eso-bootstrap.yaml"),
    stringify({ ...config, infisical: { ...config.infisical, host: towards.url } }),
  );
  const env = {
    ...world.env,
    HOME: dir,
    KUBECONFIG: await kubeconfigFor(stack, kubernetes, authority.caPem, join(dir, "kubeconfig")),
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: infisical.operator.clientId,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: infisical.operator.clientSecret,
  };
  return Object.assign(lane, {
    run: (args: readonly string[], more = {}) => runCli({ args, cwd: dir, env: { ...env, ...more } }),
    runElsewhere: (args: readonly string[], more = {}) =>
      runCli({ args, cwd: elsewhere, env: { ...env, ...more } }),
    configText,
    stop: async () => void (await Promise.all([kubernetes.stop(), towards.stop()])),
  });
}

async function kubeconfigFor(stack: Stack, proxy: Proxy, caPem: string, path: string): Promise<string> {
  const token = await stack.kubectl(["create", "token", "admin", "-n", "kube-system", "--duration=8h"]);
  return writeKubeconfig(path, {
    context: "e2e",
    user: "admin",
    apiServer: proxy.url,
    caPem,
    token: token.trim(),
  });
}

interface Document {
  code?: string;
  message?: string;
  failed?: { error: { code: string; message: string } } | null;
  checks?: { status: string; code: string; message: string | null }[];
}

/** Exit codes of product.md section 4 that a fault may lead to. */
const EXITS = [0, 1, 5, 124];

/**
 * Success, or one error with its code and the exit code of the contract; no stack trace, nothing but one JSON document on
 * stdout. Answers with the code, `0` for success.
 */
export function expectSuccessOrOneError({ code, stdout, stderr }: CliResult, what: string): string {
  const shown = `${what}\nexit ${code}\n${stdout}\n${stderr}`;
  expect(EXITS, shown).toContain(code);
  expectNoTrace({ stdout, stderr }, shown);
  const document = JSON.parse(stdout) as Document;
  if (code === 0) {
    expect(document.failed ?? undefined, shown).toBeUndefined();
    return "0";
  }
  const failing = document.checks?.filter(({ status }) => status === "fail") ?? [];
  const told = document.failed?.error ?? (document.code ? document : failing[0]);
  expect(told?.code, shown).toMatch(/^ESOB-[KHIRSECL]\d{3}$/);
  expect(told?.message, shown).toBeTruthy();
  const exitCode = CODES[told?.code as keyof typeof CODES].exit;
  if (document.code) expect(code, shown).toBe(exitCode);
  return told?.code ?? "";
}

/** For people: the code is on the screen, nothing else of what is inside. */
export function expectNoTrace({ stdout, stderr }: Pick<CliResult, "stdout" | "stderr">, shown: string): void {
  expect(stdout + stderr, shown).not.toMatch(/^\s+at .+:\d+:\d+\)?$/m);
  expect(stdout + stderr, shown).not.toMatch(/UnhandledPromise|ExperimentalWarning|triggerUncaughtException/);
}

/** Does the work for all items, a few at a time. */
export async function inLanes<T>(
  lanes: readonly Lane[],
  items: readonly T[],
  work: (lane: Lane, item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(lane, item);
    }),
  );
}
