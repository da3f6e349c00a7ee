import { describe, expect, test } from "vitest";
import type { Desired } from "../../../src/desired/desired.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { Secret } from "../../../src/secret.ts";
import { claimsOf, type TokenClaims } from "../../../src/steps/reviewer-fact.ts";
import type { ReviewerUser } from "../../../src/steps/reviewer-users.ts";
import { rotationState } from "../../../src/steps/rotation-state.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const DAY = 86_400_000;
const daysAgo = (days: number) => new Date(NOW - days * DAY);

const secret = (number: number, days: number, type = "kubernetes.io/service-account-token"): KubeObject => ({
  apiVersion: "v1",
  kind: "Secret",
  type,
  metadata: {
    name: `infisical-token-reviewer-${number}`,
    namespace: "external-secrets",
    uid: `uid-${number}`,
    creationTimestamp: daysAgo(days).toISOString(),
  },
});

const user = (name: string, holds: KubeObject | undefined, claims: Partial<TokenClaims> = {}): ReviewerUser =>
  ({
    identity: { name },
    ours: true,
    secret: holds,
    claims: {
      secret: { name: holds?.metadata.name, uid: undefined },
      issuedAt: undefined,
      expiresAt: undefined,
      ...claims,
    },
  }) as unknown as ReviewerUser;

const look = (
  secrets: KubeObject[],
  users: ReviewerUser[],
  { olderThan = 0, tokenLifetime }: { olderThan?: number; tokenLifetime?: number } = {},
) => {
  const state = rotationState({ secrets, users, now: NOW }, { reviewer: { tokenLifetime } } as Desired, {
    olderThan,
  });
  const { phase, index, target, old, outdated, current } = state;
  return {
    phase,
    index,
    target: target?.metadata.name.at(-1),
    old: old.map(({ metadata }) => metadata.name.at(-1)).join(),
    outdated: outdated.map(({ identity }) => identity.name).join(),
    current: current.map(({ identity }) => identity.name).join(),
  };
};

const [one, two, three] = [secret(1, 40), secret(2, 3), secret(3, 0)];

describe("what stands in the two systems says how far a rotation is", () => {
  test.each([
    ["not begun", [one], [user("a", one), user("b", one)], "begin", 2, undefined, "1", "a,b", ""],
    ["a new Secret", [one, two], [user("a", one), user("b", one)], "finish", 2, "2", "1", "a,b", ""],
    ["one identity on", [one, two], [user("a", two), user("b", one)], "finish", 2, "2", "1", "b", "a"],
    ["both on", [one, two], [user("a", two), user("b", two)], "finish", 2, "2", "1", "", "a,b"],
    ["over", [two], [user("a", two), user("b", two)], "begin", 3, undefined, "2", "a,b", ""],
    ["two left over", [one, two, three], [user("a", one)], "finish", 3, "3", "1,2", "a", ""],
    ["no Secret is left", [], [user("a", undefined)], "begin", 1, undefined, "", "a", ""],
  ] as const)("%s", (_what, secrets, users, phase, index, target, old, outdated, current) => {
    expect(look([...secrets], [...users])).toEqual({ phase, index, target, old, outdated, current });
  });

  test("a number whose token is known somewhere is not used again: it would be the same token", () => {
    const gone = user("a", undefined, { secret: { name: "infisical-token-reviewer-7", uid: undefined } });
    expect(look([one], [gone]).index).toBe(8);
  });

  test("a foreign identity counts only while it holds a token that goes", () => {
    const foreign = (holds?: KubeObject) => ({ ...user("theirs", holds), ours: false });
    expect(look([one], [foreign(one)]).outdated).toBe("theirs");
    expect(look([one], [foreign()]).outdated).toBe("");
  });
});

describe("--if-older-than", () => {
  const month = { olderThan: 30 * 86_400 };
  test("an old token goes, a young one stays with its users", () => {
    expect(look([one], [user("a", one)], month)).toMatchObject({ phase: "begin", outdated: "a" });
    expect(look([two], [user("a", two)], month)).toEqual({
      phase: "rest",
      index: 2,
      target: "2",
      old: "",
      outdated: "",
      current: "a",
    });
  });

  test("a rotation that was begun is finished, however young", () => {
    expect(look([two, three], [user("a", two)], month)).toMatchObject({ phase: "finish", outdated: "a" });
  });

  test("bound tokens tell their own age, and are renewed before they end", () => {
    const anchor = secret(1, 400, "Opaque");
    const bound = (made: number, ends: number) =>
      user("a", anchor, { issuedAt: daysAgo(made), expiresAt: daysAgo(-ends) });
    const lasting = { ...month, tokenLifetime: 3_000_000 };
    expect(look([anchor], [bound(10, 20)], lasting).phase).toBe("rest");
    expect(look([anchor], [bound(31, 20)], lasting).phase).toBe("begin");
    expect(look([anchor], [bound(10, 2)], lasting).phase).toBe("begin");
  });

  test("another kind of token than is wanted goes at once", () => {
    expect(look([two], [user("a", two)], { ...month, tokenLifetime: 7200 })).toMatchObject({
      phase: "begin",
      index: 3,
    });
  });
});

describe("a token tells whose it is", () => {
  const jwt = (claims: object) =>
    new Secret(`e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`);

  test("unlimited, in a Secret", () => {
    const token = jwt({
      iss: "kubernetes/serviceaccount",
      "kubernetes.io/serviceaccount/namespace": "external-secrets",
      "kubernetes.io/serviceaccount/secret.name": "infisical-token-reviewer-1",
      "kubernetes.io/serviceaccount/service-account.name": "infisical-token-reviewer",
      "kubernetes.io/serviceaccount/service-account.uid": "u1",
    });
    expect(claimsOf(token)).toEqual({
      account: { namespace: "external-secrets", name: "infisical-token-reviewer", uid: "u1" },
      secret: { name: "infisical-token-reviewer-1", uid: undefined },
      issuedAt: undefined,
      expiresAt: undefined,
    });
  });

  test("bound to a Secret", () => {
    const token = jwt({
      iat: NOW / 1000,
      exp: NOW / 1000 + 60,
      "kubernetes.io": {
        namespace: "n",
        serviceaccount: { name: "r", uid: "u1" },
        secret: { name: "s", uid: "u2" },
      },
    });
    expect(claimsOf(token)).toEqual({
      account: { namespace: "n", name: "r", uid: "u1" },
      secret: { name: "s", uid: "u2" },
      issuedAt: new Date(NOW),
      expiresAt: new Date(NOW + 60_000),
    });
  });

  test.each(["", "opaque", "a.b.c", "e30.W10.x"])("%j is none", (text) => {
    expect(claimsOf(new Secret(text))).toBeUndefined();
  });
});
