import { describe, expect, test } from "vitest";
import { printable, type Chosen } from "../../../src/checks/printed.ts";
import type { CheckResult } from "../../../src/engine/check.ts";

const NOTHING = { "eso-bootstrap": [], kubectl: [], helm: [] };
const CHOSEN: Chosen = {
  hasFile: true,
  words: { "eso-bootstrap": ["-f", "a.yaml"], kubectl: ["--context", "eu"], helm: ["--kube-context", "eu"] },
};

function fixOf(command: string, chosen: Chosen) {
  const result: CheckResult = {
    code: "ESOB-R205",
    id: "one",
    category: "reviewer",
    title: "it is",
    status: "fail",
    severity: "error",
    fix: { summary: "Mend it.", command },
    docs: "",
    durationMs: 0,
  };
  return printable([result], chosen)[0]?.fix;
}

describe("printed commands", () => {
  test.each([
    ["eso-bootstrap apply --force-conflicts", "eso-bootstrap apply --force-conflicts -f a.yaml"],
    ["kubectl get pods -n shop", "kubectl --context eu get pods -n shop"],
    ["helm upgrade eso x --reuse-values", "helm --kube-context eu upgrade eso x --reuse-values"],
    [
      "kubectl delete secret a -n b && eso-bootstrap apply",
      "kubectl --context eu delete secret a -n b && eso-bootstrap apply -f a.yaml",
    ],
    [
      "kubectl get a -A -o json | kubectl replace -f - && kubectl patch crd a -p '{\"a\":[]}'",
      "kubectl --context eu get a -A -o json | kubectl --context eu replace -f - && kubectl --context eu patch crd a -p '{\"a\":[]}'",
    ],
    ["curl -sS https://kubectl.example", "curl -sS https://kubectl.example"],
  ])("%s", (command, completed) => {
    expect(fixOf(command, CHOSEN)?.command).toBe(completed);
    expect(fixOf(command, { hasFile: true, words: NOTHING })?.command).toBe(command);
  });

  test("without a file, none that restores what a file says", () => {
    const chosen = { ...CHOSEN, hasFile: false };
    expect(fixOf("kubectl delete secret a -n b && eso-bootstrap apply", chosen)).toEqual({
      summary: expect.stringMatching(/^Mend it\. That needs eso-bootstrap\.yaml/),
    });
    expect(fixOf("kubectl get pods", chosen)?.command).toBe("kubectl --context eu get pods");
  });
});
