import type { Api } from "../api.ts";
import type { Change } from "../store.ts";
import { accounts } from "./accounts.ts";
import type { Controller } from "./controller.ts";
import { crds } from "./crds.ts";
import { garbage } from "./garbage.ts";
import { kubelet } from "./kubelet.ts";
import { namespaces } from "./namespaces.ts";
import { roles } from "./roles.ts";
import { workloads } from "./workloads.ts";

const CONTROLLERS: readonly Controller[] = [crds, namespaces, accounts, garbage, roles, workloads, kubelet];

/** Runs the controllers after each change, never within the request that made it. */
export function startControllers(api: Api): { settle(): void; stop(): void } {
  const open: Change[] = [];
  let timer: NodeJS.Immediate | undefined;
  const work = (): void => {
    timer = undefined;
    for (let change = open.shift(); change; change = open.shift())
      for (const controller of CONTROLLERS) controller(api, change);
  };
  const stop = api.store.onChange((change) => {
    open.push(change);
    timer ??= setImmediate(work);
  });
  return {
    settle: work,
    stop: () => {
      stop();
      clearImmediate(timer);
    },
  };
}
