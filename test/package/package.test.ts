import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const MEGABYTE = 1024 * 1024;
const CONFIG = `
apiVersion: eso-bootstrap/v1
cluster: {name: prod}
infisical: {host: https://infisical.example, project: shop}
stores: [{name: infisical, namespace: shop, environment: prod, path: /shop, identityId: 0b2c9f8e-0000-4000-8000-000000000000}]
secrets: [{name: shop-db, namespace: shop, store: infisical, keys: [DB_HOST]}]
`;

interface Done {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;
let tarball: string;
let project: string;
let installed: string;

/** A stranger's machine: no configuration, no cache of ours, no registry to be reached. */
function strange(program: string, args: readonly string[], cwd = project): Promise<Done> {
  const { PATH } = process.env;
  const env = {
    PATH,
    HOME: join(folder, "home"),
    npm_config_cache: join(folder, "cache"),
    npm_config_offline: "true",
    npm_config_update_notifier: "false",
    npm_config_registry: "http://127.0.0.1:9",
  };
  return new Promise((resolve) =>
    execFile(program, args, { cwd, env, maxBuffer: 16 * MEGABYTE }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );
}

const ours = (...args: string[]) => strange("npx", ["--no-install", "eso-bootstrap", ...args]);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "eso package '"));
  project = join(folder, "empty project");
  for (const made of ["home", "cache", "empty project"]) mkdirSync(join(folder, made));
  const packed = await strange("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], ROOT);
  expect(packed).toMatchObject({ code: 0 });
  tarball = join(folder, packed.stdout.trim());
  writeFileSync(join(project, "package.json"), '{"private": true}');
  const install = await strange("npm", [
    "install",
    "--offline",
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    tarball,
  ]);
  expect(install).toMatchObject({ code: 0 });
  installed = join(project, "node_modules/eso-bootstrap");
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the tarball", () => {
  it("has at most 2 MB", () => {
    expect(statSync(tarball).size).toBeLessThanOrEqual(2 * MEGABYTE);
  });

  it("brings no dependencies", () => {
    expect(readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([
      "eso-bootstrap",
    ]);
  });

  it("holds what is needed to run, to read and to obey the licences, and nothing else", () => {
    const top = readdirSync(installed).toSorted();
    expect(top).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "bin",
      "dist",
      "docs",
      "package.json",
      "schemas",
      "templates",
    ]);
    const licences = readFileSync(join(installed, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    for (const name of ["@kubernetes/client-node", "inquirer", "execa", "yaml", "commander"])
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  });

  it("tells what it is made of, in CycloneDX", () => {
    const read = JSON.parse(readFileSync(join(installed, "dist/sbom.cdx.json"), "utf8")) as {
      bomFormat: string;
      components: { name: string; version: string; purl: string }[];
    };
    const licences = readFileSync(join(installed, "dist/THIRD-PARTY-LICENSES.txt"), "utf8");
    const named = [...licences.matchAll(/^(\S+) (\d+\.\d+\.\d+\S*) \(/gm)].map(([, name, version]) => [
      name,
      version,
    ]);
    expect(read.bomFormat).toBe("CycloneDX");
    expect(named.length).toBeGreaterThan(20);
    const told = new Set(read.components.map(({ name, version }) => `${name} ${version}`));
    expect(named.filter(([name, version]) => !told.has(`${name} ${version}`))).toEqual([]);
    for (const { name, version, purl } of read.components)
      expect(decodeURIComponent(purl)).toBe(`pkg:npm/${name}@${version}`);
  });

  it("says nothing about the machine it was built on", () => {
    const texts = readdirSync(join(installed, "dist")).map((name) =>
      readFileSync(join(installed, "dist", name), "utf8"),
    );
    expect(texts.filter((text) => text.includes(ROOT))).toEqual([]);
  });

  it("is clean to publint", async () => {
    const { buffer, byteOffset, length } = readFileSync(tarball);
    const pack = { tarball: buffer.slice(byteOffset, byteOffset + length) };
    const { messages, pkg } = await publint({ strict: true, pack });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });
});

describe("installed offline into an empty folder", () => {
  it("--version is that of package.json", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    expect(await ours("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  it("--help shows the commands, also of each command", async () => {
    const help = await ours("--help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+)\b.* {2,}/gm)].map(([, name = ""]) => name);
    expect(commands).toEqual(expect.arrayContaining(["init", "plan", "apply", "render", "explain"]));
    for (const command of ["init", "render"])
      expect(await ours(command, "--help")).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("Examples:"),
      });
  });

  it("is a plugin of kubectl, by name", async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
    const plugin = join(project, "node_modules/.bin/kubectl-eso_bootstrap");
    expect(await strange(plugin, ["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
    // As kubectl calls it when somebody presses Tab after `kubectl eso-bootstrap reviewer ro`.
    const asked = join(project, "node_modules/.bin/kubectl_complete-eso_bootstrap");
    expect(await strange(asked, ["reviewer", "ro"])).toEqual({
      code: 0,
      stdout: expect.stringMatching(/^rotate\t.*\n:4\n$/),
      stderr: "",
    });
  });

  it("demo goes the whole road, offline", async () => {
    const { code, stdout, stderr } = await ours("demo", "-o", "json");
    expect(code, stderr).toBe(0);
    const { items } = JSON.parse(stdout) as { items: { kind: string; summary?: { failed: number } }[] };
    expect(items.map(({ kind }) => kind)).toEqual(["ApplyResult", "DoctorReport", "ApplyResult"]);
    expect(items[1]?.summary).toMatchObject({ failed: 0 });
  });

  it("doctor without a kubeconfig is a report, not a stack", async () => {
    const { code, stdout } = await ours("doctor", "-o", "json");
    expect(JSON.parse(stdout)).toMatchObject({ kind: expect.stringMatching(/^(DoctorReport|Error)$/) });
    expect([3, 5]).toContain(code);
  });

  it("render finds the templates and prints YAML", async () => {
    writeFileSync(join(project, "eso-bootstrap.yaml"), CONFIG);
    const { code, stdout } = await ours("render");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kind: SecretStore$/m);
    expect(stdout).toMatch(/^kind: ExternalSecret$/m);
  });

  it("plan without a kubeconfig loads the adapters and is a clear error, not a stack", async () => {
    const { code, stdout } = await ours("plan", "-o", "json");
    expect(code).toBe(5);
    expect(JSON.parse(stdout)).toMatchObject({ kind: "Error", code: "ESOB-L101" });
  });

  it("every chunk can be loaded: none needs a package that is not in it", async () => {
    const chunks = readdirSync(join(installed, "dist")).filter(
      (name) => name.endsWith(".cjs") && name !== "main.cjs",
    );
    const script = `for (const name of process.argv.slice(1)) require(name)`;
    const paths = chunks.map((name) => join(installed, "dist", name));
    expect(await strange(process.execPath, ["-e", script, ...paths])).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});

describe("straight from the tarball", () => {
  it("npx ./eso-bootstrap-*.tgz --version works offline", async () => {
    const elsewhere = join(folder, "elsewhere");
    mkdirSync(elsewhere);
    const [name = ""] = readdirSync(folder).filter((file) => file.endsWith(".tgz"));
    cpSync(tarball, join(elsewhere, name));
    const { code, stdout } = await strange("npx", ["--yes", `./${name}`, "--version"], elsewhere);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });
});
