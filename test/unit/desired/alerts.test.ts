import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { listOf, recordsAt } from "../../../src/data.ts";
import { alertsManifest } from "../../../src/desired/alerts.ts";
import { desiredOf } from "../../../src/desired/desired.ts";
import { inputs } from "../../helpers/inputs.ts";

const desired = desiredOf(inputs(), {
  context: "prod",
  namespaces: () => ["shop"],
  infisicalCa: undefined,
  clusterCa: undefined,
  firstValues: [],
});
const groups = recordsAt(alertsManifest(desired)["spec"], "groups");
const ruleOf = (alert: string) =>
  groups.flatMap((group) => recordsAt(group, "rules")).find((rule) => rule["alert"] === alert);

/** As kube-state-metrics tells it (docs/metrics/workload: job-metrics.md, cronjob-metrics.md). */
const OF_KUBE_STATE_METRICS: Readonly<Record<string, readonly string[]>> = {
  kube_job_failed: ["namespace", "job_name", "condition"],
  kube_job_created: ["namespace", "job_name"],
  kube_cronjob_status_last_successful_time: ["namespace", "cronjob"],
};

test("the alert of the rotation is made of metrics and labels that kube-state-metrics has", () => {
  const expr = String(ruleOf("ReviewerRotationFailed")?.["expr"]);
  const used = [...expr.matchAll(/(kube_\w+)\{([^}]*)\}/g)].map(([, metric = "", labels = ""]) => ({
    metric,
    labels: [...labels.matchAll(/(\w+)=/g)].map(([, label = ""]) => label),
  }));
  expect(used.map(({ metric }) => metric).toSorted()).toEqual(Object.keys(OF_KUBE_STATE_METRICS).toSorted());
  for (const { metric, labels } of used)
    expect(labels.filter((label) => !OF_KUBE_STATE_METRICS[metric]?.includes(label))).toEqual([]);
});

const run = promisify(execFile);
const PROMTOOL = process.env["PROMTOOL"] ?? "promtool";
const isThere = await run(PROMTOOL, ["--version"]).then(
  () => true,
  () => false,
);
if (!isThere)
  process.stderr.write(
    `SKIPPED, ${PROMTOOL} is not installed (Debian package prometheus): the alert of the rotation, run over time\n`,
  );

/** One Job of the CronJob, from the minute in which it was made: how it stands each minute after. */
const job = (name: string, from: number, failed: readonly (0 | 1)[]) => {
  const labels = `namespace="external-secrets",job_name="eso-bootstrap-rotation-${name}"`;
  const before = from === 0 ? "" : `_x${from - 1} `;
  return [
    { series: `kube_job_created{${labels}}`, values: `${before}${from * 60}x20` },
    {
      series: `kube_job_failed{${labels},condition="true"}`,
      values: `${before}${failed.join(" ")} ${failed.at(-1) ?? 0}x20`,
    },
    // A pod of it failed, whatever became of the Job: backoffLimit is 1.
    { series: `kube_job_status_failed{${labels},reason="Evicted"}`, values: `${before}1x20` },
  ];
};
/** Minutes in which the CronJob knows of a last success, and when that was. */
const successes = (text: string) => ({
  series:
    'kube_cronjob_status_last_successful_time{namespace="external-secrets",cronjob="eso-bootstrap-rotation"}',
  values: text,
});

const CASES: readonly {
  readonly name: string;
  readonly series: readonly object[];
  /** Minute → Jobs that it is about. */
  readonly firing: Readonly<Record<number, readonly string[]>>;
}[] = [
  {
    name: "it stays while no run has succeeded since, also where none ever has",
    series: job("1", 0, [0, 1]),
    firing: { 0: [], 2: ["1"], 15: ["1"] },
  },
  {
    name: "a success that came after it ends it, although the failed Job is kept",
    series: [...job("1", 0, [0, 1]), ...job("2", 5, [0, 0]), successes("_x5 420x20")],
    firing: { 3: ["1"], 6: [], 15: [] },
  },
  {
    name: "a failure after the last success is told, and only that",
    series: [...job("1", 0, [1]), ...job("2", 8, [0, 1]), successes("_x2 180x20")],
    firing: { 1: ["1"], 5: [], 12: ["2"] },
  },
  { name: "a second try that succeeds is no failure", series: job("1", 0, [0, 0]), firing: { 10: [] } },
];

describe.skipIf(!isThere)("ReviewerRotationFailed, run by promtool", () => {
  test.each(CASES)("$name", async ({ series, firing }) => {
    const dir = mkdtempSync(join(tmpdir(), "alerts-"));
    try {
      writeFileSync(join(dir, "rules.yml"), stringify({ groups }));
      writeFileSync(
        join(dir, "test.yml"),
        stringify({
          rule_files: ["rules.yml"],
          evaluation_interval: "1m",
          tests: [
            {
              interval: "1m",
              input_series: series,
              promql_expr_test: Object.entries(firing).map(([minute, jobs]) => ({
                expr: 'count by (job_name) (ALERTS{alertname="ReviewerRotationFailed",alertstate="firing"})',
                eval_time: `${minute}m`,
                exp_samples: jobs.map((name) => ({
                  labels: `{job_name="eso-bootstrap-rotation-${name}"}`,
                  value: 1,
                })),
              })),
            },
          ],
        }),
      );
      const { stdout } = await run(PROMTOOL, ["check", "rules", join(dir, "rules.yml")]);
      expect(stdout).toContain("SUCCESS");
      const tested = await run(PROMTOOL, ["test", "rules", join(dir, "test.yml")], { cwd: dir }).catch(
        (error: { stderr?: string }) => Promise.reject(new Error(error.stderr)),
      );
      expect(tested.stdout).toContain("SUCCESS");
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

test("every rule has words, a command and a severity", () => {
  const rules = groups.flatMap((group) => listOf(group["rules"]));
  for (const rule of rules)
    expect(rule).toMatchObject({
      labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
      annotations: {
        summary: expect.any(String),
        description: expect.any(String),
        command: expect.stringMatching(/^eso-bootstrap /),
      },
    });
  expect(rules.length).toBeGreaterThan(6);
});
