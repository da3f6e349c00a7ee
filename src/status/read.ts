import { collect, type Hidden, type StoreSubject, type Subjects } from "../checks/collect.ts";
import type { Scope } from "../checks/scope.ts";
import { storeKey } from "../checks/view/store.ts";
import { at, recordOf, textOf } from "../data.ts";
import type { Desired } from "../desired/desired.ts";
import { REVIEWER_LABEL } from "../desired/manifests.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import { MANAGED_BY_LABEL, MANAGER, type Cluster, type KubeObject } from "../kubernetes/cluster.ts";
import { findControllers } from "../steps/eso-fact.ts";
import { TOKEN_TYPE } from "../steps/reviewer-fact.ts";
import { endOf, endsSoon } from "../steps/token-ends.ts";
import { secondsSince, secretRows, storeRows, type Extras } from "./build.ts";
import type { EsoStatus, ReviewerStatus, StatusReport } from "./report.ts";

/** What a look at the state is about. */
export interface StatusGround {
  readonly cluster: Cluster;
  readonly scope: Scope;
  /** What the file says, also where `scope` is the whole cluster. */
  readonly desired: Desired | undefined;
  readonly now: () => number;
}

/** Everything that changes seldom, and is told beside stores and ExternalSecrets. */
export interface Surroundings {
  readonly eso: readonly EsoStatus[];
  readonly reviewers: readonly ReviewerStatus[];
  readonly hidden: readonly string[];
}

/** Up to here each target Secret and identity Secret is read; over a whole cluster the objects' own word must do. */
const FEW = 20;

/** The whole report, read once. Needs only a kubeconfig; what may not be read is told in `hidden`. */
export async function readStatus(ground: StatusGround): Promise<StatusReport> {
  const [subjects, surroundings] = await Promise.all([
    collect(ground.cluster, ground.scope),
    readSurroundings(ground),
  ]);
  assertSomething(subjects, surroundings);
  return reportOf(ground, subjects, surroundings, await readExtras(ground, subjects));
}

/** Puts the parts together; pure but for the clock. */
export function reportOf(
  { cluster, desired, now }: StatusGround,
  subjects: Subjects,
  { eso, reviewers, hidden }: Surroundings,
  extras: Extras,
): StatusReport {
  return {
    cluster: desired?.cluster.name ?? cluster.info.context,
    eso,
    reviewers,
    stores: storeRows(subjects, extras),
    secrets: secretRows(subjects, extras, now()),
    hidden: [...new Set([...subjects.hidden.map(placeOf), ...hidden])],
  };
}

/** Who may read nothing at all is told so, and not that there is nothing. */
function assertSomething({ stores, secrets, hidden }: Subjects, { eso }: Surroundings): void {
  const isBlind = hidden.some(({ kind }) => kind === "ExternalSecret");
  const isSeen = [...stores, ...secrets].some(({ live }) => live !== undefined) || eso.length > 0;
  if (isSeen || !isBlind) return;
  throw new BootstrapError("ESOB-K104", {
    message: "Neither stores nor ExternalSecrets may be read here.",
    reason: `not allowed: list ${hidden.map(placeOf).join(", ")}`,
    fix: { summary: "Name a namespace where you may.", command: "eso-bootstrap status -n NAMESPACE" },
  });
}

const placeOf = ({ kind, namespace }: Hidden) => `${kind}s of ${namespace ?? "the cluster"}`;

export async function readSurroundings({ cluster, now }: StatusGround): Promise<Surroundings> {
  const hidden: string[] = [];
  const [eso, reviewers] = await Promise.all([
    unlessForbidden(() => readEso(cluster), "Deployments of the cluster", hidden),
    unlessForbidden(() => readReviewers(cluster, now()), "the reviewer's Secrets", hidden),
  ]);
  return { eso: eso ?? [], reviewers: reviewers ?? [], hidden };
}

async function unlessForbidden<Fact>(
  read: () => Promise<Fact>,
  what: string,
  hidden: string[],
): Promise<Fact | undefined> {
  try {
    return await read();
  } catch (error) {
    if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
    hidden.push(what);
    return undefined;
  }
}

async function readEso(cluster: Cluster): Promise<EsoStatus[]> {
  const controllers = await findControllers(cluster);
  return controllers.map(({ namespace, version, installedBy, available }) => ({
    namespace,
    ...(version !== undefined && { version }),
    installedBy,
    available,
  }));
}

/** The newest Secret of each reviewer: the last one is in use. */
async function readReviewers(cluster: Cluster, now: number): Promise<ReviewerStatus[]> {
  const newest = new Map<string, KubeObject>();
  const labelSelector = `${MANAGED_BY_LABEL}=${MANAGER},${REVIEWER_LABEL}`;
  for await (const secret of cluster.list({ apiVersion: "v1", kind: "Secret", labelSelector })) {
    const { namespace = "", labels = {}, creationTimestamp = "" } = secret.metadata;
    const key = `${namespace}/${labels[REVIEWER_LABEL]}`;
    if (creationTimestamp >= (newest.get(key)?.metadata.creationTimestamp ?? "")) newest.set(key, secret);
  }
  return [...newest.values()].map((secret) => reviewerStatus(secret, now));
}

function reviewerStatus(secret: KubeObject, now: number): ReviewerStatus {
  const { namespace = "", labels = {}, creationTimestamp } = secret.metadata;
  const bound = secret["type"] !== TOKEN_TYPE;
  const end = bound ? endOf(secret) : undefined;
  return {
    namespace,
    serviceAccount: labels[REVIEWER_LABEL] ?? "",
    ...(creationTimestamp !== undefined && { ageSeconds: secondsSince(creationTimestamp, now) }),
    ...(end && {
      expiresAt: end.toISOString(),
      expiresInSeconds: Math.floor((end.getTime() - now) / 1000),
      expiresSoon: endsSoon(end, new Date(creationTimestamp ?? now), now),
    }),
    token: bound ? "bound" : "unlimited",
  };
}

/** Names of identities from the file; ids, and keys of target Secrets, where there are few and they may be read. */
export async function readExtras({ cluster, desired }: StatusGround, subjects: Subjects): Promise<Extras> {
  const identities = new Map<string, string>();
  const present = new Map<string, ReadonlySet<string>>();
  const read = async (namespace: string, name: string) =>
    cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name }).catch((error: unknown) => {
      if (isBootstrapError(error) && error.code === "ESOB-K104") return undefined;
      throw error;
    });
  const readIdentity = async ({ key, live }: StoreSubject) => {
    const { name, key: field = "", namespace = live?.namespace } = live?.identityRef ?? {};
    if (name === undefined || namespace === undefined) return;
    const encoded = textOf(at((await read(namespace, name))?.["data"], field));
    if (encoded !== undefined) identities.set(key, Buffer.from(encoded, "base64").toString("utf8").trim());
  };
  const { stores, secrets } = subjects;
  await Promise.all([
    ...(stores.length <= FEW ? stores.map(readIdentity) : []),
    ...(secrets.length <= FEW ? secrets : []).map(async ({ namespace, target, live }) => {
      const secret = live && (await read(namespace, target));
      if (secret) present.set(`${namespace}/${target}`, new Set(Object.keys(recordOf(secret["data"]))));
    }),
  ]);
  for (const { kind, name, namespaces, identityName } of desired?.stores ?? [])
    for (const namespace of namespaces) identities.set(storeKey(kind, namespace, name), identityName);
  return { identities, present };
}
