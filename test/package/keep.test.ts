import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

/** `demo --keep`, and what a person does in another shell of a machine that has Node alone: no helm, no kubectl. */
const BIN = join(import.meta.dirname, "../../bin/eso-bootstrap.js");
const STAYS_UP = /It stays up[^]*eso-bootstrap sync/;

let temp: string;
let demo: ChildProcess;
let exports: string;
let folder: string;
const ended = () => new Promise<number | null>((resolve) => demo.once("close", resolve));

beforeAll(async () => {
  temp = mkdtempSync(join(tmpdir(), "eso-keep-"));
  for (const made of ["home", "tools", "helm"]) mkdirSync(join(temp, made));
  for (const tool of ["sh", "cat"]) symlinkSync(`/bin/${tool}`, join(temp, "tools", tool));
  demo = spawn(process.execPath, [BIN, "demo", "--keep"], {
    env: { HOME: join(temp, "home"), TMPDIR: temp },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const told = await new Promise<string>((resolve, reject) => {
    let text = "";
    demo.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (STAYS_UP.test(text)) resolve(text);
    });
    demo.once("close", (code) => reject(new Error(`it ended with ${code}:\n${text}`)));
  });
  exports = [...told.matchAll(/^ *((?:cd|export) .*)$/gm)].map(([, line = ""]) => line).join("\n");
  folder = /^cd (.*)$/m.exec(exports)?.[1] ?? "";
}, 60_000);

afterAll(async () => {
  if (demo.exitCode === null) {
    const end = ended();
    demo.kill("SIGKILL");
    await end;
  }
  rmSync(temp, { recursive: true });
});

/** In a new shell, after the lines that the demo printed. */
function type(line: string, more: readonly string[] = []): Promise<{ code: number; text: string }> {
  const env = {
    PATH: ["tools", ...more].map((one) => join(temp, one)).join(":"),
    HOME: join(temp, "home"),
  };
  return new Promise((resolve) =>
    execFile("/bin/sh", ["-ec", `${exports}\n${line}`], { env, cwd: temp }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  );
}

it("doctor, plan, apply and init work there, with the stand-in for helm", async () => {
  for (const line of [
    "doctor",
    "status",
    "plan",
    "apply --yes",
    "init -f eso-bootstrap.yaml --yes",
    "sync shop-db -n shop",
  ])
    expect(await type(`eso-bootstrap ${line}`), line).toMatchObject({ code: 0 });
  expect(await type("helm version")).toMatchObject({ code: 0, text: expect.stringContaining("no helm") });
});

it("another version of ESO is installed by it", async () => {
  const file = join(folder, "eso-bootstrap.yaml");
  const before = readFileSync(file, "utf8");
  writeFileSync(file, before.replace(/version: 2\.9\.0/, "version: 2.8.0"));
  expect(await type("eso-bootstrap plan")).toMatchObject({ code: 6, text: expect.stringContaining("2.8.0") });
  expect(await type("eso-bootstrap apply --yes")).toMatchObject({ code: 0 });
  expect((await type("helm list -A")).text).toMatch(/ 2 .* deployed {2}external-secrets-2\.8\.0$/m);
  expect(await type("eso-bootstrap plan")).toMatchObject({ code: 0 });
});

it("a real helm on the PATH is called in its place", async () => {
  writeFileSync(join(temp, "helm/helm"), '#!/bin/sh\necho "the real one: $*"\n');
  chmodSync(join(temp, "helm/helm"), 0o755);
  expect(await type("helm list -A", ["helm"])).toEqual({ code: 0, text: "the real one: list -A\n" });
});

it("nothing is left when it ends", async () => {
  const end = ended();
  demo.kill("SIGINT");
  expect(await end).toBe(130);
  expect(existsSync(folder)).toBe(false);
});
