import { execa } from "execa";
import { constants } from "node:os";
import type { Run } from "./system.ts";

/** Exit codes as a shell gives them, for what did not end by itself (POSIX `sh`, `timeout(1)`). */
const EXIT = { timedOut: 124, notExecutable: 126, notFound: 127, signal: 128 } as const;

/** The operator's Infisical credentials: no child has any business with them. */
const NOT_FOR_CHILDREN = /^INFISICAL_(TOKEN|UNIVERSAL_AUTH_.*|.*SECRET.*)$/;

/** More than any `helm get values` prints; a child that floods us is ended. */
const MAX_BUFFER = 64 * 1024 * 1024;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Children through execa: argv arrays, never a shell. They get `env` without the Infisical credentials and no stdin unless
 * there is `input`. A program that is not there is 127, one that took too long 124; on abort the child is ended (SIGTERM,
 * 5 s later SIGKILL) and the signal's reason is thrown.
 */
export function createRun(env: Environment): Run {
  const inherited = withoutCredentials(env);
  return async (program, args, options = {}) => {
    options.signal?.throwIfAborted();
    const result = await execa(program, args, {
      env: { ...inherited, ...options.env },
      extendEnv: false,
      reject: false,
      stripFinalNewline: false,
      maxBuffer: MAX_BUFFER,
      ...(options.input === undefined ? { stdin: "ignore" } : { input: options.input }),
      ...(options.timeoutMs !== undefined && { timeout: options.timeoutMs }),
      ...(options.signal && { cancelSignal: options.signal }),
    });
    if (result.isCanceled) options.signal?.throwIfAborted();
    return {
      exitCode: exitCodeOf(result),
      stdout: result.stdout ?? "",
      stderr: result.stderr ?? "",
    };
  };
}

interface Ending {
  readonly exitCode?: number | undefined;
  readonly timedOut: boolean;
  readonly signal?: NodeJS.Signals | undefined;
  readonly code?: string | undefined;
}

function exitCodeOf({ exitCode, timedOut, signal, code }: Ending): number {
  if (timedOut) return EXIT.timedOut;
  if (exitCode !== undefined) return exitCode;
  if (signal) return EXIT.signal + constants.signals[signal];
  return code === "ENOENT" ? EXIT.notFound : EXIT.notExecutable;
}

function withoutCredentials(env: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && !NOT_FOR_CHILDREN.test(name)) kept[name] = value;
  return kept;
}
