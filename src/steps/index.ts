import type { Step } from "../engine/plan.ts";
import type { RoadContext } from "./context.ts";
import { esoStep } from "./eso.ts";
import { identityStep } from "./identity.ts";
import { kubernetesAuthStep } from "./kubernetes-auth.ts";
import { projectStep } from "./project.ts";
import { reviewerStep } from "./reviewer.ts";
import { secretStep } from "./secret.ts";
import { storeStep } from "./store.ts";

/** The road, in order (product.md section 1). Read this to know what the tool does. */
const ROAD: readonly Step<RoadContext>[] = [
  esoStep,
  reviewerStep,
  projectStep,
  identityStep,
  kubernetesAuthStep,
  storeStep,
  secretStep,
];

/** Which steps each command takes. */
export const STEPS_OF = {
  init: ROAD,
  plan: ROAD,
  apply: ROAD,
  install: [esoStep],
  reviewer: [reviewerStep],
  identity: [projectStep, identityStep, kubernetesAuthStep],
  store: [storeStep],
  /** `doctor --fix`: what can be restored without making anything that was never there. */
  fix: [reviewerStep, identityStep, kubernetesAuthStep, storeStep, secretStep],
} as const satisfies Record<string, readonly Step<RoadContext>[]>;

export type RoadCommand = keyof typeof STEPS_OF;
