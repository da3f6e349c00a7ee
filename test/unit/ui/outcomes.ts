import type { CheckResult } from "../../../src/engine/check.ts";
import { BootstrapError } from "../../../src/errors.ts";
import type { CommandResult, Reporter } from "../../../src/ui/reporter.ts";
import { reportOf } from "../../../src/commands/doctor.ts";
import { check } from "./screen.ts";

export const REVIEWER_GONE: CheckResult = check("reviewer may review", {
  status: "fail",
  code: "ESOB-R103",
  message: "Infisical's reviewer token belongs to a ServiceAccount that may not review tokens.",
  cause: "The ClusterRoleBinding infisical-token-reviewer is gone.",
  fix: { summary: "Restore it.", command: "eso-bootstrap apply -f eso-bootstrap.yaml" },
});

/** An ExternalSecret of shop. */
const secret = (name: string) => ({ kind: "ExternalSecret", namespace: "shop", name });

/** `doctor`, broken, of screens.md. */
export const BROKEN: readonly CheckResult[] = [
  check("kubeconfig", { category: "this machine" }),
  check("API server answers", { category: "cluster" }),
  check("ESO runs", { category: "ESO 2.9.0" }),
  check("ESO's own token", { evidence: "external-secrets/external-secrets" }),
  REVIEWER_GONE,
  check("login", { status: "skip", skippedBecause: "blocked by ESOB-R103" }),
  check("list names", { status: "skip", skippedBecause: "blocked by ESOB-R103" }),
  check("synced lately", {
    status: "warn",
    category: "Secrets",
    code: "ESOB-E102",
    severity: "warning",
    message: "last synced 14m ago, should be every 60s",
    subject: secret("shop-db"),
  }),
  ...["a", "b", "c"].map((name) =>
    check("Secret is complete", { category: "Secrets", subject: secret(name) }),
  ),
];

/** Passed checks with more to say than a line holds. */
export const LONG: readonly CheckResult[] = [
  check("ESO's own token can be had", {
    subject: { kind: "SecretStore", namespace: "shop", name: "infisical" },
    evidence: "external-secrets/external-secrets, audience as the API server's",
  }),
  check("https://infisical.example can be reached", {
    subject: { kind: "Infisical", name: "https://infisical.example" },
    evidence: "at 198.51.100.7, from this machine",
  }),
  check("an ExternalSecret with a title that alone is already longer than a line of eighty columns"),
];

/** The store that is not ready because of the reviewer, and where its file says it. */
export const CONSEQUENCE: CheckResult = check("it is Valid", {
  status: "fail",
  category: "Stores",
  code: "ESOB-S101",
  follows: "ESOB-R103",
  message: "not ready for 12m",
  fix: { summary: "Look at the store." },
  subject: { kind: "SecretStore", namespace: "shop", name: "infisical" },
  location: { file: "./eso bootstrap.yaml", line: 12 },
});

/** What a server, a name or a command can hold at its worst. */
export const WORST =
  "a]]>b <script>&amp;\u001b[31mred\u0000\u0008\u202e %0A\r\n::error title=forged::x\n##[add-mask]y | `c` ```d``` @everyone #1 $& \ud800 \uffff *x* _y_ [z](http://z.example) <!-- \n---\n";

export const HOSTILE: CheckResult = check(`title ${WORST}`, {
  status: "fail",
  category: `category ${WORST}`,
  message: `message ${WORST}`,
  cause: `cause ${WORST}`,
  fix: { summary: `fix ${WORST}`, command: `echo ${WORST}` },
  evidence: WORST,
  subject: { kind: `Kind:,%${WORST}`, namespace: WORST, name: `name,:${WORST}` },
  location: { file: `a,b:c%d?#${WORST}.yaml`, line: 3 },
});

export const report = (checks: readonly CheckResult[]): CommandResult => ({
  kind: "DoctorReport",
  report: reportOf(checks),
});

export const UNREACHABLE = new BootstrapError("ESOB-K101", {
  message: "The API server of prod-eu does not answer.",
  reason: "connect ECONNREFUSED",
  fix: { summary: "Look whether it is up.", command: "kubectl get --raw /readyz" },
});

/** Every way in which a run can end, by name: what each format must make a valid document of. */
export const ENDS: Readonly<Record<string, (reporter: Reporter) => void>> = {
  "a healthy report": (to) => to.end(report([check("a"), check("b", { category: "Stores" })])),
  "a report without checks": (to) => to.end(report([])),
  "a broken report": (to) => to.end(report([...BROKEN, CONSEQUENCE])),
  "hostile text, in every status": (to) =>
    to.end(
      report([
        HOSTILE,
        { ...HOSTILE, status: "warn" },
        { ...HOSTILE, status: "pass" },
        { ...HOSTILE, status: "skip", skippedBecause: WORST },
      ]),
    ),
  "very long texts": (to) =>
    to.end(report([{ ...HOSTILE, message: "x".repeat(200_000), cause: "&|\n".repeat(90_000) }])),
  "five thousand problems": (to) =>
    to.end(
      report(
        Array.from({ length: 5000 }, (_, index) => ({
          ...REVIEWER_GONE,
          id: `secret ${index}`,
          subject: secret(`s${index}`),
        })),
      ),
    ),
  "an ignored finding": (to) =>
    to.end(report([{ ...REVIEWER_GONE, status: "skip", skippedBecause: "ignored until 2027-01-31: moved" }])),
  "several clusters": (to) =>
    to.end({
      kind: "List",
      items: [
        { cluster: "prod-eu", result: { kind: "DoctorReport", report: reportOf(BROKEN) } },
        { cluster: "prod|us <x>", result: { kind: "Error", error: UNREACHABLE } },
      ],
    }),
  "an error of set-up": (to) => to.fail(UNREACHABLE),
  "a hostile error": (to) =>
    to.fail(
      new BootstrapError("ESOB-K101", {
        message: WORST,
        reason: WORST,
        fix: { summary: WORST, command: WORST },
      }),
    ),
  "a bug": (to) => to.bug(new TypeError(`x is not a function ${WORST}`)),
};
