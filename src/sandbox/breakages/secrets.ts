import type { Breakage, BreakingWorld } from "./breakage.ts";

const EXTERNAL = ["externalsecrets.external-secrets.io", "shop/shop-db"] as const;
const AT_INFISICAL = ["shop", "prod", "/shop"] as const;

const SYNC = ["sync", "shop-db", "-n", "shop"];

/** ESO looks when an annotation changes, not when something changes at Infisical. */
const poke = (world: BreakingWorld) =>
  world.patch(...EXTERNAL, { metadata: { annotations: { "force-sync": String(Date.now()) } } });

/** The ExternalSecret, and what it asks for. */
export const SECRETS: readonly Breakage[] = [
  {
    name: "external-secret",
    code: "ESOB-E229",
    what: "Somebody deleted the ExternalSecret.",
    break: (world) => world.delete(...EXTERNAL),
  },
  {
    name: "store-name",
    code: "ESOB-E202",
    what: "The ExternalSecret names a store that is not there.",
    break: (world) => world.patch(...EXTERNAL, { spec: { secretStoreRef: { name: "infisicall" } } }),
  },
  {
    name: "key-typo",
    code: "ESOB-E105",
    what: "The ExternalSecret has a typo in a key.",
    break: (world) =>
      world.patch(...EXTERNAL, { spec: { data: [{ secretKey: "DB_USER", remoteRef: { key: "DB_USR" } }] } }),
  },
  {
    name: "key-gone",
    code: "ESOB-E105",
    what: "Somebody deleted a key at Infisical.",
    break(world) {
      world.infisical.deleteSecret(...AT_INFISICAL, "DB_USER");
      poke(world);
    },
    byHand: {
      what: "DB_USER is made again at Infisical.",
      mend: ({ infisical }) => infisical.setSecret(...AT_INFISICAL, "DB_USER", "demo-made-again"),
      afterwards: SYNC,
    },
  },
  {
    name: "empty-value",
    code: "ESOB-E104",
    what: "Somebody emptied a value at Infisical.",
    break(world) {
      world.infisical.setSecret(...AT_INFISICAL, "DB_USER", "");
      poke(world);
    },
    byHand: {
      what: "DB_USER gets a value again at Infisical.",
      mend: ({ infisical }) => infisical.setSecret(...AT_INFISICAL, "DB_USER", "demo-has-a-value"),
      afterwards: SYNC,
    },
  },
  {
    name: "merge",
    code: "ESOB-E210",
    what: "creationPolicy Merge, and no Secret to merge into.",
    break: (world) =>
      world.patch(...EXTERNAL, { spec: { target: { name: "absent", creationPolicy: "Merge" } } }),
  },
  {
    name: "interval-zero",
    code: "ESOB-E217",
    what: "The ExternalSecret is never synced again.",
    break: (world) => world.patch(...EXTERNAL, { spec: { refreshInterval: "0" } }),
  },
  {
    name: "finalizer",
    code: "ESOB-K204",
    what: "A finalizer holds the ExternalSecret's deletion.",
    break(world) {
      world.patch(...EXTERNAL, { metadata: { finalizers: ["example.com/hold"] } });
      world.deletedLongAgo(...EXTERNAL);
    },
    byHand: {
      what: "The finalizer is taken away, and the object goes.",
      mend: (world) => world.patch(...EXTERNAL, { metadata: { finalizers: null } }),
    },
  },
];
