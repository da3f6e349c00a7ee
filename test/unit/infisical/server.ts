import { afterEach } from "vitest";
import { createInfisical, type InfisicalOptions } from "../../../src/infisical/client.ts";
import type { Infisical, Project, ReadGrant } from "../../../src/infisical/infisical.ts";
import { isBootstrapError, type BootstrapError } from "../../../src/errors.ts";
import { Secret } from "../../../src/secret.ts";
import type { Clock } from "../../../src/system/system.ts";
import {
  startInfisical,
  type Generation,
  type InfisicalServer,
} from "../../../src/sandbox/infisical/index.ts";

export const GENERATIONS: readonly Generation[] = ["2024-10", "2026"];

/** A clock that does not wait, and remembers what it was asked to wait for. */
export function createTestClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  let now = Date.parse("2026-11-23T12:00:00Z");
  return {
    slept,
    now: () => now,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
  };
}

export interface Stage {
  readonly server: InfisicalServer;
  readonly infisical: Infisical;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly project: Project;
  /** Writes that the adapter counted. */
  readonly writes: () => number;
  /** A further client to the same server. */
  readonly open: (options?: Partial<InfisicalOptions>) => Infisical;
}

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  // Clients before their servers: they revoke their tokens.
  for (const one of running.splice(0).toReversed()) await one.stop();
});

type ServerOptions = Omit<Parameters<typeof startInfisical>[0], "generation">;

/** A simulated server with the project `shop` and the operator as its admin, and a real client to it. */
export async function stage(
  generation: Generation,
  { server: serverOptions, client }: { server?: ServerOptions; client?: Partial<InfisicalOptions> } = {},
): Promise<Stage> {
  const server = await startInfisical({ generation, seed: "test", plan: { rbac: true }, ...serverOptions });
  running.push(server);
  const made = server.createProject("Shop", "shop");
  server.addMember("shop", server.operator.identityId, "admin");
  const clock = createTestClock();
  let writes = 0;
  const open = (options: Partial<InfisicalOptions> = {}): Infisical => {
    const infisical = createInfisical({
      host: server.url,
      credential: operatorOf(server),
      ...(generation === "2024-10" ? { organization: server.organization.id } : {}),
      timeoutMs: 2_000,
      clock,
      onWrite: () => (writes += 1),
      ...options,
    });
    running.push({ stop: () => infisical.close() });
    return infisical;
  };
  const infisical = open(client);
  const project = { id: made.id, name: "Shop", slug: "shop", environments: [] };
  return { server, infisical, clock, project, writes: () => writes, open };
}

export const operatorOf = ({ operator }: InfisicalServer) =>
  ({
    kind: "universal-auth",
    clientId: operator.clientId,
    clientSecret: new Secret(operator.clientSecret),
  }) as const;

export const READ_SHOP: ReadGrant = {
  scopes: [{ environment: "prod", path: "/shop", subtree: false }],
  imports: false,
};

/** The expected failure of a promise; a promise that holds fails the test. */
export async function failureOf(work: Promise<unknown>): Promise<BootstrapError> {
  const error: unknown = await work.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  if (isBootstrapError(error)) return error;
  throw error;
}
