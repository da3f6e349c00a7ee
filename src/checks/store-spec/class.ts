import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { readControllers, servingClass, type EsoController } from "../controllers.ts";
import { pass, skip, unlessForbidden, warning } from "../finding.ts";
import { restore } from "../mending.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";

const nameOf = ({ namespace, deployment }: EsoController) => `${namespace}/${deployment}`;

/** Exactly one controller takes care of the store: of its class, and of its namespace. */
export function judgeClass(context: CheckContext, store: LiveStore): Promise<Finding> {
  return unlessForbidden("list deployments", async () => {
    const controllers = await readControllers(context);
    if (controllers.length === 0) return skip("no ESO was found in the cluster");
    const serving = servingClass(controllers, store.live);
    if (serving.length === 0)
      throw new BootstrapError("ESOB-S222", {
        message: `No ESO in the cluster serves the class "${store.live.controller}" of ${titleOf(store)}.`,
        reason: controllers.map((one) => `${nameOf(one)} serves ${one.controllerClass}`).join("; "),
        fix: restore(context, "ESOB-S222", subjectOf(store)),
      });
    const here = serving.filter(
      ({ scopedTo }) =>
        scopedTo === undefined || store.namespace === undefined || scopedTo === store.namespace,
    );
    if (here.length === 0)
      throw new BootstrapError("ESOB-S228", {
        message: `ESO does not work in namespace ${store.namespace}.`,
        reason: serving.map((one) => `${nameOf(one)} works in ${one.scopedTo} only`).join("; "),
      });
    if (here.length === 1) return pass(`by ${here.map(nameOf).join()}`);
    return warning("ESOB-S223", {
      message: `${here.length} controllers serve ${titleOf(store)}: ${here.map(nameOf).join(", ")}.`,
      reason: "each writes its own verdict and its own Secrets",
    });
  });
}
