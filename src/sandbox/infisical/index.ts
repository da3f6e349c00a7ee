/**
 * A simulated Infisical: an HTTP server on loopback that answers as the servers of October 2024 or of 2026 do.
 *
 * Facts: infisical-api.md (routes 1.x, permissions 2, Kubernetes Auth 4, rate limits 6, a real server 10) and the 66
 * recorded exchanges in test/contract. State lives in memory and ends with the server.
 */

import { lookup } from "node:dns/promises";
import { Faults } from "./faults.ts";
import { eras, type Generation } from "./generations.ts";
import { createHelpers, type Helpers, type Operator } from "./helpers.ts";
import { createRaceWindow } from "./race.ts";
import { createRandomSource } from "../random.ts";
import { freeLimits, RateLimiter, type Limits } from "./rate-limit.ts";
import { RequestLog } from "./request-log.ts";
import { createRouter } from "./router.ts";
import { routes } from "./routes/index.ts";
import { listen } from "./server.ts";
import { snapshotOf } from "./snapshot.ts";
import { createClock, State } from "./state.ts";
import { freePlan, type Plan, type World } from "./world.ts";

export type { Generation } from "./generations.ts";

/** How a simulated server is set up. */
export interface InfisicalOptions {
  readonly generation: Generation;
  /** Default: a free self-hosted server. */
  readonly plan?: Partial<Plan>;
  /** `ALLOW_INTERNAL_IP_CONNECTIONS`, 2026 only. Default true, so that a cluster on loopback is reachable. */
  readonly allowInternalIps?: boolean;
  /** Off by default; true counts with the free plan's numbers. */
  readonly rateLimits?: boolean | Partial<Limits>;
  /** Makes ids and secrets the same on every run. */
  readonly seed?: string;
  /** Serve HTTPS with this key and certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** What an unknown `/api` route answers: Fastify's JSON (default) or the web UI of a standalone image. */
  readonly unknownApiRoutes?: "json" | "html";
  /** How long a cluster may stay silent; default 30 s (2024-10) or 10 s (2026). */
  readonly reviewTimeoutMs?: number;
  /** How long a call that is not atomic waits for a second one between look-up and write (10.6). Default: not at all. */
  readonly raceWindowMs?: number;
  /** Name resolution of the 2026 guard; default the system's. */
  readonly resolveHost?: World["settings"]["resolveHost"];
  readonly organization?: { readonly name: string; readonly slug: string };
  /** The identity the operator logs in with. */
  readonly operator?: { readonly name?: string; readonly orgRole?: string };
}

/** A running simulated server. */
export interface InfisicalServer extends Helpers {
  readonly url: string;
  readonly port: number;
  readonly generation: Generation;
  readonly organization: { readonly id: string; readonly name: string; readonly slug: string };
  /** An identity with Universal Auth; organization admin unless set up otherwise. */
  readonly operator: Operator;
  /** Every request since the start. */
  readonly log: RequestLog;
  readonly faults: Faults;
  /** Moves the server's clock forward (token lifetimes, rate limits, lockouts). */
  advance(seconds: number): void;
  /** Forgets the calls counted so far. */
  resetRateLimits(): void;
  /** All that is configured, as plain JSON without ids and times. */
  snapshot(): Record<string, unknown>;
  stop(): Promise<void>;
}

function createWorld(options: InfisicalOptions): World {
  const era = eras[options.generation];
  const random = createRandomSource(options.seed);
  return {
    era,
    settings: {
      plan: { ...freePlan, ...options.plan },
      allowInternalIps: options.allowInternalIps ?? true,
      resolveHost: options.resolveHost ?? lookup,
      reviewTimeoutMs: options.reviewTimeoutMs ?? era.reviewTimeoutMs,
      raceWindow: createRaceWindow(options.raceWindowMs ?? 0),
    },
    state: new State(createClock(), random),
    signingKey: random.bytes(32),
  };
}

function limitsOf({ rateLimits = false }: InfisicalOptions): Limits | undefined {
  if (rateLimits === false) return undefined;
  return rateLimits === true ? freeLimits : { ...freeLimits, ...rateLimits };
}

/** Starts a simulated Infisical on a free port of loopback, with one organization and one operator. */
export async function startInfisical(options: InfisicalOptions): Promise<InfisicalServer> {
  const world = createWorld(options);
  const { state } = world;
  const { name, slug } = options.organization ?? { name: "Acme", slug: "acme" };
  const organization = state.organizations.insert({ ...state.stamp(), name, slug });
  const helpers = createHelpers(world, organization.id);
  const identity = helpers.createIdentity({
    name: options.operator?.name ?? "operator",
    orgRole: options.operator?.orgRole ?? "admin",
  });
  const operator = helpers.attachUniversalAuth(identity.id);
  const limiter = new RateLimiter(limitsOf(options), state.clock);
  const faults = new Faults();
  const log = new RequestLog();
  const listening = await listen({
    world,
    limiter,
    faults,
    log,
    route: createRouter(routes, options.generation),
    unknownApiRoutes: options.unknownApiRoutes ?? "json",
    tls: options.tls,
  });
  return {
    ...helpers,
    url: listening.url,
    port: listening.port,
    generation: options.generation,
    organization: { id: organization.id, name, slug },
    operator,
    log,
    faults,
    advance: (seconds) => state.clock.advance(seconds),
    resetRateLimits: () => limiter.reset(),
    snapshot: () => snapshotOf(world),
    stop: () => listening.close(),
  };
}
