import type { Check } from "../../engine/check.ts";
import type { RoadContext } from "../../steps/context.ts";
import { esoChecks } from "./eso.ts";
import { loginChecks } from "./login.ts";
import { reviewerChecks } from "./reviewer.ts";
import { rotationChecks } from "./rotation.ts";
import { secretChecks } from "./secrets.ts";
import { storeChecks } from "./stores.ts";

/** Which checks prove each step, in order: step 8 of the road. */
const CHECKS_OF: Record<string, (context: RoadContext) => Check<RoadContext>[]> = {
  eso: esoChecks,
  reviewer: reviewerChecks,
  "reviewer-token": reviewerChecks,
  "reviewer-users": rotationChecks,
  "kubernetes-auth": loginChecks,
  store: storeChecks,
  secret: secretChecks,
};

/** The checks that prove what these steps have left behind; `needs` only name checks among them. */
export function proofOf(context: RoadContext, stepIds: readonly string[]): Check<RoadContext>[] {
  return stepIds.flatMap((id) => CHECKS_OF[id]?.(context) ?? []);
}
