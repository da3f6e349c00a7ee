import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { recordsAt } from "../../src/data.ts";
import { createInfisical } from "../../src/infisical/client.ts";
import { Secret } from "../../src/secret.ts";
import { NO_CREDENTIAL, openShop, type Shop } from "./shop.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 }); // it is real work, and the machine may have other work

let shop: Shop;

/** One shop for all tests of a part, set up with this reviewer: each goes on from where the one before it ended. */
function withReviewer(reviewer: Record<string, unknown>): void {
  beforeAll(async () => {
    shop = await openShop();
    await shop.file({ reviewer });
  });
  afterAll(() => shop.close());
}

async function init(): Promise<void> {
  const made = await run(["init", "--yes"]);
  expect(made.code, made.stderr).toBe(0);
}

const run: Shop["run"] = (...args) => shop.run(...args);
const json: Shop["json"] = (...args) => shop.json(...args);

const anchor = (number: number) => ({
  apiVersion: "v1",
  kind: "Secret",
  namespace: "external-secrets",
  name: `infisical-token-reviewer-${number}`,
});

const ends = async (number: number) => {
  const secret = await shop.cluster.get(anchor(number));
  return Object.entries(secret?.metadata.annotations ?? {})
    .filter(([key]) => key.startsWith("eso-bootstrap/token-end-"))
    .toSorted(([a], [b]) => a.localeCompare(b));
};

const changesOf = ({ document }: { document: Record<string, unknown> }) =>
  recordsAt(document, "changes").filter(({ action }) => action !== "unchanged");

const HOUR = 3_600_000;

describe("a bound token's end", () => {
  withReviewer({ tokenLifetime: "2h" });

  test("is in the plan, written down by init, and known to status and show without Infisical", async () => {
    const planned = await json(["plan"]);
    expect(changesOf(planned).filter(({ target }) => JSON.stringify(target).includes("Annotation"))).toEqual([
      expect.objectContaining({
        step: "kubernetes-auth",
        action: "update",
        target: {
          system: "kubernetes",
          kind: "Annotation",
          namespace: "external-secrets",
          name: "infisical-token-reviewer-1",
        },
        diff: [
          {
            path: "metadata.annotations.eso-bootstrap/token-end-*",
            from: null,
            to: "as the API server grants",
          },
        ],
      }),
    ]);
    await init();
    const [[key, end] = ["", ""], ...others] = await ends(1);
    expect(others).toEqual([]);
    expect(key).toMatch(/^eso-bootstrap\/token-end-[0-9a-f-]{36}$/);
    expect(Date.parse(end)).toBeGreaterThan(Date.now() + HOUR);
    expect(Date.parse(end)).toBeLessThanOrEqual(Date.now() + 2 * HOUR);
    expect((await json(["plan"])).code, "the second run has nothing to do").toBe(0);

    const status = await json(["status"], NO_CREDENTIAL);
    expect([status.code, recordsAt(status.document, "reviewers")]).toEqual([
      0,
      [
        expect.objectContaining({
          token: "bound",
          expiresAt: new Date(end).toISOString(),
          expiresSoon: false,
        }),
      ],
    ]);
    const shown = await json(["reviewer", "show"], NO_CREDENTIAL);
    const [reviewer] = recordsAt(shown.document, "items");
    expect([shown.code, reviewer]).toEqual([
      0,
      expect.objectContaining({ notAsked: "No Infisical credential was given." }),
    ]);
    expect(recordsAt(reviewer, "tokens")).toEqual([
      expect.objectContaining({ bound: true, expiresAt: new Date(end).toISOString(), usedBy: null }),
    ]);
    const wrong = await run(["reviewer", "show"], { INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "wrong" });
    expect([wrong.code, wrong.stdout]).toEqual([5, expect.stringContaining("Infisical refused to log in.")]);
    const people = await run(["reviewer", "show"], NO_CREDENTIAL);
    expect(people.stdout).toMatch(/infisical-token-reviewer-1 +\d\w+ +in \d\w+.* +\?/);
    expect(people.stdout).toContain("not seen: who uses them");
    const metrics = await run(["reviewer", "show", "--metrics"], NO_CREDENTIAL);
    const labels = 'cluster="demo",secret="external-secrets/infisical-token-reviewer-1"';
    expect(metrics.stdout).toContain(
      `eso_bootstrap_reviewer_token_expires_timestamp_seconds{${labels}} ${Date.parse(end) / 1000}`,
    );
    expect(metrics.stdout).not.toContain("eso_bootstrap_reviewer_token_users{");
  });

  test("that no version has written down is told as not known, and the next apply writes it", async () => {
    const [[key, end] = ["", ""]] = await ends(1);
    const pointer = `/metadata/annotations/${key.replace("/", "~1")}`;
    await shop.cluster.patch(anchor(1), [{ op: "remove", path: pointer }]);
    const status = await run(["status"], NO_CREDENTIAL);
    expect([status.code, status.said]).toEqual([0, expect.stringContaining("its end is not known here")]);
    expect((await run(["reviewer", "show"], NO_CREDENTIAL)).stdout).toContain("not known");
    // Infisical has the token itself.
    expect((await run(["reviewer", "show"])).stdout).toMatch(/ in \d+\w/);
    const planned = await json(["plan"]);
    expect([planned.code, changesOf(planned)]).toEqual([
      6,
      [
        expect.objectContaining({
          action: "update",
          diff: [{ path: `metadata.annotations.${key}`, from: null, to: end }],
        }),
      ],
    ]);
    const applied = await json(["apply", "--yes"]);
    expect([applied.code, applied.document["writes"], await ends(1)]).toEqual([
      0,
      expect.any(Number),
      [[key, end]],
    ]);
    expect((await json(["plan"])).code).toBe(0);
  });

  test("is written anew when apply renews the token", async () => {
    const [[key, end] = ["", ""]] = await ends(1);
    await shop.file({ reviewer: { tokenLifetime: "3h" } });
    const { infisical } = shop.sandbox;
    const id = key.slice("eso-bootstrap/token-end-".length);
    const operator = createInfisical({
      host: infisical.url,
      credential: {
        kind: "universal-auth",
        clientId: infisical.operator.clientId,
        clientSecret: new Secret(infisical.operator.clientSecret),
      },
    });
    await operator.updateKubernetesAuth(id, { reviewer: null });
    await operator.close();
    const planned = await json(["plan"]);
    expect(
      changesOf(planned).map(({ action, diff }) => [action, recordsAt({ diff }, "diff")[0]?.["path"]]),
    ).toEqual([
      ["update", "tokenReviewerJwt"],
      ["update", "metadata.annotations.eso-bootstrap/token-end-*"],
    ]);
    const applied = await run(["apply", "--yes"]);
    expect(applied.code, applied.stderr).toBe(0);
    const [[same, later] = ["", ""]] = await ends(1);
    expect(same).toBe(key);
    expect(Date.parse(later) - Date.parse(end)).toBeGreaterThan(HOUR / 2);
    expect((await json(["plan"])).code).toBe(0);
  });

  test("of the CronJob's own identity is written down beside the others", async () => {
    const planned = await json(["reviewer", "register", "--dry-run"]);
    expect([planned.code, changesOf(planned).map(({ target }) => (target as { kind: string }).kind)]).toEqual(
      [6, ["ServiceAccount", "MachineIdentity", "KubernetesAuth", "Annotation", "ConfigMap"]],
    );
    const account = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "eso-bootstrap-rotation", namespace: "external-secrets" },
    };
    await shop.cluster.create(account);
    const blocked = await json(["reviewer", "register", "--yes"]);
    expect([blocked.code, blocked.document["writes"]]).toEqual([1, 0]);
    const registered = await run(["reviewer", "register", "--adopt", "--yes"]);
    expect(registered.code, registered.stderr).toBe(0);
    expect(await ends(1)).toHaveLength(2);
    expect((await json(["reviewer", "register", "--yes"])).document["writes"]).toBe(0);
    expect((await json(["plan"])).code).toBe(0);
  });

  test("follows the rotation, and a young token of an older version gets its end without a rotation", async () => {
    const names = (await ends(1)).map(([name]) => name);
    const rotated = await run(["reviewer", "rotate", "--yes"]);
    expect(rotated.code, rotated.stderr).toBe(0);
    expect(rotated.said).toContain("Rotated: 2 identities have a new reviewer token");
    expect([await ends(1), (await ends(2)).map(([name]) => name)]).toEqual([[], names]);
    const young = await json(["reviewer", "rotate", "--yes", "--if-older-than", "1h"]);
    expect([young.code, young.document["writes"]]).toEqual([0, 0]);
    const pointer = `/metadata/annotations/${names[0]?.replace("/", "~1")}`;
    await shop.cluster.patch(anchor(2), [{ op: "remove", path: pointer }]);
    const healed = await run(["reviewer", "rotate", "--yes", "--if-older-than", "1h"]);
    expect([healed.code, (await ends(2)).map(([name]) => name)]).toEqual([0, names]);
    expect(healed.said).toContain("Nothing to rotate: the reviewer token is younger than 1h.");
  });

  test("goes with the identity that held it", async () => {
    const before = await ends(2);
    const taken = await run(["uninstall", "-n", "shop", "--infisical", "--delete-secrets", "--yes"]);
    expect(taken.code, taken.stderr).toBe(0);
    const after = await ends(2);
    expect([before.length, after.length]).toEqual([2, 1]);
  });
});

describe("an unlimited token", () => {
  withReviewer({});

  test("show tells age, that it never ends and who uses it; status that it has no expiry", async () => {
    await init();
    const shown = await json(["reviewer", "show"]);
    const [reviewer] = recordsAt(shown.document, "items");
    expect([shown.code, reviewer]).toEqual([
      0,
      {
        cluster: "demo",
        mode: "token",
        serviceAccount: "external-secrets/infisical-token-reviewer",
        tokens: [
          {
            secret: "external-secrets/infisical-token-reviewer-1",
            bound: false,
            createdAt: expect.any(String),
            ageSeconds: expect.any(Number),
            expiresAt: null,
            expiresInSeconds: null,
            expiresSoon: false,
            usedBy: ["eso-demo-shop-infisical"],
          },
        ],
        unlisted: [],
        notAsked: null,
      },
    ]);
    const people = await run(["reviewer", "show"]);
    expect(people.stdout).toMatch(/infisical-token-reviewer-1 +\d+\w+ +never +eso-demo-shop-infisical\n/);
    expect((await run(["status"])).said).toContain("no expiry");
    expect((await json(["plan"])).stdout).not.toContain("Annotation");
  });
});

describe("who else holds the token", () => {
  withReviewer({});

  /** An operator of the project, who may not list the organization's identities. */
  const narrow = () => {
    const { infisical } = shop.sandbox;
    const { id } = infisical.createIdentity({ name: "project-admin", orgRole: "no-access" });
    infisical.addMember("shop", id, "admin");
    const { clientId, clientSecret } = infisical.attachUniversalAuth(id);
    return {
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: clientId,
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: clientSecret,
    };
  };

  test("who may not list them is stopped, and --visible-only goes on", async () => {
    await init();
    const operator = narrow();
    const stopped = await json(["reviewer", "rotate", "--yes"], operator);
    expect([stopped.code, stopped.document["writes"]]).toEqual([1, 0]);
    expect(stopped.stdout).toContain("ESOB-R302");
    const planned = await json(["reviewer", "rotate", "--visible-only", "--dry-run"], operator);
    expect([planned.code, changesOf(planned).map(({ action }) => action)]).toEqual([
      6,
      expect.not.arrayContaining(["blocked"]),
    ]);
  });

  test("an identity of others blocks the rotation, and --adopt sends it the new token, too", async () => {
    const { infisical } = shop.sandbox;
    const identities = infisical.snapshot()["identities"] as { name: string; kubernetesAuth: object[] }[];
    const ours = identities.find(({ name }) => name === "eso-demo-shop-infisical");
    const { id } = infisical.createIdentity({ name: "theirs", orgRole: "no-access" });
    infisical.attachKubernetesAuth(id, ours?.kubernetesAuth[0] ?? {});
    const blocked = await json(["reviewer", "rotate", "--yes"]);
    expect([blocked.code, changesOf(blocked).find(({ action }) => action === "blocked")]).toEqual([
      1,
      expect.objectContaining({ reason: expect.stringContaining("--adopt sends it the new one") }),
    ]);
    const adopted = await json(["reviewer", "rotate", "--adopt", "--dry-run"]);
    expect([adopted.code, changesOf(adopted).map(({ target }) => (target as { name: string }).name)]).toEqual(
      [6, expect.arrayContaining(["theirs", "eso-demo-shop-infisical"])],
    );
  });

  test("--if-older-than that is no duration is wrong usage", async () => {
    const ran = await json(["reviewer", "rotate", "--if-older-than", "soon"]);
    expect([ran.code, ran.document["code"]]).toEqual([2, "ESOB-C104"]);
  });
});

describe("mode self", () => {
  withReviewer({ mode: "self" });

  test("there is nothing to rotate, and each command says so with exit 0", async () => {
    await init();
    const rotated = await json(["reviewer", "rotate", "--yes"]);
    expect([rotated.code, rotated.document["writes"], rotated.document["changes"]]).toEqual([0, 0, []]);
    const people = await run(["reviewer", "rotate", "--yes"]);
    expect([people.code, people.said]).toEqual([
      0,
      expect.stringContaining("Nothing to rotate: ESO reviews itself"),
    ]);
    expect((await json(["reviewer", "rotate", "--dry-run"])).code).toBe(0);
    const shown = await run(["reviewer", "show"], NO_CREDENTIAL);
    expect([shown.code, shown.stdout]).toEqual([
      0,
      expect.stringContaining("ESO reviews itself in demo (reviewer.mode: self): there is no reviewer token"),
    ]);
    const status = await json(["status"]);
    expect([status.code, status.document["reviewers"]]).toEqual([0, []]);
  });
});
