import { at, textOf } from "../../data.ts";
import type { Breakage, BreakingWorld } from "./breakage.ts";

const login = ({ identityId, send }: BreakingWorld, change: object) =>
  send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${identityId}`, change);

/** At Infisical: the login, the identity and its rights; in the cluster: the reviewer. */
export const ACCESS: readonly Breakage[] = [
  {
    name: "wrong-namespace",
    code: "ESOB-R110",
    what: "The login allows another namespace than ESO's.",
    break: (world) => login(world, { allowedNamespaces: "shop" }),
  },
  {
    name: "wrong-account",
    code: "ESOB-R111",
    what: "The login allows another ServiceAccount than ESO's.",
    break: (world) => login(world, { allowedNames: "eso" }),
  },
  {
    name: "audience",
    code: "ESOB-R112",
    what: "The login asks for an audience ESO's token lacks.",
    break: (world) => login(world, { allowedAudience: "infisical" }),
  },
  {
    name: "not-a-member",
    code: "ESOB-I332",
    what: "The identity is no member of the project any more.",
    break: ({ send, projectId, identityId }) =>
      send("DELETE", `/api/v1/projects/${projectId}/memberships/identities/${identityId}`),
  },
  {
    name: "role-narrowed",
    code: "ESOB-R119",
    what: "The identity's role reads another folder now.",
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
    name: "universal-auth",
    code: "ESOB-I330",
    what: "Universal Auth is on the identity, too.",
    break: ({ send, identityId }) => send("POST", `/api/v1/auth/universal-auth/identities/${identityId}`, {}),
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
    what: "Somebody deleted the reviewer's token Secret.",
    break: (world) => world.delete("secrets", "external-secrets/infisical-token-reviewer-1"),
  },
  {
    name: "reviewer-account",
    code: "ESOB-R201",
    what: "Somebody deleted the reviewer's ServiceAccount.",
    break: (world) => world.delete("serviceaccounts", "external-secrets/infisical-token-reviewer"),
  },
];
