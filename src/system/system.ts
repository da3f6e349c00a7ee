import type { Secret } from "../secret.ts";

/** What a child process left behind. */
export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program: argv arrays only, never a shell. `ENOENT` is exit code 127. */
export type Run = (
  program: string,
  args: readonly string[],
  options?: {
    input?: string;
    timeoutMs?: number;
    env?: Readonly<Record<string, string>>;
    signal?: AbortSignal;
  },
) => Promise<RunResult>;

/** The user's files. Text only; writes are atomic (a temp file beside, then rename) and never half done. */
export interface Files {
  /** undefined: no such file. Throws ESOB-L105 when it is there but unreadable, binary or larger than `maxBytes`. */
  read(path: string, maxBytes?: number): Promise<string | undefined>;
  /** Throws ESOB-L104. */
  write(path: string, text: string): Promise<void>;
  /** Adds to the end; what others write to the file meanwhile stays. Throws ESOB-L104. */
  append(path: string, text: string): Promise<void>;
}

export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Result of trying to reach a host as Infisical would; the first step that failed is named. */
export type Probe =
  | {
      readonly reached: true;
      readonly address: string;
      /** When the certificate that was shown ends; undefined without TLS. */
      readonly certificateUntil?: Date;
    }
  | {
      readonly reached: false;
      readonly at: "resolve" | "connect" | "timeout" | "tls";
      readonly reason: string;
    };

/** Looks at the network from this machine: resolve, connect, TLS with a given CA (undefined: the public roots). */
export interface Net {
  probe(url: string, ca: string | undefined, options?: { connectTo?: string }): Promise<Probe>;
  /** All addresses of a host; [] when it does not resolve. Literal addresses are themselves. */
  resolve(host: string): Promise<readonly string[]>;
}

/** Asks a person. Every method throws ESOB-C107 where there is no terminal, ESOB-C205 on Ctrl-C. */
export interface Prompt {
  readonly interactive: boolean;
  text(question: TextQuestion): Promise<string>;
  hidden(question: { message: string; validate?: Validate }): Promise<Secret>;
  choose<T>(question: { message: string; choices: readonly Choice<T>[]; default?: T }): Promise<T>;
  chooseMany<T>(question: {
    message: string;
    choices: readonly Choice<T>[];
    checked?: readonly T[];
    required?: boolean;
  }): Promise<T[]>;
  confirm(question: { message: string; default?: boolean }): Promise<boolean>;
}

/** Returns true, or what is wrong with the answer. May ask the live systems. */
export type Validate = (answer: string) => true | string | Promise<true | string>;

export interface TextQuestion {
  readonly message: string;
  readonly default?: string;
  readonly validate?: Validate;
}

export interface Choice<T> {
  readonly value: T;
  readonly name: string;
  /** A sentence shown while the choice is pointed at. */
  readonly description?: string;
}
