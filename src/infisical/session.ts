import { isOk, isRouteMissing, type Answer, type Foreign } from "./answers.ts";
import type { Call, Caller, Landed } from "./caller.ts";
import { COMMON, ERAS, fillRoute, type Era, type Operation, type Routes } from "./eras.ts";
import { failure, refusal } from "./errors.ts";
import type { Method } from "./http.ts";
import type { Project } from "./infisical.ts";
import type { Claims, Login } from "./login.ts";

export type Params = Readonly<Record<string, string>>;

/** Which operation, and what it is in words: "Infisical refused to {doing}". */
interface Doing {
  readonly doing: string;
  readonly params?: Params;
  readonly body?: unknown;
  readonly patience?: number;
}

interface Reading extends Doing {
  /** Answers that mean "there is none": 404 unless told otherwise. Never a missing route. */
  readonly absent?: (answer: Answer) => boolean;
  /** Some servers of the era do not have this route yet: then there is none of it. */
  readonly isOptional?: boolean;
}

interface Writing extends Doing {
  /** Looks whether the work is done, when the answer was lost. */
  readonly landed: () => Promise<boolean>;
  /** Refusals that mean "it is so already". */
  readonly already?: (answer: Answer) => boolean;
  /** Another error for some refusals; undefined: the usual one. */
  readonly refused?: (answer: Answer) => Error | undefined;
}

/** How a write ended: the answer's body, or undefined where it was lost but the work is done (or was done before). */
type Written = { readonly body: unknown } | undefined;

/** What the operations share: one login, one probe, routes of the era, and errors in our words. */
export interface Session {
  readonly host: string;
  readonly caller: Caller;
  readonly login: Login;
  /** The organization as it was configured: id or slug. */
  readonly organization: string | undefined;
  /** What answers told on the way: projects that we work in (identities may live there), and ids of organizations. */
  readonly seen: { readonly projects: Map<string, Project>; readonly organizations: Set<string> };
  era(): Promise<Era>;
  claims(): Promise<Claims>;
  /** The body, or undefined where there is none. A search by POST is a read too. */
  read(operation: Operation, reading: Reading): Promise<unknown>;
  /** As `read`, by a route that is the same in every era. */
  readAt(routes: Routes, reading: Reading): Promise<unknown>;
  write(operation: Operation, writing: Writing): Promise<Written>;
  writeAt(routes: Routes, writing: Writing): Promise<Written>;
}

export const isAbsent = ({ status }: Answer) => status === 404;

export function createSession(options: {
  host: string;
  caller: Caller;
  login: Login;
  organization: string | undefined;
  onWrite: (() => void) | undefined;
}): Session {
  const { host, caller, login } = options;
  /** Which of an operation's routes this server knows, by its first route. */
  const known = new Map<string, number>();
  let probed: Promise<Era> | undefined;

  const callOf = async (route: string, doing: Doing & Pick<Reading, "absent">): Promise<Call> => {
    const { method, path } = fillRoute(route, doing.params ?? {});
    return {
      method: methodOf(method),
      path,
      doing: doing.doing,
      bearer: await login.token(),
      ...(doing.body === undefined ? {} : { body: doing.body }),
      ...(doing.patience === undefined ? {} : { patience: doing.patience }),
      ...(doing.absent ? { isFinal: doing.absent } : {}),
    };
  };

  /** Goes on to the next route only when the server does not know this one; the last one's word counts. */
  async function onRoutes<T extends Answer | Landed>(
    routes: Routes,
    doing: Doing & Pick<Reading, "absent">,
    send: (call: Call) => Promise<T | Foreign>,
  ): Promise<T> {
    for (let index = known.get(routes[0]) ?? 0; ; index += 1) {
      const reply = await send(await callOf(routes[index] ?? routes[0], doing));
      const isMissing = isNoRoute(reply);
      if (isMissing && index + 1 < routes.length) continue;
      if (reply.kind === "foreign") throw failure(reply, host, doing.doing);
      if (!isMissing) known.set(routes[0], index);
      return reply;
    }
  }

  async function readAt(routes: Routes, reading: Reading): Promise<unknown> {
    const answer = await onRoutes(routes, reading, (call) => caller.read(call));
    if (isOk(answer)) return answer.body;
    const isNone = isRouteMissing(answer) ? reading.isOptional : (reading.absent ?? isAbsent)(answer);
    if (isNone) return undefined;
    throw refusal(answer, reading.doing);
  }

  async function writeAt(routes: Routes, writing: Writing): Promise<Written> {
    const reply = await onRoutes(routes, writing, (call) => caller.write(call, writing.landed));
    if (reply.kind === "answer" && !isOk(reply)) {
      if (writing.already?.(reply)) return undefined;
      throw writing.refused?.(reply) ?? refusal(reply, writing.doing);
    }
    options.onWrite?.();
    return reply.kind === "landed" ? undefined : { body: reply.body };
  }

  /** GET /api/v1/projects: 200 since 2025, unknown to a server of 2024 (infisical-api.md 1.9). */
  async function probe(): Promise<Era> {
    const doing = "find out which generation the server is";
    const reply = await caller.read(await callOf(COMMON.probe, { doing }));
    if (reply.kind === "foreign") {
      // Servers with the web UI answer unknown routes with its page; so does a wrong address, but not to /api/status.
      const status = await caller.read({ method: "GET", path: "/api/status", doing });
      if (status.kind === "foreign") throw failure(status, host, doing);
      return ERAS["2024"];
    }
    if (isOk(reply)) return ERAS["2026"];
    if (isRouteMissing(reply)) return ERAS["2024"];
    throw refusal(reply, doing);
  }

  async function era(): Promise<Era> {
    probed ??= probe();
    return probed.catch((error: unknown) => {
      probed = undefined;
      throw error;
    });
  }

  const routesOf = async (operation: Operation) => (await era()).routes[operation];

  return {
    host,
    caller,
    login,
    organization: options.organization,
    seen: { projects: new Map(), organizations: new Set() },
    era,
    claims: () => login.claims(),
    readAt,
    writeAt,
    read: async (operation, reading) => readAt(await routesOf(operation), reading),
    write: async (operation, writing) => writeAt(await routesOf(operation), writing),
  };
}

/** Every page of a paged list: `total` rows in all, `limit` at a time. */
export async function pages(
  limit: number,
  read: (page: Params) => Promise<readonly unknown[]>,
): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (;;) {
    const page = await read({ offset: String(rows.length), limit: String(limit) });
    rows.push(...page);
    if (page.length < limit) return rows;
  }
}

const METHODS: Readonly<Record<string, Method>> = { POST: "POST", PATCH: "PATCH", DELETE: "DELETE" };
const methodOf = (name: string): Method => METHODS[name] ?? "GET";

/** Standalone images serve the web UI's page where there is no route (infisical-api.md, general behaviour). */
const isNoRoute = (reply: Answer | Foreign | Landed): boolean =>
  (reply.kind === "foreign" && reply.status < 500) || (reply.kind === "answer" && isRouteMissing(reply));
