/**
 * The simulated Infisical of October 2024, held to 66 exchanges recorded from a real server of that age: same status,
 * same rate-limit headers, same keys and types, same texts, in the order they were recorded.
 *
 * Accepted differences: ids, dates, tokens and the generated project slug are others in every run (ids and slug must
 * stay the same throughout, the rest must have the right form), and secrets come in the order of their random ids.
 * Nothing else may differ.
 */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startInfisical, type InfisicalServer } from "../../src/sandbox/infisical/index.ts";

interface Exchange {
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly auth: "none" | "operator" | "other";
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
}

const recording = new URL("infisical-2024-10.recorded.json", import.meta.url);
const { exchanges } = JSON.parse(readFileSync(recording, "utf8")) as { exchanges: readonly Exchange[] };

let server: InfisicalServer;
/** Recorded text → text of this run: ids, slugs, the client's credentials. */
const translation = new Map<string, string>();
let operatorToken = "";

beforeAll(async () => {
  server = await startInfisical({
    generation: "2024-10",
    rateLimits: true,
    operator: { name: "mac1" },
  });
  // What the recorded server held already: an identity with Kubernetes Auth and three projects.
  const earlier = server.createIdentity({ name: "eso-demo" });
  server.attachKubernetesAuth(earlier.id);
  for (const [name, slug] of [
    ["first project", "first-project"],
    ["first project v2", "first-project-v2"],
    ["k8s demo 1795454129221", "k8s-demo-1795454129221-bz-ta"],
  ] as const) {
    const project = server.createProject(name, slug);
    server.addMember(project.id, server.operator.identityId, "admin");
  }
  const recordedLogin = exchanges.find(({ name }) => name === "ua-login ok")?.request.body as {
    clientId: string;
    clientSecret: string;
  };
  translation.set(recordedLogin.clientId, server.operator.clientId);
  translation.set(recordedLogin.clientSecret, server.operator.clientSecret);
  translation.set("180870b7-f464-4740-8ffe-9d11c9245ea7", server.organization.id);
  operatorToken = server.tokenFor(server.operator.identityId);
});

afterAll(async () => {
  await server.stop();
});

/** Replaces every recorded text by that of this run. */
function translated(text: string): string {
  let result = text;
  for (const [recorded, simulated] of translation) result = result.replaceAll(recorded, simulated);
  return result;
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u;
const date = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/u;
const generatedSlug = /^kubernetes-secrets-demo-[a-z]{2}-[a-z]{2}$/u;
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/u;

/** Same kind of text? Ids, dates, tokens and generated slugs by their form, everything else to the letter. */
function textProblem(recorded: string, simulated: string): string | undefined {
  for (const form of [uuid, generatedSlug]) {
    if (!form.test(recorded)) continue;
    const known = translation.get(recorded);
    if (known === undefined && form.test(simulated)) {
      translation.set(recorded, simulated);
      return undefined;
    }
    return known === simulated ? undefined : `${recorded} should be ${known}, is ${simulated}`;
  }
  if (date.test(recorded) && date.test(simulated)) return undefined;
  if (recorded === "<jwt>" && jwt.test(simulated)) return undefined;
  return translated(recorded) === simulated ? undefined : `«${recorded}» is «${simulated}»`;
}

/** The database orders secrets by their random ids; sorted by key here, so that the two lists compare. */
function inKeyOrder(list: readonly unknown[]): readonly unknown[] {
  const keyOf = (entry: unknown) => (entry as { secretKey?: string } | null)?.secretKey ?? "";
  return list.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** Every place where the simulated value is not of the recorded shape or text. */
function problems(recorded: unknown, simulated: unknown, path = "body"): string[] {
  if (kindOf(recorded) !== kindOf(simulated)) {
    return [`${path}: ${kindOf(recorded)} is ${kindOf(simulated)}`];
  }
  if (typeof recorded === "string") {
    const problem = textProblem(recorded, simulated as string);
    return problem === undefined ? [] : [`${path}: ${problem}`];
  }
  if (Array.isArray(recorded)) {
    const [a, b] = [inKeyOrder(recorded), inKeyOrder(simulated as unknown[])];
    if (a.length !== b.length) return [`${path}: ${a.length} entries are ${b.length}`];
    return a.flatMap((entry, index) => problems(entry, b[index], `${path}[${index}]`));
  }
  if (typeof recorded !== "object" || recorded === null) {
    return recorded === simulated ? [] : [`${path}: ${String(recorded)} is ${String(simulated)}`];
  }
  const [a, b] = [recorded as Record<string, unknown>, simulated as Record<string, unknown>];
  const missing = Object.keys(a).filter((key) => !(key in b));
  const extra = Object.keys(b).filter((key) => !(key in a));
  return [
    ...missing.map((key) => `${path}.${key} is missing`),
    ...extra.map((key) => `${path}.${key} is extra`),
    ...Object.keys(a)
      .filter((key) => key in b)
      .flatMap((key) => problems(a[key], b[key], `${path}.${key}`)),
  ];
}

const foreignToken = [{ alg: "HS256", typ: "JWT" }, { authTokenType: "identityAccessToken" }]
  .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
  .concat("c2lnbmVkIGJ5IHNvbWVvbmUgZWxzZSwgYW5kIGxvbmcg")
  .join(".");

test("the recording holds 66 exchanges", () => {
  expect(exchanges).toHaveLength(66);
});

test.for(exchanges.map((exchange) => [exchange.name, exchange] as const))(
  "%s",
  async ([, { request, response: recorded }]) => {
    const bearer = { none: undefined, operator: operatorToken, other: foreignToken }[request.auth];
    const response = await fetch(server.url + translated(request.path), {
      method: request.method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(request.body === undefined ? {} : { body: translated(JSON.stringify(request.body)) }),
    });
    const headers = Object.keys(recorded.headers).map((key) => [key, response.headers.get(key)] as const);
    const body: unknown = await response.json();
    expect(response.status).toBe(recorded.status);
    expect(Object.fromEntries(headers)).toEqual(recorded.headers);
    expect(problems(recorded.body, body)).toEqual([]);
  },
);
