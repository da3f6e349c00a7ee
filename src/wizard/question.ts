import type { Emit } from "../engine/events.ts";
import type { Infisical, OperatorCredential } from "../infisical/infisical.ts";
import type { Cluster } from "../kubernetes/cluster.ts";
import type { Secret } from "../secret.ts";
import type { Files, Prompt } from "../system/system.ts";
import type { Live } from "./live.ts";

/** Plain values under the dotted keys of the fields table, as they would stand in the file. Never a secret. */
export type Values = Readonly<Record<string, unknown>>;

/** A first value for an empty folder: written to Infisical with the plan, nowhere else. */
export interface TypedValue {
  readonly name: string;
  readonly value: Secret;
}

/** What the wizard hands over: only what it has asked for. */
export interface Answers {
  readonly values: Values;
  readonly credential: OperatorCredential | undefined;
  readonly firstValues: readonly TypedValue[];
}

/** A context of the kubeconfig, as it is offered. */
export interface ContextChoice {
  readonly name: string;
  readonly server: string;
  readonly current: boolean;
}

export interface WizardDeps {
  readonly prompt: Prompt;
  readonly files: Files;
  /** Where answers are kept after Ctrl-C (`draftPath`). */
  readonly draftFile: string;
  readonly emit: Emit;
  readonly now: () => number;
  contexts(): Promise<readonly ContextChoice[]>;
  cluster(context: string | undefined): Promise<Cluster>;
  /** Without a credential only `status` is called. */
  infisical(host: string, credential: OperatorCredential | undefined): Promise<Infisical>;
}

export interface WizardOptions {
  /** What flags, variables and the file have said: not asked, and never overruled. */
  readonly given: Values;
  readonly credential?: OperatorCredential;
  /** `needed`: asks only what has no default, as with a file that is there already. */
  readonly ask?: "everything" | "needed";
  readonly deps: WizardDeps;
}

/** What one question adds. `undefined` takes an earlier answer back. */
export interface Asked {
  readonly values?: Values;
  readonly credential?: OperatorCredential;
  readonly firstValues?: readonly TypedValue[];
}

/** What a question knows when it is asked. */
export interface Wizard {
  readonly deps: WizardDeps;
  readonly live: Live;
  readonly credential: OperatorCredential | undefined;
  /** Given, or answered. */
  value(key: string): unknown;
  /** Only texts. */
  text(key: string): string | undefined;
  /** What was answered last time, before Ctrl-C. */
  remembered(key: string): string | undefined;
}

/** One question, or a few that belong together. */
export interface Question {
  /** Key of the fields table; not asked when it has a value. `credential` is the operator's login. */
  readonly field: string;
  /** Has no default: without an answer nothing can be done. */
  readonly isNeeded: boolean;
  when?(wizard: Wizard): boolean | Promise<boolean>;
  ask(wizard: Wizard): Promise<Asked>;
}
