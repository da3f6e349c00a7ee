import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApplyResult } from "../../src/engine/apply.ts";
import { isInfisicalWrite, type Verdict } from "../helpers/proxy.ts";
import type { Running } from "../helpers/run-cli.ts";
import { ask, identityIdOf, identityIn, linesOf, runJson, troubleOf } from "./driving.ts";
import { ageLease, startRounds, succeeds, type Call, type Rounds } from "./rounds.ts";
import type { Restore } from "./stack/checkpoint.ts";
import { settings, type World } from "./world.ts";

const LONG = 900_000;
const REVIEWER = "infisical-token-reviewer";
const IDENTITIES = ["eso-e2e-cart-infisical", "eso-e2e-shop-infisical"];

/** Two stores, so two identities. */
function twoStores(rounds: Rounds, towards: string, tokenLifetime?: string): Record<string, unknown> {
  const base = settings(rounds.world, {
    ...(tokenLifetime !== undefined && { reviewer: { tokenLifetime } }),
    stores: ["shop", "cart"].map((namespace) => ({
      name: "infisical",
      namespace,
      environment: "prod",
      path: `/${namespace}`,
    })),
  });
  const host = { host: towards, hostFromCluster: rounds.infisical.url };
  return {
    ...base,
    infisical: { ...(base["infisical"] as object), ...host, organization: rounds.infisical.organization.id },
  };
}

/** What a person's file says of the way to Infisical in this round. */
const hostIn = async ({ file }: World) => /host: (\S+)/.exec(await file("eso-bootstrap.yaml"))?.[1] ?? "";

interface Counted {
  readonly logins: number;
  readonly failures: string[];
}

/** Logs in as ESO does, every 200 ms, with each identity in turn, until `stop`. Not through the proxies. */
async function keepLoggingIn({ world, infisical }: Rounds): Promise<{ stop(): Promise<Counted> }> {
  const { token } = await tokenOfEso(world);
  const ids = await Promise.all(["shop", "cart"].map((namespace) => identityIdOf(world, namespace)));
  let isOver = false;
  let logins = 0;
  const failures: string[] = [];
  const login = async (identityId: string) => {
    const path = "/api/v1/auth/kubernetes-auth/login";
    const { status, body } = await ask({ infisical }, "", "POST", path, { identityId, jwt: token });
    logins += 1;
    if (status !== 200) failures.push(`${status} ${JSON.stringify(body)}`);
  };
  const running = (async () => {
    while (!isOver) {
      await Promise.all(ids.map(login));
      await delay(200);
    }
  })();
  return {
    async stop() {
      isOver = true;
      await running;
      return { logins, failures };
    },
  };
}

async function tokenOfEso({ stack }: World): Promise<{ token: string }> {
  const { status } = await stack.api<{ status: { token: string } }>(
    "POST",
    "/api/v1/namespaces/external-secrets/serviceaccounts/external-secrets/token",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  );
  return status;
}

/** Does the API server take the token for genuine? Asked as administrator, so that only the token itself is judged. */
async function isAlive({ stack }: World, token: string): Promise<boolean> {
  const { status } = await stack.api<{ status: { authenticated?: boolean } }>(
    "POST",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } },
  );
  return status.authenticated === true;
}

/** The reviewer's Secrets, by name. */
async function reviewerSecrets({ stack }: World): Promise<string[]> {
  const { items } = await stack.api<{ items: { metadata: { name: string } }[] }>(
    "GET",
    `/api/v1/namespaces/external-secrets/secrets?labelSelector=eso-bootstrap%2Freviewer`,
  );
  return items.map(({ metadata }) => metadata.name).toSorted();
}

/** What each identity holds. */
const storedIn = (rounds: Rounds) =>
  IDENTITIES.map(
    (name) => identityIn(rounds as unknown as World, name).kubernetesAuth[0]?.tokenReviewerJwt ?? "",
  );

/** Where the token says that it hangs: the name of a Secret. */
function secretNamedIn(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    "kubernetes.io"?: { secret?: { name?: string } };
    "kubernetes.io/serviceaccount/secret.name"?: string;
  };
  return claims["kubernetes.io"]?.secret?.name ?? claims["kubernetes.io/serviceaccount/secret.name"] ?? "";
}

/** When a bound token ends, to the second. */
function endOf(token: string): string[] {
  const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
    exp?: number;
  };
  return exp === undefined ? [] : [new Date(exp * 1000).toISOString().replace(".000Z", "Z")];
}

/** What `status` goes by. */
async function endsWrittenDown({ stack }: World, name: string): Promise<string[]> {
  const { metadata } = await stack.api<{ metadata: { annotations?: Record<string, string> } }>(
    "GET",
    `/api/v1/namespaces/external-secrets/secrets/${name}`,
  );
  const entries = Object.entries(metadata.annotations ?? {});
  return entries
    .flatMap(([key, end]) => (key.startsWith("eso-bootstrap/token-end-") ? [end] : []))
    .toSorted();
}

const rotate = (rounds: Rounds, ...more: string[]) =>
  runJson<ApplyResult>({ ...rounds.world, cli: rounds.cli }, "reviewer", "rotate", ...more);

/** One Secret, whose token both hold and the API server accepts; every token that ever was stored before is refused. */
async function expectOneLiveToken(rounds: Rounds, earlier: ReadonlySet<string>): Promise<void> {
  const { world } = rounds;
  const secrets = await reviewerSecrets(world);
  expect(secrets).toHaveLength(1);
  const stored = storedIn(rounds);
  for (const token of stored) {
    expect(secretNamedIn(token)).toBe(secrets[0]);
    expect(await isAlive(world, token)).toBe(true);
  }
  const written = await endsWrittenDown(world, secrets[0] ?? "");
  expect(written).toEqual(stored.flatMap(endOf).toSorted());
  for (const token of earlier)
    if (!stored.includes(token))
      expect(await isAlive(world, token), `of ${secretNamedIn(token)}`).toBe(false);
}

describe.each<{ generation: "2024-10" | "2026"; tokenLifetime?: string }>([
  { generation: "2026" },
  { generation: "2026", tokenLifetime: "2h" },
  { generation: "2024-10" },
  { generation: "2024-10", tokenLifetime: "2h" },
])("server of $generation, token lifetime $tokenLifetime", ({ generation, tokenLifetime }) => {
  let rounds: Rounds;
  let installed: Restore;

  /** Two identities with the reviewer's first token, as `init` leaves them. */
  const begin = async () => {
    await rounds.begin(installed);
    await rounds.world.config(twoStores(rounds, await hostIn(rounds.world), tokenLifetime));
    await succeeds(rounds, ["init", "--yes"]);
  };

  beforeAll(async () => {
    rounds = await startRounds({ generation });
    await rounds.begin();
    await succeeds(rounds, ["install", "--yes"]);
    installed = await rounds.world.stack.checkpoint();
    await begin();
  }, LONG);
  afterAll(() => rounds.stop());

  test(
    "no login fails while it rotates; one live token, the old one refused",
    async () => {
      const earlier = new Set(storedIn(rounds));
      for (let round = 2; round <= 3; round += 1) {
        const loop = await keepLoggingIn(rounds);
        const run = await rotate(rounds, "--yes");
        await delay(1000);
        const { logins, failures } = await loop.stop();
        expect(run.code, troubleOf(run)).toBe(0);
        expect(failures).toEqual([]);
        expect(logins).toBeGreaterThan(20);
        expect(linesOf(run.json)).toEqual([
          `create kubernetes/Secret/external-secrets/${REVIEWER}-${round}`,
          ...IDENTITIES.map((name) => `update infisical/KubernetesAuth/-/${name}`),
          ...(tokenLifetime === undefined
            ? []
            : [`update kubernetes/Annotation/external-secrets/${REVIEWER}-${round}`]),
          `delete kubernetes/Secret/external-secrets/${REVIEWER}-${round - 1}`,
        ]);
        // As it ends: nothing is waited for afterwards.
        await expectOneLiveToken(rounds, earlier);
        for (const token of storedIn(rounds)) earlier.add(token);
      }
      const plan = await rounds.cli(["plan", "-o", "json"]);
      expect(plan.code, `the road finds nothing to do\n${plan.stdout}`).toBe(0);
      expect(earlier.size).toBe(tokenLifetime === undefined ? 3 : 6);
    },
    LONG,
  );

  test(
    "only the token is sent, and a young one stays",
    async () => {
      const patches: string[] = [];
      rounds.judge = ({ system, seen }) => {
        if (system === "infisical" && isInfisicalWrite(seen)) patches.push(seen.body);
        return { kind: "pass" };
      };
      const young = await rotate(rounds, "--yes", "--if-older-than", "30d");
      expect([young.code, young.json.writes, patches]).toEqual([0, 0, []]);
      expect(young.json.changes.map(({ action }) => action)).not.toContain("update");
      const run = await rotate(rounds, "--yes");
      expect(run.code, troubleOf(run)).toBe(0);
      expect(patches.map((body) => Object.keys(JSON.parse(body) as object))).toEqual([
        ["tokenReviewerJwt"],
        ["tokenReviewerJwt"],
      ]);
      rounds.judge = () => ({ kind: "pass" });
    },
    LONG,
  );

  test(
    "SIGKILL at each write, then again: converged, with no login that failed",
    async () => {
      let writes = Number.POSITIVE_INFINITY;
      const killedAt: string[] = [];
      for (let write = 0; write < writes; write += 1)
        for (const moment of ["after", "before"] as const) {
          await begin();
          const earlier = new Set(storedIn(rounds));
          const loop = await keepLoggingIn(rounds);
          const { seen, killed } = await runAndKill(rounds, write, moment, earlier);
          if (killed === undefined) {
            writes = seen;
            await loop.stop();
            break;
          }
          killedAt.push(`${moment} ${killed}`);
          await ageLease(rounds.world);
          await succeeds(rounds, ["reviewer", "rotate", "--yes"]);
          const { failures } = await loop.stop();
          expect(failures, killedAt.at(-1)).toEqual([]);
          await expectOneLiveToken(rounds, earlier);
          await ageLease(rounds.world);
        }
      // Lease, Secret, two identities, the end of bound tokens, old Secret, Lease.
      expect(killedAt).toHaveLength(tokenLifetime === undefined ? 12 : 14);
      process.stdout.write(`${generation} ${tokenLifetime ?? "unlimited"}: ${killedAt.join("; ")}\n`);
    },
    LONG,
  );
});

/** Rotates, and kills it there; `earlier` hears of every token that was stored on the way. */
async function runAndKill(
  rounds: Rounds,
  write: number,
  moment: "after" | "before",
  earlier: Set<string>,
): Promise<{ seen: number; killed: string | undefined }> {
  let child: Running | undefined;
  let seen = 0;
  let killed: string | undefined;
  const kill = (call: Call) => {
    killed = call.name;
    child?.kill();
  };
  rounds.judge = (call): Verdict => {
    if (!call.isWrite || killed !== undefined) return { kind: "pass" };
    seen += 1;
    if (seen !== write + 1) return { kind: "pass" };
    if (moment === "after") return { kind: "pass", afterwards: () => kill(call) };
    kill(call);
    return { kind: "reset" };
  };
  const result = await rounds.cli(["reviewer", "rotate", "--yes"], { onStart: (its) => (child = its) });
  rounds.judge = () => ({ kind: "pass" });
  if (killed !== undefined) expect(result.signal).toBe("SIGKILL");
  for (const token of storedIn(rounds)) earlier.add(token);
  return { seen, killed };
}
