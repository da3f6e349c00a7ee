import { describe, expect, it } from "vitest";
import { flagsToFile } from "../../../src/inputs/flags-to-file.ts";
import { resolveAll, type ResolveOptions } from "../../../src/inputs/resolve.ts";

const FILE = `apiVersion: eso-bootstrap/v1
infisical:
  host: https://eu.infisical.com # ours
  project: shop
stores:
  - name: infisical
    namespace: shop
    environment: prod
    path: /shop # the team's folder
secrets:
  - name: shop-db
    namespace: shop
    store: infisical
    keys: [DB_HOST, DB_USER, DB_PASSWORD] # all three
`;

const options = (flags: ResolveOptions["flags"], file = FILE): ResolveOptions => ({
  flags,
  env: {},
  file,
  filePath: "eso-bootstrap.yaml",
});
const saved = (flags: ResolveOptions["flags"], file = FILE) => {
  const [inputs] = resolveAll(options(flags, file));
  return inputs && flagsToFile(options(flags, file), inputs);
};

describe("flags beside a file", () => {
  it("change the lines that say otherwise, and no other", () => {
    expect(saved({ keys: "DB_HOST,DB_USER", path: "/team" })).toEqual({
      keys: ["stores[0].path", "secrets[0].keys"],
      text: FILE.replace("[DB_HOST, DB_USER, DB_PASSWORD]", "[DB_HOST, DB_USER]").replace(
        "/shop #",
        "/team #",
      ),
    });
  });

  it("add what the file left to a default", () => {
    const { text = "", keys } = saved({ refreshInterval: "5m" }) ?? {};
    expect(keys).toEqual(["secrets[0].refreshInterval"]);
    expect(text).toBe(FILE.replace(/# all three\n/, "# all three\n    refreshInterval: 5m\n"));
  });

  it("leave a file alone that says the same, that is only chosen from, or that wins", () => {
    expect(saved({ keys: "DB_HOST,DB_USER,DB_PASSWORD", path: "/shop" })).toBeUndefined();
    expect(saved({ context: "other", namespace: "elsewhere" })).toBeUndefined();
    expect(saved({})).toBeUndefined();
  });

  it("reach a store's own project, over which --project wins", () => {
    const own = FILE.replace("    environment: prod", "    environment: prod\n    project: cart");
    const { text = "", keys } = saved({ project: "web" }, own) ?? {};
    expect(keys).toEqual(["infisical.project", "stores[0].project"]);
    expect(text).toContain("project: web\nstores:");
    expect(text).toContain("    project: web\n    path");
  });

  it.each([
    ["--keys", { keys: "DB_HOST" }],
    ["--project", { project: "web" }],
    ["--reviewer-mode", { reviewerMode: "self" }],
    ["--store-kind", { storeKind: "ClusterSecretStore" }],
    ["--no-manage-eso", { manageEso: false }],
    ["--environment", { environment: "dev" }],
  ])("%s: the file alone then gives what was set up", (_name, flags) => {
    const text = saved(flags)?.text ?? "";
    const plain = ({
      sources: _sources,
      lines: _lines,
      ...rest
    }: object & { sources?: object; lines?: object }) => rest;
    expect(resolveAll(options({}, text)).map(plain)).toEqual(resolveAll(options(flags)).map(plain));
  });
});
