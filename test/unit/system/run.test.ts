import { describe, expect, it } from "vitest";
import { createRun } from "../../../src/system/run.ts";

const node = process.execPath;
const env = {
  PATH: process.env["PATH"],
  KEPT: "yes",
  INFISICAL_TOKEN: "canary",
  INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "canary",
};
const run = createRun(env);
const script = (code: string) => ["-e", code];

describe("run", () => {
  it("gives exit code, stdout and stderr as they are", async () => {
    const code = 'process.stdout.write("out\\n"); process.stderr.write("err\\n"); process.exitCode = 3';
    expect(await run(node, script(code))).toEqual({ exitCode: 3, stdout: "out\n", stderr: "err\n" });
  });

  it("hands arguments over untouched: there is no shell", async () => {
    const args = ["$HOME", "; echo no", "*", '"'];
    const { stdout } = await run(node, [
      ...script("console.log(JSON.stringify(process.argv.slice(1)))"),
      ...args,
    ]);
    expect(JSON.parse(stdout)).toEqual(args);
  });

  it("writes the input to stdin, and closes it where there is none", async () => {
    const echo = script("process.stdin.pipe(process.stdout)");
    expect(await run(node, echo, { input: "values" })).toMatchObject({ exitCode: 0, stdout: "values" });
    expect(await run(node, echo)).toMatchObject({ exitCode: 0, stdout: "" });
  });

  it("survives a child that does not read its input", async () => {
    expect(await run(node, script("0"), { input: "x".repeat(1_000_000) })).toMatchObject({ exitCode: 0 });
  });

  it("keeps Infisical's credentials from children", async () => {
    const { stdout } = await run(node, script("console.log(JSON.stringify(process.env))"), {
      env: { MORE: "1" },
    });
    expect(JSON.parse(stdout)).toMatchObject({ KEPT: "yes", MORE: "1" });
    expect(stdout).not.toContain("canary");
  });

  it("answers 127 for a program that is not there", async () => {
    expect(await run("no-such-program-anywhere", [])).toMatchObject({ exitCode: 127, stdout: "" });
  });

  it("answers 126 for one that cannot be run", async () => {
    expect((await run("/", [])).exitCode).toBe(126);
  });

  it("answers 124 when time runs out, and 128 + n for a signal", async () => {
    expect((await run(node, script("setInterval(() => {}, 1000)"), { timeoutMs: 200 })).exitCode).toBe(124);
    expect((await run(node, script('process.kill(process.pid, "SIGKILL")'))).exitCode).toBe(137);
  });

  it("ends the child on abort and throws the reason", async () => {
    const controller = new AbortController();
    const reason = new Error("interrupted");
    const running = run(node, script("setInterval(() => {}, 1000)"), { signal: controller.signal });
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    await expect(run(node, script("0"), { signal: controller.signal })).rejects.toBe(reason);
  });
});
