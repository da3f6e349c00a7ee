import type { CheckContext, CheckOptions } from "../checks/context.ts";
import { examine, type Ground, type Seen } from "../checks/examine.ts";
import { suppress } from "../checks/ignore.ts";
import { serversOf } from "../checks/infisical-servers.ts";
import { located } from "../checks/located.ts";
import { printable } from "../checks/printed.ts";
import { scopeOf } from "../checks/scope.ts";
import type { CommandDeps } from "../commands.ts";
import type { CheckResult } from "../engine/check.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import type { DoctorReport } from "../ui/reporter.ts";
import { chosenBy } from "./doctor-chosen.ts";
import { assertFixable, repair } from "./doctor-fix.ts";
import { readDoctorFlags, type DoctorFlags } from "./doctor-flags.ts";
import { hostsOf } from "./doctor-hosts.ts";
import { createPoker } from "./doctor-poke.ts";
import { neverAnswered, untilAnswered, waitForHealth, type Waited } from "./doctor-wait.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { readInputs } from "./read-inputs.ts";
import { openSession, type Session } from "./session.ts";

/** Says what is wrong, why, and the command that mends it. Exit 3: a check failed; 4: only warnings, with --fail-on warning. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const flags = readDoctorFlags(invocation);
  const all = await readInputs(invocation, deps);
  if (flags.fix) assertFixable(all);
  const isOne = all.length === 1;
  return onEachCluster(all, deps, (inputs) => examineOne({ invocation, deps, inputs, flags, isOne }));
}

/** A look at one cluster, and what it needs. */
interface Visit {
  readonly invocation: Invocation;
  readonly deps: CommandDeps;
  readonly inputs: Inputs;
  readonly flags: DoctorFlags;
  /** No other cluster is looked at. */
  readonly isOne: boolean;
}

/** After --fix: ESO does in seconds what it was told. */
const SETTLE_MS = 20_000;
const SETTLE_GRACE_MS = 2_000;

async function examineOne(visit: Visit): Promise<ClusterOutcome> {
  const { invocation, deps, inputs, flags } = visit;
  const clock = await deps.clock();
  const emit = deps.reporter.event.bind(deps.reporter);
  const waiting = { clock, emit, signal: deps.signal };
  const deadline = clock.now() + (flags.waitMs ?? 0);
  /** With --wait, an API server that is away is waited for, too. */
  const patiently = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    if (flags.waitMs === undefined) return work();
    const answered = await untilAnswered(work, waiting, deadline);
    if ("value" in answered) return answered.value;
    throw neverAnswered(answered.error);
  };
  const session = await patiently(() => openSession(invocation, deps, inputs));
  const hosts = hostsOf(inputs, deps, flags.trustHosts);
  const ground = groundOf(visit, session, hosts.visit);
  let synced: CheckOptions["synced"];
  const look = () =>
    lookOnce(visit, session, { ...ground, options: { ...ground.options, ...(synced && { synced }) } });
  const isTrouble = ({ status }: CheckResult) =>
    status === "fail" || (flags.failOnWarning && status === "warn");
  try {
    let seen = await patiently(look);
    if (flags.fresh) synced = syncsIn(seen.context);
    if (flags.fix && (await repair(invocation, deps, session, seen))) {
      seen = await look();
      const patience = { deadline: clock.now() + SETTLE_MS, graceMs: SETTLE_GRACE_MS, isTrouble };
      if (flags.waitMs === undefined) ({ seen } = await waitForHealth(seen, look, waiting, patience));
    }
    if (flags.waitMs === undefined) return outcome(ground, { inTime: true, seen }, flags);
    const poker = createPoker({ ...session.ports, emit }, { others: flags.fresh });
    const waited = await waitForHealth(seen, look, waiting, { deadline, isTrouble, poker });
    return outcome(ground, waited, flags);
  } finally {
    await Promise.all([session.close(), hosts.close()]);
  }
}

function groundOf(
  { invocation, deps, inputs, flags }: Visit,
  { ports, run, desired }: Session,
  visit: Ground["visit"],
): Ground {
  const { all, noSecrets, fresh } = flags;
  const wanted = inputs.fileExists ? desired : undefined;
  const { timeoutMs, signal } = run.options;
  return {
    ...ports,
    env: deps.env,
    scope: scopeOf({ all, namespace: invocation.global.namespace, names: invocation.args }, wanted),
    desired: wanted,
    infisical: inputs.credential ? ports.infisical : undefined,
    visit,
    options: { noSecrets, fresh, timeoutMs, signal },
  };
}

async function lookOnce(
  { invocation, inputs, flags, isOne }: Visit,
  { ports, run }: Session,
  ground: Ground,
): Promise<Seen> {
  run.emit({ type: "looking", what: ports.cluster.info.context });
  const looked = examine(ground, flags, run.emit);
  // Its own word first: where the cluster cannot be reached, nothing can be judged, whatever the look ran into.
  looked.catch(() => undefined);
  await ports.cluster.version();
  const seen = await looked;
  const results = withoutIgnored(located(seen.results, inputs), inputs, invocation, ports.clock.now());
  return { ...seen, results: printable(results, chosenBy(invocation, inputs, isOne)) };
}

/** The last sync of each ExternalSecret, as the first look sees it. */
const syncsIn = ({ secrets }: CheckContext): CheckOptions["synced"] =>
  new Map(
    secrets.flatMap(({ namespace, name, live }) => {
      const { refreshTime, syncedVersion } = live ?? {};
      return live ? [[`${namespace}/${name}`, { refreshTime, syncedVersion }]] : [];
    }),
  );

function withoutIgnored(
  results: readonly CheckResult[],
  inputs: Inputs,
  { args, flags, global }: Invocation,
  now: number,
): CheckResult[] {
  const isNarrow = [args[0], flags["only"], flags["skip"], global.namespace].some(Boolean);
  return suppress(results, inputs.ignore, now, {
    isComplete: !isNarrow,
    locate: (index) => {
      const line = inputs.lines?.[`doctor.ignore[${index}]`];
      return line === undefined ? undefined : { file: inputs.file, line };
    },
  });
}

function outcome(
  { cluster, desired }: Ground,
  { inTime, seen }: Waited,
  { failOnWarning }: DoctorFlags,
): ClusterOutcome {
  const report = reportOf(seen.results);
  const { stores, secrets } = seen.context;
  const exitCode = inTime ? exitCodeOf(report, failOnWarning) : 124;
  const name = desired?.cluster.name ?? cluster.info.context;
  const hosts = [
    ...new Set(serversOf(seen.context).map(({ address }) => address.replace(/^https?:\/\//, ""))),
  ];
  const server = hosts.length > 2 ? amount(hosts.length, "server") : hosts.join(", ");
  const headline = [
    server === "" ? name : `${name} ↔ ${server}`,
    amount(stores.length, "store"),
    amount(secrets.length, "secret"),
  ].join(" · ");
  return {
    result: { kind: "DoctorReport", report, headline, exitCode },
    exitCode,
  };
}

/** Results with their sums. */
export function reportOf(checks: readonly CheckResult[]): DoctorReport {
  const count = (status: CheckResult["status"]) => checks.filter((check) => check.status === status).length;
  return {
    summary: {
      passed: count("pass"),
      failed: count("fail"),
      warnings: count("warn"),
      skipped: count("skip"),
    },
    checks,
  };
}

/** Product.md section 4: the same for every format. */
export function exitCodeOf({ summary }: DoctorReport, failOnWarning: boolean): number {
  if (summary.failed > 0) return 3;
  return failOnWarning && summary.warnings > 0 ? 4 : 0;
}

const amount = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;
