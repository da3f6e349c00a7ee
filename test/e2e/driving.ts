import type { ApplyResult } from "../../src/engine/apply.ts";
import { isWrite, targetKey, type Change, type Plan } from "../../src/engine/plan.ts";
import type { CliResult } from "../helpers/run-cli.ts";
import { isInfisicalWrite, isKubernetesWrite } from "../helpers/proxy.ts";
import type { World } from "./world.ts";

/** A run of the built package, with its one JSON document. */
export interface Run<Document> extends CliResult {
  readonly json: Document;
}

/** `init -f eso-bootstrap.yaml --yes -o json` in the person's folder. */
export const init = (world: World, ...more: string[]) =>
  runJson<ApplyResult>(world, "init", "-f", "eso-bootstrap.yaml", "--yes", ...more);

export const plan = (world: World, ...more: string[]) =>
  runJson<Plan>(world, "plan", "-f", "eso-bootstrap.yaml", ...more);

export async function runJson<Document>(world: World, ...args: string[]): Promise<Run<Document>> {
  const result = await world.cli([...args, "-o", "json"]);
  try {
    return { ...result, json: JSON.parse(result.stdout) as Document };
  } catch {
    throw new Error(
      `no JSON from ${args.join(" ")} (exit ${result.code})\n${result.stdout}\n${result.stderr}`,
    );
  }
}

/** `update kubernetes/SecretStore/shop/infisical` for each change that writes or is blocked. */
export const linesOf = ({ changes }: Pick<Plan, "changes">): string[] =>
  changes.filter((change) => isWrite(change) || change.action === "blocked").map(lineOf);

const lineOf = (change: Change) => `${change.action} ${targetKey(change.target)}`;

/** Everything that did not go well, as text for a failed expectation. */
export function troubleOf({ json, code, stderr }: Run<ApplyResult>): string {
  const failed = json.failed
    ? `${json.failed.error.code} ${json.failed.error.message} (${json.failed.error.reason ?? ""})`
    : "";
  const checks = (json.checks ?? [])
    .filter(({ status }) => status === "fail")
    .map(({ code: its, title, message }) => `${its} ${title}: ${message}`);
  const whole = json.applied ? "" : JSON.stringify(json);
  return [...(code === 0 ? [] : [`exit ${code}`, stderr.slice(-1500)]), whole, failed, ...checks]
    .filter(Boolean)
    .join("\n");
}

/** Writes that the proxies counted since they were cleared, as lines. */
export function writesSeen({ proxies }: World): string[] {
  const line = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;
  return [
    ...proxies.kubernetes.seen.filter(isKubernetesWrite).map(line),
    ...proxies.infisical.seen.filter(isInfisicalWrite).map(line),
  ];
}

export function clearProxies({ proxies }: World): void {
  proxies.kubernetes.clear();
  proxies.infisical.clear();
}

interface Conditioned {
  metadata: {
    name: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
  };
  status?: { conditions?: { type: string; status: string; reason: string; message?: string }[] };
}

/** `Valid`, `SecretSynced`: the reason of the condition Ready, when it is true. */
export async function readyReason(world: World, path: string): Promise<string | undefined> {
  const { status } = await world.stack.api<Conditioned>("GET", `/apis/external-secrets.io/v1/${path}`);
  const ready = status?.conditions?.find(({ type }) => type === "Ready");
  return ready?.status === "True" ? ready.reason : `not ready: ${ready?.message ?? "no condition"}`;
}

/** The id of the identity that a store logs in as, from its Secret. */
export async function identityIdOf(world: World, namespace: string, store = "infisical"): Promise<string> {
  const { identityId = "" } = await world
    .secret(namespace, `${store}-identity`)
    .catch(() => world.secret(namespace, `${store}-cluster-identity`));
  return identityId;
}

/** A call to the simulated server's API. */
export async function ask<Body = unknown>(
  world: Pick<World, "infisical">,
  token: string,
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: Body }> {
  const answer = await fetch(`${world.infisical.url}${path}`, {
    method,
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: (await answer.json()) as Body };
}

/** A machine identity of the simulated server, as its snapshot shows it. */
export interface IdentityState {
  name: string;
  orgRole: string;
  project: string | null;
  metadata: { key: string; value: string }[];
  authMethods: string[];
  kubernetesAuth: {
    tokenReviewerJwt: string;
    allowedNamespaces: string;
    allowedNames: string;
    kubernetesHost: string;
  }[];
}

interface Snapshot {
  identities: IdentityState[];
  projects: {
    slug: string;
    roles: { slug: string; description: string | null; permissions: unknown }[];
    memberships: {
      identity: string;
      roles: string[];
      privileges: { slug: string; permissions: unknown }[];
    }[];
  }[];
}

const snapshotOf = ({ infisical }: World) => infisical.snapshot() as unknown as Snapshot;

export const identitiesIn = (world: World, name: string) =>
  snapshotOf(world).identities.filter((identity) => identity.name === name);

/** The one identity of that name; throws where there is none or more than one. */
export function identityIn(world: World, name: string): IdentityState {
  const [identity, ...others] = identitiesIn(world, name);
  if (!identity || others.length > 0)
    throw new Error(`${others.length + (identity ? 1 : 0)} identities are named ${name}`);
  return identity;
}

/** Roles and privileges (slugs) of an identity in a project. */
export function accessOf(world: World, project: string, identity: string) {
  const { memberships = [] } = snapshotOf(world).projects.find(({ slug }) => slug === project) ?? {};
  const rows = memberships.filter((membership) => membership.identity === identity);
  return {
    roles: rows.flatMap(({ roles }) => roles),
    privileges: rows.flatMap(({ privileges }) => privileges.map(({ slug }) => slug)),
  };
}
