import { examine, type Ground } from "../checks/examine.ts";
import { suppress } from "../checks/ignore.ts";
import { serversOf } from "../checks/infisical-servers.ts";
import { located } from "../checks/located.ts";
import { scopeOf } from "../checks/scope.ts";
import type { CommandDeps } from "../commands.ts";
import type { CheckResult } from "../engine/check.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import type { DoctorReport } from "../ui/reporter.ts";
import { readDoctorFlags, type DoctorFlags } from "./doctor-flags.ts";
import { repair } from "./doctor-fix.ts";
import { hostsOf } from "./doctor-hosts.ts";
import { waitForHealth } from "./doctor-wait.ts";
import { onEachCluster, type ClusterOutcome } from "./each-cluster.ts";
import { readInputs } from "./read-inputs.ts";
import { openSession } from "./session.ts";

/** Says what is wrong, why, and the command that mends it. Exit 3: a check failed; 4: only warnings, with --fail-on warning. */
export async function run(invocation: Invocation, deps: CommandDeps): Promise<number> {
  const flags = readDoctorFlags(invocation, (await deps.clock()).now());
  return onEachCluster(await readInputs(invocation, deps), deps, (inputs) =>
    examineOne(invocation, deps, inputs, flags),
  );
}

async function examineOne(
  invocation: Invocation,
  deps: CommandDeps,
  inputs: Inputs,
  flags: DoctorFlags,
): Promise<ClusterOutcome> {
  const session = await openSession(invocation, deps, inputs);
  const { ports, run } = session;
  const hosts = hostsOf(inputs, deps, flags.trustHosts);
  const desired = inputs.fileExists ? session.desired : undefined;
  const ground: Ground = {
    ...ports,
    env: deps.env,
    scope: scopeOf(
      { all: flags.all, namespace: invocation.global.namespace, names: invocation.args },
      desired,
    ),
    desired,
    infisical: inputs.credential ? ports.infisical : undefined,
    visit: hosts.visit,
    options: {
      noSecrets: flags.noSecrets,
      freshSince: flags.freshSince,
      timeoutMs: run.options.timeoutMs,
      signal: run.options.signal,
    },
  };
  const look = async () => {
    run.emit({ type: "looking", what: ports.cluster.info.context });
    const seen = await examine(ground, flags, run.emit);
    const results = located(seen.results, inputs);
    return { ...seen, results: withoutIgnored(results, inputs, invocation, ports.clock.now()) };
  };
  try {
    const first = look();
    // Its own word first: where the cluster cannot be reached, nothing can be judged, whatever the look ran into.
    first.catch(() => undefined);
    await ports.cluster.version();
    let seen = await first;
    if (flags.fix && (await repair(invocation, deps, session, seen))) seen = await look();
    if (flags.waitMs !== undefined) {
      const waited = await waitForHealth(
        seen,
        look,
        { ...ports, emit: run.emit, signal: run.options.signal },
        flags,
      );
      return outcome(waited.seen.results, ground, waited, flags);
    }
    return outcome(seen.results, ground, { inTime: true, seen }, flags);
  } finally {
    await Promise.all([session.close(), hosts.close()]);
  }
}

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

interface Waited {
  readonly inTime: boolean;
  readonly seen: Awaited<ReturnType<typeof examine>>;
}

function outcome(
  results: readonly CheckResult[],
  { cluster, desired, visit: _visit }: Ground,
  { inTime, seen }: Waited,
  { failOnWarning }: DoctorFlags,
): ClusterOutcome {
  const report = reportOf(results);
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
