import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { at, recordsAt } from "../../src/data.ts";
import { documentIn, run, SHOP } from "./person.ts";

const FILE = "eso-bootstrap.yaml";
const IMAGE = ["--image", "registry.example/eso-bootstrap:1"];
const TWO = `${SHOP}clusters:
  - {name: eu, context: prod-eu}
  - {name: us, context: prod-us}
`;

/** Rendered from the file alone: nothing is contacted. */
async function render(argv: readonly string[], file = SHOP) {
  const ran = await run(["render", ...argv], { files: { [FILE]: file } });
  expect(ran.contacted).toEqual([]);
  return { ...ran, objects: () => parseAllDocuments(ran.stdout).map((one) => one.toJS() as unknown) };
}

const namesOf = (objects: readonly unknown[]) =>
  objects.map((object) => `${String(at(object, "kind"))} ${String(at(object, "metadata", "name"))}`);

describe("render --alerts, --dashboard", () => {
  it("is one PrometheusRule, from the intervals of the file", async () => {
    const ran = await render(["--alerts"]);
    const [rule, ...others] = ran.objects();
    expect([ran.code, others, at(rule, "kind")]).toEqual([0, [], "PrometheusRule"]);
    expect(JSON.stringify(rule)).toContain(
      'increase(externalsecret_sync_calls_total{name=~\\"shop-db\\"}[600s])',
    );
  });

  it("is one dashboard, as JSON", async () => {
    const ran = await render(["--dashboard"]);
    expect([ran.code, at(JSON.parse(ran.stdout), "title")]).toEqual([0, expect.any(String)]);
  });

  it("does not mix with another, and goes into a folder", async () => {
    const both = await render(["--alerts", "--dashboard", "-o", "json"]);
    expect([both.code, documentIn(both)["code"]]).toEqual([2, "ESOB-C104"]);
    const out = await render(["--alerts", "--out", "monitoring"]);
    expect([
      out.code,
      out.stdout.trim(),
      [...out.files.keys()].filter((name) => name.startsWith("monitoring/")),
    ]).toEqual([0, "", [expect.stringMatching(/^monitoring\/prometheusrule-.*\.yaml$/)]]);
  });
});

describe("render --rotation-workflow", () => {
  it("rotates by the file, on the schedule that is asked for, without a secret in it", async () => {
    const ran = await render(["--rotation-workflow", "--schedule", "5 4 * * 1"]);
    const workflow: unknown = parse(ran.stdout);
    expect([ran.code, at(workflow, "on", "schedule")]).toEqual([0, [{ cron: "5 4 * * 1" }]]);
    const runs = recordsAt(at(workflow, "jobs", "rotate"), "steps").map((step) => step["run"]);
    expect(runs.join("\n")).toContain(`reviewer rotate -f "${FILE}" --if-older-than`);
    expect(at(parse((await render(["--rotation-workflow"])).stdout), "on", "schedule")).toEqual([
      { cron: "17 3 * * *" },
    ]);
  });
});

describe("render --rotation-cronjob", () => {
  it("needs an image, and a token that can be rotated", async () => {
    const bare = await render(["--rotation-cronjob", "-o", "json"]);
    expect([bare.code, documentIn(bare)["code"]]).toEqual([2, "ESOB-C103"]);
    const self = `${SHOP}reviewer: {mode: self}\n`;
    const none = await render(["--rotation-cronjob", ...IMAGE, "-o", "json"], self);
    expect([none.code, documentIn(none)]).toEqual([
      2,
      expect.objectContaining({ code: "ESOB-C104", message: expect.stringContaining("nothing to rotate") }),
    ]);
  });

  it("has image and schedule, and the settings of the one cluster", async () => {
    const ran = await render(["--rotation-cronjob", ...IMAGE, "--schedule", "5 4 * * 1"]);
    const job = ran.objects().find((object) => at(object, "kind") === "CronJob");
    expect([ran.code, at(job, "spec", "schedule")]).toEqual([0, "5 4 * * 1"]);
    expect(JSON.stringify(job)).toContain('"image":"registry.example/eso-bootstrap:1"');
    expect(new Set(namesOf(ran.objects())).size).toBeGreaterThan(8);
  });

  it("is one cluster's: of several it asks for one, with the command for it", async () => {
    const words = ["--rotation-cronjob", ...IMAGE];
    const both = await render([...words, "-o", "json"], TWO);
    expect([both.code, documentIn(both)]).toEqual([
      2,
      expect.objectContaining({
        code: "ESOB-C108",
        cause: "each gets its own: prod-eu, prod-us",
        fix: {
          summary: "Render and apply it once for each, in its context.",
          command: `eso-bootstrap render ${words.join(" ")} -o json --context prod-eu`,
        },
      }),
    ]);
    const [eu, us] = await Promise.all(
      ["prod-eu", "prod-us"].map((context) => render([...words, "--context", context], TWO)),
    );
    expect([eu?.code, us?.code]).toEqual([0, 0]);
    expect(eu?.stdout).toContain("name: eu");
    expect(us?.stdout).toContain("name: us");
    const named = await render([...words, "--context", "a,b", "-o", "json"]);
    expect([named.code, documentIn(named)["code"]]).toEqual([2, "ESOB-C108"]);
  });

  it("what is the same for all clusters is there once", async () => {
    const [two, one] = [await render([], TWO), await render([])];
    expect([two.code, namesOf(two.objects())]).toEqual([0, namesOf(one.objects())]);
    expect((await render(["--alerts"], TWO)).objects()).toHaveLength(1);
  });
});
