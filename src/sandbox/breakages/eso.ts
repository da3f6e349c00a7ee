import type { Breakage } from "./breakage.ts";

const CONTROLLER = ["deployments.apps", "external-secrets/external-secrets"] as const;

/** ESO itself. */
export const ESO: readonly Breakage[] = [
  {
    name: "eso-scaled",
    code: "ESOB-H204",
    what: "Somebody scaled ESO to zero.",
    break: (world) => world.patch(...CONTROLLER, { spec: { replicas: 0 } }),
    byHand: {
      what: "ESO is scaled to one replica.",
      mend: (world) => world.patch(...CONTROLLER, { spec: { replicas: 1 } }),
    },
  },
  {
    name: "crd-deleted",
    code: "ESOB-H211",
    what: "Somebody deleted a CRD of ESO.",
    break: (world) =>
      world.delete("customresourcedefinitions.apiextensions.k8s.io", "externalsecrets.external-secrets.io"),
  },
];
