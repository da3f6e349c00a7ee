import { expect, test } from "vitest";
import { metricsText } from "../../../src/commands/reviewer-text.ts";

const token = (secret: string | null, expiresAt: string | null, ...usedBy: string[]) => ({
  secret,
  createdAt: "2026-11-01T00:00:00.000Z",
  ageSeconds: 60,
  bound: expiresAt !== null,
  expiresAt,
  expiresInSeconds: null,
  expiresSoon: false,
  usedBy,
});

test("of several tokens that hang on one Secret a series is there once, with what ends first", () => {
  const text = metricsText({
    cluster: "prod",
    mode: "token",
    serviceAccount: "external-secrets/infisical-token-reviewer",
    unlisted: [],
    notAsked: null,
    tokens: [
      token("eso/reviewer-2", "2026-12-02T00:00:00.000Z", "one"),
      token("eso/reviewer-2", "2026-12-01T00:00:00.000Z", "two", "three"),
      token(null, null, "four"),
      token(null, null, "five"),
    ],
  });
  const series = text.split("\n").filter((line) => !line.startsWith("#"));
  expect(new Set(series.map((line) => line.split(" ")[0])).size).toBe(series.length);
  const ends = Date.parse("2026-12-01T00:00:00.000Z") / 1000;
  expect(series).toContain(
    `eso_bootstrap_reviewer_token_expires_timestamp_seconds{cluster="prod",secret="eso/reviewer-2"} ${ends}`,
  );
  expect(series).toContain(`eso_bootstrap_reviewer_token_users{cluster="prod",secret="eso/reviewer-2"} 3`);
  expect(series).toContain(`eso_bootstrap_reviewer_token_users{cluster="prod",secret=""} 2`);
});
