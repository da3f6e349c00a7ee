import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import type { KubeObject } from "../../src/kubernetes/cluster.ts";
import { runJson } from "./driving.ts";
import { until } from "./stack/poll.ts";
import { settings, startWorld, type World } from "./world.ts";

/*
 * Alerts and dashboard against what the real ESO exposes: a store, a cluster-wide store and an ExternalSecret that are not
 * ready, and ones that are. Where `promtool` is there (Debian package prometheus; PROMTOOL names another), it runs the rules, too.
 */

const LONG = 600_000;
let world: World;
let scraped: string;
/** What `reviewer show --metrics` tells. */
let ours: string;

beforeAll(async () => {
  world = await startWorld();
  await world.config(settings(world));
  expect((await world.cli(["init", "--yes"])).code).toBe(0);
  await world.stack.kubectl(["apply", "-f", "-"], broken());
  const eso = await world.eso.ready();
  scraped = await until(
    "ESO to count what is broken",
    async () => {
      const text = await (await fetch(eso.metricsUrl)).text();
      const counts = ["externalsecret", "secretstore", "clustersecretstore"].every((kind) =>
        new RegExp(`^${kind}_status_condition\\{[^}]*status="False"[^}]*\\} 1$`, "m").test(text),
      );
      return counts && /^externalsecret_sync_calls_error\{/m.test(text) && /status="error"/.test(text)
        ? text
        : undefined;
    },
    { timeoutMs: 120_000 },
  );
  ours = (await world.cli(["reviewer", "show", "--metrics"])).stdout;
}, LONG);
afterAll(() => world?.stop());

/** A wrong identity, and a key that is not there. */
function broken(): string {
  const infisical = {
    hostAPI: world.infisical.url,
    auth: { kubernetesAuthCredentials: { identityId: { name: "wrong", key: "id", namespace: "shop" } } },
    secretsScope: { projectSlug: "shop", environmentSlug: "prod", secretsPath: "/shop" },
  };
  const { auth, ...rest } = infisical;
  const { namespace: _, ...local } = auth.kubernetesAuthCredentials.identityId;
  const own = { ...rest, auth: { kubernetesAuthCredentials: { identityId: local } } };
  const id = "00000000-0000-4000-8000-000000000000";
  const eso = (kind: string, name: string, spec: object, namespace?: string) => ({
    apiVersion: "external-secrets.io/v1",
    kind,
    metadata: { name, ...(namespace && { namespace }) },
    spec,
  });
  return [
    { apiVersion: "v1", kind: "Secret", metadata: { name: "wrong", namespace: "shop" }, stringData: { id } },
    eso("SecretStore", "broken", { provider: { infisical: own } }, "shop"),
    eso("ClusterSecretStore", "broken", { provider: { infisical } }),
    eso(
      "ExternalSecret",
      "broken",
      {
        refreshInterval: "5s",
        secretStoreRef: { kind: "SecretStore", name: "infisical" },
        data: [{ secretKey: "X", remoteRef: { key: "NOT_THERE" } }],
      },
      "shop",
    ),
  ]
    .map((object) => stringify(object))
    .join("---\n");
}

/** Every `metric{a="b"}` of an expression. */
const selectors = (expr: string) =>
  [...expr.matchAll(/\b([a-z][a-z_]+_[a-z_]+)(?:\{([^}]*)\})?/g)].map(([, metric = "", labels = ""]) => ({
    metric,
    matchers: [...labels.matchAll(/(\w+)(=~?)"([^"]*)"/g)].map(([, label = "", operator, value = ""]) => ({
      label,
      matches: (text: string) =>
        operator === "=" ? text === value : new RegExp(`^(?:${value})$`).test(text),
    })),
  }));

const labelsOf = (line: string) =>
  new Map(
    [...line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = "", value = ""]) => [label, value]),
  );

/** What kube-state-metrics exposes, which is not in this world; and functions. */
const ELSEWHERE = /^kube_(cron)?job_/;
/** A gauge of ours is declared also where it has no sample: an unlimited token has no expiry. All have the same labels. */
const isOurs = (metric: string) => metric.startsWith("eso_bootstrap_");
const FUNCTIONS = new Set(["absent_over_time", "group_left", "job_name"]);

/** Selectors without a series in the scrape. */
function unknownIn(expr: string): string[] {
  const lines = scraped.split("\n").filter((line) => !line.startsWith("#"));
  return selectors(expr)
    .filter(({ metric }) => !ELSEWHERE.test(metric) && !FUNCTIONS.has(metric))
    .filter(
      ({ metric, matchers }) =>
        !(isOurs(metric) && ours.includes(`# TYPE ${metric} gauge`)) &&
        !lines.some(
          (line) =>
            new RegExp(`^${metric}[{ ]`).test(line) &&
            matchers.every(({ label, matches }) => matches(labelsOf(line).get(label) ?? "")),
        ),
    )
    .map(({ metric, matchers }) => `${metric} ${JSON.stringify(matchers)}`);
}

interface RuleGroup {
  name: string;
  rules: Rule[];
}
interface Rule {
  alert: string;
  expr: string;
  for?: string;
  annotations: Record<string, string>;
}

async function alerts(): Promise<RuleGroup[]> {
  const { json } = await runJson<{ items: KubeObject[] }>(world, "render", "--alerts");
  const spec = json.items[0]?.["spec"] as { groups: RuleGroup[] };
  return spec.groups;
}

test("every alert is about series that the real ESO or this tool exposes", async () => {
  const rules = (await alerts()).flatMap((group) => group.rules);
  expect(rules.map(({ alert }) => alert)).toContain("ExternalSecretStale");
  expect(rules.flatMap(({ expr }) => unknownIn(expr))).toEqual([]);
  expect(rules.flatMap(({ expr }) => selectors(expr)).length).toBeGreaterThanOrEqual(rules.length);
});

test("every panel of the dashboard, too", async () => {
  const { json } = await runJson<{ items: { panels: { targets: { expr: string }[] }[] }[] }>(
    world,
    "render",
    "--dashboard",
  );
  const expressions = json.items[0]?.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)) ?? [];
  expect(expressions.length).toBeGreaterThan(8);
  expect(expressions.flatMap(unknownIn)).toEqual([]);
});

test("the numbers of the reviewer token", async () => {
  const { stdout, code } = await world.cli(["reviewer", "show", "--metrics"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^eso_bootstrap_reviewer_token_created_timestamp_seconds\{cluster="e2e",secret="external-secrets\/infisical-token-reviewer-1"\} \d{10}$/m,
  );
  expect(stdout).toMatch(/^eso_bootstrap_reviewer_token_users\{.*\} 1$/m);
});

test("what annotations and groupings name are labels of the series that the alert is about", async () => {
  const samples = `${scraped}\n${ours}`.split("\n").filter((line) => !line.startsWith("#"));
  const nameOf = (line: string) => line.split(/[{ ]/, 1)[0] ?? "";
  const labelled = (await alerts())
    .flatMap((group) => group.rules)
    .map((rule) => ({ ...rule, asked: labelsAsked(rule) }))
    .filter(({ expr, asked }) => asked.length > 0 && !expr.startsWith("kube_job_"));
  expect(labelled.map(({ alert }) => alert)).toEqual(
    expect.arrayContaining(["SecretStoreNotReady", "ExternalSecretStale", "ReviewerTokenExpires"]),
  );
  for (const { alert, expr, asked } of labelled) {
    const names = new Set(selectors(expr).map(({ metric }) => metric));
    const wantsOurs = [...names].some(isOurs);
    const series = samples
      .filter((line) => names.has(nameOf(line)) || (wantsOurs && isOurs(line)))
      .map(labelsOf);
    expect(series, alert).not.toEqual([]);
    const known = new Set(series.flatMap((labels) => [...labels.keys()]));
    expect(
      asked.filter((label) => !known.has(label)),
      alert,
    ).toEqual([]);
  }
});

/** Labels that Prometheus itself puts there, when it scrapes a series that has one of that name. */
const BY_PROMETHEUS = /^exported_/;

function labelsAsked({ expr, annotations }: Rule): string[] {
  const inTexts = [...JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)].map(([, name = ""]) => name);
  const inGroups = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, names = ""]) =>
    names.split(","),
  );
  return [...new Set([...inTexts, ...inGroups.map((name) => name.trim())])].filter(
    (name) => name !== "" && !BY_PROMETHEUS.test(name),
  );
}

const run = promisify(execFile);
const promtool = process.env["PROMTOOL"] ?? "promtool";
const promtools = await run(promtool, ["--version"]).then(
  () => [promtool],
  () => [],
);

// In addition: what is asserted above needs no promtool, so nothing is skipped where there is none.
test.each(promtools)(
  "%s (only where it is installed) accepts the rules; over the scrape they fire for what is broken and for nothing else",
  async (program) => {
    const groups = await alerts();
    await writeFile(join(world.dir, "rules.yml"), stringify({ groups }));
    await writeFile(join(world.dir, "test.yml"), stringify(ruleTests()));
    await run(program, ["check", "rules", join(world.dir, "rules.yml")]);
    const { stdout } = await run(program, ["test", "rules", join(world.dir, "test.yml")], {
      cwd: world.dir,
    }).catch((error: unknown) =>
      Promise.reject(new Error((error as { stdout: string; stderr: string }).stderr)),
    );
    expect(stdout).toContain("SUCCESS");
  },
);

/** The scraped samples as series that stay as they are for an hour: conditions, and counters that stand still. */
function ruleTests(): object {
  const told = /^(externalsecret|secretstore|clustersecretstore)_(status_condition|sync_calls_total)/;
  const input_series = scraped
    .split("\n")
    .filter((line) => told.test(line))
    .map((line) => {
      const end = line.lastIndexOf(" ");
      return { series: line.slice(0, end), values: `${line.slice(end + 1)}x60` };
    });
  const firing = (alertname: string, name: string) => ({
    labels: `{alertname="${alertname}", name="${name}"}`,
    value: 1,
  });
  return {
    rule_files: ["rules.yml"],
    evaluation_interval: "1m",
    tests: [
      {
        interval: "1m",
        input_series,
        promql_expr_test: [
          {
            expr: 'count by (alertname, name) (ALERTS{alertstate="firing"})',
            eval_time: "45m",
            exp_samples: [
              firing("ClusterSecretStoreNotReady", "broken"),
              firing("ExternalSecretNotReady", "broken"),
              firing("ExternalSecretStale", "shop-db"),
              firing("SecretStoreNotReady", "broken"),
            ],
          },
        ],
      },
    ],
  };
}
