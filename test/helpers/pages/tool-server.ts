import { setMaxListeners } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { runCli } from "../../../src/cli.ts";
import { createDeps, type Deps } from "../../../src/deps.ts";
import { createStandInHelm } from "../../../src/sandbox/index.ts";
import type { Terminal } from "../../../src/ui/terminal.ts";
import { createReader } from "./reader.ts";

/** What a program that a page calls brings along. */
interface Call {
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** Programs that reach out of this machine, or change it: a page that calls one says `not-run`. */
const FORBIDDEN = ["argocd", "curl", "docker", "flux", "git", "helm", "node", "npm", "ssh", "wget"];

/** Runs the command line for the programs in a folder, in this process: a start costs 50 ms, not a second. */
export interface ToolServer {
  /** To be put before PATH. */
  readonly bin: string;
  stop(): Promise<void>;
}

export async function startToolServer(dir: string): Promise<ToolServer> {
  const bin = join(dir, ".bin");
  const path = join(dir, ".tool.sock");
  await mkdir(bin);
  const program = async (name: string, text: string) => {
    await writeFile(join(bin, name), text);
    await chmod(join(bin, name), 0o755);
  };
  await program("eso-bootstrap", `#!${process.execPath}\n${CLIENT.replace("SOCKET", JSON.stringify(path))}`);
  await program("npx", NPX);
  for (const name of FORBIDDEN)
    await program(name, `#!/bin/sh\necho "${name}: mark the block with not-run" >&2\nexit 126\n`);
  const server = createServer((socket) => void serve(socket));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { bin, stop: () => closed(server) };
}

/** Only what a page may say: `npx [--yes] eso-bootstrap …`. */
const NPX = `#!/bin/sh
if [ "$1" = --yes ]; then shift; fi
if [ "$1" != eso-bootstrap ]; then echo "npx: mark the block with not-run" >&2; exit 126; fi
exec "$@"
`;

const CLIENT = `
const { readFileSync, writeSync } = require("node:fs");
const socket = require("node:net").connect(SOCKET);
const [argv, cwd, env] = [process.argv.slice(2), process.cwd(), process.env];
socket.write(JSON.stringify({ argv, cwd, env, stdin: readFileSync(0, "utf8") }) + "\\n");
process.exitCode = 70;
let rest = "";
socket.setEncoding("utf8").on("data", (text) => {
  const lines = (rest + text).split("\\n");
  rest = lines.pop();
  for (const { fd, text, code } of lines.map((line) => JSON.parse(line)))
    if (code === undefined) writeSync(fd, text);
    else process.exitCode = code;
});
`;

/** One line comes, then lines go: output as it is written, the exit code at the end. */
async function serve(socket: Socket): Promise<void> {
  let text = "";
  await new Promise<void>((resolve) => {
    socket.setEncoding("utf8").on("data", (chunk) => {
      text += String(chunk);
      if (text.endsWith("\n")) resolve();
    });
  });
  const say = (message: object) => void socket.write(`${JSON.stringify(message)}\n`);
  say({ code: await answer(JSON.parse(text) as Call, say) });
  socket.end();
}

async function answer({ argv, cwd, env, stdin }: Call, say: (message: object) => void): Promise<number> {
  const sink = (fd: number) => ({ write: (text: string) => say({ fd, text }) });
  const terminal: Terminal = {
    stdout: sink(1),
    stderr: sink(2),
    columns: 80,
    rows: 50,
    isTTY: false,
    colour: env["FORCE_COLOR"] === "1",
    unicode: true,
  };
  const { stdin: input, stdout, stderr } = process;
  const streams = { env, cwd: () => cwd, stdin: input, stdout, stderr };
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // every request under way listens, as main.ts says
  const real = createDeps({ process: streams, signal });
  const openHelm: Deps["openHelm"] = async ({ onWrite, ...where }) =>
    createStandInHelm(await real.openCluster(where), { ...(onWrite && { onWrite }) });
  return runCli(argv, {
    ...real,
    terminal: () => terminal,
    interactive: true,
    prompt: async () => createReader(),
    openHelm,
    readStdin: async () => stdin,
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
}
