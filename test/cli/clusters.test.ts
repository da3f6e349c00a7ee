import { describe, expect, it } from "vitest";
import { documentIn, run, SHOP } from "./person.ts";

const CONTEXTS = ["prod-eu", "prod-us"].map((name) => ({
  name,
  server: `https://${name}.example:6443`,
  current: false,
  namespace: undefined,
}));
const deps = { listContexts: async () => CONTEXTS };
const BOTH = `${SHOP}clusters:
  - {name: eu, context: prod-eu}
  - {name: us, context: prod-su}
`;

/** Every command that works on several clusters. */
const COMMANDS = [
  ["init", "--yes"],
  ["init", "--dry-run"],
  ["plan"],
  ["apply", "--yes"],
  ["install", "--yes"],
  ["reviewer", "--yes"],
  ["reviewer", "rotate", "--yes"],
  ["reviewer", "show"],
  ["reviewer", "register", "--yes"],
  ["identity", "--yes"],
  ["store", "--yes"],
  ["add-secret", "API_KEY", "--yes"],
  ["sync"],
  ["doctor"],
  ["status"],
  ["uninstall", "--yes"],
];

describe.each(COMMANDS)("%s %s", (...words) => {
  const argv = words.filter((word) => word !== undefined);

  it("touches no cluster while one of the contexts is in no kubeconfig", async () => {
    const files = { "eso-bootstrap.yaml": SHOP };
    const ran = await run([...argv, "--context", "prod-eu,prod-su", "-o", "json"], { files, deps });
    expect([ran.code, ran.contacted, documentIn(ran)]).toEqual([
      2,
      [],
      expect.objectContaining({
        code: "ESOB-L102",
        message: 'The kubeconfig has no context "prod-su": none of the 2 clusters was touched.',
        fix: {
          summary: "Correct the name, or go on without it.",
          command: `eso-bootstrap ${argv.join(" ")} --context prod-eu -o json`,
        },
      }),
    ]);
    expect(ran.files).toEqual(new Map(Object.entries(files)));
  });

  it("so with clusters: of the file, and says the line", async () => {
    const ran = await run([...argv, "-o", "json"], { files: { "eso-bootstrap.yaml": BOTH }, deps });
    expect([ran.code, ran.contacted, documentIn(ran)]).toEqual([
      2,
      [],
      expect.objectContaining({
        code: "ESOB-L102",
        message: expect.stringContaining('"prod-su" (eso-bootstrap.yaml, line 17)'),
        fix: expect.objectContaining({
          command: `eso-bootstrap ${argv.join(" ")} -o json --context prod-eu`,
        }),
      }),
    ]);
  });
});

it("chosen with --context, the others of the file may be missing", async () => {
  const files = { "eso-bootstrap.yaml": BOTH };
  const ran = await run(["status", "--context=prod-eu"], { files, deps });
  expect(ran.contacted).toContain("the cluster");
});
