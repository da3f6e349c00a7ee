import type { Breakage } from "./breakage.ts";

const STORE = ["secretstores.external-secrets.io", "shop/infisical"] as const;
const IDENTITY = ["secrets", "shop/infisical-identity"] as const;

const base64 = (text: string) => Buffer.from(text).toString("base64");
const provider = (change: object) => ({ spec: { provider: { infisical: change } } });
const scope = (change: object) => provider({ secretsScope: change });
const identityId = (change: object) =>
  provider({ auth: { kubernetesAuthCredentials: { identityId: change } } });

/** The store, and the Secret with the identity's id. */
export const STORES: readonly Breakage[] = [
  {
    name: "store-deleted",
    code: "ESOB-S227",
    what: "Somebody deleted the SecretStore.",
    break: (world) => world.delete(...STORE),
  },
  {
    name: "identity-secret",
    code: "ESOB-S203",
    what: "Somebody deleted the Secret with the identity's id.",
    break: (world) => world.delete(...IDENTITY),
  },
  {
    name: "identity-key",
    code: "ESOB-S204",
    what: "The store asks that Secret for a key it lacks.",
    break: (world) => world.patch(...STORE, identityId({ name: "infisical-identity", key: "id" })),
  },
  {
    name: "identity-name",
    code: "ESOB-S206",
    what: "The identity's name stands where its id belongs.",
    break: (world) =>
      world.patch(...IDENTITY, {
        data: { identityId: base64("eso-sandbox-shop-infisical") },
      }),
  },
  {
    name: "guide-namespace",
    code: "ESOB-S208",
    what: "The official guide: a Secret of another namespace.",
    break(world) {
      const secret = { name: "infisical-auth", namespace: "default" };
      world.make({
        apiVersion: "v1",
        kind: "Secret",
        metadata: secret,
        data: { identityId: base64(world.identityId) },
      });
      world.patch(...STORE, identityId({ ...secret, key: "identityId" }));
    },
    byHand: {
      what: "The namespace is taken out of the store.",
      mend: (world) => world.patch(...STORE, identityId({ namespace: null })),
    },
  },
  {
    name: "two-logins",
    code: "ESOB-S201",
    what: "The store has Universal Auth besides, which wins.",
    break(world) {
      const ref = { name: "infisical-identity", key: "identityId" };
      world.patch(
        ...STORE,
        provider({ auth: { universalAuthCredentials: { clientId: ref, clientSecret: ref } } }),
      );
    },
    byHand: {
      what: "That block is taken out of the store.",
      mend: (world) => world.patch(...STORE, provider({ auth: { universalAuthCredentials: null } })),
    },
  },
  {
    name: "host-scheme",
    code: "ESOB-S216",
    what: "The store's hostAPI has no https://.",
    break: (world) => world.patch(...STORE, provider({ hostAPI: "infisical.example.com" })),
  },
  {
    name: "host-api",
    code: "ESOB-S217",
    what: "The store's hostAPI ends in /api/.",
    break: (world) => world.patch(...STORE, provider({ hostAPI: `${world.infisical.url}/api/` })),
  },
  {
    name: "controller-class",
    code: "ESOB-S222",
    what: "The store wants a controller that is not here.",
    break: (world) => world.patch(...STORE, { spec: { controller: "somebody-else" } }),
    byHand: {
      what: "The class is taken out of the store.",
      mend: (world) => world.patch(...STORE, { spec: { controller: null } }),
    },
  },
  {
    name: "project-slug",
    code: "ESOB-I201",
    what: "The store has a typo in the project's slug.",
    break: (world) => world.patch(...STORE, scope({ projectSlug: "shopp" })),
  },
  {
    name: "environment-slug",
    code: "ESOB-I202",
    what: "The store has the environment's name for its slug.",
    break: (world) => world.patch(...STORE, scope({ environmentSlug: "production" })),
  },
  {
    name: "folder",
    code: "ESOB-I203",
    what: "The store reads a folder that is not there.",
    break: (world) => world.patch(...STORE, scope({ secretsPath: "/shopp" })),
  },
];
