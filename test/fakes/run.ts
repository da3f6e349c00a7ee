import type { Run, RunResult } from "../../src/system/system.ts";

/** One call of a program, as it was asked for. */
export interface Call {
  readonly program: string;
  readonly args: readonly string[];
  readonly input: string | undefined;
  readonly timeoutMs: number | undefined;
}

/** Says what a command line answers; undefined: that command was not expected, and the test fails. */
export type Answer = (commandLine: string, call: Call) => Partial<RunResult> | undefined;

/** Runs nothing: answers from `answer`, keeps every call, refuses what nobody expected. */
export function createFakeRun(answer: Answer): { run: Run; calls: readonly Call[] } {
  const calls: Call[] = [];
  const run: Run = async (program, args, options = {}) => {
    options.signal?.throwIfAborted();
    const call = { program, args, input: options.input, timeoutMs: options.timeoutMs };
    calls.push(call);
    const commandLine = [program, ...args].join(" ");
    const result = answer(commandLine, call);
    if (!result) throw new Error(`unexpected command: ${commandLine}`);
    return { exitCode: 0, stdout: "", stderr: "", ...result };
  };
  return { run, calls };
}
