import type { ApplyResult } from "../../../src/engine/apply.ts";
import type { CheckResult } from "../../../src/engine/check.ts";
import { planOf, type Change, type Plan } from "../../../src/engine/plan.ts";
import { docsAnchor } from "../../../src/errors.ts";
import type { Terminal } from "../../../src/ui/terminal.ts";

/** A terminal that remembers what was written to it. */
export function createScreen(features: Partial<Omit<Terminal, "stdout" | "stderr">> = {}) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written) => ({ write: (text: string) => (written[name] += text) });
  const terminal: Terminal = {
    columns: 80,
    rows: 24,
    isTTY: false,
    colour: false,
    unicode: true,
    ...features,
    stdout: sink("stdout"),
    stderr: sink("stderr"),
  };
  return { terminal, stdout: () => written.stdout, stderr: () => written.stderr };
}

/** True when a text holds anything that a terminal obeys: control characters but line feeds, direction marks. */
export function steers(text: string): boolean {
  return text
    .split("")
    .some((character) => (character < " " && character !== "\n") || character === "\u202e");
}

/** A clock that stands still until it is told to go on; `tick` also moves the spinner. */
export function createTestClock() {
  let time = 0;
  let ticks: (() => void)[] = [];
  return {
    now: () => time,
    every: (_ms: number, tick: () => void) => {
      ticks.push(tick);
      return () => (ticks = ticks.filter((other) => other !== tick));
    },
    pass(ms: number) {
      time += ms;
      for (const tick of ticks) tick();
    },
    running: () => ticks.length,
  };
}

export function plan(changes: readonly Change[]): Plan {
  return planOf(
    changes.map((change) => ({ change })),
    { cluster: "prod-eu", infisical: "https://eu.infisical.com/shop" },
  );
}

export function applyResult(changes: readonly Change[], more: Partial<ApplyResult> = {}): ApplyResult {
  const applied = changes.filter(({ action }) => action !== "unchanged");
  return { ...plan(changes), applied, notDone: [], checks: [], writes: applied.length, ...more };
}

export function check(id: string, more: Partial<CheckResult> = {}): CheckResult {
  const code = more.code ?? "ESOB-R103";
  return {
    code,
    id,
    category: "Login as ESO does",
    title: id,
    status: "pass",
    severity: "error",
    docs: docsAnchor(code),
    durationMs: 5,
    ...more,
  };
}

/** The road of screens.md, as the steps plan it. */
export const ROAD: readonly Change[] = [
  {
    step: "eso",
    action: "create",
    target: { system: "helm", kind: "Helm release", namespace: "external-secrets", name: "external-secrets" },
    summary: "ESO 2.9.0: External Secrets Operator",
  },
  {
    step: "reviewer",
    action: "create",
    target: {
      system: "kubernetes",
      kind: "ServiceAccount",
      namespace: "external-secrets",
      name: "infisical-token-reviewer",
    },
    summary: "may only ask whether a token is genuine",
  },
  {
    step: "reviewer",
    action: "update",
    target: { system: "kubernetes", kind: "ClusterRoleBinding", name: "infisical-token-reviewer" },
    summary: "system:auth-delegator",
    diff: [
      { path: "roleRef.name", from: "view", to: "system:auth-delegator" },
      {
        path: "subjects",
        from: undefined,
        to: [{ kind: "ServiceAccount", name: "infisical-token-reviewer" }],
      },
    ],
  },
  {
    step: "project",
    action: "unchanged",
    target: { system: "infisical", kind: "project", name: "shop" },
    summary: "",
  },
  {
    step: "project",
    action: "unchanged",
    target: { system: "infisical", kind: "environment", name: "prod" },
    summary: "",
  },
  {
    step: "project",
    action: "unchanged",
    target: { system: "infisical", kind: "folder", name: "/shop" },
    summary: "",
  },
  {
    step: "identity",
    action: "create",
    target: { system: "infisical", kind: "machine identity", name: "eso-prod-eu-shop" },
    summary: "for SecretStore shop/infisical",
  },
  {
    step: "store",
    action: "create",
    target: { system: "kubernetes", kind: "SecretStore", namespace: "shop", name: "infisical" },
    summary: "reads /shop in prod",
  },
  {
    step: "secret",
    action: "delete",
    target: { system: "kubernetes", kind: "ExternalSecret", namespace: "shop", name: "old" },
    summary: "3 keys, every 60s",
  },
];

export const BLOCKED: Change = {
  step: "store",
  action: "blocked",
  target: { system: "kubernetes", kind: "SecretStore", namespace: "shop", name: "infisical" },
  summary: "reads /shop in prod",
  reason: "it does not carry our mark; --adopt takes it over",
};
