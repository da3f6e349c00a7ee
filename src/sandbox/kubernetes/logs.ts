import { recordsAt } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { badRequest } from "./errors.ts";
import { type ApiRequest, isTrue } from "./request.ts";

interface Line {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly text: string;
}

/** As many as a kubelet keeps, more or less. */
const MOST = 2000;

/** What pods printed. Nobody runs in them: whoever plays a pod writes here. */
export class Logs {
  readonly #lines = new Map<string, Line[]>();
  readonly #listeners = new Set<(uid: string, line: Line) => void>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  write({ metadata: { uid = "" } }: KubeObject, text: string): void {
    const line = { at: this.#now(), text };
    this.#lines.set(uid, [...(this.#lines.get(uid) ?? []), line].slice(-MOST));
    for (const listener of this.#listeners) listener(uid, line);
  }

  /** In their order. */
  of({ metadata: { uid = "" } }: KubeObject): readonly Line[] {
    return this.#lines.get(uid) ?? [];
  }

  /** Hears of the lines of one pod until the function it returns is called. */
  follow({ metadata: { uid = "" } }: KubeObject, hear: (line: Line) => void): () => void {
    const listener = (its: string, line: Line) => void (its === uid && hear(line));
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** Which lines a request asks for, and how they are written (PodLogOptions). */
export function logOptionsOf(
  pod: KubeObject,
  { query }: ApiRequest,
  now: number,
): {
  readonly chosen: (lines: readonly Line[]) => readonly Line[];
  readonly written: (line: Line) => string;
} {
  assertContainer(pod, query);
  const [tail, seconds, time] = ["tailLines", "sinceSeconds", "sinceTime"].map((name) => query.get(name));
  const since = seconds ? now - Number(seconds) * 1000 : time ? Date.parse(time) : 0;
  return {
    chosen: (lines) => {
      const late = lines.filter(({ at }) => at >= since);
      return tail === null || tail === undefined ? late : late.slice(Math.max(0, late.length - Number(tail)));
    },
    written: ({ at, text }) =>
      isTrue(query.get("timestamps")) ? `${new Date(at).toISOString()} ${text}\n` : `${text}\n`,
  };
}

function assertContainer(pod: KubeObject, query: URLSearchParams): void {
  const { name } = pod.metadata;
  const names = recordsAt(pod["spec"], "containers").map((one) => String(one["name"]));
  const container = query.get("container") ?? "";
  if (container !== "" && !names.includes(container))
    throw badRequest(`container ${container} is not valid for pod ${name}`);
  if (container === "" && names.length > 1)
    throw badRequest(
      `a container name must be specified for pod ${name}, choose one of: [${names.join(" ")}]`,
    );
  if (isTrue(query.get("previous")))
    throw badRequest(`previous terminated container "${container || names[0]}" in pod "${name}" not found`);
}
