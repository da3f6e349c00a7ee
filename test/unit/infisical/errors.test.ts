import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { isBootstrapError } from "../../../src/errors.ts";
import { createInfisical, type InfisicalOptions } from "../../../src/infisical/client.ts";
import { failure, REFUSALS, refusal } from "../../../src/infisical/errors.ts";
import { Secret } from "../../../src/secret.ts";
import { answerWith, serve } from "./fault-server.ts";
import { createTestClock, failureOf, GENERATIONS, operatorOf, stage } from "./server.ts";

const answer = (status: number, error: string, message: unknown, more = {}) =>
  ({ kind: "answer", status, headers: {}, body: { statusCode: status, error, message, ...more } }) as const;

const ISSUES = [{ code: "invalid_type", path: ["clientId"], message: "Required" }];
const NO_PLAN =
  "Failed to create custom role due to plan RBAC restriction. Upgrade to Infisical Enterprise plan to create custom roles.";
const NO_IPS =
  "Failed to add IP access range to access token due to plan restriction. Upgrade plan to add IP access range.";
const NO_ROOM =
  "Failed to create identity due to identity limit reached. Upgrade plan to create more identities.";

/** One recorded or documented answer per row of the table (infisical-api.md: general behaviour, 1.1, 1.3, 1.6, 10.4). */
const SAMPLES: [string, number, string, unknown][] = [
  ["ESOB-I105", 401, "UnauthorizedError", "Invalid credentials"],
  ["ESOB-I105", 404, "NotFound", "No identity with specified client ID was found"],
  ["ESOB-I105", 401, "UnauthorizedError", "Access denied due to expired client secret"],
  ["ESOB-I105", 401, "UnauthorizedError", "Access denied due to client secret usage limit reached"],
  [
    "ESOB-I106",
    401,
    "UnauthorizedError",
    "This identity auth method is temporarily locked, please try again later",
  ],
  ["ESOB-I107", 403, "TokenError", "Your token has expired. Please re-authenticate."],
  ["ESOB-I107", 401, "UnauthorizedError", "No identity access token found"],
  [
    "ESOB-I107",
    401,
    "UnauthorizedError",
    "Failed to authorize revoked access token, access token is revoked",
  ],
  ["ESOB-I107", 401, "UnauthorizedError", "Failed to renew MI access token due to TTL expiration"],
  [
    "ESOB-I107",
    401,
    "UnauthorizedError",
    "Unable to renew because access token number of uses limit reached",
  ],
  ["ESOB-I108", 403, "TokenError", "invalid signature"],
  ["ESOB-I105", 403, "TokenError", "The provided access token is malformed. Please use a valid token"],
  ["ESOB-I104", 401, "UnauthorizedError", "Token missing"],
  ["ESOB-I109", 403, "PermissionDenied", "You are not allowed to create on identity"],
  ["ESOB-I109", 403, "PermissionBoundaryError", "Failed to create a more privileged identity"],
  [
    "ESOB-I109",
    403,
    "Identity is not a member of the specified project",
    "You are not allowed to access this resource",
  ],
  [
    "ESOB-I118",
    403,
    "Forbidden access to /api/v1/organization",
    "You are not allowed to access this resource",
  ],
  [
    "ESOB-I114",
    403,
    "ForbiddenError",
    "You are not allowed to access this resource from the current IP address",
  ],
  ["ESOB-I115", 400, "BadRequest", NO_PLAN],
  ["ESOB-I115", 400, "BadRequest", NO_IPS],
  ["ESOB-I115", 400, "BadRequest", NO_ROOM],
  ["ESOB-I112", 401, "ValidationFailure", ISSUES],
  ["ESOB-I112", 422, "ValidationFailure", ISSUES],
  ["ESOB-I112", 400, "BadRequest", "Role with k8s-shop already exists"],
  ["ESOB-I111", 500, "FindByOrgId", "Something went wrong"],
  ["ESOB-I105", 401, "UnauthorizedError", "a word that is not known"],
];

describe("what a refusal means", () => {
  test.each(SAMPLES)("%s for %i %s: %s", (code, status, error, message) => {
    expect(refusal(answer(status, error, message), "do it").code).toBe(code);
  });

  test("every row of the table has a sample", () => {
    const hit = SAMPLES.map(([, status, error, message]) =>
      REFUSALS.find(
        (row) =>
          (row.status?.includes(status) ?? true) && (row.says?.test(`${error}: ${String(message)}`) ?? true),
      ),
    );
    expect(REFUSALS.filter((row) => !hit.includes(row))).toEqual([]);
  });

  test("fields of a validation failure, the right, both words, and the request id are said", () => {
    const denied = refusal(
      answer(403, "PermissionDenied", "You are not allowed to create on identity"),
      "do it",
    );
    expect(denied.fix.summary).toBe(`Give the operator's identity the right "create" on "identity".`);
    const boundary =
      "Failed to create identity project membership. Missing permission grant-privileges on identity";
    expect(refusal(answer(403, "PermissionBoundaryError", boundary), "do it").fix.summary).toContain(
      `"grant-privileges" on "identity"`,
    );
    expect(refusal(answer(422, "ValidationFailure", ISSUES), "do it").reason).toBe("clientId: Required");
    const foreignKind = refusal(answer(403, "Forbidden access to /api/x", "You are not allowed"), "do it");
    expect(foreignKind.reason).toContain("You are not allowed (Forbidden access to /api/x)");
    const broken = refusal(answer(500, "Create", "Something went wrong", { reqId: "req-1" }), "do it");
    expect([broken.facts, broken.reason]).toEqual([
      { "Request id": "req-1" },
      "Something went wrong (Create)",
    ]);
  });

  test("tokens, keys and certificates in a server's words are not passed on", () => {
    const leak = `eyJhbGciOi.eyJzdWIi.c2ln st.abc.def-12345 ${"ab12".repeat(16)} -----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----`;
    const { reason, message } = refusal(answer(400, "BadRequest", leak), "do it");
    expect(`${message} ${reason}`).not.toMatch(/eyJ|st\.abc|ab12ab12|MII/);
  });

  test("no answer at all", () => {
    const host = "https://infisical.example";
    const lost = (why: "reset" | "timeout" | "truncated" | "gateway") =>
      failure({ kind: "lost", why, reason: "r" }, host, "do it").code;
    expect(["reset", "timeout", "truncated", "gateway"].map((why) => lost(why as "reset"))).toEqual([
      "ESOB-I101",
      "ESOB-I113",
      "ESOB-I117",
      "ESOB-I111",
    ]);
    expect(failure({ kind: "unreachable", why: "tls", reason: "r" }, host, "do it").code).toBe("ESOB-I102");
    expect(failure({ kind: "unreachable", why: "network", reason: "r" }, host, "do it").code).toBe(
      "ESOB-I101",
    );
  });
});

const client = (host: string, options: Partial<InfisicalOptions> = {}) =>
  createInfisical({ host, credential: undefined, timeoutMs: 1_000, clock: createTestClock(), ...options });
const withToken = (token: string) => ({ credential: { kind: "token", token: new Secret(token) } }) as const;

describe("what answers at the address", () => {
  test("nobody", async () => {
    const error = await failureOf(client("http://127.0.0.1:1").status());
    expect([error.code, error.reason]).toEqual(["ESOB-I101", "connect ECONNREFUSED 127.0.0.1:1"]);
    expect((await failureOf(client("http://nowhere.invalid").status())).code).toBe("ESOB-I101");
  });

  test("a web site, a redirect, a text, and silence", async () => {
    const page = await serve(answerWith(200, "<html></html>", { "content-type": "text/html" }));
    expect((await failureOf(client(page).status())).code).toBe("ESOB-I103");
    expect((await failureOf(client(page, withToken("a.e30.c")).traits())).code).toBe("ESOB-I103");
    const moved = await serve(
      answerWith(301, "", { "content-type": "text/plain", location: "https://x.example/?token=secret" }),
    );
    const error = await failureOf(client(moved).status());
    expect([error.code, error.reason]).toEqual(["ESOB-I103", "HTTP 301, a redirect to https://x.example"]);
    const text = await serve(answerWith(200, "ok", { "content-type": "text/plain" }));
    expect((await failureOf(client(text).status())).code).toBe("ESOB-I117");
    const cut = await serve(answerWith(200, `{"date":`));
    expect((await failureOf(client(cut).status())).code).toBe("ESOB-I117");
    const silent = await serve((request) => request.resume());
    expect((await failureOf(client(silent, { timeoutMs: 100 }).status())).code).toBe("ESOB-I113");
  });

  test("JSON that is not an answer of Infisical's is no empty list", async () => {
    const strange = await serve(answerWith(200, {}));
    const infisical = client(strange, withToken("a.e30.c"));
    expect((await failureOf(infisical.listProjects())).code).toBe("ESOB-I117");
  });
});

describe("who we are", () => {
  test.each(GENERATIONS)(
    "wrong credentials on a server of %s; a refused login is not repeated",
    async (generation) => {
      const { server, open } = await stage(generation);
      const wrong = open({ credential: { ...operatorOf(server), clientSecret: new Secret("wrong") } });
      expect((await failureOf(wrong.listProjects())).code).toBe("ESOB-I105");
      expect((await failureOf(wrong.whoAmI())).code).toBe("ESOB-I105");
      expect(server.log.entries).toHaveLength(1);
      const unknown = open({
        credential: { ...operatorOf(server), clientId: "11111111-2222-4333-8444-555555555555" },
      });
      expect((await failureOf(unknown.listProjects())).code).toBe("ESOB-I105");
      expect((await failureOf(open({ credential: undefined }).whoAmI())).code).toBe("ESOB-I104");
    },
  );

  test.each(GENERATIONS)(
    "a given token on a server of %s: used, not revoked, told apart",
    async (generation) => {
      const { server, open } = await stage(generation);
      const given = open(withToken(server.tokenFor(server.operator.identityId)));
      expect((await given.whoAmI()).identityId).toBe(server.operator.identityId);
      expect(await given.findProject("shop")).toBeDefined();
      await given.close();
      expect(server.log.entries.some(({ path }) => path.includes("revoke"))).toBe(false);
      expect((await failureOf(open(withToken("st.1234.abcd")).traits())).code).toBe("ESOB-I118");
      expect((await failureOf(open(withToken("nonsense")).traits())).code).toBe("ESOB-I118");
      const other = await stage(generation, { server: { seed: "another server" } });
      const foreign = other.server.tokenFor(other.server.operator.identityId);
      expect((await failureOf(open(withToken(foreign)).listProjects())).code).toBe("ESOB-I108");
      const old = withToken(server.tokenFor(server.operator.identityId));
      server.advance(3_000_000);
      expect((await failureOf(open(old).listProjects())).code).toBe("ESOB-I107");
    },
  );

  test("logs in once for many callers, again before the token runs out, and revokes what it got", async () => {
    const { server, infisical, clock } = await stage("2026");
    await Promise.all([infisical.listProjects(), infisical.whoAmI(), infisical.findProject("shop")]);
    const logins = () => server.log.entries.filter(({ path }) => path.endsWith("/login")).length;
    expect(logins()).toBe(1);
    await clock.sleep(2_592_000 * 900);
    await infisical.listProjects();
    expect(logins()).toBe(2);
    await infisical.close();
    expect(server.log.entries.at(-1)?.path).toBe("/api/v1/auth/token/revoke");
  });
});

describe("rates", () => {
  test.each(GENERATIONS)("a server of %s: waits as long as it says", async (generation) => {
    const waits: string[] = [];
    const limits = { rateLimits: true } as const;
    const { infisical, server, clock, project } = await stage(generation, {
      server: limits,
      client: { onWait: (text, seconds) => waits.push(`${text}, ${seconds > 0 && seconds <= 60}`) },
    });
    const sleep = clock.sleep.bind(clock);
    clock.sleep = async (ms, signal) => {
      server.advance(ms / 1000);
      await sleep(ms, signal);
    };
    const scope = { project, environment: "prod", path: "/" };
    for (let call = 0; call < 45; call += 1) await infisical.listSecretNames(scope);
    expect(waits).toEqual(["Infisical's rate limit: waiting to list the names in prod:/ of shop, true"]);
  });

  test.each([429, 500])("gives up when the budget is spent: HTTP %i with retry-after", async (status) => {
    let calls = 0;
    const host = await serve((request, response) => {
      calls += 1;
      answerWith(status, { message: "Something went wrong" }, { "retry-after": "30" })(request, response);
    });
    const clock = createTestClock();
    const error = await failureOf(client(host, { clock, waitBudgetMs: 70_000 }).status());
    expect([error.code, error.reason]).toEqual([
      "ESOB-I110",
      "it asks to wait 30 s more, after 60 s of waiting",
    ]);
    expect([clock.slept, calls]).toEqual([[30_000, 30_000], 3]);
  });

  test("a date counts as well as seconds", async () => {
    const answers = [
      answerWith(429, {}, { "retry-after": "Mon, 23 Nov 2026 12:00:30 GMT" }),
      answerWith(200, { date: "2026-11-23T12:00:31Z" }),
    ];
    const host = await serve((request, response) => answers.shift()?.(request, response));
    const clock = createTestClock();
    const { date } = await client(host, { clock }).status();
    expect([clock.slept, date?.getUTCSeconds()]).toEqual([[30_000], 31]);
  });

  test("the words count where there is no header", async () => {
    const host = await serve(
      answerWith(429, { message: "Rate limit exceeded. Please try again in 80 seconds" }),
    );
    const error = await failureOf(client(host, { waitBudgetMs: 60_000 }).status());
    expect(error.reason).toBe("it asks to wait 80 s more");
  });
});

test("an interrupted run stops at once, and still revokes its token", async () => {
  const abort = new AbortController();
  const { infisical, server } = await stage("2026", { client: { signal: abort.signal } });
  await infisical.listProjects();
  server.faults.add({ kind: "silence", match: { path: /projects/ } });
  const listing = infisical.listProjects();
  abort.abort(new Error("Ctrl-C"));
  await expect(listing).rejects.toThrow("Ctrl-C");
  await infisical.close();
  expect(server.log.entries.at(-1)?.path).toBe("/api/v1/auth/token/revoke");
});

test("neither the client nor its errors show a secret, however they are printed", async () => {
  const { infisical, server, open, project } = await stage("2026");
  await infisical.listProjects();
  const { clientSecret } = server.operator;
  server.faults.add({ kind: "reset", match: { path: /secrets|login/ } });
  const errors = [
    await failureOf(
      infisical.createSecret({ project, environment: "prod", path: "/" }, "K", new Secret("hush-hush")),
    ),
    await failureOf(open().listProjects()),
    await failureOf(infisical.loginAsEso(server.operator.identityId, new Secret("eso.jwt.token"))),
  ];
  const printed = inspect([infisical, ...errors], { depth: 20, showHidden: true }) + JSON.stringify(errors);
  for (const secret of [clientSecret, "hush-hush", "eso.jwt.token", "Bearer", "eyJ"])
    expect(printed).not.toContain(secret);
  expect(errors.every((error) => isBootstrapError(error) && error.cause === undefined)).toBe(true);
});
