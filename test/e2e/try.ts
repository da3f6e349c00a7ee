import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureBuilt } from "./stack/build.ts";
import { settings, startWorld } from "./world.ts";

/**
 * `npm run try`: a real Kubernetes control plane, Helm and ESO and a simulated Infisical, all on loopback; then `init`
 * against them, a second run, and what kubectl says. The first time builds the control plane (about 15 minutes).
 */
const BIN = fileURLToPath(new URL("../../bin/eso-bootstrap.js", import.meta.url));

function show(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Record<string, string>,
): Promise<void> {
  process.stderr.write(`\n$ ${[program.split("/").at(-1), ...args].join(" ")}\n`);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}`)),
    );
  });
}

await ensureBuilt((line) => void process.stderr.write(`${line}\n`));
const world = await startWorld();
try {
  await world.config(settings(world));
  const env = { ...world.env, TERM: process.env["TERM"] ?? "dumb" };
  const tool = (...args: string[]) => show(process.execPath, [BIN, ...args], world.dir, env);
  const kubectl = (...args: string[]) => show(world.stack.bin.kubectl, args, world.dir, world.stack.env);
  await tool("init", "-f", "eso-bootstrap.yaml", "--yes");
  await tool("init", "-f", "eso-bootstrap.yaml", "--yes");
  await kubectl("get", "secretstores,externalsecrets,secrets", "-n", "shop");
} finally {
  await world.stop();
}
