import { execFile } from "node:child_process";
import { setMaxListeners } from "node:events";
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runCli } from "../../src/cli.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import { EARLY, openDemo, SECRET, SHOP, type Demo } from "../../src/sandbox/demo/index.ts";
import { createScreen } from "../unit/ui/screen.ts";
import { builtPaths } from "./stack/pins.ts";

const BIN = fileURLToPath(new URL("../../bin/eso-bootstrap.js", import.meta.url));

/** How a line that was typed ended. */
export interface Typed {
  readonly code: number;
  readonly stdout: string;
  /** stdout and stderr, as a person sees them. */
  readonly text: string;
}

/** A demo that stays up after its `init`, and another shell with the real kubectl and without a helm. */
export interface OtherShell {
  readonly demo: Demo;
  /** What the demo says to type, and nothing else before. */
  type(line: string): Promise<Typed>;
  /** Writes a line to the transcript, where one is asked for. */
  note(line: string): void;
  stop(): Promise<void>;
}

/** `transcript`: a variable that may name a file. */
export async function openOtherShell(transcript: string): Promise<OtherShell> {
  const temp = mkdtempSync(join(tmpdir(), "eso-other-shell-"));
  for (const made of ["home", "tools"]) mkdirSync(join(temp, made));
  symlinkSync(builtPaths().bin.kubectl, join(temp, "tools/kubectl"));
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // every request under way listens, as main.ts says
  const own = createDeps({ process: Object.assign({ ...process }, { env: {} }), signal });
  const demo = await openDemo(own, { seed: "1", program: [process.execPath, BIN] });
  const { terminal, stderr } = createScreen();
  const there: Deps = { ...demo.deps, interactive: false, terminal: () => terminal };
  const { project, environment, path, namespace } = SHOP;
  const where = ["--project", project, "--environment", environment, "--path", path, "-n", namespace];
  const named = ["--keys", EARLY.join(","), "--secret-name", SECRET];
  if ((await runCli(["init", ...where, ...named, "--yes"], there)) !== 0) throw new Error(stderr());
  const exports = (await demo.openToOthers()).filter((line) => /^(cd|export) /.test(line)).join("\n");
  const env = { PATH: `${join(temp, "tools")}:/usr/bin:/bin`, HOME: join(temp, "home"), LANG: "C.UTF-8" };
  const file = process.env[transcript];
  if (file !== undefined) writeFileSync(file, "");
  return {
    demo,
    type: (line) =>
      new Promise((resolve) => {
        let text = "";
        const child = execFile(
          "bash",
          ["--noprofile", "--norc", "-c", `${exports}\n${line}`],
          { env, cwd: temp, maxBuffer: 2 ** 26 },
          (error, stdout) => resolve({ code: error ? Number(error.code) : 0, stdout, text }),
        );
        for (const stream of [child.stdout, child.stderr])
          stream?.on("data", (chunk) => (text += String(chunk)));
      }),
    note: (line) => file !== undefined && appendFileSync(file, `${line}\n`),
    async stop() {
      await demo.close();
      rmSync(temp, { recursive: true });
    },
  };
}
