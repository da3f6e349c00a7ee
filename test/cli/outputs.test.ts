import { describe, expect, it } from "vitest";
import { BootstrapError } from "../../src/errors.ts";
import { OUTPUTS } from "../../src/invocation.ts";
import { parseXml } from "../helpers/xml.ts";
import { run, SHOP } from "./person.ts";

const SET_UP = { files: { "eso-bootstrap.yaml": SHOP } };

/** What stands on stdout when nothing could be judged, by format. */
const ERRORS: Readonly<Record<string, (stdout: string) => void>> = {
  human: (stdout) => expect(stdout).toBe(""),
  short: (stdout) => expect(stdout).toMatch(/^ESOB-C108 error - .*\n$/),
  json: (stdout) => expect(JSON.parse(stdout)).toMatchObject({ kind: "Error", code: "ESOB-C108" }),
  junit: (stdout) => expect(parseXml(stdout).children[0]?.attributes).toMatchObject({ errors: "1" }),
  sarif: (stdout) =>
    expect(JSON.parse(stdout)).toMatchObject({
      runs: [{ results: [], invocations: [{ executionSuccessful: false, exitCode: 2 }] }],
    }),
  github: (stdout) => expect(stdout).toMatch(/^::error title=ESOB-C108::.*\n$/),
  markdown: (stdout) => expect(stdout).toContain("could not judge"),
};

describe.each(OUTPUTS)("doctor -o %s", (output) => {
  it("makes a document of a mistake on the command line, too", async () => {
    for (const argv of [["-o", output], [`--output=${output}`], [`-o${output}`]]) {
      const ran = await run(["doctor", ...argv, "--colour"], SET_UP);
      expect([ran.code, ran.contacted]).toEqual([2, []]);
      ERRORS[output]?.(ran.stdout);
    }
  });

  it("exits with the same code when the cluster cannot be reached, or we have a bug", async () => {
    const openCluster = () =>
      Promise.reject(new BootstrapError("ESOB-K101", { message: "The API server does not answer." }));
    expect((await run(["doctor", "-o", output], { ...SET_UP, deps: { openCluster } })).code).toBe(5);
    expect((await run(["doctor", "-o", output], SET_UP)).code).toBe(70);
  });
});

describe("doctor -o github", () => {
  const SUMMARY = { env: { GITHUB_STEP_SUMMARY: "/runner/summary.md" } };

  it("adds to the step summary what is there already, and writes it for no other format", async () => {
    const files = { ...SET_UP.files, "/runner/summary.md": "# Before\n" };
    const ran = await run(["doctor", "-o", "github"], { files, ...SUMMARY });
    expect(ran.files.get("/runner/summary.md")).toMatch(/^# Before\n<!-- eso-bootstrap doctor -->\n## ✖/);
    const other = await run(["doctor", "-o", "markdown"], { files, ...SUMMARY });
    expect(other.files.get("/runner/summary.md")).toBe("# Before\n");
  });
});
