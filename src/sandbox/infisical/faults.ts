/** Faults on demand: what a network, a proxy or a sick server does to an answer. */

/** The part of a request a fault may look at. */
export interface FaultTarget {
  readonly method: string;
  /** Path without query. */
  readonly path: string;
  readonly query: string;
}

/** What happens instead of the answer. */
type FaultKind =
  /** 500 `Something went wrong`. */
  | { readonly kind: "500" }
  /** The answer to a rate-limited call of a 2026 server, whatever the generation. */
  | { readonly kind: "429"; readonly retryAfter?: number }
  /** The connection is cut. */
  | { readonly kind: "reset" }
  /** Nothing is ever answered. */
  | { readonly kind: "silence" }
  /** A web page, as a proxy or the web UI would send. */
  | { readonly kind: "html"; readonly status?: number }
  /** The right answer, cut in the middle of its JSON. */
  | { readonly kind: "truncated" }
  /** The right answer, later. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Any JSON, for words of releases this double does not speak. */
  | { readonly kind: "json"; readonly status: number; readonly body: unknown };

/** Which requests, how often, and whether the server does its work before the answer is lost. */
export type Fault = FaultKind & {
  readonly match:
    | ((target: FaultTarget) => boolean)
    | { readonly method?: string; readonly path: RegExp | string };
  /** How many matching requests fail; default all until `clear()`. */
  readonly times?: number;
  /** `after`: the work is done and only the answer is lost. Default `before`. */
  readonly phase?: "before" | "after";
};

interface Armed {
  readonly fault: Fault;
  left: number;
}

function hits(fault: Fault, target: FaultTarget): boolean {
  if (typeof fault.match === "function") return fault.match(target);
  const { method, path } = fault.match;
  if (method !== undefined && method !== target.method) return false;
  return typeof path === "string" ? path === target.path : path.test(target.path);
}

/** The faults armed on a server. */
export class Faults {
  #armed: Armed[] = [];

  /** Arms a fault; the returned function disarms it. */
  add(fault: Fault): () => void {
    const armed = { fault, left: fault.times ?? Number.POSITIVE_INFINITY };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((entry) => entry !== armed);
    };
  }

  clear(): void {
    this.#armed = [];
  }

  /** The first fault that hits; its count goes down. */
  take(target: FaultTarget): Fault | undefined {
    const armed = this.#armed.find((entry) => entry.left > 0 && hits(entry.fault, target));
    if (armed === undefined) return undefined;
    armed.left -= 1;
    return armed.fault;
  }
}
