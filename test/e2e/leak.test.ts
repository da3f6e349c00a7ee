import { randomBytes } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/commands.ts";
import { createCanaries, followTrail } from "../helpers/canaries.ts";
import { isInfisicalWrite, isKubernetesWrite, type Seen, type Verdict } from "../helpers/proxy.ts";
import type { CliResult } from "../helpers/run-cli.ts";
import { settings, startWorld, type World } from "./world.ts";

/*
 * Acceptance 6. Canaries are planted in both systems and gathered at the wire; then every command runs, in success and in
 * every failure we can think of, and no byte of what it says, leaves behind or hands to a child may hold one of them. The
 * servers that fail are the worst kind: they send back all that they were told.
 */

const random = () => randomBytes(18).toString("base64url");
/** Long, and different in each encoding. */
const SECRET_VALUE = `canary "value" ü/+&= ${random()}`;
const ADDED_VALUE = `canary-added-value-${random()}`;
const WRONG_SECRET = `canary-wrong-secret-${random()}`;

const canaries = createCanaries();
let world: World;
let temp: string;
let records: string;
let shims: string;
/** Ends the run under way, should its test have given it up. */
let endRun = (): void => undefined;

beforeAll(async () => {
  world = await startWorld();
  const { infisical } = world;
  for (const environment of ["dev", "prod"])
    infisical.setSecret("shop", environment, "/shop", "DB_PASSWORD", SECRET_VALUE);
  canaries.plant("client secret", infisical.operator.clientSecret);
  canaries.plant("wrong client secret", WRONG_SECRET);
  canaries.plant("secret value", SECRET_VALUE);
  canaries.plant("added value", ADDED_VALUE);
  [temp, records, shims] = (await Promise.all(
    ["temp", "records", "shims"].map((name) => mkdtemp(join(tmpdir(), `eso-bootstrap-leak-${name}-`))),
  )) as [string, string, string];
  await writeHelm();
  await world.config(settings(world));
});

afterAll(async () => {
  await world?.stop();
  for (const dir of [temp, records, shims]) if (dir) await rm(dir, { recursive: true, force: true });
});

afterEach(async () => {
  endRun();
  quiet();
  // Wrong client secrets count towards a lock-out.
  world.infisical.advance(400);
  await rm(join(shims, "fails"), { force: true });
});

/** helm with a witness: argv, environment and stdin of every call are kept; with a file `fails` it says them all and fails. */
async function writeHelm(): Promise<void> {
  const script = `#!/bin/sh
record="${records}/$$"
printf '%s\\n' "$@" > "$record.argv"
env > "$record.env"
: > "$record.stdin"
case "$*" in *--values=-*)
  cat > "$record.stdin"
  if [ -e "${shims}/fails" ]; then cat "$record.argv" "$record.env" "$record.stdin" >&2; echo "Error: planted" >&2; exit 1; fi
  exec "${world.stack.bin.helm}" "$@" < "$record.stdin" ;;
esac
exec "${world.stack.bin.helm}" "$@"
`;
  await writeFile(join(shims, "helm"), script);
  await chmod(join(shims, "helm"), 0o755);
}

function quiet(): void {
  const { kubernetes, infisical } = world.proxies;
  kubernetes.judge = infisical.judge = () => ({ kind: "pass" });
}

/** Runs, and looks everywhere. */
async function run(args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> {
  for (const proxy of Object.values(world.proxies)) proxy.clear();
  const trail = followTrail([world.dir, temp]);
  const result = await world.cli(args, {
    onStart: ({ kill }) => (endRun = kill),
    ...(args.includes("--value-stdin") && { input: `${ADDED_VALUE}\n` }),
    env: { TMPDIR: temp, PATH: [shims, world.env["PATH"]].join(delimiter), ...env },
  });
  const files = trail.end();
  await plantWhatWasSeen();
  const places: [string, Buffer | string][] = [
    ["stdout", result.stdout],
    ["stderr", result.stderr],
    ...files,
  ];
  for (const name of await readdir(records))
    places.push([`helm ${name}`, await readFile(join(records, name))]);
  const found = places.flatMap(([place, bytes]) =>
    canaries.sightings(bytes).map((what) => `${what} in ${place}`),
  );
  expect(found, `${args.join(" ")} (exit ${result.code})\n${result.stderr.slice(0, 2000)}`).toEqual([]);
  expectOnTheRightWay();
  await Promise.all((await readdir(records)).map((name) => rm(join(records, name))));
  return result;
}

/** Every token of every run, by what it is for. */
const tokens = {
  bearer: new Set<string>(),
  jwt: new Set<string>(),
  reviewer: new Set<string>(),
  kubernetes: new Set<string>(),
};

/** Tokens come into being on the way: all that the tool sent is a canary from then on, and the reviewer's in the cluster. */
async function plantWhatWasSeen(): Promise<void> {
  for (const { headers, body } of [...world.proxies.infisical.seen, ...world.proxies.kubernetes.seen]) {
    const [, bearer] = /^Bearer (\S+)$/.exec(headers.authorization ?? "") ?? [];
    if (bearer !== undefined) {
      canaries.plant(`bearer ${bearer.slice(-12)}`, bearer);
      const foreign = claims(bearer)["iss"] !== undefined;
      tokens[foreign ? "kubernetes" : "bearer"].add(bearer);
    }
    for (const [, field, value] of body.matchAll(
      /"(accessToken|jwt|tokenReviewerJwt|token)":"(eyJ[^"]+)"/g,
    )) {
      canaries.plant(`${field} ${value?.slice(-12)}`, value);
      if (field === "jwt") tokens.jwt.add(value ?? "");
    }
  }
  const { items } = await world.stack.api<{ items: { data?: { token?: string } }[] }>(
    "GET",
    "/api/v1/namespaces/external-secrets/secrets?fieldSelector=type%3Dkubernetes.io/service-account-token",
  );
  for (const { data } of items) {
    const token = Buffer.from(data?.token ?? "", "base64").toString();
    if (token === "") continue;
    canaries.plant(`reviewer token ${token.slice(-12)}`, token);
    tokens.reviewer.add(token);
  }
}

/** What the tool sent in this run: each secret to the one place that it is for. */
function expectOnTheRightWay(): void {
  const toInfisical = world.proxies.infisical.seen;
  const wrong: string[] = [];
  for (const { method, path, headers, body } of toInfisical) {
    const where = `${method} ${path}`;
    const { authorization = "", ...others } = headers;
    if (canaries.sightings(JSON.stringify(others) + path).length > 0)
      wrong.push(`header or path of ${where}`);
    if (/clientSecret/.test(body) && path !== "/api/v1/auth/universal-auth/login")
      wrong.push(`client secret to ${where}`);
    if (/"jwt"/.test(body) && path !== "/api/v1/auth/kubernetes-auth/login")
      wrong.push(`ESO's token to ${where}`);
    if (/"accessToken"/.test(body) && path !== "/api/v1/auth/token/revoke")
      wrong.push(`access token to ${where}`);
    if (
      /"tokenReviewerJwt":"eyJ/.test(body) &&
      !/^\/api\/v1\/auth\/kubernetes-auth\/identities\/[\w-]+$/.test(path)
    )
      wrong.push(`reviewer token to ${where}`);
    const issuer = claims(authorization.replace("Bearer ", ""))["iss"];
    if (authorization !== "" && issuer !== undefined)
      wrong.push(`a token of ${JSON.stringify(issuer)} as the bearer of ${where}`);
  }
  const access = new Set(toInfisical.map(({ headers }) => headers.authorization?.slice(7)).filter(Boolean));
  for (const { method, path, headers, body } of world.proxies.kubernetes.seen) {
    const all = JSON.stringify(headers) + path + body;
    for (const token of access)
      if (token && all.includes(token)) wrong.push(`access token in ${method} ${path}`);
    for (const secret of [world.infisical.operator.clientSecret, WRONG_SECRET, SECRET_VALUE])
      if (all.includes(secret)) wrong.push(`client secret or value in ${method} ${path}`);
  }
  expect(wrong).toEqual([]);
}

function claims(token: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<
      string,
      unknown
    >;
  } catch {
    return {};
  }
}

/** All that it was told, as a talkative proxy or a debugging server sends it back. */
function echo(status: number, shape: "infisical" | "kubernetes" | "html") {
  return ({ method, path, headers, body }: Seen): Verdict => {
    const words = `${method} ${path} ${JSON.stringify(headers)} ${body}`;
    if (shape === "html")
      return {
        kind: "answer",
        status,
        headers: { "content-type": "text/html" },
        body: `<html>${words}</html>`,
      };
    const json =
      shape === "infisical"
        ? { statusCode: status, error: words, message: words, details: [words] }
        : {
            kind: "Status",
            apiVersion: "v1",
            status: "Failure",
            message: words,
            reason: words,
            code: status,
          };
    return {
      kind: "answer",
      status,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(json),
    };
  };
}

const isLogin = ({ path }: Seen) => path === "/api/v1/auth/universal-auth/login";
const isEsoLogin = ({ path }: Seen) => path === "/api/v1/auth/kubernetes-auth/login";
const isAttach = (seen: Seen) => isInfisicalWrite(seen) && seen.path.includes("/kubernetes-auth/identities/");

interface Failure {
  readonly title: string;
  readonly arrange: () => Promise<void> | void;
  readonly undo?: () => Promise<void> | void;
  readonly env?: () => Record<string, string>;
  /** Exit codes that are right; by command where they differ. */
  readonly exits: readonly number[];
  readonly but?: Readonly<Record<string, readonly number[]>>;
}

const infisicalAnswers =
  (judge: (seen: Seen) => Verdict, when: (seen: Seen) => boolean = () => true) =>
  () => {
    world.proxies.infisical.judge = (seen) => (when(seen) ? judge(seen) : { kind: "pass" });
  };
const kubernetesAnswers =
  (judge: (seen: Seen) => Verdict, when: (seen: Seen) => boolean = () => true) =>
  () => {
    world.proxies.kubernetes.judge = (seen) => (when(seen) ? judge(seen) : { kind: "pass" });
  };
const afterLogin = (seen: Seen) => !isLogin(seen);

/** Four commands have nothing to do with Infisical, whatever becomes of it. */
const but = { install: [0], reviewer: [0], sync: [0], status: [0] };

const FAILURES: readonly Failure[] = [
  {
    title: "wrong client secret",
    arrange: () => undefined,
    env: () => ({ INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: WRONG_SECRET }),
    exits: [5],
    but,
  },
  {
    title: "INFISICAL_TOKEN with a line break inside",
    arrange: () => undefined,
    env: () => ({
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "",
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "",
      INFISICAL_TOKEN: `${WRONG_SECRET}\n${WRONG_SECRET}`,
    }),
    exits: [5],
    but,
  },
  {
    title: "Infisical refuses the login and echoes",
    arrange: infisicalAnswers(echo(401, "infisical")),
    exits: [5],
    but,
  },
  {
    title: "Infisical fails and echoes",
    arrange: infisicalAnswers(echo(500, "infisical"), afterLogin),
    exits: [1, 5],
    but,
  },
  {
    title: "Infisical refuses and echoes",
    arrange: infisicalAnswers(echo(403, "infisical"), afterLogin),
    exits: [1, 5],
    // Who may not list the names leaves it to ESO, whose sync then proves the key.
    but: { ...but, "add-secret": [0] },
  },
  { title: "a page instead of Infisical", arrange: infisicalAnswers(echo(200, "html")), exits: [5], but },
  {
    title: "Infisical's answers are cut",
    arrange: infisicalAnswers(() => ({ kind: "truncated" })),
    exits: [1, 5],
    but,
  },
  {
    title: "Infisical resets every connection, also that of the login",
    arrange: infisicalAnswers(() => ({ kind: "reset" })),
    exits: [5],
    but,
  },
  {
    title: "the API server resets every connection",
    arrange: kubernetesAnswers(() => ({ kind: "reset" })),
    exits: [5],
  },
  {
    title: "the API server fails and echoes",
    arrange: kubernetesAnswers(echo(500, "kubernetes")),
    exits: [5],
  },
  {
    title: "the API server refuses and echoes",
    arrange: kubernetesAnswers(echo(403, "kubernetes")),
    exits: [5],
  },
  { title: "a page instead of the API server", arrange: kubernetesAnswers(echo(200, "html")), exits: [5] },
];

const ECHOING_WRITES: readonly Failure[] = [
  {
    title: "the API server refuses every write and echoes",
    arrange: async () => {
      await disturb();
      kubernetesAnswers(
        echo(422, "kubernetes"),
        (seen) => isKubernetesWrite(seen) && !seen.path.includes("leases"),
      )();
    },
    exits: [1],
  },
  {
    title: "the API server refuses the reviewer's ServiceAccount and echoes",
    arrange: async () => {
      await disturb();
      kubernetesAnswers(
        echo(422, "kubernetes"),
        (seen) => isKubernetesWrite(seen) && seen.path.includes("reviewer"),
      )();
    },
    exits: [1],
  },
  {
    title: "the API server refuses TokenReviews and echoes the reviewer token",
    arrange: async () => {
      await disturb();
      kubernetesAnswers(echo(403, "kubernetes"), ({ path }) => path.includes("tokenreviews"))();
    },
    exits: [1],
  },
  {
    title: "Infisical refuses to attach and echoes the reviewer token",
    arrange: async () => {
      await disturb();
      infisicalAnswers(echo(400, "infisical"), isAttach)();
    },
    exits: [1],
  },
  {
    title: "the connection is reset while the reviewer token travels to Infisical",
    arrange: async () => {
      await disturb();
      infisicalAnswers(() => ({ kind: "reset" }), isAttach)();
    },
    exits: [1],
  },
  {
    title: "the connection is reset while ESO's token travels to Infisical",
    arrange: async () => {
      await disturb();
      infisicalAnswers(() => ({ kind: "reset" }), isEsoLogin)();
    },
    exits: [1],
  },
  {
    title: "the API server resets the connection of every write",
    arrange: async () => {
      await disturb();
      kubernetesAnswers(
        () => ({ kind: "reset" }),
        (seen) => isKubernetesWrite(seen) && !seen.path.includes("leases"),
      )();
    },
    exits: [1],
  },
  {
    title: "helm fails and says its environment",
    arrange: async () => {
      await disturb();
      await writeFile(join(shims, "fails"), "");
    },
    exits: [1],
  },
  {
    title: "the plan is blocked",
    arrange: () => foreignStore(true),
    undo: () => foreignStore(false),
    exits: [1],
  },
];

/** Takes away one thing of each step, so that everything is written again: also a new reviewer token. */
async function disturb(): Promise<void> {
  const remove = (...what: string[]) =>
    world.stack.kubectl(["delete", ...what, "--ignore-not-found", "--timeout=20s"]);
  // First what has finalizers: they need a controller.
  await remove("externalsecret,secretstore", "--all", "-n", "shop");
  await remove("deployment", "external-secrets", "-n", "external-secrets");
  // A token of the same account and Secret would be the same to the byte: it holds neither a time nor the Secret's uid.
  await remove("serviceaccount", "infisical-token-reviewer", "-n", "external-secrets");
}

async function foreignStore(there: boolean): Promise<void> {
  const { stack } = world;
  const mark = there ? "app.kubernetes.io/managed-by=someone" : "app.kubernetes.io/managed-by=eso-bootstrap";
  await stack.kubectl(["label", "secretstore", "infisical", "-n", "shop", mark, "--overwrite"]);
}

const FILE = ["-f", "eso-bootstrap.yaml"];
/** Every command as it runs to its end. A command that is missing here fails the first test. */
const SUCCESS: Readonly<Record<string, readonly (readonly [args: readonly string[], exit: number])[]>> = {
  install: [[["install", ...FILE, "--yes"], 0]],
  reviewer: [[["reviewer", ...FILE, "--yes"], 0]],
  "reviewer show": [
    [["reviewer", "show", ...FILE], 0],
    [["reviewer", "show", ...FILE, "--metrics"], 0],
  ],
  identity: [[["identity", ...FILE, "--yes"], 0]],
  store: [[["store", ...FILE, "--yes"], 0]],
  plan: [[["plan", ...FILE, "--output-file", "plan.json"], 6]],
  apply: [[["apply", ...FILE, "--plan", "plan.json", "--yes"], 0]],
  init: [[["init", ...FILE, "--yes", "--restart"], 0]],
  "reviewer register": [[["reviewer", "register", ...FILE, "--yes"], 0]],
  "reviewer rotate": [[["reviewer", "rotate", ...FILE, "--yes"], 0]],
  render: [
    [["render", ...FILE], 0],
    [["render", ...FILE, "--out", "manifests"], 0],
  ],
  "add-secret": [
    // The value of a key is a canary too: it goes to Infisical by stdin, and nowhere else.
    [["add-secret", "ADDED_KEY", "--to", "shop-db", ...FILE, "--value-stdin", "--yes", "--restart"], 0],
    [["add-secret", "ADDED_KEY", "--to", "shop-db", ...FILE, "--yes"], 0],
    [["add-secret", "NO_SUCH_KEY", "--to", "shop-db", ...FILE, "--yes"], 1],
  ],
  sync: [
    [["sync", ...FILE, "--restart"], 0],
    [["sync", "-A"], 0],
    [["sync", "no-such"], 1],
  ],
  // The test puts the clock of the simulated Infisical forward, and doctor would rightly say so.
  doctor: [[["doctor", ...FILE, "--skip", "ESOB-I310"], 0]],
  status: [
    [["status", ...FILE], 0],
    [["status", "-A"], 0],
  ],
  uninstall: [
    [["uninstall", ...FILE, "--infisical", "--dry-run"], 6],
    [["uninstall", ...FILE, "--infisical", "--yes"], 0],
    [["init", ...FILE, "--yes"], 0],
  ],
  explain: [[["explain", "ESOB-R103"], 0]],
  completion: [[["completion", "bash"], 0]],
  // It has systems of its own; what it finds in its environment is not for them.
  demo: [
    [["demo"], 0],
    [["demo", "--break", "list"], 0],
  ],
};
const CONTACTING = [
  "init",
  "plan",
  "apply",
  "install",
  "reviewer",
  "identity",
  "store",
  "reviewer rotate",
  "reviewer show",
  "add-secret",
  "sync",
  "reviewer register",
  "status",
  "uninstall",
];
/** What they are given besides file and consent. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "add-secret": ["DB_PORT", "--to", "shop-db"],
  uninstall: ["--infisical"],
};
const VOICES = [["--debug"], ["-v"], ["-o", "json"]];

describe("no secret leaves the tool", () => {
  it("has a case for every command", () => {
    expect(Object.keys(SUCCESS).toSorted()).toEqual(
      COMMANDS.flatMap(({ name, commands = [] }) => [
        name,
        ...commands.map((below) => `${name} ${below.name}`),
      ]).toSorted(),
    );
  });

  it.each(VOICES)("when everything goes well, with %s %s", async (...voice) => {
    if (voice[0] !== "--debug") await disturb();
    for (const cases of Object.values(SUCCESS))
      for (const [args, exit] of cases) {
        const result = await run([...args, ...voice]);
        expect(result.code, `${args.join(" ")}\n${result.stdout}${result.stderr}`).toBe(exit);
      }
  });

  it.each([
    "sync",
    "doctor -A",
    "plan --context",
    "plan -n",
    "plan --store",
    "add-secret",
    "add-secret --to",
  ])("when the shell asks what may follow %s, also of servers that fail", async (typed) => {
    const words = ["__complete", "--", ...typed.split(" "), ""];
    for (const { arrange, undo, env } of [{ arrange: quiet }, ...FAILURES] as readonly Partial<Failure>[]) {
      await arrange?.();
      expect(await run(words, env?.())).toMatchObject({ code: 0, stderr: "" });
      expect(world.proxies.infisical.seen).toEqual([]);
      quiet();
      await undo?.();
    }
  });

  it.each(CONTACTING)("when %s fails", async (command) => {
    const wrong: string[] = [];
    const yes = ["plan", "reviewer show", "sync", "status"].includes(command) ? [] : ["--yes"];
    for (const [index, failure] of FAILURES.entries()) {
      await failure.arrange();
      // Each failure is heard in each voice, by different commands.
      const voice = VOICES[(index + CONTACTING.indexOf(command)) % VOICES.length] ?? [];
      const { code, stderr, stdout } = await run(
        [...command.split(" "), ...(MORE[command] ?? []), ...FILE, ...yes, ...voice],
        failure.env?.() ?? {},
      );
      const right = failure.but?.[command] ?? failure.exits;
      if (!right.includes(code ?? -1))
        wrong.push(`${failure.title}, ${voice.join(" ")}: exit ${code}\n${stdout}${stderr}`);
      quiet();
      world.infisical.advance(400);
    }
    expect(wrong.join("\n")).toBe("");
  });

  it.each(ECHOING_WRITES)("when $title", async ({ arrange, undo, exits }) => {
    for (const voice of [["--debug"], ["-o", "json"]]) {
      await arrange();
      const { code, stderr, stdout } = await run(["init", ...FILE, "--yes", ...voice]);
      quiet();
      await rm(join(shims, "fails"), { force: true });
      await undo?.();
      expect(exits, `${stdout}${stderr}`).toContain(code);
      expect((await run(["init", ...FILE, "--yes", ...voice])).code).toBe(0);
    }
  });

  it.each(["to store", "TokenReviews"])("when a rotation is refused %s, with the token", async (what) => {
    for (const voice of [["--debug"], ["-o", "json"]]) {
      if (what === "to store") infisicalAnswers(echo(400, "infisical"), isAttach)();
      else kubernetesAnswers(echo(403, "kubernetes"), ({ path }) => path.includes("tokenreviews"))();
      const { code, stderr, stdout } = await run(["reviewer", "rotate", ...FILE, "--yes", ...voice]);
      quiet();
      expect(code, `${stdout}${stderr}`).toBe(1);
      expect((await run(["reviewer", "rotate", ...FILE, "--yes", ...voice])).code).toBe(0);
    }
  });

  it("the server's own log has each secret only where it belongs", () => {
    const { log, operator } = world.infisical;
    const seen = (values: Iterable<string>) => [
      ...new Set(
        [...values].flatMap((value) =>
          log
            .sawToken(value)
            .map(({ method, path, where }) => `${method} ${path.replace(/[\w-]{36}$/, "ID")} ${where}`),
        ),
      ),
    ];
    expect(seen([operator.clientSecret])).toEqual([
      "POST /api/v1/auth/universal-auth/login body.clientSecret",
    ]);
    expect(seen([SECRET_VALUE])).toEqual([]);
    expect(seen([ADDED_VALUE])).toEqual(["POST /api/v4/secrets/ADDED_KEY body.secretValue"]);
    expect(tokens.jwt.size).toBeGreaterThan(0);
    expect(seen(tokens.jwt)).toEqual(["POST /api/v1/auth/kubernetes-auth/login body.jwt"]);
    expect(tokens.reviewer.size).toBeGreaterThan(0);
    const attach = "/api/v1/auth/kubernetes-auth/identities/ID body.tokenReviewerJwt";
    expect([`POST ${attach}`, `PATCH ${attach}`]).toEqual(expect.arrayContaining(seen(tokens.reviewer)));
    expect(seen(tokens.reviewer)).not.toEqual([]);
    const elsewhere = seen(tokens.bearer).filter((place) => !place.endsWith(" header:authorization"));
    expect(elsewhere).toEqual(["POST /api/v1/auth/token/revoke body.accessToken"]);
    // What the reviewer is to Infisical, it is to the API server too: the bearer of a TokenReview.
    expect(seen([...tokens.kubernetes].filter((token) => !tokens.reviewer.has(token)))).toEqual([]);
  });
});
