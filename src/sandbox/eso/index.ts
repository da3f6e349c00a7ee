/**
 * A simulated External Secrets Operator with its Infisical provider. It runs while a Deployment with ESO's image is available in the
 * simulated cluster, speaks to Infisical over HTTP as the real one does, and says what the real one says (eso.md 1 to 3 and 5).
 */

import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { sameValue } from "../kubernetes/json.ts";
import type { Change } from "../kubernetes/store.ts";
import { type Controller, runningControllers } from "./controller-pod.ts";
import { reconcileExternalSecret } from "./external-secrets.ts";
import { printFailure, printStart } from "./log.ts";
import { reconcileStore } from "./stores.ts";
import { nameOfTarget } from "./target.ts";

const GROUP = "external-secrets.io";
const STORES = [`clustersecretstores.${GROUP}`, `secretstores.${GROUP}`];
const EXTERNAL = `externalsecrets.${GROUP}`;
/** Back-off of one object that fails (ctrl/common/common.go). */
const FIRST_MS = 1000;
const MOST_MS = 420_000;

/** Starts it beside an API server; it does nothing until it is installed. */
export function startEso(api: Api): { settled(): Promise<void>; stop(): Promise<void> } {
  const queue = new Queue((key) => reconcile(api, key));
  let wasRunning = false;
  const onChange = (change: Change): void => {
    if (change.resource === "deployments.apps") {
      const isRunning = runningControllers(api).length > 0;
      if (isRunning && !wasRunning)
        for (const resource of [...STORES, EXTERNAL])
          for (const object of api.store.list(resource)) queue.add(keyOf(resource, object));
      if (isRunning)
        for (const controller of runningControllers(api))
          for (const pod of api.store.list("pods", controller.namespace)) printStart(api, controller, pod);
      wasRunning = isRunning;
    }
    if (change.resource === "pods" && change.type !== "DELETED")
      for (const controller of runningControllers(api)) printStart(api, controller, change.object);
    if (!wasRunning) return;
    const isOurs = STORES.includes(change.resource) || change.resource === EXTERNAL;
    if (isOurs && change.type !== "DELETED" && isNews(change))
      queue.add(keyOf(change.resource, change.object));
    if (change.resource === "secrets")
      for (const external of api.store.list(EXTERNAL, change.object.metadata.namespace))
        if (nameOfTarget(external) === change.object.metadata.name) queue.add(keyOf(EXTERNAL, external));
  };
  const unsubscribe = api.store.onChange(onChange);
  return {
    settled: () => queue.settled(),
    stop: async () => {
      unsubscribe();
      await queue.stop();
    },
  };
}

const keyOf = (resource: string, { metadata }: KubeObject): string =>
  [resource, metadata.namespace ?? "", metadata.name].join("/");

/** What the real one's predicates let through: spec, labels, annotations, and the end of an object; never a status. */
function isNews({ object, before }: Change): boolean {
  const seen = (one: KubeObject | undefined) =>
    one && [
      one.metadata.generation,
      one.metadata.labels,
      one.metadata.annotations,
      one.metadata.deletionTimestamp,
      one.metadata.uid,
    ];
  return !sameValue(seen(object), seen(before));
}

async function reconcile(api: Api, key: string): Promise<number | undefined> {
  const [resource = "", namespace = "", name = ""] = key.split("/");
  const waits = runningControllers(api).map(async (controller: Controller) => {
    const object = api.get(resource, namespace || undefined, name);
    if (!object) return undefined;
    try {
      return await (resource === EXTERNAL
        ? reconcileExternalSecret(api, controller, object)
        : reconcileStore(api, controller, object));
    } catch (error) {
      printFailure(api, controller, object, error instanceof Error ? error.message : String(error));
      throw error;
    }
  });
  const found = (await Promise.all(waits)).filter((wait) => wait !== undefined);
  return found.length > 0 ? Math.min(...found) : undefined;
}

/** One at a time, as ESO's `concurrent: 1`; what fails comes again after a pause that doubles. */
class Queue {
  readonly #work: (key: string) => Promise<number | undefined>;
  readonly #open = new Set<string>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #failures = new Map<string, number>();
  #busy: Promise<void> | undefined;
  #isStopped = false;

  constructor(work: (key: string) => Promise<number | undefined>) {
    this.#work = work;
  }

  add(key: string): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#open.add(key);
    this.#busy ??= this.#run();
  }

  /** Until nothing is left that is due now; controllers come one turn after a change. */
  async settled(): Promise<void> {
    for (let turn = 0; turn < 3; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#busy;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#open.clear();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await this.#busy;
  }

  async #run(): Promise<void> {
    // The request that brought the change is answered first.
    await new Promise((resolve) => setImmediate(resolve));
    for (let [key] = this.#open; key !== undefined; [key] = this.#open) {
      this.#open.delete(key);
      await this.#once(key);
    }
    this.#busy = undefined;
  }

  async #once(key: string): Promise<void> {
    try {
      const wait = await this.#work(key);
      this.#failures.delete(key);
      if (wait !== undefined) this.#later(key, wait);
    } catch {
      const times = this.#failures.get(key) ?? 0;
      this.#failures.set(key, times + 1);
      this.#later(key, Math.min(FIRST_MS * 2 ** times, MOST_MS));
    }
  }

  #later(key: string, milliseconds: number): void {
    if (this.#isStopped || this.#open.has(key)) return;
    const timer = setTimeout(() => this.add(key), Math.min(milliseconds, 2 ** 31 - 1));
    timer.unref();
    this.#timers.set(key, timer);
  }
}
