import { DEFAULT_HOST } from "../../../../src/checks/login/chain.ts";
import type { Code } from "../../../../src/codes.ts";
import { IDENTITY_SECRET, type DoctorWorld } from "../../../helpers/doctor-world.ts";
import { ask, inScope, inStore, patchAuth, setIdentityId } from "../../../helpers/doctor-breaks.ts";
import type { Breakage } from "./breakage.ts";

/** What a person sees who has a kubeconfig, but no credential at Infisical. */
const ALONE = { withoutCredential: true };

const stored = (
  code: Code,
  what: string,
  body: object,
  generation: "2024-10" | "2026" = "2026",
): Breakage => ({
  code,
  what,
  world: { generation },
  look: ALONE,
  break: (world) => patchAuth(world, body),
});

const binding = ({ cluster }: DoctorWorld) =>
  cluster.remove({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    name: "infisical-token-reviewer",
  });

/** Without the operator's credential. */
export const LAYERS: readonly Breakage[] = [
  {
    code: "ESOB-R224",
    what: "ESO's ServiceAccount gone",
    fix: /^helm rollback external-secrets \d+ -n external-secrets && kubectl rollout restart deployment\/external-secrets/,
    break: ({ cluster }) =>
      cluster.remove({
        apiVersion: "v1",
        kind: "ServiceAccount",
        namespace: "external-secrets",
        name: "external-secrets",
      }),
  },
  {
    code: "ESOB-R103",
    what: "the reviewer's binding gone",
    look: { ...ALONE, only: ["login"] },
    break: binding,
  },
  stored("ESOB-R110", "another namespace allowed", { allowedNamespaces: "shop" }),
  stored("ESOB-R111", "another ServiceAccount allowed", { allowedNames: "default" }),
  stored("ESOB-R112", "another audience allowed", { allowedAudience: "infisical" }),
  {
    code: "ESOB-R113",
    what: "an identity that does not exist",
    look: ALONE,
    break: (world) => setIdentityId(world, "0d7e1a1e-92f5-4a55-9d6a-0a6c3f9c1b11"),
  },
  {
    code: "ESOB-I332",
    what: "an identity that is not in the project",
    look: ALONE,
    break: async ({ operator, identityId }) => {
      const project = await operator.findProject("shop");
      if (project) await operator.removeMembership(project, identityId());
    },
  },
  {
    code: "ESOB-R119",
    what: "a role that allows another folder",
    look: ALONE,
    break: async ({ operator }) => {
      const project = await operator.findProject("shop");
      const role = project && (await operator.findRole(project, "k8s-test-shop-infisical"));
      if (project && role)
        await operator.updateRole(project, role, {
          scopes: [{ environment: "prod", path: "/other", subtree: false }],
          imports: false,
        });
    },
  },
  {
    code: "ESOB-R118",
    what: "a role that allows the whole environment",
    as: "warn",
    look: ALONE,
    break: async ({ operator }) => {
      const project = await operator.findProject("shop");
      const role = project && (await operator.findRole(project, "k8s-test-shop-infisical"));
      if (project && role)
        await operator.updateRole(project, role, {
          scopes: [{ environment: "prod", path: "/", subtree: true }],
          imports: false,
        });
    },
  },
  {
    code: "ESOB-R222",
    what: "a role that shows names, but not values",
    look: ALONE,
    break: (world) =>
      setRole(world, [
        {
          subject: "secrets",
          action: ["describeSecret"],
          conditions: { environment: "prod", secretPath: "/shop" },
        },
      ]),
  },
  {
    code: "ESOB-S232",
    what: "a web page in the place of Infisical's login",
    look: { ...ALONE, only: ["login"] },
    break: ({ infisical }) =>
      void infisical.faults.add({
        kind: "html",
        status: 200,
        match: ({ path }) => path.includes("kubernetes-auth/login"),
      }),
  },
];

/** What only the answer to a login shows. */
export const ANSWERS: readonly Breakage[] = [
  {
    code: "ESOB-R115",
    what: "an Infisical that fails in the middle of ESO's login",
    look: ALONE,
    break: ({ infisical }) =>
      void infisical.faults.add({ kind: "500", match: ({ path }) => path.includes("kubernetes-auth/login") }),
  },
  {
    code: "ESOB-R221",
    what: "a store without hostAPI, and an identity of the other region",
    look: {
      ...ALONE,
      withoutFile: true,
      standsFor: DEFAULT_HOST,
      net: { probe: async () => ({ reached: true, address: "198.51.100.7" }) },
    },
    fix: /^kubectl edit secretstore infisical -n shop$/,
    break: (world) => {
      inStore(world, (infisical) => delete infisical["hostAPI"]);
      setIdentityId(world, "0d7e1a1e-92f5-4a55-9d6a-0a6c3f9c1b11");
    },
  },
];

/** A server of 2024 folds them all into one 500: told apart by what the operator's credential shows. */
export const FOLDED: readonly Breakage[] = [
  {
    code: "ESOB-R108",
    what: "a port at which nobody listens, on a server of 2024",
    world: { generation: "2024-10" },
    break: (world) => patchAuth(world, { kubernetesHost: "http://127.0.0.1:9" }),
  },
  {
    code: "ESOB-R107",
    what: "a host that does not resolve, on a server of 2024",
    world: { generation: "2024-10" },
    break: (world) => patchAuth(world, { kubernetesHost: "https://nowhere.invalid" }),
  },
];

/** What the server of 2024 answers as one 500 has its own code each. */
export const FOLDED_MORE: readonly Breakage[] = [
  {
    code: "ESOB-R106",
    what: "a certificate that is not the CA's, on a server of 2024",
    world: { generation: "2024-10" },
    break: (world) => patchAuth(world, { kubernetesHost: world.apiServer.url.replace("http:", "https:") }),
  },
  {
    code: "ESOB-R116",
    what: "Infisical itself in the API server's place, on a server of 2024",
    world: { generation: "2024-10" },
    break: (world) => patchAuth(world, { kubernetesHost: world.infisical.url }),
  },
];

/** Places that only the operator can say do not exist. */
export const PLACES: readonly Breakage[] = [
  {
    code: "ESOB-I201",
    what: "a project that does not exist",
    look: { only: ["login"] },
    break: (world) => inScope(world, { projectSlug: "shopp" }),
  },
  {
    code: "ESOB-I202",
    what: "an environment that does not exist",
    look: { only: ["login"] },
    break: (world) => inScope(world, { environmentSlug: "prd" }),
  },
  {
    code: "ESOB-I203",
    what: "a folder that does not exist",
    look: { only: ["login"] },
    break: (world) => inScope(world, { secretsPath: "/shopp" }),
  },
];

async function setRole(world: DoctorWorld, permissions: object[]): Promise<void> {
  const project = await world.operator.findProject("shop");
  const role = project && (await world.operator.findRole(project, "k8s-test-shop-infisical"));
  if (project && role)
    await ask(world, "PATCH", `/api/v1/projects/${project.id}/roles/${role.id}`, { permissions });
}

export const UNREADABLE: readonly Breakage[] = [
  {
    code: "ESOB-S203",
    what: "the identity's Secret gone, with a kubeconfig only",
    look: { withoutFile: true, withoutCredential: true },
    break: ({ cluster }) => cluster.remove(IDENTITY_SECRET),
  },
];
