import { describe, expect, it } from "vitest";
import { helmError } from "../../../src/helm/errors.ts";

/** What Helm 3.17.3 and 4.1.4 wrote to stderr, recorded; hosts are replaced. */
const SAMPLES: readonly [code: string, stderr: string][] = [
  [
    "ESOB-K101",
    'Error: Kubernetes cluster unreachable: Get "http://localhost:8080/version": dial tcp: connection refused',
  ],
  ["ESOB-K101", "Error: kubernetes cluster unreachable: stat /nosuch: no such file or directory"],
  ["ESOB-L102", 'Error: kubernetes cluster unreachable: context "nope" does not exist'],
  [
    "ESOB-K102",
    "Error: kubernetes cluster unreachable: the server has asked for the client to provide credentials",
  ],
  [
    "ESOB-K104",
    'Error: query: failed to query with labels: secrets is forbidden: User "nobody" cannot list resource "secrets"',
  ],
  [
    "ESOB-H105",
    'Error: looks like "https://x.example" is not a valid chart repository or cannot be reached: dial tcp: no such host',
  ],
  [
    "ESOB-H105",
    'Error: looks like "https://x.example/404" is not a valid chart repository or cannot be reached: failed to fetch',
  ],
  ["ESOB-H105", 'Error: chart "tiny" version "9.9.9" not found in https://x.example repository'],
  ["ESOB-H105", 'Error: chart "nope" not found in https://x.example repository'],
  ["ESOB-H105", "Error: non-absolute URLs should be in form of repo_name/path_to_chart, got: nosuch"],
  ["ESOB-H105", 'Error: path "./nosuch" not found'],
  ["ESOB-H105", 'Error: Get "https://x.example/v2/a/b/tags/list": dial tcp: connect: connection refused'],
  [
    "ESOB-H105",
    'Error: failed to do request: Head "http://x.example/v2/a/b/manifests/1.2.3": connection refused',
  ],
  [
    "ESOB-H105",
    'Error: failed to perform "FetchReference" on source: Get "https://x.example/v2/a/b/manifests/1.2.3": EOF',
  ],
  ["ESOB-H105", "Error: repo foo not found"],
  ["ESOB-H105", "Error: INSTALLATION FAILED: repo foo not found"],
  ["ESOB-H105", "Error: Chart.yaml file is missing"],
  [
    "ESOB-H105",
    "Error: unable to detect chart at /tmp/x/Chart.yaml: open /tmp/x/Chart.yaml: no such file or directory",
  ],
  ["ESOB-H103", "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress"],
  [
    "ESOB-H103",
    'Error: unable to continue with install: CustomResourceDefinition "x" in namespace "" exists and cannot be imported',
  ],
];

describe("helmError", () => {
  it.each(SAMPLES)("%s: %s", (code, stderr) => {
    const error = helmError({ exitCode: 1, stdout: "", stderr }, "do it");
    expect(error.code).toBe(code);
    expect(error.reason).not.toMatch(/^Error:/);
    expect(error.fix.summary).not.toBe("");
  });

  it("keeps the last lines only", () => {
    const stderr = Array.from({ length: 40 }, (_, index) => `line ${index}`).join("\n");
    const error = helmError({ exitCode: 1, stdout: "", stderr }, "do it");
    expect(error.facts["helm said"]?.split("\n")).toEqual([34, 35, 36, 37, 38, 39].map((n) => `line ${n}`));
  });

  it("keeps no token and no megabyte that a server has sent back", () => {
    const stderr = `Error: echo "Bearer eyJhbGciOiJSUzI1NiJ9.${"a".repeat(80)}.bb" ${"x".repeat(1_000_000)}`;
    const { reason = "" } = helmError({ exitCode: 1, stdout: "", stderr }, "do it");
    expect(reason).toContain("[token]");
    expect(reason).not.toContain("aaaa");
    expect(reason.length).toBeLessThan(600);
  });

  it("has a reason even where helm said nothing", () => {
    expect(helmError({ exitCode: 137, stdout: "", stderr: "" }, "do it").reason).toBe(
      "it ended with exit code 137",
    );
  });
});
