// What the pictures show, played on the terminal that this process was given: a whole `demo` with a breakage, and while it stays
// up what a person types in another shell, as the demo says it. One process, so that the test costs one start.
import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runCli } from "../../src/cli.ts";
import { createDeps, type Deps } from "../../src/deps.ts";
import { openReporter } from "../../src/failure.ts";

const DEMO = "demo --seed 1 --break reviewer-binding --yes --keep";
const IN_ANOTHER_SHELL = ["status", "add-secret API_KEY --value-stdin --restart --yes"];
/** The first and the last of what `--keep` tells. */
const STAYS_UP = /It stays up[^]*eso-bootstrap sync/;

const ctrlC = new AbortController();
setMaxListeners(0, ctrlC.signal); // every request under way listens, as main.ts says
const here = createDeps({ process, signal: ctrlC.signal });

/** Runs until it stays up; answers with what it told. */
function startDemo(): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = "";
    const terminal: Deps["terminal"] = (options) => {
      const { stderr, ...rest } = here.terminal(options);
      const write = (text: string) => {
        stderr.write(text);
        told += text;
        if (STAYS_UP.test(told)) resolve(told);
      };
      return { ...rest, stderr: { write } };
    };
    runCli(DEMO.split(" "), { ...here, terminal }).then(
      (code) => reject(new Error(`the demo ended with ${code} before it stayed up`)),
      reject,
    );
  });
}

/** As it tells: a folder to go to, and what to export there. */
function anotherShell(told: string): Deps {
  const folder = /^\s*cd (\S+)/m.exec(told)?.[1] ?? "";
  const exported = Array.from(told.matchAll(/^\s*export ([A-Z_]+)=([^\s"]+)$/gm), ([, name, value]) => [
    name,
    value,
  ]);
  const env = {
    ...here.env,
    ...Object.fromEntries(exported),
    KUBECONFIG: join(folder, "kubeconfig"),
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: readFileSync(join(folder, "client-secret"), "utf8"),
  };
  return { ...here.elsewhere({ env, cwd: folder }), readStdin: async () => "typed-by-a-person" };
}

async function type(line: string, there: Deps): Promise<void> {
  const flags = { output: "human", quiet: false, verbose: false, debug: false, color: true } as const;
  openReporter(flags, there).event({ type: "command", line: `eso-bootstrap ${line}` });
  const code = await runCli(line.split(" "), there);
  if (code !== 0) throw new Error(`${line} ended with ${code}`);
}

try {
  const there = anotherShell(await startDemo());
  for (const line of IN_ANOTHER_SHELL) await type(line, there);
} catch (error) {
  // Not thrown on: the demo has yet to clean up.
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
} finally {
  ctrlC.abort("SIGINT");
}
