import { describe, expect, it } from "vitest";
import type { SecretStatus, StatusReport } from "../../../src/status/report.ts";
import { statusChanges, statusLines } from "../../../src/ui/human-status.ts";
import { createStyle } from "../../../src/ui/style.ts";

const style = createStyle({ columns: 80, colour: false, unicode: true });

const secret = (changes: Partial<SecretStatus> = {}): SecretStatus => ({
  namespace: "shop",
  name: "shop-db",
  state: "SecretSynced",
  ready: true,
  keys: { wanted: 3, present: 3 },
  ageSeconds: 12,
  refreshInterval: "60s",
  late: false,
  target: "shop-db",
  managedBy: "eso-bootstrap",
  ...changes,
});

const report = (...secrets: SecretStatus[]): StatusReport => ({
  cluster: "prod-eu",
  eso: [{ namespace: "external-secrets", version: "2.9.0", installedBy: "Helm", available: true }],
  reviewers: [
    {
      namespace: "external-secrets",
      serviceAccount: "reviewer",
      ageSeconds: 41 * 86_400,
      token: "unlimited",
    },
  ],
  stores: [
    {
      kind: "SecretStore",
      namespace: "shop",
      name: "infisical",
      state: "Valid",
      ready: true,
      identity: "eso-prod-eu-shop",
      scope: "prod:/shop",
      project: "shop",
      secrets: 2,
      managedBy: "Argo CD",
    },
  ],
  secrets,
  hidden: [],
});

const broken = {
  state: "SecretSyncedError",
  ready: false,
  message: "could not get secret data from provider",
};

describe("status", () => {
  it("is two tables, with the trouble below what has it", () => {
    const smtp = secret({
      name: "smtp",
      ...broken,
      keys: { wanted: 1 },
      refreshInterval: "1h0m0s",
      target: "smtp",
    });
    expect(`\n${statusLines(report(secret(), smtp), style).join("\n")}\n`).toBe(`
CLUSTER  prod-eu   ESO 2.9.0   reviewer token 41d old, no expiry
  STORE           STATE  IDENTITY          SCOPE       SECRETS  BY
✔ shop/infisical  Valid  eso-prod-eu-shop  prod:/shop  2        Argo CD
  SECRET        KEYS  LAST SYNC  EVERY  BY  TARGET
✔ shop/shop-db  3/3   12s ago    60s    us  shop-db
✖ shop/smtp     1     12s ago    1h     us  smtp
    SecretSyncedError: could not get secret data from provider

Why, and what mends it:  eso-bootstrap doctor
`);
  });

  it("tells long names apart, and shows them whole where there is room", () => {
    const names = ["a", "b"].map((end) => `many-secrets-with-a-name-that-is-long-${end}`);
    const rows = names.map((name) => secret({ name, target: "target-of-the-long-name" }));
    const shown = (columns: number) =>
      statusLines(report(...rows), { ...style, columns }).filter((line) => line.includes("shop/many"));
    expect(new Set(shown(80)).size).toBe(2);
    for (const [index, name] of names.entries()) expect(shown(140)[index]).toContain(`shop/${name} `);
  });

  it("says that it may be old while the cluster does not answer", () => {
    const lines = statusLines({ ...report(secret()), stale: "The API server does not answer." }, style);
    expect(lines[1]).toBe("⚠ The API server does not answer. What is shown may be old.");
  });

  const withReviewer = (changes: Partial<StatusReport["reviewers"][number]>): StatusReport => {
    const [reviewer] = report().reviewers;
    return { ...report(), reviewers: reviewer ? [{ ...reviewer, token: "bound", ...changes }] : [] };
  };

  it("says when a bound token ends, and that nobody has written it down", () => {
    const known = withReviewer({ expiresAt: "2027-01-04T09:00:00.000Z", expiresSoon: false });
    expect(statusLines(known, style)[0]).toContain("reviewer token 41d old, expires 2027-01-04");
    expect(statusLines(known, style).join("\n")).not.toContain("Renew it");
    const within = (expiresInSeconds: number) =>
      statusLines(withReviewer({ expiresAt: "2026-12-01T09:00:00.000Z", expiresInSeconds }), style)[0];
    expect(within(7100)).toContain("reviewer token 41d old, expires in 118m");
    expect(within(3 * 86_400)).toContain("expires 2026-12-01");
    expect(within(-5)).toContain("ended 2026-12-01");
    expect(statusLines(withReviewer({}), style).join(" ")).toContain(
      "its end is not known here (reviewer show)",
    );
  });

  it("warns before a bound token ends, and says so when it has", () => {
    const soon = { expiresAt: "2026-12-01T09:00:00.000Z", expiresSoon: true };
    expect(statusLines(withReviewer({ ...soon, expiresInSeconds: 3 * 86_400 }), style).slice(1, 3)).toEqual([
      "⚠ The reviewer token of external-secrets/reviewer ends in 3d.",
      "  Renew it:  eso-bootstrap reviewer rotate",
    ]);
    expect(statusLines(withReviewer({ ...soon, expiresInSeconds: -60 }), style).slice(1, 4)).toEqual([
      "✖ The reviewer token of external-secrets/reviewer has ended 2026-12-01: ESO",
      "  cannot log in.",
      "  Renew it:  eso-bootstrap reviewer rotate",
    ]);
  });

  it("fits the screen whatever the names, but for the trouble", () => {
    const long = "n".repeat(200);
    const lines = statusLines(report(secret({ namespace: long, name: long, target: long })), style);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("tells one line for each change, and none for a sync that brought nothing new", () => {
    const before = report(secret(), secret({ name: "gone" }));
    const after = report(secret({ ...broken, ageSeconds: 99 }), secret({ name: "new" }));
    expect(statusChanges(before, after, style)).toEqual([
      "ExternalSecret shop/shop-db  SecretSynced → SecretSyncedError: could not get secret data from provider",
      "ExternalSecret shop/new  SecretSynced",
      "ExternalSecret shop/gone  gone",
    ]);
    expect(statusChanges(report(secret()), report(secret({ ageSeconds: 3 })), style)).toEqual([]);
    expect(statusChanges(report(secret()), report(secret({ late: true })), style)).toEqual([
      "ExternalSecret shop/shop-db  SecretSynced → SecretSynced, late",
    ]);
  });
});
