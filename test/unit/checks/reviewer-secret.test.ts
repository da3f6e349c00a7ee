import { expect, test } from "vitest";
import type { CheckContext } from "../../../src/checks/context.ts";
import { judgeSecret } from "../../../src/checks/reviewer/secret.ts";
import { REVIEWER_LABEL } from "../../../src/desired/manifests.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";

const NOW = Date.parse("2026-11-23T12:00:00Z");
const DAY = 86_400_000;
const REVIEWER = { namespace: "eso", name: "reviewer", text: "eso/reviewer", bound: true };

/** A month ago the Secret was made; its tokens end then. */
function judge(daysLeft: number | undefined, infisical?: object) {
  const end = daysLeft === undefined ? undefined : new Date(NOW + daysLeft * DAY).toISOString();
  const secret: KubeObject = {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      name: "reviewer-1",
      namespace: "eso",
      labels: { [REVIEWER_LABEL]: "reviewer" },
      creationTimestamp: new Date(NOW - 30 * DAY).toISOString(),
      ...(end !== undefined && { annotations: { "eso-bootstrap/token-end-1": end } }),
    },
  };
  const context = {
    cluster: {
      list: async function* () {
        yield secret;
      },
    },
    clock: { now: () => NOW },
    once: (_: string, read: () => Promise<unknown>) => read(),
    options: { noSecrets: false },
    infisical,
  } as unknown as CheckContext;
  return judgeSecret(context, REVIEWER);
}

test.each([
  [
    60,
    undefined,
    { status: "pass", evidence: "bound tokens hang on Secret eso/reviewer-1, until 2027-01-22" },
  ],
  [3, undefined, { status: "warn", error: { code: "ESOB-R208" } }],
  [-1, undefined, { status: "warn", error: { code: "ESOB-R209" } }],
  [undefined, undefined, { status: "pass", evidence: "bound tokens hang on Secret eso/reviewer-1" }],
  // The token itself is judged, and not what is written of it.
  [3, {}, { status: "pass", evidence: "bound tokens hang on Secret eso/reviewer-1" }],
])("%s days left, Infisical %s", async (daysLeft, infisical, finding) => {
  expect(await judge(daysLeft, infisical)).toMatchObject(finding);
});
