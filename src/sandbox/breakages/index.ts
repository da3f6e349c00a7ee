import { textOf, at } from "../../data.ts";
import type { Breakage, BreakingWorld } from "./breakage.ts";

export { createWorld, type Breakage } from "./breakage.ts";

const STORE = ["secretstores.external-secrets.io", "shop/infisical"] as const;
const EXTERNAL = ["externalsecrets.external-secrets.io", "shop/shop-db"] as const;
const IDENTITY = ["secrets", "shop/infisical-identity"] as const;

const base64 = (text: string) => Buffer.from(text).toString("base64");
const provider = (change: object) => ({ spec: { provider: { infisical: change } } });
const scope = (change: object) => provider({ secretsScope: change });
const login = ({ identityId, send }: BreakingWorld, change: object) =>
  send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${identityId}`, change);

/** Everything that `demo --break` knows, each mended by the command that doctor prints: stores, ExternalSecrets, Infisical, reviewer. */
export const BREAKAGES: readonly Breakage[] = [
  {
    name: "store-deleted",
    code: "ESOB-S227",
    what: "Somebody deleted the SecretStore.",
    break: (world) => world.delete(...STORE),
  },
  {
    name: "identity-secret-deleted",
    code: "ESOB-S203",
    what: "Somebody deleted the Secret with the identity's id.",
    break: (world) => world.delete(...IDENTITY),
  },
  {
    name: "identity-key",
    code: "ESOB-S204",
    what: "The store asks that Secret for a key which it does not have.",
    break: (world) =>
      world.patch(
        ...STORE,
        provider({
          auth: { kubernetesAuthCredentials: { identityId: { name: "infisical-identity", key: "id" } } },
        }),
      ),
  },
  {
    name: "identity-name",
    code: "ESOB-S206",
    what: "Somebody put the identity's name where its id belongs.",
    break: (world) =>
      world.patch(...IDENTITY, { data: { identityId: base64("eso-sandbox-shop-infisical") } }),
  },
  {
    name: "host-api",
    code: "ESOB-S217",
    what: "The store's hostAPI ends in /api/.",
    break: (world) => world.patch(...STORE, provider({ hostAPI: `${world.infisical.url}/api/` })),
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
    what: "The store names the environment where its slug belongs.",
    break: (world) => world.patch(...STORE, scope({ environmentSlug: "production" })),
  },
  {
    name: "folder",
    code: "ESOB-I203",
    what: "The store reads a folder that is not there.",
    break: (world) => world.patch(...STORE, scope({ secretsPath: "/shopp" })),
  },
  {
    name: "external-secret-deleted",
    code: "ESOB-E229",
    what: "Somebody deleted the ExternalSecret.",
    break: (world) => world.delete(...EXTERNAL),
  },
  {
    name: "allowed-namespace",
    code: "ESOB-R110",
    what: "Kubernetes Auth allows another namespace than ESO's.",
    break: (world) => login(world, { allowedNamespaces: "shop" }),
  },
  {
    name: "allowed-account",
    code: "ESOB-R111",
    what: "Kubernetes Auth allows another ServiceAccount than ESO's.",
    break: (world) => login(world, { allowedNames: "eso" }),
  },
  {
    name: "audience",
    code: "ESOB-R112",
    what: "Kubernetes Auth asks for an audience that ESO's token does not have.",
    break: (world) => login(world, { allowedAudience: "infisical" }),
  },
  {
    name: "not-a-member",
    code: "ESOB-I332",
    what: "The identity is no longer a member of the project.",
    break: ({ send, projectId, identityId }) =>
      send("DELETE", `/api/v1/projects/${projectId}/memberships/identities/${identityId}`),
  },
  {
    name: "role-narrowed",
    code: "ESOB-R119",
    what: "Somebody narrowed the identity's role to another folder.",
    async break({ send, projectId }) {
      const roles = `/api/v1/projects/${projectId}/roles`;
      const found = await send("GET", `${roles}/slug/k8s-sandbox-shop-infisical`);
      const conditions = { environment: { $eq: "prod" }, secretPath: { $eq: "/cart" } };
      await send("PATCH", `${roles}/${textOf(at(found, "role", "id"))}`, {
        permissions: [{ subject: "secrets", action: ["describeSecret", "readValue"], conditions }],
      });
    },
  },
  {
    name: "identity-deleted",
    code: "ESOB-I321",
    what: "Somebody deleted the machine identity.",
    break: ({ send, identityId }) => send("DELETE", `/api/v1/identities/${identityId}`),
  },
  {
    name: "reviewer-binding",
    code: "ESOB-R202",
    what: "Somebody deleted the reviewer's ClusterRoleBinding.",
    break: (world) =>
      world.delete("clusterrolebindings.rbac.authorization.k8s.io", "infisical-token-reviewer"),
  },
  {
    name: "reviewer-token",
    code: "ESOB-R205",
    what: "Somebody deleted the Secret with the reviewer's token.",
    break: (world) => world.delete("secrets", "external-secrets/infisical-token-reviewer-1"),
  },
  {
    name: "reviewer-account",
    code: "ESOB-R201",
    what: "Somebody deleted the reviewer's ServiceAccount.",
    break: (world) => world.delete("serviceaccounts", "external-secrets/infisical-token-reviewer"),
  },
];
