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
 * ready, and ones that are. `promtool` (Debian package prometheus; PROMTOOL names another) also runs the rules over the scrape.
 */

const LONG = 600_000;
let world: World;
let scraped: string;

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

/** Those that ESO does not expose: told by `reviewer show --metrics` and by kube-state-metrics; and functions. */
const ELSEWHERE = /^(eso_bootstrap_|kube_job_)/;
const FUNCTIONS = new Set(["absent_over_time"]);

/** Selectors without a series in the scrape. */
function unknownIn(expr: string): string[] {
  const lines = scraped.split("\n").filter((line) => !line.startsWith("#"));
  return selectors(expr)
    .filter(({ metric }) => !ELSEWHERE.test(metric) && !FUNCTIONS.has(metric))
    .filter(
      ({ metric, matchers }) =>
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
  rules: { alert: string; expr: string; for?: string }[];
}

async function alerts(): Promise<RuleGroup[]> {
  const { json } = await runJson<{ items: KubeObject[] }>(world, "render", "--alerts");
  const spec = json.items[0]?.["spec"] as { groups: RuleGroup[] };
  return spec.groups;
}

test("every alert is about series that the real ESO exposes", async () => {
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

test("promtool accepts the rules, and over the scrape they fire for what is broken and for nothing else", async () => {
  const promtool = process.env["PROMTOOL"] ?? "promtool";
  const run = promisify(execFile);
  const there = await run(promtool, ["--version"]).then(
    () => true,
    () => false,
  );
  if (!there) {
    process.stdout.write(
      "promtool is not here (Debian package prometheus): rules were only read by our own parser\n",
    );
    return;
  }
  const groups = await alerts();
  await writeFile(join(world.dir, "rules.yml"), stringify({ groups }));
  await writeFile(join(world.dir, "test.yml"), stringify(ruleTests()));
  await run(promtool, ["check", "rules", join(world.dir, "rules.yml")]);
  const { stdout } = await run(promtool, ["test", "rules", join(world.dir, "test.yml")], {
    cwd: world.dir,
  }).catch((error: unknown) =>
    Promise.reject(new Error((error as { stdout: string; stderr: string }).stderr)),
  );
  expect(stdout).toContain("SUCCESS");
});

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
