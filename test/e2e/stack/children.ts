import { type ChildProcess, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A process that this one started and will not outlive. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  alive(): boolean;
  /** Everything it wrote so far, stdout and stderr together. */
  logs(): string;
  /** Kills it and resolves once it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** What to start. */
export interface ChildSpec {
  name: string;
  command: string;
  args: readonly string[];
  logFile: string;
  env?: Record<string, string>;
}

const alive = new Set<ChildProcess>();
const folders = new Set<string>();
let watching = false;

/**
 * Starts a process that dies with this one: on a normal exit, a signal or an exception through handlers, and when this
 * process is killed outright through the kernel's parent-death signal (`setpriv`, util-linux), where that is there.
 */
export function startChild({ name, command, args, logFile, env = {} }: ChildSpec): Child {
  watchOwnEnd();
  const log = openSync(logFile, "a");
  const [program = command, ...rest] = [...tieToParent(), command, ...args];
  const child = spawn(program, rest, { env: { ...process.env, ...env }, stdio: ["ignore", log, log] });
  closeSync(log);
  alive.add(child);
  const gone = new Promise<void>((resolve) => {
    child.once("error", (error) => {
      appendFileSync(logFile, `${error.message}\n`);
      resolve();
    });
    child.once("exit", () => resolve());
  }).finally(() => alive.delete(child));
  child.unref();
  return {
    name,
    pid: child.pid ?? -1,
    alive: () => alive.has(child),
    logs: () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : ""),
    async kill(signal = "SIGKILL") {
      child.ref();
      child.kill(signal);
      await gone;
    },
  };
}

/**
 * Makes a temporary folder that goes away with this process, unless `releaseFolder` removed it before. Folders of
 * processes that were killed outright are swept up on the way.
 */
export function ownFolder(): string {
  watchOwnEnd();
  sweep();
  const dir = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-`));
  folders.add(dir);
  return dir;
}

/** Whether a process with this pid is there. */
export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Removes an owned folder now. */
export function releaseFolder(dir: string): void {
  folders.delete(dir);
  rmSync(dir, { recursive: true, force: true });
}

const prefix = "eso-bootstrap-e2e-";

function sweep(): void {
  for (const name of readdirSync(tmpdir()).filter((it) => it.startsWith(prefix))) {
    const pid = Number(name.slice(prefix.length).split("-")[0]);
    if (pid > 0 && !isRunning(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
}

function tieToParent(): string[] {
  const setpriv = ["/usr/bin/setpriv", "/bin/setpriv"].find((path) => existsSync(path));
  return setpriv ? [setpriv, "--pdeathsig", "KILL", "--"] : [];
}

function watchOwnEnd(): void {
  if (watching) return;
  watching = true;
  process.once("exit", endAll);
  process.once("disconnect", endAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => {
      endAll();
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
}

function endAll(): void {
  for (const child of alive) child.kill("SIGKILL");
  for (const dir of folders) rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
}
