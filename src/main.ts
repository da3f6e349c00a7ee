import { setMaxListeners } from "node:events";
import { createDeps } from "./deps.ts";
import { VERSION } from "./version.ts";

/** Ctrl-C and its friends: one abort, so that a run can end cleanly; a second one ends the process at once. */
function listenForSignals(): AbortController {
  const controller = new AbortController();
  // Every request under way listens.
  setMaxListeners(0, controller.signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      process.once(signal, () => process.kill(process.pid, "SIGKILL"));
      controller.abort(signal);
      interrupted = true;
    });
  return controller;
}

let interrupted = false;

/** Someone closed the pipe (`| head`): not our failure. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

/** argv → exit code. The only place that sets it. */
export async function main(argv: readonly string[] = process.argv.slice(2)): Promise<void> {
  // Scripts ask for it again and again: nothing else is loaded.
  if (argv.length === 1 && ["-V", "--version"].includes(argv[0] ?? ""))
    return void process.stdout.write(`${VERSION}\n`);
  if (argv[0] === "__complete") return completeWords(argv.slice(argv[1] === "--" ? 2 : 1));
  if (argv[0] === "__helm") return standInHelm(argv.slice(1));
  // Until we know better: a promise that never settles must not look like success.
  process.exitCode = 70;
  const { signal } = listenForSignals();
  const { runCli } = await import("./cli.ts");
  const code = await runCli(argv, createDeps({ signal, process }));
  process.exitCode = interrupted ? 130 : code;
}

/** Asked by the scripts of `completion`, and by kubectl for its plugins: names on stdout, never an error. */
async function completeWords(words: readonly string[]): Promise<void> {
  const { complete } = await import("./completion/complete.ts");
  const text = await complete(words, (signal) => createDeps({ signal, process }));
  // What still hangs, as a name server that does not answer, must not hold up the prompt.
  // oxlint-disable-next-line no-restricted-properties -- all is written by then, and there is nothing to clean up
  process.stdout.write(text, () => process.exit(0));
}

/** Called by the program `helm` that `demo --keep` puts into its folder. */
async function standInHelm([server = "", ...argv]: readonly string[]): Promise<void> {
  process.exitCode = 70;
  const { signal } = listenForSignals();
  const { helm } = await import("./commands/demo.ts");
  const { code, stdout, stderr } = await helm(server, argv, createDeps({ signal, process }));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = interrupted ? 130 : code;
}

void main();
