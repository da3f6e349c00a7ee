import type { Check } from "../engine/check.ts";
import type { CheckContext } from "./context.ts";
import { crdChecks } from "./eso-crds.ts";
import { podChecks } from "./eso-pods.ts";
import { installChecks } from "./eso-install.ts";
import { esoRightsCheck } from "./eso-rights.ts";
import { scopeChecks } from "./eso-scope.ts";
import { webhookChecks } from "./eso-webhook.ts";
import { ifAllowed } from "./if-allowed.ts";

/** What keeps ESO from looking at any store: troubles of stores may follow from these. */
export const ESO_IDS = [
  "crd-there",
  "crd-v1",
  "crd-schema",
  "installed",
  "scaled",
  "available",
  "namespace",
  "cluster-stores",
].map((id) => `eso-${id}`);

/** ESO is there, runs, may do what it must, and looks at what it is given. */
export function esoChecks(context: CheckContext): readonly Check<CheckContext>[] {
  return [
    ...crdChecks(context),
    ...installChecks(),
    ...podChecks(),
    ...scopeChecks(context),
    esoRightsCheck(),
    ...webhookChecks(),
  ].map((check) => ({ ...ifAllowed(check), retry: true }));
}
