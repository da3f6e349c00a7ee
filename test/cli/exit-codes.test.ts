import { describe, expect, it } from "vitest";
import type { Code } from "../../src/codes.ts";
import { BootstrapError } from "../../src/errors.ts";
import { documentIn, run, SHOP } from "./person.ts";

const files = { "eso-bootstrap.yaml": SHOP };
const env = { INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "3f61", INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "hidden" };
const failing = (error: unknown) => ({
  files,
  env,
  deps: {
    openCluster: () => Promise.reject(error),
    openInfisical: () => Promise.reject(error),
    openHelm: () => Promise.reject(error),
  },
});

describe("exit codes", () => {
  it.each([
    ["ESOB-K101", 5],
    ["ESOB-I105", 5],
    ["ESOB-I201", 1],
    ["ESOB-K110", 124],
    ["ESOB-C205", 130],
  ] as const satisfies readonly (readonly [Code, number])[])("%s ends with %d", async (code, exit) => {
    const error = new BootstrapError(code, { message: "It went wrong." });
    const human = await run(["plan"], failing(error));
    expect([human.code, human.stdout]).toEqual([exit, ""]);
    expect(human.stderr).toContain(code);
    const json = await run(["plan", "-o", "json"], failing(error));
    expect(json.code).toBe(exit);
    expect(documentIn(json)).toMatchObject({
      kind: "Error",
      code,
      message: "It went wrong.",
      exitCode: exit,
    });
  });

  it("a bug ends with 70, says how to report it, and keeps what looks like a token", async () => {
    const token = `eyJhbGciOiJSUzI1NiJ9.${"a".repeat(40)}.${"b".repeat(40)}`;
    const bug = new TypeError(`Headers.append: "Bearer ${token}" is an invalid header value.`);
    for (const voice of [[], ["-v"], ["--debug"], ["-o", "json"]]) {
      const { code, stdout, stderr } = await run(["apply", "--yes", ...voice], failing(bug));
      expect(code).toBe(70);
      expect(stdout + stderr).toContain("This is a bug in eso-bootstrap");
      expect(stdout + stderr).not.toContain("aaaa");
    }
  });

  it("an interrupted run ends with 130", async () => {
    const controller = new AbortController();
    const deps = {
      signal: controller.signal,
      openCluster: () => {
        controller.abort("SIGINT");
        return Promise.reject(new Error("aborted"));
      },
    };
    const ran = await run(["apply", "--yes"], {
      ...failing(new Error("aborted")),
      deps: { ...failing(0).deps, ...deps },
    });
    expect(ran.code).toBe(130);
    expect(ran.stderr).toContain("ESOB-C205");
  });

  it("render and explain contact nothing and end with 0", async () => {
    const render = await run(["render"], { files });
    expect([render.code, render.contacted]).toEqual([0, []]);
    expect(render.stdout).toContain("kind: ExternalSecret");
    expect(documentIn(await run(["render", "-o", "json"], { files }))).toMatchObject({ kind: "List" });
    const explain = await run(["explain", "r103"]);
    expect([explain.code, explain.contacted]).toEqual([0, []]);
    expect(explain.stdout).toContain("ESOB-R103");
    expect(documentIn(await run(["explain", "r103", "-o", "json"]))).toMatchObject({
      kind: "List",
      items: [{ code: "ESOB-R103" }],
    });
  });

  it("render --out writes one file per object", async () => {
    const { code, files: after } = await run(["render", "--out", "manifests"], { files });
    expect(code).toBe(0);
    expect([...after.keys()].filter((path) => path.startsWith("manifests/"))).toContain(
      "manifests/externalsecret-shop-shop-db.yaml",
    );
  });
});
