import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { OUTPUTS, type Output } from "../../../src/invocation.ts";
import { createReporter } from "../../../src/ui/create-reporter.ts";
import type { Reporter } from "../../../src/ui/reporter.ts";
import { OUTPUT_SCHEMAS } from "../../../src/ui/schemas.ts";
import { contract } from "../../helpers/contracts.ts";
import { parseXml } from "../../helpers/xml.ts";
import { xsdFlaws } from "../../helpers/xsd.ts";
import { BROKEN, CONSEQUENCE, ENDS, HOSTILE, report, UNREACHABLE, WORST } from "./outcomes.ts";
import { createScreen, steers } from "./screen.ts";

const FLAGS = { quiet: false, verbose: false, debug: false };

/** What a run that ends like this leaves on stdout, on stderr and in the step summary. */
async function told(output: Output, end: (reporter: Reporter) => void, flags = FLAGS) {
  const screen = createScreen();
  const summaries: string[] = [];
  const appendSummary = async (text: string) => void summaries.push(text);
  const reporter = createReporter({ ...flags, output }, screen.terminal, { appendSummary });
  end(reporter);
  await reporter.flush?.();
  return { stdout: screen.stdout(), stderr: screen.stderr(), summaries };
}

const ALL = Object.entries(ENDS);
const DOCUMENTS = OUTPUTS.filter((output) => output !== "human");

describe.each(DOCUMENTS)("-o %s", (output) => {
  it.each(ALL)("is obeyed by no terminal: %s", async (_, end) => {
    const { stdout, stderr, summaries } = await told(output, end);
    // JSON is data: it escapes control characters, and keeps the rest as it is.
    if (output !== "json") expect(steers(stdout)).toBe(false);
    expect(steers(stderr + summaries.join(""))).toBe(false);
  });

  it("tells people of an error on stderr, with its fix", async () => {
    const { stderr } = await told(output, (to) => to.fail(UNREACHABLE));
    expect(stderr.includes("kubectl get --raw /readyz")).toBe(output !== "json");
  });
});

describe("-o short", () => {
  it("is one line for each problem, and nothing else", async () => {
    const { stdout, stderr } = await told("short", (to) => to.end(report([...BROKEN, CONSEQUENCE])));
    expect([stdout, stderr]).toMatchInlineSnapshot(`
      [
        "ESOB-R103 fail - Infisical's reviewer token belongs to a ServiceAccount that may not review tokens.
      ESOB-S101 fail SecretStore/shop/infisical not ready for 12m (follows from ESOB-R103)
      ESOB-E102 warn ExternalSecret/shop/shop-db last synced 14m ago, should be every 60s
      ",
        "",
      ]
    `);
  });

  it.each(ALL)("has code, status, subject and message in every line: %s", async (_, end) => {
    const { stdout } = await told("short", end);
    for (const line of stdout.split("\n").slice(0, -1))
      expect(line).toMatch(/^(ESOB-[A-Z]\d{3}|BUG) (fail|warn|error) \S+ \S.*$/);
  });
});

describe("-o json", () => {
  const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });

  it.each(ALL)("holds to the schema of its kind: %s", async (_, end) => {
    const document = JSON.parse((await told("json", end)).stdout) as { kind: string };
    ajv.validate(OUTPUT_SCHEMAS[document.kind] ?? false, document);
    expect(ajv.errors).toBeNull();
  });
});

describe("-o junit", () => {
  it.each(ALL)("is well-formed, and its sums are right: %s", async (_, end) => {
    const root = parseXml((await told("junit", end)).stdout);
    for (const suite of root.children) {
      const cases = suite.children.filter(({ name }) => name === "testcase");
      const amount = (name: string) =>
        cases.filter(({ children }) => children.some((child) => child.name === name)).length;
      const { tests, failures, errors, skipped } = suite.attributes;
      expect([tests, failures, errors, skipped].map(Number)).toEqual([
        cases.length,
        amount("failure"),
        amount("error"),
        amount("skipped"),
      ]);
    }
  });

  it("keeps every word of a hostile text that XML can hold", async () => {
    const { stdout } = await told("junit", (to) => to.end(report([HOSTILE])));
    expect(JSON.stringify(parseXml(stdout))).toContain("a]]>b <script>&amp;");
  });

  it("tells a cluster that could not be judged among the others", async () => {
    const { stdout } = await told("junit", ENDS["several clusters"] ?? (() => undefined));
    const suites = parseXml(stdout).children.map(({ attributes }) => [
      attributes["package"],
      attributes["name"],
    ]);
    expect(suites).toContainEqual(["eso-bootstrap.prod-eu", "Secrets"]);
    expect(suites).toContainEqual(["eso-bootstrap.prod|us <x>", "set-up"]);
    expect(stdout).toContain('<error message="The API server of prod-eu does not answer." type="ESOB-K101">');
  });
});

const xsd = contract("junit.xsd");

describe.skipIf(xsd === undefined)("-o junit, against ../shared/contracts/junit.xsd", () => {
  const flaws = (document: string) => xsdFlaws(xsd ?? "", document);
  const good = async () => (await told("junit", (to) => to.end(report(BROKEN)))).stdout;

  it.each(ALL)("holds to it: %s", async (_, end) => {
    expect(flaws((await told("junit", end)).stdout)).toEqual([]);
  });

  it.each([
    ["an attribute too many", / tests=/, ' colour="red" tests='],
    ["an attribute too few", / hostname="localhost"/, ""],
    ["a time that is none", /time="[^"]*"/, 'time="soon"'],
    ["a date with a zone", /(timestamp="[^"]*)"/, '$1Z"'],
    ["no properties", /<properties\/>/, ""],
    ["two outcomes", /(<failure [\s\S]*<\/failure>)/, '$1<skipped message="x"/>'],
    ["an element that is unknown", /<system-err\/>/, "<system-err/><colour/>"],
    ["text where none belongs", /<properties\/>/, "x<properties/>"],
  ])("is held to it: %s is seen", async (_, what, instead) => {
    const broken = (await good()).replace(what, instead);
    expect(broken).not.toBe(await good());
    expect(flaws(broken)).not.toEqual([]);
  });
});

interface Sarif {
  readonly runs: readonly {
    readonly tool: { readonly driver: { readonly rules: readonly { readonly id: string }[] } };
    readonly automationDetails?: { readonly id: string };
    readonly invocations: readonly [{ executionSuccessful: boolean; toolExecutionNotifications?: unknown[] }];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly locations: readonly unknown[];
      readonly suppressions?: unknown;
    }[];
  }[];
}

describe("-o sarif", () => {
  const log = async (end: (reporter: Reporter) => void) =>
    JSON.parse((await told("sarif", end)).stdout) as Sarif;

  it.each(ALL)("has a rule for every result: %s", async (_, end) => {
    for (const { tool, results } of (await log(end)).runs)
      for (const { ruleId, ruleIndex } of results) expect(tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
  });

  it("has problems only, where they are", async () => {
    const [run] = (await log((to) => to.end(report([...BROKEN, CONSEQUENCE])))).runs;
    expect(run?.results.map(({ ruleId, level }) => `${ruleId} ${level}`)).toEqual([
      "ESOB-R103 error",
      "ESOB-S101 error",
      "ESOB-E102 warning",
    ]);
    expect(run?.results[1]?.locations).toEqual([
      {
        physicalLocation: {
          artifactLocation: { uri: "eso%20bootstrap.yaml" },
          region: { startLine: 12 },
        },
        logicalLocations: [
          { fullyQualifiedName: "SecretStore/shop/infisical", name: "infisical", kind: "resource" },
        ],
      },
    ]);
    expect(run?.invocations[0].executionSuccessful).toBe(true);
  });

  it("says when it could not look", async () => {
    for (const end of ["an error of set-up", "a bug"]) {
      const [run] = (await log(ENDS[end] ?? (() => undefined))).runs;
      expect(run?.results).toEqual([]);
      expect(run?.invocations[0].executionSuccessful).toBe(false);
      expect(run?.invocations[0].toolExecutionNotifications).toHaveLength(1);
    }
  });

  it("suppresses what doctor.ignore names, and keeps clusters apart", async () => {
    const [ignored] = (await log(ENDS["an ignored finding"] ?? (() => undefined))).runs;
    expect(ignored?.results[0]?.suppressions).toEqual([
      { kind: "external", status: "accepted", justification: "ignored until 2027-01-31: moved" },
    ]);
    const { runs } = await log(ENDS["several clusters"] ?? (() => undefined));
    expect(runs.map(({ automationDetails }) => automationDetails?.id)).toEqual([
      "eso-bootstrap/prod-eu/",
      "eso-bootstrap/prod|us <x>/",
    ]);
  });
});

const sarifSchema = contract("sarif-2.1.0.schema.json");

describe.skipIf(sarifSchema === undefined)("-o sarif, against ../shared/contracts/sarif-2.1.0", () => {
  // draft-04, which Ajv 8 reads but for the names of `id` and `$schema`.
  const { id: _id, $schema: _schema, ...schema } = JSON.parse(sarifSchema ?? "{}") as Record<string, unknown>;
  const validate = new Ajv({ allErrors: true, strict: false, validateFormats: false }).compile(schema);

  it.each(ALL)("holds to it: %s", async (_, end) => {
    validate(JSON.parse((await told("sarif", end)).stdout));
    expect(validate.errors).toBeNull();
  });

  it("is held to it", () => {
    expect(validate({ version: "2.1.0", runs: [{ results: [] }] })).toBe(false);
  });
});

describe("-o github", () => {
  it("annotates causes first, at the line where the file says it", async () => {
    const { stdout } = await told("github", (to) => to.end(report([CONSEQUENCE, ...BROKEN])));
    expect(stdout).toMatchInlineSnapshot(`
      "::error title=ESOB-R103 reviewer may review::Infisical's reviewer token belongs to a ServiceAccount that may not review tokens.%0AThe ClusterRoleBinding infisical-token-reviewer is gone.%0AFix: Restore it.%0Aeso-bootstrap apply -f eso-bootstrap.yaml%0AMore: eso-bootstrap explain ESOB-R103
      ::error file=eso bootstrap.yaml,line=12,title=ESOB-S101 SecretStore/shop/infisical::not ready for 12m%0AFollows from ESOB-R103.%0AMore: eso-bootstrap explain ESOB-S101
      ::warning title=ESOB-E102 ExternalSecret/shop/shop-db::last synced 14m ago, should be every 60s%0AMore: eso-bootstrap explain ESOB-E102
      "
    `);
  });

  it.each(ALL)("has nothing but its own commands, in one line each: %s", async (_, end) => {
    const { stdout } = await told("github", end);
    for (const line of stdout.split("\n").slice(0, -1))
      expect(line).toMatch(/^::(error|warning) (file=[^:,]*,line=\d+,)?title=[^:,]*::/);
  });

  it.each(ALL)("gives the runner nothing to obey on stderr: %s", async (_, end) => {
    const { stderr } = await told("github", end);
    expect(stderr).not.toMatch(/^\s*::/m);
    expect(stderr).not.toContain("##[");
  });

  it.each(ALL)("adds one Markdown document to the step summary: %s", async (_, end) => {
    const { summaries } = await told("github", end);
    expect(summaries).toEqual([(await told("markdown", end)).stdout]);
  });

  it("warns where the summary cannot be written, and goes on", async () => {
    const screen = createScreen();
    const appendSummary = () => Promise.reject(new Error("no space is left"));
    const reporter = createReporter({ ...FLAGS, output: "github" }, screen.terminal, { appendSummary });
    reporter.end(report(BROKEN));
    await reporter.flush?.();
    expect(screen.stderr()).toContain("The step summary was not written: no space is left");
    expect(screen.stdout()).toContain("::error ");
  });
});

describe("-o markdown", () => {
  it("has a table, each problem with cause and fix, and the rest folded", async () => {
    const { stdout } = await told("markdown", (to) => to.end(report([...BROKEN, CONSEQUENCE])));
    expect(stdout).toMatchInlineSnapshot(`
      "<!-- eso-bootstrap doctor -->
      ## ✖ eso-bootstrap doctor: 1 cause, 1 consequence, 1 warning, 2 skipped

      | | Code | Where | What |
      |---|---|---|---|
      | ✖ | ESOB-R103 |  | Infisical's reviewer token belongs to a ServiceAccount that may not review tokens. |
      | ✖ | ESOB-S101 | <code>SecretStore/shop/infisical</code> | not ready for 12m (follows from ESOB-R103) |
      | ⚠ | ESOB-E102 | <code>ExternalSecret/shop/shop-db</code> | last synced 14m ago, should be every 60s |

      ### ESOB-R103

      Infisical's reviewer token belongs to a ServiceAccount that may not review tokens.

      The ClusterRoleBinding infisical-token-reviewer is gone.

      **Fix:** Restore it.

      \`\`\`sh
      eso-bootstrap apply -f eso-bootstrap.yaml
      \`\`\`

      More: \`eso-bootstrap explain ESOB-R103\`

      ### ESOB-E102 <code>ExternalSecret/shop/shop-db</code>

      last synced 14m ago, should be every 60s

      More: \`eso-bootstrap explain ESOB-E102\`

      <details><summary>2 checks skipped</summary>

      **Login as ESO does**

      - ↷ login · blocked by ESOB-R103
      - ↷ list names · blocked by ESOB-R103

      </details>

      <details><summary>7 checks passed</summary>

      **this machine**

      - ✔ kubeconfig

      **cluster**

      - ✔ API server answers

      **ESO 2.9.0**

      - ✔ ESO runs

      **Login as ESO does**

      - ✔ ESO's own token · external-secrets/external-secrets

      **Secrets**

      - ✔ Secret is complete: ExternalSecret/shop/a
      - ✔ Secret is complete: ExternalSecret/shop/b
      - ✔ Secret is complete: ExternalSecret/shop/c

      </details>

      "
    `);
  });

  it.each(ALL)("fits into a comment, with every fold and fence closed: %s", async (_, end) => {
    const { stdout } = await told("markdown", end);
    expect(stdout.length).toBeLessThanOrEqual(65_000);
    expect(stdout.startsWith("<!-- eso-bootstrap doctor -->\n")).toBe(true);
    expect(stdout.split("<details>").length).toBe(stdout.split("</details>").length);
    expect((stdout.match(/^`{3,}/gm) ?? []).length % 2).toBe(0);
  });

  it("says that it was cut", async () => {
    const { stdout } = await told("markdown", ENDS["five thousand problems"] ?? (() => undefined));
    expect(stdout).toContain("| | | | … |");
    expect(stdout).toContain("More did not fit here: run `eso-bootstrap doctor`");
    expect(stdout).toContain("### ESOB-R103");
  });

  it("shows hostile text and obeys none of it", async () => {
    const { stdout } = await told("markdown", (to) => to.end(report([HOSTILE])));
    const prose = stdout
      .replaceAll(/^(`{3,})sh\n[\s\S]*?\n\1$/gm, "")
      .replaceAll("<!-- eso-bootstrap doctor -->", "");
    expect(prose).not.toMatch(/(?<!\\)<(?!\/?(code|details|summary|br)>)/);
    expect(prose).not.toMatch(/@(?!\u200b)|(?<!&)#(?![#\s\u200b])/);
    const [row = ""] = prose.split("\n").filter((line) => line.startsWith("| ✖"));
    expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
    expect(stdout).toContain("````sh\n");
  });
});

describe("what every format has in common", () => {
  it.each(["junit", "sarif", "github", "markdown"] as const)(
    "-o %s -q tells people no result",
    async (output) => {
      const quiet = await told(output, (to) => to.end(report(BROKEN)), { ...FLAGS, quiet: true });
      expect(quiet.stderr).toBe("");
      const loud = await told(output, (to) => to.end(report(BROKEN)));
      expect(loud.stderr).toContain("1 cause, 1 warning, 2 skipped");
      expect(quiet.stdout.length).toBeGreaterThan(200);
    },
  );

  it("is never more than the texts of the report: nothing of a bug but its first line", async () => {
    for (const output of DOCUMENTS) {
      const { stdout } = await told(output, (to) => to.bug(new TypeError("first\nhunter2")));
      expect(stdout).not.toContain("hunter2");
    }
    expect(WORST).toContain("]]>");
  });
});
