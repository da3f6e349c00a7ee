import { dataHash } from "../desired/manifests.ts";
import type { DesiredSecret } from "../desired/desired.ts";
import type { Action, Step } from "../engine/plan.ts";
import { grouped } from "../grouped.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import type { RoadContext } from "./context.ts";
import { rightsFor, targetOf } from "./objects.ts";
import { isStartedWith, restartWith, type Content } from "./rollout.ts";
import { isReloaded, usesSecret, workloadsIn, type Workload } from "./workloads.ts";

const STEP: Step<RoadContext>["id"] = "secret";

/** A Secret that was synced, or is about to be, and which of its users are meant. */
export interface Restarting extends Pick<DesiredSecret, "target" | "restart"> {
  readonly namespace: string;
  /** It gets another content within this run. */
  readonly isChanging: boolean;
}

/** A workload and the Secrets for which it must be restarted, once for all of them. */
export interface Restart {
  readonly workload: KubeObject;
  readonly secrets: readonly string[];
  /** Stakater's Reloader does it. */
  readonly isReloaded: boolean;
}

type Looking = Pick<RoadContext, "cluster">;

/** With `--restart`: workloads that use a Secret and were not yet started with the content that it has, or is about to get. */
export async function lookAtRestarts(context: RoadContext, all: readonly Restarting[]): Promise<Action[]> {
  if (!context.options.restart) return [];
  const restarts = await findRestarts(context, all);
  return restarts.map((one) => {
    const { workload, secrets } = one;
    const target = targetOf(workload);
    const uses = `it uses Secret ${secrets.join(", ")}`;
    if (one.isReloaded)
      return {
        change: { step: STEP, action: "unchanged", target, summary: `${uses}; Reloader restarts it` },
      };
    return {
      change: { step: STEP, action: "update", target, summary: `restart: ${uses}` },
      needs: { kubernetes: rightsFor(workload, ["patch"]) },
      apply: async () => void (await restart(context, one)),
    };
  });
}

/** Who must be restarted. One that Reloader takes care of is told apart, unless the configuration names it. */
export async function findRestarts(context: Looking, all: readonly Restarting[]): Promise<Restart[]> {
  const meant = all.filter((secret) => secret.restart !== "none");
  const perNamespace = grouped(meant, ({ namespace }) => namespace).map(async ([namespace, secrets]) => {
    const workloads = await workloadsIn(context.cluster, namespace);
    const used = secrets.filter((secret) => workloads.some((workload) => isMeant(workload, secret)));
    const live = new Map<string, KubeObject | undefined>();
    for (const { target } of used) live.set(target, await secretOf(context, namespace, target));
    const hashIn = (target: string) => {
      const secret = live.get(target);
      return secret && dataHash(secret["data"]);
    };
    return workloads.flatMap((workload) => {
      const stale = used.filter(
        (secret) => isMeant(workload, secret) && isStale(workload.object, secret, hashIn(secret.target)),
      );
      const [left, ours] = [true, false].map((isReloaded) =>
        stale.filter(
          (secret) => isLeftToReloader(workload.object, secret, live.get(secret.target)) === isReloaded,
        ),
      );
      return [
        ...toRestart(workload.object, ours ?? [], false),
        ...((ours ?? []).length === 0 ? toRestart(workload.object, left ?? [], true) : []),
      ];
    });
  });
  return (await Promise.all(perNamespace)).flat();
}

function isStale(
  workload: KubeObject,
  { target, isChanging }: Restarting,
  hash: string | undefined,
): boolean {
  return isChanging || hash === undefined || !isStartedWith(workload, { secret: target, hash });
}

function isMeant({ object, podSpecs }: Workload, { restart: which, target }: Restarting): boolean {
  return Array.isArray(which)
    ? which.includes(nameOf(object))
    : podSpecs.some((spec) => usesSecret(spec, target));
}

/** As `secrets[].restart` names workloads: `deployment/shop`. */
export const nameOf = ({ kind, metadata }: KubeObject) => `${kind.toLowerCase()}/${metadata.name}`;

function toRestart(workload: KubeObject, stale: readonly Restarting[], isReloaded: boolean): Restart[] {
  return stale.length === 0 ? [] : [{ workload, secrets: stale.map(({ target }) => target), isReloaded }];
}

function isLeftToReloader(
  workload: KubeObject,
  { restart: which, target: name }: Restarting,
  secret: KubeObject | undefined,
): boolean {
  return (
    !Array.isArray(which) && isReloaded(workload, { name, annotations: secret?.metadata.annotations ?? {} })
  );
}

/** Restarts it with what its Secrets hold now. False: it was started with that already, or a Secret is not there. */
export async function restart(
  context: Parameters<typeof restartWith>[0],
  { workload, secrets }: Pick<Restart, "workload" | "secrets">,
): Promise<boolean> {
  const contents: Content[] = [];
  for (const secret of secrets) {
    const hash = await hashOf(context, workload.metadata.namespace ?? "default", secret);
    if (hash !== undefined) contents.push({ secret, hash });
  }
  const stale = contents.filter((content) => !isStartedWith(workload, content));
  if (stale.length > 0) await restartWith(context, workload, stale);
  return stale.length > 0;
}

async function hashOf(
  { cluster }: Pick<Looking, "cluster">,
  namespace: string,
  name: string,
): Promise<string | undefined> {
  const live = await secretOf({ cluster }, namespace, name);
  return live && dataHash(live["data"]);
}

const secretOf = ({ cluster }: Pick<Looking, "cluster">, namespace: string, name: string) =>
  cluster.get({ apiVersion: "v1", kind: "Secret", namespace, name });
