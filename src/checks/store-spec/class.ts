import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { readControllers, servingClass, type EsoController } from "../controllers.ts";
import { pass, skip, unlessForbidden } from "../finding.ts";
import { removeField, restore } from "../mending.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";

const nameOf = ({ namespace, deployment }: EsoController) => `${namespace}/${deployment}`;

/** Some ESO takes care of the store's class. Two of one class, and one that works elsewhere only, are told with ESO. */
export function judgeClass(context: CheckContext, store: LiveStore): Promise<Finding> {
  return unlessForbidden("list deployments", async () => {
    const controllers = await readControllers(context);
    if (controllers.length === 0) return skip("no ESO was found in the cluster");
    const serving = servingClass(controllers, store.live);
    if (serving.length > 0) return pass(`by ${serving.map(nameOf).join(", ")}`);
    throw new BootstrapError("ESOB-S222", {
      message: `No ESO in the cluster serves the class "${store.live.controller}" of ${titleOf(store)}.`,
      reason: controllers.map((one) => `${nameOf(one)} serves ${one.controllerClass}`).join("; "),
      // A class that the file does not set is nobody's field of ours: applying the file would leave it.
      fix:
        context.desired?.eso.controllerClass === "default"
          ? removeField("Remove it.", subjectOf(store), "/spec/controller")
          : restore(context, "ESOB-S222", subjectOf(store)),
    });
  });
}
