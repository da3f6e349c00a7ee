import { createServer, type IncomingMessage, type Server } from "node:http";
import { onTestFinished } from "vitest";
import { examine } from "../../src/checks/examine.ts";
import { scopeOf } from "../../src/checks/scope.ts";
import type { Choice } from "../../src/checks/index.ts";
import type { CheckOptions } from "../../src/checks/context.ts";
import { planRoad, walkRoad, type RoadRun } from "../../src/commands/road.ts";
import { at, textOf, textsOf } from "../../src/data.ts";
import { desiredOf, type Desired } from "../../src/desired/desired.ts";
import type { CheckResult } from "../../src/engine/check.ts";
import type { Plan } from "../../src/engine/plan.ts";
import { createInfisical } from "../../src/infisical/client.ts";
import type { Infisical } from "../../src/infisical/infisical.ts";
import type { KubeObject, ObjectRef } from "../../src/kubernetes/cluster.ts";
import { startInfisical, type Generation, type InfisicalServer } from "../../src/sandbox/infisical/index.ts";
import { Secret } from "../../src/secret.ts";
import { STEPS_OF, type RoadCommand } from "../../src/steps/index.ts";
import { createNet } from "../../src/system/net.ts";
import type { Net } from "../../src/system/system.ts";
import { FakeCluster } from "../fakes/cluster.ts";
import { createFakeHelm, type FakeHelm } from "../fakes/helm.ts";
import { installEso, playEso } from "./doctor-eso.ts";
import { inputs } from "./inputs.ts";

const API = "external-secrets.io/v1";
export const STORE: ObjectRef = {
  apiVersion: API,
  kind: "SecretStore",
  namespace: "shop",
  name: "infisical",
};
export const EXTERNAL_SECRET: ObjectRef = {
  apiVersion: API,
  kind: "ExternalSecret",
  namespace: "shop",
  name: "shop-db",
};
/** Holds the identity's id. */
export const IDENTITY_SECRET: ObjectRef = {
  apiVersion: "v1",
  kind: "Secret",
  namespace: "shop",
  name: "infisical-identity",
};
export const TARGET: ObjectRef = { apiVersion: "v1", kind: "Secret", namespace: "shop", name: "shop-db" };

export interface WorldOptions {
  readonly generation?: Generation;
  readonly inputs?: Parameters<typeof inputs>[0];
}

export interface ExamineOptions extends Partial<CheckOptions>, Partial<Choice> {
  /** Without the file: what the cluster has. */
  readonly withoutFile?: boolean;
  readonly withoutCredential?: boolean;
  /** Whether ESO's token may go to the server that the store names. Default true. */
  readonly trusted?: boolean;
  readonly names?: readonly string[];
  /** As -n gives it. */
  readonly namespace?: string;
  readonly env?: Record<string, string>;
  /** The operator logs in anew, as every run does. */
  readonly newLogin?: boolean;
  /** An address at which the simulated Infisical answers, too; ESO's token may be sent there. */
  readonly standsFor?: string;
  /** A network that answers otherwise than the real one. */
  readonly net?: Partial<Net>;
}

/** A healthy world that `init` made, to be broken: a fake cluster with ESO, a simulated Infisical that reviews tokens at it. */
export interface DoctorWorld {
  readonly cluster: FakeCluster;
  readonly infisical: InfisicalServer;
  readonly helm: FakeHelm;
  readonly desired: Desired;
  /** Infisical as the operator. */
  readonly operator: Infisical;
  /** ms since 1970; what the checks take for now. May be set. */
  now: number;
  /** The API server's HTTP side, which knows its version and TokenReviews. */
  readonly apiServer: { readonly url: string; stop(): Promise<void> };
  /** Makes the operator's stored Kubernetes Auth what it is not. */
  identityId(): string;
  examine(options?: ExamineOptions): Promise<readonly CheckResult[]>;
  /** What a command of the road would do; by default with the file as it is. */
  plan(
    command: RoadCommand,
    how?: { readonly desired?: Desired; readonly forceConflicts?: boolean },
  ): Promise<Plan>;
  /** The object, changed by somebody else. */
  edit(ref: ObjectRef, change: (object: Record<string, unknown>) => void): void;
  /** What ESO tells about an object that it cannot sync or validate: condition and, if given, the event that has the cause. */
  complain(ref: ObjectRef, says: { reason: string; message: string; event?: string }): void;
}

/** Starts it; it stops with the test. */
export async function doctorWorld({
  generation = "2026",
  inputs: changes = {},
}: WorldOptions = {}): Promise<DoctorWorld> {
  const cluster = new FakeCluster();
  playEso(cluster);
  const apiServer = await startApiServer(cluster);
  const infisical = await startInfisical({ generation, seed: "doctor", plan: { rbac: true } });
  onTestFinished(() => infisical.stop());
  seedShop(infisical);
  const helm = createFakeHelm({ onInstall: (release) => installEso(cluster, release) });
  const operator = createInfisical({
    host: infisical.url,
    credential: operatorOf(infisical),
    organization: infisical.organization.id,
    timeoutMs: 5_000,
  });
  onTestFinished(() => operator.close());
  const given = inputs({
    ...changes,
    infisical: { host: infisical.url, ...changes?.infisical },
    secret: { keys: ["DB_HOST", "DB_PASSWORD"].map(plainKey), ...changes?.secret },
  });
  const desired = desiredOf(
    { ...given, cluster: { ...given.cluster, name: "test", apiServer: apiServer.url } },
    {
      context: "fake",
      namespaces: (setting) => ("names" in setting ? setting.names : []),
      infisicalCa: undefined,
      clusterCa: undefined,
      firstValues: [],
    },
  );
  const world = worldOf({ cluster, infisical, helm, desired, operator, apiServer });
  await bootstrap(world);
  return world;
}

const plainKey = (name: string) => ({ as: name, key: name, property: undefined, allowEmpty: false });

const operatorOf = ({ operator }: InfisicalServer) =>
  ({
    kind: "universal-auth",
    clientId: operator.clientId,
    clientSecret: new Secret(operator.clientSecret),
  }) as const;

function seedShop(infisical: InfisicalServer): void {
  infisical.createProject("shop", "shop");
  infisical.addMember("shop", infisical.operator.identityId, "admin");
  for (const environment of ["dev", "prod"])
    for (const name of ["DB_HOST", "DB_PASSWORD", "DB_USER"])
      infisical.setSecret("shop", environment, "/shop", name, `value-of-${name}`);
}

/** The true road; a world that it cannot make healthy is no ground for a test. */
async function bootstrap({ cluster, helm, desired, operator }: DoctorWorld): Promise<void> {
  const result = await walkRoad(
    portsOf({ cluster, helm, operator }),
    { ...roadOf(desired, "init"), writes: () => cluster.writes },
    { confirm: async () => undefined },
  );
  const trouble = result.failed?.error ?? result.checks.find(({ status }) => status === "fail");
  if (trouble) throw new Error(`the world is not healthy: ${trouble.code} ${trouble.message}`);
}

const portsOf = ({ cluster, helm, operator }: Pick<DoctorWorld, "cluster" | "helm" | "operator">) => ({
  cluster,
  helm,
  infisical: operator,
  net: createNet(),
  clock: realClock,
});

const roadOf = (desired: Desired, command: RoadCommand, forceConflicts = false): RoadRun => ({
  desired,
  steps: STEPS_OF[command],
  options: {
    adopt: false,
    forceConflicts,
    restart: false,
    timeoutMs: 5_000,
    signal: new AbortController().signal,
  },
  emit: () => undefined,
  writes: () => 0,
});

/** The true time; nobody sleeps for long. */
export const realClock = {
  now: () => Date.now(),
  sleep: (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, Math.min(ms, 20))),
};

type Parts = Pick<DoctorWorld, "cluster" | "infisical" | "helm" | "desired" | "operator" | "apiServer">;

function worldOf(parts: Parts): DoctorWorld {
  const { cluster, infisical, helm, desired, operator } = parts;
  const world: DoctorWorld = {
    ...parts,
    now: Date.now(),
    identityId: () =>
      Buffer.from(String(at(cluster.peek(IDENTITY_SECRET), "data", "identityId")), "base64").toString("utf8"),
    async examine({
      withoutFile,
      withoutCredential,
      trusted = true,
      names = [],
      namespace,
      env = {},
      newLogin = false,
      standsFor,
      net = {},
      only = [],
      skip = [],
      ...options
    } = {}) {
      const opened: Infisical[] = [];
      const open = (options: Parameters<typeof createInfisical>[0]) => {
        const one = createInfisical(options);
        opened.push(one);
        return one;
      };
      const credential = operatorOf(infisical);
      const again = () => open({ host: infisical.url, credential, timeoutMs: 5_000 });
      const seen = await examine(
        {
          cluster,
          helm,
          net: { ...createNet(), ...net },
          clock: { ...realClock, now: () => world.now },
          env,
          desired: withoutFile ? undefined : desired,
          scope: scopeOf({ all: false, namespace, names }, withoutFile ? undefined : desired),
          infisical: withoutCredential ? undefined : newLogin ? again() : operator,
          visit: async (host, ca) => {
            const target = host === standsFor ? infisical.url : host;
            const visitor = open({ host: target, credential: undefined, ca, timeoutMs: 2_000 });
            return { infisical: { ...visitor, host }, trusted: trusted && target === infisical.url };
          },
          options: {
            noSecrets: false,
            fresh: false,
            timeoutMs: 5_000,
            signal: new AbortController().signal,
            ...options,
          },
        },
        { only, skip },
        () => undefined,
      );
      await Promise.all(opened.map((one) => one.close()));
      return seen.results;
    },
    async plan(command, { desired: wanted = desired, forceConflicts } = {}) {
      const { plan } = await planRoad(portsOf(parts), roadOf(wanted, command, forceConflicts));
      return plan;
    },
    edit(ref, change) {
      const object = cluster.peek(ref);
      if (!object) throw new Error(`${ref.kind} ${ref.name} is not there`);
      const copy = structuredClone(object);
      change(copy);
      cluster.store.put(copy, { manager: "kubectl-edit", operation: "Update" });
    },
    complain(ref, { reason, message, event }) {
      const since = new Date(world.now - 60_000).toISOString();
      cluster.setStatus(
        ref,
        { conditions: [{ type: "Ready", status: "False", reason, message, lastTransitionTime: since }] },
        "external-secrets",
      );
      if (event !== undefined) cluster.seed(warningOf(ref, event, since));
    },
  };
  return world;
}

/** An event as ESO writes it (eso.md 3.1). */
function warningOf(ref: ObjectRef, message: string, at: string): KubeObject {
  const namespace = ref.namespace ?? "default";
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${ref.name}.${message.length}`, namespace },
    involvedObject: { kind: ref.kind, name: ref.name, namespace: ref.namespace },
    type: "Warning",
    reason: ref.kind === "ExternalSecret" ? "UpdateFailed" : "InvalidProviderConfig",
    message,
    lastTimestamp: at,
  };
}

/** What Infisical needs of an API server: TokenReview, answered by the fake cluster in the real one's words. */
async function startApiServer(cluster: FakeCluster): Promise<DoctorWorld["apiServer"]> {
  const server: Server = createServer((request, response) => {
    void answerOf(cluster, request).then(({ status, body }) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  onTestFinished(stop);
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`, stop };
}

async function answerOf(
  cluster: FakeCluster,
  request: IncomingMessage,
): Promise<{ status: number; body: object }> {
  if (!request.url?.endsWith("/tokenreviews"))
    return { status: 200, body: { major: "1", minor: "36", gitVersion: "v1.36.3" } };
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const spec = at(JSON.parse(text), "spec");
  const audiences = textsOf(at(spec, "audiences"));
  const verdict = await cluster.reviewToken({
    token: new Secret(textOf(at(spec, "token")) ?? ""),
    bearer: new Secret(request.headers.authorization?.replace(/^Bearer /, "") ?? ""),
    ...(audiences.length > 0 && { audiences }),
  });
  if (verdict.verdict === "refused")
    return { status: verdict.status, body: { kind: "Status", message: verdict.error } };
  const status =
    verdict.verdict === "genuine"
      ? { authenticated: true, user: { username: verdict.username }, audiences: verdict.audiences }
      : { authenticated: false, error: verdict.error };
  return { status: 201, body: { kind: "TokenReview", status } };
}
