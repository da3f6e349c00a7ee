import type { Code } from "../../../../src/codes.ts";
import type { DoctorWorld } from "../../../helpers/doctor-world.ts";
import { patchAuth, setIdentityId } from "../../../helpers/doctor-breaks.ts";
import type { Breakage } from "./breakage.ts";

const ROLE = "k8s-test-shop-infisical";

async function projectOf({ operator }: DoctorWorld) {
  const project = await operator.findProject("shop");
  if (!project) throw new Error("no project");
  return project;
}

const stored = (
  code: Code,
  what: string,
  body: object,
  more: Pick<Breakage, "as" | "world"> = {},
): Breakage => ({ code, what, ...more, break: (world) => patchAuth(world, body) });

/** Another identity of ours in its place, with tokens that no call of the API would store on this plan. */
const replaced = (
  code: Code,
  what: string,
  config: Parameters<DoctorWorld["infisical"]["attachKubernetesAuth"]>[1],
): Breakage => ({
  code,
  what,
  as: "warn",
  break: async (world) => {
    const { infisical, operator, cluster } = world;
    const auth = await operator.findKubernetesAuth(world.identityId());
    const uid =
      cluster.peek({ apiVersion: "v1", kind: "Namespace", name: "kube-system" })?.metadata.uid ?? "";
    const mark = { "managed-by": "eso-bootstrap", cluster: uid, store: "shop/infisical" };
    const { id } = infisical.createIdentity({
      name: "another of ours",
      orgRole: "no-access",
      metadata: Object.entries(mark).map(([key, value]) => ({ key, value })),
    });
    infisical.attachKubernetesAuth(id, {
      kubernetesHost: auth?.host ?? "",
      caCert: auth?.ca ?? "",
      tokenReviewerJwt: auth?.reviewer?.reveal() ?? "",
      allowedNamespaces: auth?.allowedNamespaces ?? "",
      allowedNames: auth?.allowedNames ?? "",
      ...config,
    });
    infisical.addMember("shop", id, ROLE);
    setIdentityId(world, id);
  },
});

const regrant = (code: Code, what: string, path: string, subtree: boolean, as?: "warn"): Breakage => ({
  code,
  what,
  ...(as && { as }),
  break: async (world) => {
    const project = await projectOf(world);
    const role = await world.operator.findRole(project, ROLE);
    if (role)
      await world.operator.updateRole(project, role, {
        scopes: [{ environment: "prod", path, subtree }],
        imports: false,
      });
  },
});

/** What the operator's credential shows of the identity. */
export const IDENTITY: readonly Breakage[] = [
  {
    code: "ESOB-I321",
    what: "an identity that was deleted",
    break: async ({ operator, identityId }) => {
      const identity = await operator.findIdentity(identityId());
      if (identity) await operator.deleteIdentity(identity);
    },
  },
  {
    code: "ESOB-I322",
    what: "the id of another identity",
    break: (world) => {
      const other = world.infisical.createIdentity({ name: "somebody else" });
      setIdentityId(world, other.id);
    },
  },
  {
    code: "ESOB-I205",
    what: "two identities of one name",
    as: "warn",
    break: (world) => {
      world.infisical.createIdentity({ name: "eso-test-shop-infisical" });
    },
  },
  {
    code: "ESOB-I337",
    what: "an identity that was made for another cluster",
    as: "warn",
    break: async ({ operator, identityId }) => {
      const metadata = { "managed-by": "eso-bootstrap", cluster: "another", store: "shop/infisical" };
      await operator.updateIdentity(identityId(), { metadata, project: undefined });
    },
  },
  stored("ESOB-R110", "another namespace allowed, as the operator sees it", { allowedNamespaces: "shop" }),
  stored("ESOB-R111", "another ServiceAccount allowed, as the operator sees it", { allowedNames: "default" }),
  stored("ESOB-I325", "no reviewer's token, though the file wants one", { tokenReviewerJwt: null }),
  stored(
    "ESOB-I324",
    "another CA than the cluster's, and it works",
    { caCert: "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----" },
    { as: "warn", world: { generation: "2024-10" } },
  ),
  stored("ESOB-I326", "access tokens that live a few seconds", { accessTokenTTL: 10 }, { as: "warn" }),
  stored("ESOB-I328", "access tokens for a few uses", { accessTokenNumUsesLimit: 50 }, { as: "warn" }),
  replaced("ESOB-I327", "a longest lifetime shorter than the lifetime", {
    accessTokenTTL: 600,
    accessTokenMaxTTL: 300,
  }),
  replaced("ESOB-I329", "access tokens for one address", {
    accessTokenTrustedIps: [{ type: "ipv4", prefix: 32, ipAddress: "203.0.113.7" }],
  }),
  {
    code: "ESOB-I323",
    what: "another spelling of the API server's address, and it works",
    as: "warn",
    world: { generation: "2024-10" },
    break: (world) =>
      patchAuth(world, { kubernetesHost: world.apiServer.url.replace("127.0.0.1", "localhost") }),
  },
  {
    code: "ESOB-R113",
    what: "Kubernetes Auth taken away",
    break: async (world) => {
      const { infisical } = world;
      const path = `/api/v1/auth/kubernetes-auth/identities/${world.identityId()}`;
      await fetch(`${infisical.url}${path}`, {
        method: "DELETE",
        headers: { authorization: `Bearer ${infisical.tokenFor(infisical.operator.identityId)}` },
      });
    },
  },
  {
    code: "ESOB-I330",
    what: "Universal Auth left over",
    as: "warn",
    break: (world) => void world.infisical.attachUniversalAuth(world.identityId()),
  },
  {
    code: "ESOB-I331",
    what: "a role in the organization",
    as: "warn",
    break: (world) => world.infisical.setOrgRole(world.identityId(), "member"),
  },
  {
    code: "ESOB-I332",
    what: "no membership in the project, as the operator sees it",
    break: async (world) => world.operator.removeMembership(await projectOf(world), world.identityId()),
  },
  {
    code: "ESOB-I333",
    what: "a doubled membership on a server of 2024",
    world: { generation: "2024-10" },
    as: "warn",
    break: (world) => world.infisical.addMember("shop", world.identityId(), ROLE),
  },
  regrant("ESOB-R119", "a role for another folder, as the operator sees it", "/other", false),
  regrant("ESOB-R118", "a role for a whole environment, as the operator sees it", "/", true, "warn"),
  {
    code: "ESOB-I335",
    what: "an additional privilege of somebody else",
    as: "warn",
    break: async (world) =>
      void (await world.operator.createPrivilege(await projectOf(world), world.identityId(), {
        slug: "by-hand",
        grant: { scopes: [{ environment: "prod", path: "/shop", subtree: false }], imports: false },
      })),
  },
];
