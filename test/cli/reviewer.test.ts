import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { runCli } from "../../src/cli.ts";
import { recordsAt } from "../../src/data.ts";
import { createDeps } from "../../src/deps.ts";
import { openDemo, type Demo } from "../../src/sandbox/demo/index.ts";
import { createScreen } from "../unit/ui/screen.ts";

vi.setConfig({ testTimeout: 90_000 }); // it is real work, and the machine may have other work

let temp: string;
let demo: Demo;

beforeEach(async () => {
  temp = mkdtempSync(join(tmpdir(), "reviewer-test-"));
  vi.stubEnv("TMPDIR", temp);
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // every request under way listens, as main.ts says
  demo = await openDemo(createDeps({ process: Object.assign({ ...process }, { env: {} }), signal }));
});
afterEach(async () => {
  await demo.close();
  vi.unstubAllEnvs();
  rmSync(temp, { recursive: true });
});

/** The file that the sample needs, with this reviewer. */
async function file(reviewer: Record<string, unknown>): Promise<void> {
  const settings = {
    apiVersion: "eso-bootstrap/v1",
    cluster: { name: "demo" },
    infisical: { host: demo.deps.env["INFISICAL_API_URL"], project: "shop" },
    reviewer,
    stores: [{ name: "infisical", namespace: "shop", environment: "prod", path: "/shop" }],
    secrets: [{ name: "shop-db", namespace: "shop", store: "infisical", keys: ["DB_HOST"] }],
  };
  await writeFile(join(demo.folder, "eso-bootstrap.yaml"), stringify(settings));
}

const NO_CREDENTIAL = {
  INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: undefined,
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: undefined,
};

/** No output ever holds a token. */
async function run(argv: readonly string[], env: Record<string, string | undefined> = {}) {
  const { terminal, stdout, stderr } = createScreen();
  const deps = { ...demo.deps, interactive: false, terminal: () => terminal };
  const code = await runCli(argv, { ...deps, env: { ...deps.env, ...env } });
  expect(stdout() + stderr()).not.toMatch(/eyJ[\w-]+\./);
  return { code, stdout: stdout(), stderr: stderr(), said: stderr().replace(/\s+/g, " ") };
}

const json = async (argv: readonly string[], env?: Record<string, string | undefined>) => {
  const ran = await run([...argv, "-o", "json"], env);
  return { ...ran, document: JSON.parse(ran.stdout) as Record<string, unknown> };
};

const anchor = (number: number) => ({
  apiVersion: "v1",
  kind: "Secret",
  namespace: "external-secrets",
  name: `infisical-token-reviewer-${number}`,
});

const ends = async (number: number) => {
  const secret = await (await demo.deps.openCluster({})).get(anchor(number));
  return Object.entries(secret?.metadata.annotations ?? {}).filter(([key]) =>
    key.startsWith("eso-bootstrap/token-end-"),
  );
};

const changesOf = ({ document }: { document: Record<string, unknown> }) =>
  recordsAt(document, "changes").filter(({ action }) => action !== "unchanged");

const HOUR = 3_600_000;

describe("a bound token's end", () => {
  test("is in the plan, written down by init, and known to status and show without Infisical", async () => {
    await file({ tokenLifetime: "2h" });
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
    const made = await run(["init", "--yes"]);
    expect(made.code, made.stderr).toBe(0);
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
    await file({ tokenLifetime: "2h" });
    expect((await run(["init", "--yes"])).code).toBe(0);
    const [[key, end] = ["", ""]] = await ends(1);
    const pointer = `/metadata/annotations/${key.replace("/", "~1")}`;
    await (await demo.deps.openCluster({})).patch(anchor(1), [{ op: "remove", path: pointer }]);
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

  test("follows the rotation, and a young token of an older version gets its end without a rotation", async () => {
    await file({ tokenLifetime: "2h" });
    expect((await run(["init", "--yes"])).code).toBe(0);
    const [[key] = [""]] = await ends(1);
    const rotated = await run(["reviewer", "rotate", "--yes"]);
    expect(rotated.code, rotated.stderr).toBe(0);
    expect(rotated.said).toContain("Rotated: 1 identity has a new reviewer token");
    expect([await ends(1), (await ends(2)).map(([name]) => name)]).toEqual([[], [key]]);
    const young = await json(["reviewer", "rotate", "--yes", "--if-older-than", "1h"]);
    expect([young.code, young.document["writes"]]).toEqual([0, 0]);
    const pointer = `/metadata/annotations/${key.replace("/", "~1")}`;
    await (await demo.deps.openCluster({})).patch(anchor(2), [{ op: "remove", path: pointer }]);
    const healed = await run(["reviewer", "rotate", "--yes", "--if-older-than", "1h"]);
    expect([healed.code, (await ends(2)).map(([name]) => name)]).toEqual([0, [key]]);
    expect(healed.said).toContain("Nothing to rotate: the reviewer token is younger than 1h.");
  });

  test("of the CronJob's own identity is written down beside the others", async () => {
    await file({ tokenLifetime: "2h" });
    expect((await run(["init", "--yes"])).code).toBe(0);
    const registered = await run(["reviewer", "register", "--yes"]);
    expect(registered.code, registered.stderr).toBe(0);
    expect(await ends(1)).toHaveLength(2);
    expect((await json(["reviewer", "register", "--yes"])).document["writes"]).toBe(0);
    expect((await json(["plan"])).code).toBe(0);
  });

  test("goes with the identity that held it", async () => {
    await file({ tokenLifetime: "2h" });
    expect((await run(["init", "--yes"])).code).toBe(0);
    expect((await run(["reviewer", "register", "--yes"])).code).toBe(0);
    const before = await ends(1);
    const taken = await run(["uninstall", "-n", "shop", "--infisical", "--delete-secrets", "--yes"]);
    expect(taken.code, taken.stderr).toBe(0);
    const after = await ends(1);
    expect([before.length, after.length]).toEqual([2, 1]);
  });
});

describe("an unlimited token", () => {
  test("show tells age, that it never ends and who uses it; status that it has no expiry", async () => {
    await file({});
    expect((await run(["init", "--yes"])).code).toBe(0);
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

describe("mode self", () => {
  test("there is nothing to rotate, and each command says so with exit 0", async () => {
    await file({ mode: "self" });
    const made = await run(["init", "--yes"]);
    expect(made.code, made.stderr).toBe(0);
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
