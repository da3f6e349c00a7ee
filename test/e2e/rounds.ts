import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { stringify } from "yaml";
import { expect } from "vitest";
import type { Plan } from "../../src/engine/plan.ts";
import { startInfisical, type InfisicalServer } from "../../src/sandbox/infisical/index.ts";
import {
  isInfisicalWrite,
  isKubernetesWrite,
  startProxy,
  type Proxy,
  type Seen,
  type Verdict,
} from "../helpers/proxy.ts";
import type { CliResult, Running } from "../helpers/run-cli.ts";
import type { Restore } from "./stack/checkpoint.ts";
import { until } from "./stack/poll.ts";
import { seedShop, settings, startWorld, type World } from "./world.ts";

export type System = "kubernetes" | "infisical";
export type Generation = "2024-10" | "2026";

/** A call as the two proxies together saw it. */
export interface Call {
  readonly system: System;
  readonly seen: Seen;
  /** A write of the road. */
  readonly isWrite: boolean;
  /** `infisical POST /api/v1/projects/ID/roles`: the same call in another round. */
  readonly name: string;
}

/** One cluster, and for each round a new Infisical: the same road is walked again and again. */
export interface Rounds {
  readonly world: World;
  readonly infisical: InfisicalServer;
  /** Brings the cluster back to nothing, or to a state that was kept, and Infisical to nothing. */
  begin(from?: Restore): Promise<void>;
  /** Is asked for every call of the tool and of its helm; default: pass. */
  judge: (call: Call) => Verdict;
  cli(
    args: readonly string[],
    options?: { onStart?: (child: Running) => void; group?: boolean; env?: Record<string, string> },
  ): Promise<CliResult>;
  stop(): Promise<void>;
}

export interface RoundsOptions {
  readonly generation: Generation;
  readonly rbac?: boolean;
  readonly raceWindowMs?: number;
}

/** Starts the cluster; `begin` must be called before the first round. */
export async function startRounds({
  generation,
  rbac = true,
  raceWindowMs = 0,
}: RoundsOptions): Promise<Rounds> {
  const world = await startWorld({ generation });
  const nothing = await world.stack.checkpoint();
  const { stack, dir, proxies } = world;
  let infisical = world.infisical;
  let towards: Proxy | undefined;
  const pass = (): Verdict => ({ kind: "pass" });
  const rounds: Rounds = {
    world,
    get infisical() {
      return infisical;
    },
    judge: pass,
    async begin(from = nothing) {
      rounds.judge = pass;
      await towards?.stop();
      if (infisical !== world.infisical) await infisical.stop();
      infisical = await startInfisical({ generation, plan: { rbac }, raceWindowMs });
      seedShop(infisical);
      towards = await startProxy({ url: infisical.url });
      towards.judge = (seen) => rounds.judge(callOf("infisical", seen));
      proxies.kubernetes.judge = (seen) => rounds.judge(callOf("kubernetes", seen));
      await from();
      await settled(world, from === nothing);
      await rm(join(dir, "eso-bootstrap.yaml"), { force: true });
      const file = settings({ stack, infisical, proxies: { ...proxies, infisical: towards } });
      await writeFile(join(dir, "eso-bootstrap.yaml"), stringify(file));
    },
    cli: (args, { env, ...options } = {}) => {
      const { clientId, clientSecret } = infisical.operator;
      const login = {
        INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: clientId,
        INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: clientSecret,
      };
      return world.cli(args, { ...options, env: { ...login, ...env } });
    },
    async stop() {
      await towards?.stop();
      if (infisical !== world.infisical) await infisical.stop();
      await world.stop();
    },
  };
  return rounds;
}

/** The API server and ESO have heard that the cluster is another one. */
async function settled({ stack, eso }: World, isEmpty: boolean): Promise<void> {
  await until(
    "the kinds of ESO to come or go",
    async () => {
      const { groups } = await stack.api<{ groups: { name: string }[] }>("GET", "/apis");
      return isEmpty !== groups.some(({ name }) => name === "external-secrets.io");
    },
    { timeoutMs: 120_000 },
  );
  if (isEmpty) await until("ESO to end", () => eso.running().size === 0);
  else await eso.ready();
}

/** Renewing the Lease comes with time, not with the road: it is no step of it. */
const isRenewal = ({ method, path }: Seen) => method === "PUT" && path.startsWith(LEASE);

export function callOf(system: System, seen: Seen): Call {
  const isWrite =
    system === "kubernetes" ? isKubernetesWrite(seen) && !isRenewal(seen) : isInfisicalWrite(seen);
  return { system, seen, isWrite, name: nameOf(system, seen) };
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

function nameOf(system: System, { method, path, headers }: Seen): string {
  const [route = "", query = ""] = path.split("?");
  const dry = query.includes("dryRun=All") ? " (dry run)" : "";
  const list = query.includes("labelSelector") ? " (list)" : "";
  const helm = headers["user-agent"]?.startsWith("Helm") ? "helm " : "";
  return `${system} ${helm}${method} ${route.replace(UUID, "ID")}${list}${dry}`;
}

export const isHelm = ({ name }: Call): boolean => name.startsWith("kubernetes helm");

/** Collects every call of one `init`, which must succeed. */
export async function callsOfOneRun(rounds: Rounds): Promise<Call[]> {
  const calls: Call[] = [];
  rounds.judge = (call) => {
    calls.push(call);
    return { kind: "pass" };
  };
  await succeeds(rounds, ["init", "--yes"]);
  rounds.judge = () => ({ kind: "pass" });
  return calls;
}

export async function succeeds(rounds: Rounds, args: readonly string[]): Promise<CliResult> {
  const result = await rounds.cli(args);
  expect(result.code, `${args.join(" ")}\n${result.stdout}\n${result.stderr}`).toBe(0);
  return result;
}

const LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/eso-bootstrap";

const LONG_AGO = "2020-01-01T00:00:00.000000Z";

/** As if the Lease of a run that died had run out: 15 seconds that need not be waited for again and again. */
export async function ageLease({ stack }: World): Promise<void> {
  const lease = await stack.api<{ spec: object }>("GET", LEASE).catch(() => undefined);
  if (lease) await stack.api("PUT", LEASE, { ...lease, spec: { ...lease.spec, renewTime: LONG_AGO } });
}

interface Item {
  metadata: { name: string; labels?: Record<string, string> };
  data?: Record<string, string>;
}

const SECRETS = "/api/v1/namespaces/external-secrets/secrets";

async function secretsWith({ stack }: World, selector: string): Promise<Item[]> {
  return (
    await stack.api<{ items: Item[] }>("GET", `${SECRETS}?labelSelector=${encodeURIComponent(selector)}`)
  ).items;
}

/** As if a helm that was killed had been dead for long: its record says that it began in another year. */
export async function ageRelease(world: World): Promise<void> {
  for (const secret of await secretsWith(world, "owner=helm,status!=deployed")) {
    const stored = Buffer.from(secret.data?.["release"] ?? "", "base64").toString("utf8");
    const release = JSON.parse(gunzipSync(Buffer.from(stored, "base64")).toString("utf8")) as {
      info: object;
    };
    const aged = { ...release, info: { ...release.info, last_deployed: "2020-01-01T00:00:00Z" } };
    const packed = Buffer.from(gzipSync(JSON.stringify(aged)).toString("base64")).toString("base64");
    const { name } = secret.metadata;
    await world.stack.api("PUT", `${SECRETS}/${name}`, { ...secret, data: { release: packed } });
  }
}

/** Everything is as one undisturbed run leaves it: a plan without changes, and one of each. */
export async function expectOneOfEverything(rounds: Rounds): Promise<void> {
  const { world } = rounds;
  const plan = await rounds.cli(["plan", "-o", "json"]);
  const { changes } = JSON.parse(plan.stdout || "{}") as Plan;
  const open = changes?.filter(({ action }) => action !== "unchanged");
  expect({ code: plan.code, open }, plan.stderr).toEqual({ code: 0, open: [] });
  expectOneIdentity(rounds.infisical);
  const [reviewers, releases] = await Promise.all([
    secretsWith(world, "eso-bootstrap/reviewer"),
    secretsWith(world, "owner=helm"),
  ]);
  expect(reviewers.map(({ metadata }) => metadata.name)).toEqual(["infisical-token-reviewer-1"]);
  expect(releases.filter(({ metadata }) => metadata.labels?.["status"] === "deployed")).toHaveLength(1);
  // A run that found nothing left to do takes no Lease and writes nothing: that of the dead one stays, run out.
  const lease = await world.stack.api<{ spec: { renewTime: string } }>("GET", LEASE).catch(() => undefined);
  expect(lease?.spec.renewTime ?? LONG_AGO, "no Lease is held").toBe(LONG_AGO);
  expect(await world.secret("shop", "shop-db")).toEqual({
    DB_HOST: "db.internal",
    DB_PASSWORD: "canary-value-7f31",
    DB_USER: "shop",
  });
}

interface Snapshot {
  identities: { name: string; authMethods: string[]; kubernetesAuth: unknown[] }[];
  projects: {
    slug: string;
    roles: unknown[];
    memberships: { identity: string; roles: string[]; privileges: unknown[] }[];
  }[];
}

/** One identity besides the operator, with Kubernetes Auth alone; one row of membership; one role, or one privilege. */
function expectOneIdentity(infisical: InfisicalServer): void {
  const { identities, projects } = infisical.snapshot() as unknown as Snapshot;
  const ours = identities.filter(({ name }) => name !== "operator");
  expect(
    ours.map(({ name, authMethods, kubernetesAuth }) => [name, authMethods, kubernetesAuth.length]),
  ).toEqual([["eso-e2e-shop-infisical", ["kubernetes-auth"], 1]]);
  expect(projects).toHaveLength(1);
  const rows = projects[0]?.memberships.filter(({ identity }) => identity !== "operator") ?? [];
  expect(rows).toHaveLength(1);
  expect(rows[0]?.roles).toHaveLength(1);
  const roles = projects[0]?.roles.length ?? 0;
  expect(roles + (rows[0]?.privileges.length ?? 0), "role, or privilege where the plan has no roles").toBe(1);
}
