import { describe, expect, it } from "vitest";
import { planLines } from "../../../src/ui/human-plan.ts";
import { createStyle } from "../../../src/ui/style.ts";
import { width } from "../../../src/ui/text.ts";
import { Secret } from "../../../src/secret.ts";
import { BLOCKED, plan, ROAD, steers } from "./screen.ts";

const at80 = createStyle({ columns: 80, colour: false, unicode: true });
const at120 = createStyle({ columns: 120, colour: false, unicode: true });
const ascii = createStyle({ columns: 80, colour: false, unicode: false });
const screen = (lines: readonly string[]) => `\n${lines.join("\n")}\n`;

describe("the plan on the screen", () => {
  it("is a table by step, 80 columns wide", () => {
    expect(screen(planLines(plan(ROAD), at80))).toMatchInlineSnapshot(`
      "
      Plan · prod-eu ↔ eu.infisical.com/shop · 6 changes
        ESO       + Helm release external-secrets/external-secrets
                      ESO 2.9.0: External Secrets Operator
        Reviewer  + ServiceAccount external-secrets/infisical-token-reviewer
                      may only ask whether a token is genuine
                  ~ ClusterRoleBinding infisical-token-reviewer  system:auth-delegator
                      roleRef.name: view → system:auth-delegator
                      subjects:
                        (none)
                        → [{"kind":"ServiceAccount","name":"infisical-token-reviewer"…
        Infisical ○ project shop · environment prod · folder /shop
                  + machine identity eso-prod-eu-shop   for SecretStore shop/infisical
        Store     + SecretStore shop/infisical                reads /shop in prod
        Secret    - ExternalSecret shop/old                   3 keys, every 60s
      "
    `);
  });

  it("uses the room of a wider terminal", () => {
    expect(screen(planLines(plan(ROAD), at120))).toMatchInlineSnapshot(`
      "
      Plan · prod-eu ↔ eu.infisical.com/shop · 6 changes
        ESO       + Helm release external-secrets/external-secrets  ESO 2.9.0: External Secrets Operator
        Reviewer  + ServiceAccount external-secrets/infisical-token-reviewer  may only ask whether a token is genuine
                  ~ ClusterRoleBinding infisical-token-reviewer  system:auth-delegator
                      roleRef.name: view → system:auth-delegator
                      subjects: (none) → [{"kind":"ServiceAccount","name":"infisical-token-reviewer"…
        Infisical ○ project shop · environment prod · folder /shop
                  + machine identity eso-prod-eu-shop         for SecretStore shop/infisical
        Store     + SecretStore shop/infisical                reads /shop in prod
        Secret    - ExternalSecret shop/old                   3 keys, every 60s
      "
    `);
  });

  it("has an ASCII twin", () => {
    const lines = planLines(plan([...ROAD, BLOCKED]), ascii);
    expect(screen(lines)).toMatchInlineSnapshot(`
      "
      Plan - prod-eu <-> eu.infisical.com/shop - 6 changes, 1 blocked
        ESO       + Helm release external-secrets/external-secrets
                      ESO 2.9.0: External Secrets Operator
        Reviewer  + ServiceAccount external-secrets/infisical-token-reviewer
                      may only ask whether a token is genuine
                  ~ ClusterRoleBinding infisical-token-reviewer  system:auth-delegator
                      roleRef.name: view -> system:auth-delegator
                      subjects:
                        (none)
                        -> [{"kind":"ServiceAccount","name":"infisical-token-reviewe...
        Infisical o project shop - environment prod - folder /shop
                  + machine identity eso-prod-eu-shop   for SecretStore shop/infisical
        Store     + SecretStore shop/infisical                reads /shop in prod
                  # SecretStore shop/infisical                reads /shop in prod
                      it does not carry our mark; --adopt takes it over
        Secret    - ExternalSecret shop/old                   3 keys, every 60s
        # To go on: --adopt takes over a foreign object, --force-conflicts a foreign
          field.
      "
    `);
    expect(lines.join("")).toMatch(/^[ -~]*$/);
  });

  it("says in one line that there is nothing to do", () => {
    const untouched = ROAD.map((change) => ({ ...change, action: "unchanged" as const }));
    expect(screen(planLines(plan(untouched), at80))).toMatchInlineSnapshot(`
      "
      Plan · prod-eu ↔ eu.infisical.com/shop · nothing to change (9 things looked at)
      "
    `);
  });

  it("lists what was looked at when asked for more", () => {
    const untouched = ROAD.slice(3, 6);
    expect(screen(planLines(plan(untouched), at80, true))).toMatchInlineSnapshot(`
      "
      Plan · prod-eu ↔ eu.infisical.com/shop · nothing to change (3 things looked at)
        Infisical ○ project shop
                  ○ environment prod
                  ○ folder /shop
      "
    `);
  });

  it("says why a change is blocked and how to go on", () => {
    expect(screen(planLines(plan([BLOCKED]), at80))).toMatchInlineSnapshot(`
      "
      Plan · prod-eu ↔ eu.infisical.com/shop · 1 blocked
        Store     ⊘ SecretStore shop/infisical                reads /shop in prod
                      it does not carry our mark; --adopt takes it over
        ⊘ To go on: --adopt takes over a foreign object, --force-conflicts a foreign
          field.
      "
    `);
  });

  it("cuts long lists of fields and long values", () => {
    const diff = Array.from({ length: 10 }, (_, index) => ({
      path: `spec.values.field${index}`,
      from: "x".repeat(100),
      to: index,
    }));
    const change = { ...BLOCKED, action: "update" as const, diff };
    const lines = planLines(plan([change]), at80);
    expect(lines.at(-1)).toContain("2 more");
    expect(Math.max(...lines.map(width))).toBeLessThanOrEqual(80);
    expect(planLines(plan([change]), at80, true).at(-1)).toContain("9");
  });

  it("shows a Secret only as [redacted], and nothing that moves the cursor", () => {
    const diff = [{ path: "data", from: "\u001b[2J\u0007gone", to: { token: new Secret("hunter2") } }];
    const name = "infisical\u001b]0;title\u0007";
    const change = { ...BLOCKED, action: "update" as const, diff, target: { ...BLOCKED.target, name } };
    const text = planLines(plan([change]), at80).join("\n");
    expect(text).toContain('gone → {"token":"[redacted]"}');
    expect(text).not.toContain("hunter2");
    expect(steers(text)).toBe(false);
  });

  it.each([60, 80, 100, 120])("never is wider than %i columns, commands aside", (columns) => {
    const lines = planLines(plan([...ROAD, BLOCKED]), createStyle({ columns, colour: false, unicode: true }));
    const tooWide = lines.filter((line) => width(line) > columns);
    // A name that is longer than the terminal is never cut: it must be readable.
    expect(tooWide.filter((line) => !/external-secrets\/|infisical-token-reviewer/.test(line))).toEqual([]);
  });
});
