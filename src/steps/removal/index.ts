import type { Step } from "../../engine/plan.ts";
import type { RemovalContext } from "./context.ts";
import { removeCrds, removeRelease } from "./eso.ts";
import { removeIdentities } from "./identities.ts";
import { removeNamespaces } from "./namespaces.ts";
import { removeReviewer } from "./reviewer.ts";
import { removeSecrets } from "./secrets.ts";
import { removeStoreObjects, removeStores } from "./stores.ts";

/** Looked at once: the namespaces want to know what the others are about to take. */
const OBJECTS: readonly Step<RemovalContext>[] = [
  removeSecrets,
  removeStores,
  removeIdentities,
  removeStoreObjects,
  removeReviewer,
  removeCrds,
  removeRelease,
].map((step, index) => ({
  ...step,
  look: (context) => context.survey.once(`look ${index}`, () => step.look(context)),
}));

/**
 * The way back, in an order that cannot hang and that a killed run can take up again: ExternalSecrets while ESO runs, because of
 * their finalizer; an identity before the Secret that names it; shared things with their last user; ESO and its kinds last.
 */
export const REMOVAL: readonly Step<RemovalContext>[] = [...OBJECTS, removeNamespaces(OBJECTS)];
