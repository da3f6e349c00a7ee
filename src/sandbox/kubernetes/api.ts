import type { KubeObject } from "../../kubernetes/cluster.ts";
import { createRandomSource, type RandomSource } from "../random.ts";
import { Kinds } from "./kinds.ts";
import { Logs } from "./logs.ts";
import { Store } from "./store.ts";
import { Tokens } from "./tokens.ts";

/** What all parts of the API server share. */
export class Api {
  readonly store = new Store();
  readonly kinds = new Kinds();
  readonly tokens: Tokens;
  readonly logs: Logs;
  readonly now: () => number;
  readonly #random: RandomSource;
  /** PEM of the CA that the serving certificate was signed by. */
  readonly ca: string;

  constructor(options: {
    readonly now: () => number;
    readonly ca: string;
    readonly seed?: string | undefined;
  }) {
    this.now = options.now;
    this.ca = options.ca;
    this.#random = createRandomSource(options.seed);
    this.logs = new Logs(options.now);
    this.tokens = new Tokens(this.store, options.now);
  }

  newId(): string {
    return this.#random.uuid();
  }

  /** `2026-11-24T10:00:00Z`: metav1.Time has no fractions. */
  timestamp(): string {
    return `${new Date(this.now()).toISOString().slice(0, 19)}Z`;
  }

  /** Five letters that names of pods and generateName end with (apimachinery, util/rand). */
  suffix(length = 5): string {
    const letters = "bcdfghjklmnpqrstvwxz2456789";
    return [...this.#random.bytes(length)].map((byte) => letters[byte % letters.length]).join("");
  }

  get(resource: string, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.store.get(resource, namespace, name);
  }
}
