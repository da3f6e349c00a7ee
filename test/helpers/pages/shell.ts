import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** How a script ended. */
export interface ShellRun {
  readonly code: number | null;
  /** stdout and stderr, as they came. */
  readonly output: string;
  /** Every simple command that was executed, by the shell's own trace. */
  readonly commands: readonly string[];
}

/** Variables and folder outlive a block, as in the terminal of a reader. */
const PROLOGUE = `exec 2>&1; exec 9>DIR/.trace; BASH_XTRACEFD=9; PS4='+@ '
if [ -f DIR/.left ]; then . DIR/.left; fi
trap 'set +x; export -p > DIR/.left; printf "cd %q\\n" "$PWD" >> DIR/.left' EXIT
set -eo pipefail -x
`;

export function runShell({
  script,
  dir,
  env,
}: {
  script: string;
  dir: string;
  env: Readonly<Record<string, string>>;
}): Promise<ShellRun> {
  return new Promise((resolve, reject) => {
    const child = spawn("bash", ["--noprofile", "--norc", "-c", PROLOGUE.replaceAll("DIR", dir) + script], {
      cwd: dir,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", reject);
    child.on("close", (code) => {
      readFile(join(dir, ".trace"), "utf8").then(
        (trace) => resolve({ code, output, commands: commandsIn(trace) }),
        reject,
      );
    });
  });
}

function commandsIn(trace: string): string[] {
  return [...trace.matchAll(/^\++@ (?!set \+x|trap )(.+)$/gm)].map(([, command = ""]) => command);
}
