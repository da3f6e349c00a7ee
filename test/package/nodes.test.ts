import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../e2e/stack/run.ts";
import { ROOT } from "./chunks.ts";
import { runtimes } from "./nodes.ts";

const CONFIG = `
apiVersion: eso-bootstrap/v1
cluster: {name: prod}
infisical: {host: https://infisical.example, project: shop}
stores: [{name: infisical, namespace: shop, environment: prod, path: /shop, identityId: 0b2c9f8e-0000-4000-8000-000000000000}]
secrets: [{name: shop-db, namespace: shop, store: infisical, keys: [DB_HOST]}]
`;

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  version: string;
  engines: { node: string };
};
const nodes = await runtimes();
let folder: string;

/** Packed and unpacked again: nothing but what is published. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "eso-nodes-"));
  const packed = await run("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder], {
    cwd: ROOT,
  });
  await run("tar", ["-xzf", join(folder, packed.trim()), "-C", folder]);
  mkdirSync(join(folder, "home"));
  writeFileSync(join(folder, "home", "eso-bootstrap.yaml"), CONFIG);
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

function onNode(node: string, ...args: string[]) {
  const home = join(folder, "home");
  const { status, stdout, stderr } = spawnSync(
    node,
    [join(folder, "package/bin/eso-bootstrap.js"), ...args],
    { cwd: home, env: { HOME: home, PATH: process.env["PATH"] }, encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  return { code: status, stdout, stderr };
}

it("the Nodes that are tried are the oldest that package.json allows", () => {
  const allowed = manifest.engines.node.split("||").map((range) => range.replaceAll(/[^\d.]/g, ""));
  expect(nodes.map(({ version }) => version)).toEqual(
    allowed.map((version) => (version.includes(".") ? version : `${version}.0.0`)),
  );
});

describe.each(nodes)("on Node $version", (node) => {
  const { path = "" } = node;
  const works = "why" in node ? `not tried: ${node.why}` : "--version, --help, render and demo work";

  it.runIf(path !== "")(works, () => {
    expect(spawnSync(path, ["--version"], { encoding: "utf8" }).stdout).toBe(`v${node.version}\n`);
    expect(onNode(path, "--version")).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
    const help = onNode(path, "--help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/^ {2}init +ask/m);
    expect(onNode(path, "render")).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^kind: ExternalSecret$/m),
    });
    const demo = onNode(path, "demo", "-o", "json");
    expect(demo.code, demo.stderr).toBe(0);
    const { items } = JSON.parse(demo.stdout) as { items: { kind: string; summary?: { failed: number } }[] };
    expect(items.map(({ kind }) => kind)).toEqual(["ApplyResult", "DoctorReport", "ApplyResult"]);
    expect(items[1]?.summary).toMatchObject({ failed: 0 });
  });
});
