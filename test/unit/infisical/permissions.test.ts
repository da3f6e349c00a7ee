import { describe, expect, test } from "vitest";
import { ERAS } from "../../../src/infisical/eras.ts";
import type { ReadGrant, Rule } from "../../../src/infisical/infisical.ts";
import { allows, compareRules } from "../../../src/infisical/permissions.ts";
import { narrowRules, rulesFor, rulesFromWire, rulesToWire } from "../../../src/infisical/rules.ts";
import { assertAsAsked } from "../../../src/infisical/roles.ts";
import type { Generation } from "../../../src/sandbox/infisical/index.ts";
import { serveForgetful } from "./fault-server.ts";
import { failureOf, GENERATIONS, READ_SHOP, stage } from "./server.ts";

type Conditions = Record<string, unknown>;

const rule = (conditions: Conditions, more: Partial<Rule> = {}): Rule => ({
  subject: "secrets",
  action: ["read"],
  inverted: false,
  conditions,
  ...more,
});
const shop = rule({ environment: { $eq: "prod" }, secretPath: { $eq: "/shop" } });
const below = rule({ environment: { $eq: "prod" }, secretPath: { $glob: "/shop/**" } });
const forbid = rule({ secretName: "ROOT" }, { inverted: true });

describe("rules read back", () => {
  test.each<[string, Rule[], Rule[], string]>([
    [
      "order of rules, keys and actions",
      [shop, below],
      [below, rule({ secretPath: { $eq: "/shop" }, environment: { $eq: "prod" } })],
      "same",
    ],
    ["shorthand is $eq", [shop], [rule({ environment: "prod", secretPath: "/shop" })], "same"],
    [
      "a glob without signs is $eq",
      [shop],
      [rule({ environment: "prod", secretPath: { $glob: "/shop" } })],
      "same",
    ],
    ["$in of one is $eq", [shop], [rule({ environment: { $in: ["prod"] }, secretPath: "/shop" })], "same"],
    [
      "legacy read is both new actions",
      [shop],
      [{ ...shop, action: ["readValue", "describeSecret"] }],
      "same",
    ],
    ["twice the same", [shop], [shop, shop], "same"],
    ["a condition dropped", [shop], [rule({ environment: "prod" })], "wider"],
    ["all conditions dropped", [shop], [rule({})], "wider"],
    ["a null condition is none", [shop], [rule({ environment: "prod", secretPath: null })], "wider"],
    [
      "a forbidding rule turned into an allowing one",
      [shop, forbid],
      [shop, rule({ secretName: "ROOT" })],
      "wider",
    ],
    ["a forbidding rule gone", [shop, forbid], [shop], "wider"],
    ["a forbidding rule added", [shop], [shop, forbid], "narrower"],
    ["an action more", [shop], [{ ...shop, action: ["read", "create"] }], "wider"],
    [
      "an action less",
      [{ ...shop, action: ["readValue", "describeSecret"] }],
      [{ ...shop, action: ["readValue"] }],
      "narrower",
    ],
    ["a subject more", [shop], [shop, { ...shop, subject: "secret-imports" }], "wider"],
    ["the path's subtree", [shop], [below], "wider"],
    ["the path of a subtree", [below], [shop], "narrower"],
    ["the root's subtree", [below], [rule({ environment: "prod", secretPath: { $glob: "/**" } })], "wider"],
    ["children only", [below], [rule({ environment: "prod", secretPath: { $glob: "/shop/*" } })], "narrower"],
    [
      "two environments",
      [shop],
      [rule({ environment: { $in: ["dev", "prod"] }, secretPath: "/shop" })],
      "wider",
    ],
    [
      "any but one environment",
      [shop],
      [rule({ environment: { $ne: "dev" }, secretPath: "/shop" })],
      "wider",
    ],
    ["a condition that never holds", [shop], [rule({ environment: {}, secretPath: "/shop" })], "narrower"],
    [
      "a sibling that begins alike",
      [below],
      [rule({ environment: "prod", secretPath: "/shopping" })],
      "different",
    ],
    ["another environment", [shop], [rule({ environment: "dev", secretPath: "/shop" })], "different"],
    [
      "an unknown operator",
      [shop],
      [rule({ environment: { $regex: "p" }, secretPath: "/shop" })],
      "different",
    ],
    [
      "a pattern that is not judged",
      [below],
      [rule({ environment: "prod", secretPath: { $glob: "/sho?/**" } })],
      "different",
    ],
    ["nothing", [shop], [], "narrower"],
    ["from nothing", [], [shop], "wider"],
  ])("%s", (_name, asked, got, expected) => {
    expect(compareRules(asked, got)).toBe(expected);
  });
});

describe("rules asked for", () => {
  const grant: ReadGrant = {
    scopes: [
      { environment: "prod", path: "/shop/", subtree: false },
      { environment: "prod", path: "/", subtree: true },
      { environment: "prod", path: "/shared", subtree: true },
    ],
    imports: true,
  };
  const paths = (rules: readonly Rule[]) => rules.map(({ conditions }) => conditions["secretPath"]);

  test("2024: read, which covers imports", () => {
    const rules = rulesFor(ERAS["2024"], grant);
    expect(paths(rules)).toEqual([{ $eq: "/shop" }, { $glob: "/**" }, { $glob: "/shared/**" }]);
    expect(rules.every(({ subject, action }) => subject === "secrets" && action.join() === "read")).toBe(
      true,
    );
    expect(narrowRules(rules.slice(0, 1))).toEqual([
      {
        subject: "secrets",
        action: "read",
        conditions: { environment: "prod", secretPath: { $glob: "/shop" } },
      },
    ]);
  });

  test("2026: names and values, and imports as a right of their own", () => {
    const rules = rulesFor(ERAS["2026"], grant);
    expect(rules.map(({ subject }) => subject).join(" ")).toBe(
      "secrets secrets secrets secret-imports secret-imports secret-imports",
    );
    expect(rules[0]?.action).toEqual(["describeSecret", "readValue"]);
    expect(compareRules(rules, rulesFromWire(rulesToWire(rules)))).toBe("same");
  });

  test("a path with pattern signs is not put into a pattern", () => {
    const scope = { environment: "prod", path: "/a*", subtree: true };
    expect(() => rulesFor(ERAS["2026"], { scopes: [scope], imports: false })).toThrow(/cannot express/);
    const exact = rulesFor(ERAS["2024"], { scopes: [{ ...scope, subtree: false }], imports: false });
    expect(paths(exact)).toEqual([{ $eq: "/a*" }]);
    expect(() => narrowRules(exact)).toThrow(/cannot express/);
  });
});

test.each([
  [[rule({})], "readValue", "secrets", true],
  [[rule({ environment: "x" })], "read", "secrets", true],
  [[rule({})], "create", "secrets", false],
  [[rule({}, { subject: "all", action: ["manage"] })], "create", "role", true],
  [[rule({}), rule({}, { inverted: true })], "read", "secrets", false],
  [[rule({}), forbid], "read", "secrets", true],
  [[], "read", "secrets", false],
] as const)("what rules allow: %j %s %s", (rules, action, subject, expected) => {
  expect(allows(rules, action, subject)).toBe(expected);
});

describe("a server that drops a condition", () => {
  const role = { slug: "r", name: "r", description: "d", grant: READ_SHOP };

  /** Drops the path of `/shop`, and says nothing. */
  async function forgetfulStage(generation: Generation, path = "/shop") {
    const whole = await stage(generation);
    const host = await serveForgetful(whole.server.url, "secretPath", path);
    return { ...whole, forgetful: whole.open({ host }) };
  }

  test.each(GENERATIONS)("a wider role is deleted again (%s)", async (generation) => {
    const { forgetful, server, project } = await forgetfulStage(generation);
    const before = server.snapshot();
    expect((await failureOf(forgetful.createRole(project, role))).code).toBe("ESOB-I206");
    expect(server.snapshot()).toEqual(before);
    expect(server.log.writes.map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  });

  test.each(GENERATIONS)(
    "a role that a change made wider gets its old rules again (%s)",
    async (generation) => {
      const { forgetful, infisical, server, project } = await forgetfulStage(generation, "/x");
      const made = await infisical.createRole(project, role);
      const before = server.snapshot();
      const grant: ReadGrant = {
        scopes: [{ environment: "dev", path: "/x", subtree: false }],
        imports: false,
      };
      expect((await failureOf(forgetful.updateRole(project, made, grant))).code).toBe("ESOB-I206");
      expect(server.snapshot()).toEqual(before);
    },
  );

  test.each(GENERATIONS)("a wider privilege is deleted again (%s)", async (generation) => {
    const { forgetful, server, project } = await forgetfulStage(generation);
    const identity = server.createIdentity({ name: "eso" });
    server.addMember("shop", identity.id, "no-access");
    const before = server.snapshot();
    const made = forgetful.createPrivilege(project, identity.id, { slug: "p", grant: READ_SHOP });
    expect((await failureOf(made)).code).toBe("ESOB-I206");
    expect(server.snapshot()).toEqual(before);
  });

  test("what came back with less does not stay either", async () => {
    const takeBack: string[] = [];
    const asked = rulesFor(ERAS["2024"], READ_SHOP);
    const less = assertAsAsked(asked, [], "the role r", async () => void takeBack.push("taken back"));
    expect((await failureOf(less)).code).toBe("ESOB-I112");
    expect(takeBack).toEqual(["taken back"]);
  });

  test("a plan without custom roles says so; a privilege does the same work", async () => {
    const { infisical, server, project } = await stage("2026", { server: { plan: { rbac: false } } });
    expect((await failureOf(infisical.createRole(project, role))).code).toBe("ESOB-I115");
    const identity = server.createIdentity({ name: "eso", project: "shop" });
    const made = await infisical.createPrivilege(project, identity.id, { slug: "p", grant: READ_SHOP });
    expect(compareRules(await infisical.rulesFor(READ_SHOP), made.rules)).toBe("same");
  });
});
