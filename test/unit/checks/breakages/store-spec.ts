import type { Code } from "../../../../src/codes.ts";
import { recordOf } from "../../../../src/data.ts";
import {
  IDENTITY_SECRET,
  STORE,
  type DoctorWorld,
  type WorldOptions,
} from "../../../helpers/doctor-world.ts";
import { inAuth, inScope, inSpec, inStore, secret, setIdentityId } from "../../../helpers/doctor-breaks.ts";
import type { Breakage } from "./breakage.ts";

const CLUSTER_STORE: WorldOptions = { inputs: { store: { kind: "ClusterSecretStore" } } };
const CSS = { apiVersion: STORE.apiVersion, kind: "ClusterSecretStore", name: "infisical" };

function inClusterStore(world: DoctorWorld, change: (infisical: Record<string, unknown>) => void): void {
  inSpec(world, CSS, (spec) => change(recordOf(recordOf(spec["provider"])["infisical"])));
}

const scope = (code: Code, what: string, fields: Record<string, unknown>): Breakage => ({
  code,
  what,
  break: (world) => inScope(world, fields),
});

const host = (code: Code, what: string, hostAPI: string): Breakage => ({
  code,
  what,
  break: (world) => inStore(world, (infisical) => (infisical["hostAPI"] = hostAPI)),
});

const ca = (code: Code, what: string, change: (infisical: Record<string, unknown>) => void): Breakage => ({
  code,
  what,
  break: (world) => inStore(world, change),
});

const provider = (more: Record<string, unknown> = {}) => ({
  caProvider: { type: "ConfigMap", name: "infisical-ca", key: "ca.crt", ...more },
});

export const AUTH: readonly Breakage[] = [
  {
    code: "ESOB-S201",
    what: "Universal Auth beside Kubernetes Auth",
    break: (world) =>
      inStore(
        world,
        ({ auth }) => (recordOf(auth)["universalAuthCredentials"] = { clientId: {}, clientSecret: {} }),
      ),
  },
  {
    code: "ESOB-S201",
    what: "a later way beside Kubernetes Auth",
    as: "warn",
    break: (world) =>
      inStore(world, ({ auth }) => (recordOf(auth)["tokenAuthCredentials"] = { accessToken: {} })),
  },
  {
    code: "ESOB-S202",
    what: "an empty auth block",
    break: (world) => inStore(world, (infisical) => (infisical["auth"] = {})),
  },
];

export const IDENTITY_ID: readonly Breakage[] = [
  {
    code: "ESOB-S203",
    what: "the identity's Secret gone",
    break: ({ cluster }) => cluster.remove(IDENTITY_SECRET),
  },
  {
    code: "ESOB-S204",
    what: "another key in the identity's Secret",
    break: (world) => inAuth(world, { identityId: { name: "infisical-identity", key: "id" } }),
  },
  { code: "ESOB-S205", what: "an empty id", break: (world) => setIdentityId(world, "") },
  { code: "ESOB-S206", what: "a name instead of the id", break: (world) => setIdentityId(world, "eso-shop") },
  {
    code: "ESOB-S206",
    what: "quotes around the id",
    break: (world) => setIdentityId(world, `"${world.identityId()}"`),
  },
  {
    code: "ESOB-S207",
    what: "a newline after the id",
    as: "warn",
    break: (world) => setIdentityId(world, `${world.identityId()}\n`),
  },
  {
    code: "ESOB-S208",
    what: "a SecretStore whose Secret is in another namespace, as the official guide has it",
    break: (world) => {
      world.cluster.seed(secret("guide", { identityId: world.identityId() }, "default"));
      inAuth(world, { identityId: { name: "guide", key: "identityId", namespace: "default" } });
    },
  },
  {
    code: "ESOB-S208",
    what: "a namespace that is ignored, and the Secret is where ESO looks",
    as: "warn",
    break: (world) =>
      inAuth(world, { identityId: { name: "infisical-identity", key: "identityId", namespace: "default" } }),
  },
  {
    code: "ESOB-S209",
    what: "a ClusterSecretStore whose Secret has no namespace",
    world: CLUSTER_STORE,
    break: (world) =>
      inClusterStore(world, ({ auth }) => {
        const credentials = recordOf(recordOf(auth)["kubernetesAuthCredentials"]);
        delete recordOf(credentials["identityId"])["namespace"];
      }),
  },
];

const tokenPath = (world: DoctorWorld, path: string) => {
  world.cluster.seed(secret("token-path", { path }));
  inAuth(world, { serviceAccountTokenPath: { name: "token-path", key: "path" } });
};

export const TOKEN_PATH: readonly Breakage[] = [
  {
    code: "ESOB-S210",
    what: "no Secret with the path of ESO's token",
    break: (world) => inAuth(world, { serviceAccountTokenPath: { name: "nowhere", key: "path" } }),
  },
  {
    code: "ESOB-S211",
    what: "a newline after the path of ESO's token",
    break: (world) => tokenPath(world, "/var/run/secrets/kubernetes.io/serviceaccount/token\n"),
  },
  {
    code: "ESOB-S212",
    what: "a path that is not mounted into ESO",
    fix: /^kubectl patch secretstore infisical -n shop .*"remove".*\/serviceAccountTokenPath"/,
    break: (world) => tokenPath(world, "/var/run/infisical/token"),
  },
];

export const CA: readonly Breakage[] = [
  ca("ESOB-S213", "a CA in a ConfigMap that does not exist", (infisical) =>
    Object.assign(infisical, provider()),
  ),
  ca("ESOB-S214", "a namespace for the CA of a SecretStore", (infisical) =>
    Object.assign(infisical, provider({ namespace: "shop" })),
  ),
  {
    code: "ESOB-S214",
    what: "no namespace for the CA of a ClusterSecretStore",
    world: CLUSTER_STORE,
    break: (world) => inClusterStore(world, (infisical) => Object.assign(infisical, provider())),
  },
  ca("ESOB-S215", "a CA that is no PEM", (infisical) => (infisical["caBundle"] = "bm90aGluZw==")),
];

export const HOST: readonly Breakage[] = [
  host("ESOB-S216", "hostAPI without a scheme", "eu.infisical.com"),
  host("ESOB-S217", "hostAPI with /api/ at its end", "https://eu.infisical.com/api/"),
  host("ESOB-S220", "hostAPI of another server than the file's", "https://evil.example"),
];

export const SCOPE: readonly Breakage[] = [
  scope("ESOB-S218", "a project's id instead of its slug", {
    projectSlug: "0d7e1a1e-92f5-4a55-9d6a-0a6c3f9c1b11",
  }),
  scope("ESOB-I204", "a project's name instead of its slug", { projectSlug: "My Shop" }),
  scope("ESOB-I204", "an environment's name instead of its slug", { environmentSlug: "Production" }),
  scope("ESOB-S219", "no environment", { environmentSlug: "" }),
  {
    code: "ESOB-S221",
    what: "a whole environment",
    as: "warn",
    world: { inputs: { store: { path: "/", recursive: true } } },
    look: { only: ["store-spec"] },
    break: () => undefined,
  },
];

export const CONTROLLERS: readonly Breakage[] = [
  {
    code: "ESOB-S222",
    what: "a controller class that nobody serves",
    break: (world) => inSpec(world, STORE, (spec) => (spec["controller"] = "blue")),
  },
];

const conditions = (code: Code, what: string, condition: Record<string, unknown>): Breakage => ({
  code,
  what,
  world: CLUSTER_STORE,
  break: (world) => inSpec(world, CSS, (spec) => (spec["conditions"] = [condition])),
});

export const CONDITIONS: readonly Breakage[] = [
  conditions("ESOB-S224", "a pattern that Go cannot read", { namespaceRegexes: ["^(?!kube-).*"] }),
  conditions("ESOB-S225", "conditions that let nobody in", {
    namespaceSelector: { matchLabels: { team: "none" } },
  }),
];

export const PROVIDER: readonly Breakage[] = [
  {
    code: "ESOB-S226",
    what: "a store of another provider in the place of ours",
    break: (world) => inSpec(world, STORE, (spec) => (spec["provider"] = { fake: { data: [] } })),
  },
];
