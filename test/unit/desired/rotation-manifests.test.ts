import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { alertsManifest } from "../../../src/desired/alerts.ts";
import { dashboard } from "../../../src/desired/dashboard.ts";
import { desiredOf } from "../../../src/desired/desired.ts";
import { rotationManifests } from "../../../src/desired/rotation-manifests.ts";
import { workflowText } from "../../../src/desired/rotation-workflow.ts";
import { inputs } from "../../helpers/inputs.ts";

type Changes = Parameters<typeof inputs>[0];

const desired = (changes: Changes = {}, infisicalCa?: string) =>
  desiredOf(inputs(changes), {
    context: "prod-eu",
    namespaces: () => ["shop"],
    infisicalCa,
    clusterCa: undefined,
    firstValues: [],
  });

const cronJob = (changes: Changes = {}, ca?: string) =>
  rotationManifests(desired(changes, ca), {
    image: "registry.example/tool:1",
    schedule: undefined,
    eso: { namespace: "external-secrets", name: "external-secrets" },
    organization: "acme",
  });

interface Rule {
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}
const rules = (objects: ReturnType<typeof cronJob>) =>
  objects.flatMap((object) => (object.kind === "Role" ? (object["rules"] as Rule[]) : []));

describe("the rotation's CronJob", () => {
  test("objects come before what refers to them, each with our mark", () => {
    const objects = cronJob({ reviewer: { namespace: "reviewer" } });
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "-"}`)).toEqual([
      "ServiceAccount reviewer",
      "ClusterRole -",
      "ClusterRoleBinding -",
      "Role reviewer",
      "RoleBinding reviewer",
      "Role external-secrets",
      "RoleBinding external-secrets",
      "Role kube-system",
      "RoleBinding kube-system",
      "ConfigMap reviewer",
      "CronJob reviewer",
    ]);
    for (const { metadata } of objects)
      expect(metadata.labels).toEqual({ "app.kubernetes.io/managed-by": "eso-bootstrap" });
  });

  test("Secrets of the reviewer's namespace only, tokens of named ServiceAccounts only", () => {
    const all = rules(cronJob());
    expect(all.filter(({ verbs }) => verbs.includes("*"))).toEqual([]);
    const tokens = all.filter(({ resources }) => resources.includes("serviceaccounts/token"));
    expect(tokens.map(({ resourceNames }) => resourceNames)).toEqual([
      ["eso-bootstrap-rotation"],
      ["external-secrets"],
    ]);
    const bound = rules(cronJob({ reviewer: { tokenLifetime: 3600 } }));
    expect(bound.flatMap(({ resourceNames = [] }) => resourceNames)).toContain("infisical-token-reviewer");
  });

  test("the settings that the pod gets have no stores and no secret, and bring the CA along", () => {
    const objects = cronJob({ reviewer: { tokenLifetime: 7200 } }, "PEM");
    const data = objects.find(({ kind }) => kind === "ConfigMap")?.["data"] as Record<string, string>;
    expect(data["infisical-ca.crt"]).toBe("PEM");
    expect(parse(data["eso-bootstrap.yaml"] ?? "")).toEqual({
      apiVersion: "eso-bootstrap/v1",
      cluster: { name: "prod-eu" },
      infisical: {
        host: "https://eu.infisical.com",
        organization: "acme",
        caFile: "/etc/eso-bootstrap/infisical-ca.crt",
      },
      eso: { namespace: "external-secrets", release: "external-secrets" },
      reviewer: {
        mode: "token",
        namespace: "external-secrets",
        serviceAccount: "infisical-token-reviewer",
        clusterRole: "system:auth-delegator",
        tokenLifetime: "2h",
      },
    });
  });
});

describe("the rotation's workflow", () => {
  test("secrets go in by environment alone", () => {
    const text = workflowText({ file: "eso-bootstrap.yaml", version: "1.2.3", schedule: "5 4 * * 1" });
    const { on, jobs, permissions } = parse(text) as {
      on: { schedule: unknown };
      permissions: unknown;
      jobs: { rotate: { steps: { run?: string; env?: object }[] } };
    };
    expect([on.schedule, permissions]).toEqual([[{ cron: "5 4 * * 1" }], { contents: "read" }]);
    const commands = jobs.rotate.steps.flatMap(({ run = [] }) => run);
    expect(commands.join("\n")).toContain("eso-bootstrap@1.2.3 reviewer rotate");
    expect(commands.filter((command) => command.includes("${{"))).toEqual([]);
  });
});

describe("alerts", () => {
  const rulesOf = (changes: Changes) => {
    const { groups } = alertsManifest(desired(changes))["spec"] as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    return groups.flatMap((group) => group.rules);
  };
  const exprOf = (alert: string, changes: Changes) =>
    rulesOf(changes)
      .filter((rule) => rule.alert === alert)
      .map(({ expr }) => expr);

  test("a sync is missed after three intervals, and not before ten minutes", () => {
    expect(exprOf("ExternalSecretStale", {})).toEqual([
      'increase(externalsecret_sync_calls_total{name=~"shop-db"}[600s]) == 0',
    ]);
    expect(exprOf("ExternalSecretStale", { secret: { refreshInterval: "1h" } })[0]).toContain("[10800s]");
    expect(exprOf("ExternalSecretStale", { secret: { refreshInterval: "0" } })).toEqual([]);
  });

  test("a token with an expiry is told when a fifth of its life is left", () => {
    expect(exprOf("ReviewerTokenExpires", { reviewer: { tokenLifetime: 360_000 } })[0]).toMatch(/< 72000$/);
    expect(exprOf("ReviewerTokenExpires", {})[0]).toMatch(/< 604800$/);
  });
});

test("the dashboard's panels lie beside and below each other, none over another", () => {
  const { panels } = dashboard() as { panels: { gridPos: { x: number; y: number; w: number; h: number } }[] };
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});
