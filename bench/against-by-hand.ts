import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NO_WEBHOOK } from "../src/checks/webhook-found.ts";
import type { CheckResult } from "../src/engine/check.ts";
import { settings, startWorld, type World } from "../test/e2e/world.ts";
import { esoHelmValues } from "../test/e2e/stack/eso.ts";
import { startDelay } from "./delay.ts";
import type { Results } from "./results.ts";
import { costOnce, median, sideBySide, timeOnce, type Timed } from "./measure.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const BIN = path("../bin/eso-bootstrap.js");
const SCRIPT = path("./by-hand.sh");
const ROUNDS = 7;
/** Milliseconds that each round trip takes longer, as to a cluster some countries away. */
const FAR_MS = 50;

type Times = Awaited<ReturnType<typeof sideBySide>>;

/** `doctor` and what a person does instead, on the same objects of the same stack. */
export interface DoctorFigures {
  readonly near: Times;
  readonly far: Times;
  /** The script does not look at Infisical as an operator does; `doctor` may. */
  readonly nearAsOperator: Times;
  readonly farAsOperator: Times;
  readonly farMs: number;
  /** Checks that were judged, and things that `by-hand.sh check` would notice. */
  readonly facts: Results["facts"];
  /** Until `doctor` said its first word, near: median. */
  readonly firstWordMs: number;
}

/** `init` makes what the script looks for by name; then both look at it: over loopback, and with longer round trips. */
export async function compareDoctor(): Promise<DoctorFigures> {
  const world = await startWorld();
  const { stack, infisical } = world;
  const [kubernetesWay, infisicalWay] = await Promise.all(
    [stack.apiServer, infisical.url].map(async (url) => {
      const { hostname: host, port } = new URL(url);
      return startDelay({ host, port: Number(port) });
    }),
  );
  if (!kubernetesWay || !infisicalWay) throw new Error("no way to the servers");
  try {
    const kubeconfig = join(world.dir, "far.kubeconfig");
    const own = readFileSync(stack.kubeconfig, "utf8");
    writeFileSync(kubeconfig, own.replace(stack.apiServer, `https://127.0.0.1:${kubernetesWay.port}`));
    const host = `http://127.0.0.1:${infisicalWay.port}`;
    const env = { ...byHandEnv(world, kubeconfig, host), NS };
    const hand: Timed = { name: "by-hand.sh check", program: "bash", args: [SCRIPT, "check"], env };
    const ours = (args: readonly string[], more: Record<string, string> = {}): Timed => ({
      name: args.join(" "),
      program: process.execPath,
      args: [BIN, ...args, "-f", "eso-bootstrap.yaml"],
      cwd: world.dir,
      env: { ...world.env, KUBECONFIG: kubeconfig, ...more },
    });
    infisical.setSecret("shop", "dev", "/", "DB_HOST", "db.internal");
    await world.config(wanted(world, host));
    await timeOnce(ours(["init", "--yes"]));
    const [doctor, asOperator] = [ours(["doctor"], NOBODY), ours(["doctor"])];
    const facts = {
      ours: await judged(ours(["doctor", "-o", "json"], NOBODY)),
      asOperator: await judged(ours(["doctor", "-o", "json"])),
      theirs: askedByHand(),
    };
    const near = await sideBySide(doctor, hand, ROUNDS);
    const words: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) words.push((await costOnce(doctor)).firstWordMs);
    const nearAsOperator = await sideBySide(asOperator, hand, ROUNDS);
    kubernetesWay.roundTripMs = FAR_MS;
    infisicalWay.roundTripMs = FAR_MS;
    const far = await sideBySide(doctor, hand, ROUNDS);
    const farAsOperator = await sideBySide(asOperator, hand, ROUNDS);
    return { near, far, nearAsOperator, farAsOperator, farMs: FAR_MS, facts, firstWordMs: median(words) };
  } finally {
    await Promise.all([kubernetesWay.stop(), infisicalWay.stop()]);
    await world.stop();
  }
}

const NS = "byhand";
/** No credential of an operator. */
const NOBODY = { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "", INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "" };

/** The objects of by-hand.sh, with its names, made from a file. */
function wanted(world: World, host: string): object {
  const base = settings(world, {
    stores: [{ name: "infisical", namespace: NS, environment: "dev", path: "/" }],
    secrets: [{ name: "app", namespace: NS, store: "infisical", refreshInterval: "60s", keys: ["DB_HOST"] }],
  });
  const { infisical = {} } = base as { infisical?: object };
  return { ...base, infisical: { ...infisical, host } };
}

/** The environment of by-hand.sh. */
export function byHandEnv(
  { stack, infisical, dir, env }: World,
  kubeconfig = stack.kubeconfig,
  host = infisical.url,
): Record<string, string> {
  const values = join(dir, "values.json");
  writeFileSync(values, JSON.stringify(esoHelmValues));
  return {
    ...env,
    KUBECONFIG: kubeconfig,
    INFISICAL: host,
    CLIENT_ID: infisical.operator.clientId,
    CLIENT_SECRET: infisical.operator.clientSecret,
    ORG: infisical.organization.id,
    API_SERVER: stack.apiServer,
    CHART: stack.chart.dir,
    HELM_ARGS: `-f ${values}`,
  };
}

/** Checks that ended with a verdict about something that is there; a skipped one is none. */
async function judged(doctor: Timed): Promise<number> {
  const { output } = await costOnce(doctor);
  const { checks } = JSON.parse(output) as { checks: CheckResult[] };
  return checks.filter(({ status, evidence }) => status !== "skip" && evidence !== NO_WEBHOOK).length;
}

/** What `check` would notice: every call but those whose failure it passes over, each of several objects of one kind for itself. */
function askedByHand(): number {
  const script = readFileSync(SCRIPT, "utf8");
  const check = /^check\(\) \{\n([\s\S]*?)^\}/m.exec(script)?.[1] ?? "";
  const noticed = check.split("\n").filter((line) => !line.includes("|| true"));
  const calls = [...noticed.join("\n").matchAll(/\b(kubectl get|kubectl|helm|curl|jq -e)\b([^|;&>\n]*)/g)];
  return calls.reduce((sum, [, call, rest = ""]) => {
    const [what = "", ...names] = rest.trim().split(/\s+-/)[0]?.split(" ") ?? [];
    if (call !== "kubectl get") return sum + 1;
    return sum + (what === "crd" ? names.length : what.split(",").length);
  }, 0);
}
