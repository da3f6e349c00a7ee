import { describe, expect, it } from "vitest";
import { BootstrapError } from "../../../src/errors.ts";
import type { Event } from "../../../src/engine/events.ts";
import { Secret } from "../../../src/secret.ts";
import { createHumanReporter } from "../../../src/ui/human.ts";
import type { CommandResult, Verbosity } from "../../../src/ui/reporter.ts";
import type { Terminal } from "../../../src/ui/terminal.ts";
import { applyResult, BLOCKED, check, createScreen, createTestClock, plan, ROAD } from "./screen.ts";

const STORE = ROAD.filter(({ step }) => step === "store");
const [CREATE] = STORE;
const refused = new BootstrapError("ESOB-S101", {
  message: "SecretStore shop/infisical did not become Valid.",
  reason: "ESO says: identity not found.",
  fix: { summary: "Find the cause.", command: "eso-bootstrap doctor" },
});

function createHuman(features: Partial<Terminal> = {}, verbosity: Verbosity = "normal") {
  const screen = createScreen(features);
  const clock = createTestClock();
  const reporter = createHumanReporter(screen.terminal, { verbosity, now: clock.now, every: clock.every });
  return { ...screen, clock, reporter };
}

function applyRoad({ reporter, clock }: Pick<ReturnType<typeof createHuman>, "reporter" | "clock">) {
  if (!CREATE) throw new Error("the road has no store");
  const events: (Event | number)[] = [
    { type: "looking", what: "ESO" },
    { type: "planned", plan: plan(STORE) },
    { type: "change-started", change: CREATE },
    { type: "waiting", what: "SecretStore shop/infisical", state: "ESO has not looked at it yet" },
    1200,
    { type: "waiting", what: "SecretStore shop/infisical", state: "ESO has not looked at it yet" },
    { type: "waiting", what: "SecretStore shop/infisical", state: "unable to validate store" },
    1000,
    { type: "change-finished", change: CREATE, durationMs: 2200 },
    { type: "warning", text: "DB_HOST waits for an approval at Infisical" },
    { type: "note", text: "Secret shop/shop-db is used by deployment/shop" },
    800,
    { type: "checked", result: check("ESO runs") },
    { type: "checked", result: check("login") },
  ];
  for (const event of events) {
    if (typeof event === "number") clock.pass(event);
    else reporter.event(event);
  }
}

const DONE: CommandResult = {
  kind: "ApplyResult",
  result: applyResult(STORE, { checks: [check("ESO runs"), check("login")] }),
  next: [
    "Check it: eso-bootstrap doctor",
    "Add a key: eso-bootstrap add-secret SMTP_PASSWORD --to shop-db",
    "Again, without questions: eso-bootstrap init -f eso-bootstrap.yaml --yes",
  ],
};

describe("a run where nobody watches, as in CI", () => {
  it("is one line per event", () => {
    const human = createHuman();
    applyRoad(human);
    human.reporter.end(DONE);
    expect(`\n${human.stderr()}`).toMatchInlineSnapshot(`
      "
        … looking at ESO
      Plan · prod-eu ↔ eu.infisical.com/shop · 1 change
        Store     + SecretStore shop/infisical                reads /shop in prod
        … SecretStore shop/infisical
        … SecretStore shop/infisical  ESO has not looked at it yet
        … SecretStore shop/infisical  unable to validate store
        ✔ SecretStore shop/infisical created                                  2.2s
      ⚠ DB_HOST waits for an approval at Infisical
        Secret shop/shop-db is used by deployment/shop
        ✔ proof: 2 checks passed                                              0.8s
      Applied 1 change.                                                       3.0s

      Check it:   eso-bootstrap doctor
      Add a key:  eso-bootstrap add-secret SMTP_PASSWORD --to shop-db
      Again, without questions:  eso-bootstrap init -f eso-bootstrap.yaml --yes
      "
    `);
    expect(human.stdout()).toBe("");
  });

  it("has no escape sequences", () => {
    const human = createHuman({ unicode: false });
    applyRoad(human);
    human.reporter.end(DONE);
    expect(human.stderr()).toMatch(/^[\n -~]*$/);
  });

  it("is only the result with -q", () => {
    const human = createHuman({}, "quiet");
    applyRoad(human);
    human.reporter.end({ ...DONE, next: [] });
    expect(`\n${human.stderr()}`).toMatchInlineSnapshot(`
      "
        ✔ proof: 2 checks passed                                              0.8s
      Applied 1 change.                                                       3.0s
      "
    `);
  });

  it("names every check with -v", () => {
    const human = createHuman({}, "verbose");
    applyRoad(human);
    expect(human.stderr()).toContain("✔ ESO runs");
  });
});

describe("a run that a person watches", () => {
  it("has a spinner with the time that the change has taken", () => {
    const human = createHuman({ isTTY: true });
    applyRoad(human);
    expect(human.stderr()).toContain("⠼ SecretStore shop/infisical  ESO has not looked at it yet  1s");
    human.reporter.end(DONE);
    expect(human.clock.running()).toBe(0);
    expect(human.stderr().split("\u001b[2K").at(-1)).toMatch(/^ {2}✔ proof: 2 checks passed/);
  });

  it("stops the spinner before the plan, so that the question stands alone", () => {
    const human = createHuman({ isTTY: true });
    human.reporter.event({ type: "looking", what: "ESO" });
    expect(human.clock.running()).toBe(1);
    human.reporter.event({ type: "planned", plan: plan(STORE) });
    expect(human.clock.running()).toBe(0);
  });

  it("keeps the spinner's line within the terminal", () => {
    const human = createHuman({ isTTY: true, columns: 40 });
    human.reporter.event({ type: "waiting", what: "x".repeat(60), state: "y" });
    expect(human.stderr().replaceAll("\r\u001b[2K", "")).toHaveLength(38);
  });

  it("is coloured only where colours are wanted", () => {
    const coloured = createHuman({ colour: true });
    coloured.reporter.fail(refused);
    expect(coloured.stderr()).toContain("\u001b[31m✖\u001b[39m");
    const plain = createHuman({ colour: false });
    plain.reporter.fail(refused);
    expect(plain.stderr()).not.toContain("\u001b");
  });
});

describe("how a run ends", () => {
  it("says in two lines that nothing is to be done", () => {
    const human = createHuman();
    const untouched = ROAD.map((change) => ({ ...change, action: "unchanged" as const }));
    human.reporter.event({ type: "planned", plan: plan(untouched) });
    human.clock.pass(800);
    const result = applyResult(untouched, { checks: [check("a"), check("b")] });
    human.reporter.end({ kind: "ApplyResult", result, next: [] });
    expect(`\n${human.stderr()}`).toMatchInlineSnapshot(`
      "
      Plan · prod-eu ↔ eu.infisical.com/shop · nothing to change (9 things looked at)
        ✔ proof: 2 checks passed                                              0.8s
      "
    `);
  });

  it("says what was done and what was not when a change failed", () => {
    const human = createHuman();
    const [done, failed, ...rest] = ROAD;
    if (!done || !failed) throw new Error("the road is too short");
    const result = applyResult(ROAD, {
      applied: [done],
      failed: { change: failed, error: refused },
      notDone: rest.filter(({ action }) => action !== "unchanged"),
    });
    human.reporter.end({ kind: "ApplyResult", result, next: ["Check it: eso-bootstrap doctor"] });
    expect(`\n${human.stderr()}`).toMatchInlineSnapshot(`
      "
      ✖ SecretStore shop/infisical did not become Valid.                   ESOB-S101
        ESO says: identity not found.
        Fix    Find the cause.
               eso-bootstrap doctor
        More   eso-bootstrap explain ESOB-S101  docs/troubleshooting.md#esob-s101

        Done      Helm release external-secrets/external-secrets
        Not done  ClusterRoleBinding infisical-token-reviewer, machine identity
                  eso-prod-eu-shop, SecretStore shop/infisical, ExternalSecret
                  shop/old
        Run it again when the cause is mended: it goes on from there.
      "
    `);
  });

  it("says what was reached in the command's own words", () => {
    const human = createHuman();
    human.clock.pass(34_000);
    human.reporter.end({ ...DONE, headline: "Proved: Secret shop/shop-db has 3 of 3 keys.", next: [] });
    expect(human.stderr()).toMatch(/Proved: Secret shop\/shop-db has 3 of 3 keys\. +34s\n/);
  });

  it("shows a plan once, also when it is the result", () => {
    const human = createHuman();
    human.reporter.event({ type: "planned", plan: plan([BLOCKED]) });
    const before = human.stderr();
    human.reporter.end({ kind: "Plan", plan: plan([BLOCKED]) });
    expect(human.stderr()).toBe(before);
    const quiet = createHuman({}, "quiet");
    quiet.reporter.end({ kind: "Plan", plan: plan([BLOCKED]) });
    expect(quiet.stderr()).toBe(before);
  });

  it("writes data to stdout and nothing else", () => {
    const human = createHuman();
    human.reporter.end({ kind: "Text", text: "apiVersion: v1\nkind: Secret" });
    expect(human.stdout()).toBe("apiVersion: v1\nkind: Secret\n");
    expect(human.stderr()).toBe("");
  });

  it("tells of each cluster and of each secret", () => {
    const human = createHuman();
    human.reporter.end({
      kind: "List",
      items: [
        { cluster: "prod-eu", result: { kind: "Error", error: refused } },
        {
          cluster: "prod-us",
          result: {
            kind: "SyncResult",
            result: {
              secrets: [
                {
                  namespace: "shop",
                  name: "a",
                  result: "changed",
                  refreshTime: "2026-11-23T20:00:00Z",
                  keys: 1,
                  restarted: ["deployment/a"],
                },
                {
                  namespace: "shop",
                  name: "b",
                  result: "unchanged",
                  refreshTime: undefined,
                  keys: 3,
                  restarted: [],
                },
                {
                  namespace: "shop",
                  name: "c",
                  result: "failed",
                  refreshTime: undefined,
                  keys: 0,
                  restarted: [],
                  error: refused,
                },
              ],
            },
          },
        },
      ],
    });
    expect(`\n${human.stderr()}`).toMatchInlineSnapshot(`
      "
      · prod-eu
      ✖ SecretStore shop/infisical did not become Valid.                   ESOB-S101
        ESO says: identity not found.
        Fix    Find the cause.
               eso-bootstrap doctor
        More   eso-bootstrap explain ESOB-S101  docs/troubleshooting.md#esob-s101

      · prod-us
      ✔ shop/a                           changed, 1 key   restarted deployment/a
      ○ shop/b                           up to date, 3 keys
      ✖ shop/c: SecretStore shop/infisical did not become Valid.           ESOB-S101
        ESO says: identity not found.
        Fix    Find the cause.
               eso-bootstrap doctor
        More   eso-bootstrap explain ESOB-S101  docs/troubleshooting.md#esob-s101
      3 ExternalSecrets: 1 changed, 1 up to date, 1 failed

        CLUSTER  RESULT
      ✖ prod-eu  ESOB-S101 SecretStore shop/infisical did not become Valid.
      ✖ prod-us  2 synced, 1 failed
      "
    `);
  });

  it("groups ExternalSecrets that failed for one cause, and counts all", () => {
    const failed = (name: string, reason?: string) => ({
      namespace: "shop",
      name,
      result: "failed" as const,
      refreshTime: undefined,
      keys: 0,
      restarted: [],
      error: new BootstrapError("ESOB-E302", {
        message: `ExternalSecret shop/${name} did not sync: could not get secret data.`,
        ...(reason !== undefined && { reason }),
        fix: { summary: "Mend the cause.", command: `eso-bootstrap doctor shop/${name}` },
      }),
    });
    const many = Array.from({ length: 14 }, (_, index) => failed(`many-${index}`, "identity not found"));
    const human = createHuman();
    human.reporter.end({
      kind: "SyncResult",
      result: {
        secrets: [
          failed("a", "last synced 2026-11-23T11:00:00Z"),
          { namespace: "shop", name: "b", result: "changed", refreshTime: undefined, keys: 2, restarted: [] },
          failed("c", "last synced 2026-11-23T11:00:05.123Z"),
          failed("other", "another cause"),
          ...many,
        ],
      },
    });
    expect(`\n${human.stderr()}`).toMatchInlineSnapshot(`
      "
      ✔ shop/b                           changed, 2 keys
      ✖ 2 ExternalSecrets, for one cause: ExternalSecret … did not sync: could not get
        secret data.                                                       ESOB-E302
          shop/a, shop/c
        last synced 2026-11-23T11:00:00Z
        Fix    Mend the cause.
               eso-bootstrap doctor shop/a
        More   eso-bootstrap explain ESOB-E302  docs/troubleshooting.md#esob-e302
      ✖ shop/other: ExternalSecret shop/other did not sync: could not get secret data.
                                                                           ESOB-E302
        another cause
        Fix    Mend the cause.
               eso-bootstrap doctor shop/other
        More   eso-bootstrap explain ESOB-E302  docs/troubleshooting.md#esob-e302
      ✖ 14 ExternalSecrets, for one cause: ExternalSecret … did not sync: could not
        get secret data.                                                   ESOB-E302
          shop/many-0, shop/many-1, shop/many-2, shop/many-3, shop/many-4,
          shop/many-5, shop/many-6, shop/many-7, shop/many-8, shop/many-9,
          shop/many-10, shop/many-11 and 2 more
        identity not found
        Fix    Mend the cause.
               eso-bootstrap doctor shop/many-0
        More   eso-bootstrap explain ESOB-E302  docs/troubleshooting.md#esob-e302
      18 ExternalSecrets: 1 changed, 17 failed
      "
    `);
  });

  it("says that nothing was changed when that is known", () => {
    const human = createHuman();
    human.reporter.fail(refused, { nothingChanged: true });
    expect(human.stderr()).toMatch(/Nothing was changed\.\n$/);
  });

  it("shows where a known failure came from with --debug, never its cause", () => {
    const human = createHuman({}, "debug");
    const error = new BootstrapError("ESOB-K105", { message: "It failed.", cause: new Error("hunter2") });
    human.reporter.fail(error);
    expect(human.stderr()).toContain("human.test.ts");
    expect(human.stderr()).not.toContain("hunter2");
  });

  it("calls a bug a bug", () => {
    const human = createHuman();
    human.reporter.bug(new TypeError("x is not a function\nsecond line"));
    expect(human.stderr()).toContain("✖ This is a bug in eso-bootstrap: TypeError: x is not a function");
    expect(human.stderr()).toContain("human.test.ts");
    expect(human.stderr()).not.toContain("second line");
    human.reporter.bug(new Secret("hunter2"));
    expect(human.stderr()).not.toContain("hunter2");
  });
});

describe("doctor under way", () => {
  const checks = ["a", "b", "c"].map((name) => check(`${name} holds`));
  const look = ({ reporter }: ReturnType<typeof createHuman>) => {
    reporter.event({ type: "looking", what: "prod-eu" });
    for (const result of checks) reporter.event({ type: "checked", result, of: checks.length });
  };
  const END: CommandResult = {
    kind: "DoctorReport",
    report: { summary: { passed: 3, failed: 0, warnings: 0, skipped: 0 }, checks },
    headline: "prod-eu · 1 store",
    exitCode: 0,
  };

  it("says on a terminal how far it is, from the beginning at each look", () => {
    const human = createHuman({ isTTY: true });
    look(human);
    look(human);
    const seen = [...human.stderr().matchAll(/checking {2}(\d of \d)/g)].map(([, amount]) => amount);
    expect(seen).toEqual(["1 of 3", "2 of 3", "3 of 3", "1 of 3", "2 of 3", "3 of 3"]);
    human.reporter.end(END);
    expect(human.stderr()).toMatch(/3 passed · exit 0\n$/);
  });

  it("says where nobody watches what it looks at, once, also while it waits", () => {
    const human = createHuman();
    look(human);
    human.reporter.event({ type: "waiting", what: "health", state: "1 failed" });
    look(human);
    human.reporter.event({ type: "waiting", what: "health", state: "1 failed" });
    expect(human.stderr()).toBe("  … looking at prod-eu\n  … health  1 failed\n");
  });

  it("tells each check once with -v, in the order of the report", () => {
    const human = createHuman({}, "verbose");
    look(human);
    human.reporter.end(END);
    for (const { title } of checks) expect(human.stderr().split(title)).toHaveLength(2);
    expect(human.stderr().indexOf("a holds")).toBeGreaterThan(human.stderr().indexOf("prod-eu · 1 store"));
  });
});
