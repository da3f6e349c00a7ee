import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { Code } from "../../src/codes.ts";
import { createAuthority } from "../../src/sandbox/kubernetes/certificates.ts";
import { startProxy } from "../helpers/proxy.ts";
import type { Door } from "./door.ts";
import { ask, identityIdOf } from "./driving.ts";
import type { World } from "./world.ts";

/** What a breaker has in hand: the cluster as its administrator, Infisical's API as its operator. */
export interface Hand {
  readonly world: World;
  /** The address of Infisical that the file and the stores name. */
  readonly door: Door;
  /** Id of the store's identity. */
  readonly id: string;
  /** Id of the project `shop`. */
  readonly project: string;
  kubectl(...args: string[]): Promise<string>;
  /** JSON merge patch. */
  patch(what: string, change: object, ...more: string[]): Promise<string>;
  send<Body>(method: string, path: string, body?: object): Promise<Body>;
}

/** One thing broken on the real stack, what doctor must say first, and what mends it where no command is printed. */
export interface RealBreakage {
  readonly code: Code;
  readonly what: string;
  readonly as?: "warn";
  /** Arguments of doctor besides; default: the file of the folder. */
  readonly look?: readonly string[];
  readonly env?: Record<string, string>;
  break(hand: Hand): unknown;
  /** Done instead of the printed command: where there is none, or where it only looks. */
  mend?(hand: Hand): unknown;
  /** Takes away what the breakage brought along. */
  tidy?(hand: Hand): unknown;
}

export async function handIn(world: World, door: Door): Promise<Hand> {
  const id = await identityIdOf(world, "shop");
  const token = world.infisical.tokenFor(world.infisical.operator.identityId);
  const send = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
    const answer = await ask<Body>(world, token, method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const kubectl = (...args: string[]) => world.stack.kubectl(args);
  const { projects } = await send<{ projects: { id: string; slug: string }[] }>("GET", "/api/v1/projects");
  return {
    world,
    door,
    id,
    project: projects.find(({ slug }) => slug === "shop")?.id ?? "",
    kubectl,
    patch: (what, change, ...more) =>
      kubectl("patch", ...what.split(" "), "--type=merge", "-p", JSON.stringify(change), ...more),
    send,
  };
}

const STORE = "secretstore infisical -n shop";
const EXTERNAL = "externalsecret shop-db -n shop";
const scope = (change: object) => ({ spec: { provider: { infisical: { secretsScope: change } } } });
const provider = (change: object) => ({ spec: { provider: { infisical: change } } });
const kubernetesAuth = ({ id, send }: Hand, change: object) =>
  send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${id}`, change);
const base64 = (text: string) => Buffer.from(text).toString("base64");
const PROD = ["shop", "prod", "/shop"] as const;
const data = (entry: object) => ({
  spec: { data: [{ secretKey: "DB_HOST", remoteRef: { key: "DB_HOST" } }, entry] },
});

interface Settings {
  readonly infisical: object;
  readonly stores: readonly object[];
  readonly secrets: readonly object[];
}

/** The file of the folder, changed; answers with what puts it back. */
async function editFile(
  { world: { dir } }: Hand,
  change: (settings: Settings) => Settings,
): Promise<() => Promise<void>> {
  const path = join(dir, "eso-bootstrap.yaml");
  const before = await readFile(path, "utf8");
  await writeFile(path, stringify(change(parse(before) as Settings)));
  return () => writeFile(path, before);
}

/** In the cluster: stores and what they refer to. */
const STORES: readonly RealBreakage[] = [
  {
    code: "ESOB-S227",
    what: "the store deleted",
    break: ({ kubectl }) => kubectl("delete", "secretstore", "infisical", "-n", "shop"),
  },
  {
    code: "ESOB-S203",
    what: "the Secret with the identity's id deleted",
    break: ({ kubectl }) => kubectl("delete", "secret", "infisical-identity", "-n", "shop"),
  },
  {
    code: "ESOB-S204",
    what: "the store asking for another key of that Secret",
    break: ({ patch }) =>
      patch(
        STORE,
        provider({
          auth: { kubernetesAuthCredentials: { identityId: { name: "infisical-identity", key: "id" } } },
        }),
      ),
  },
  {
    code: "ESOB-S206",
    what: "the identity's name in place of its id",
    break: ({ patch }) =>
      patch("secret infisical-identity -n shop", { data: { identityId: base64("eso-e2e-shop-infisical") } }),
  },
  {
    code: "ESOB-S201",
    what: "Universal Auth left in the store",
    break: ({ patch }) => {
      const ref = { name: "infisical-identity", key: "identityId" };
      return patch(
        STORE,
        provider({ auth: { universalAuthCredentials: { clientId: ref, clientSecret: ref } } }),
      );
    },
  },
  {
    code: "ESOB-S208",
    what: "the official guide: the identity Secret in another namespace",
    break: async ({ kubectl, patch }) => {
      await kubectl("create", "secret", "generic", "guide", "-n", "default", "--from-literal=identityId=x");
      const identityId = { name: "guide", key: "identityId", namespace: "default" };
      await patch(STORE, provider({ auth: { kubernetesAuthCredentials: { identityId } } }));
    },
  },
  {
    code: "ESOB-S217",
    what: "hostAPI that ends in /api/",
    break: ({ door, patch }) => patch(STORE, provider({ hostAPI: `${door.url}/api/` })),
  },
  {
    code: "ESOB-S216",
    what: "hostAPI without a scheme",
    break: ({ patch }) => patch(STORE, provider({ hostAPI: "infisical.example.com" })),
  },
  {
    code: "ESOB-S222",
    what: "a controller class that nobody serves",
    break: ({ patch }) => patch(STORE, { spec: { controller: "somebody-else" } }),
  },
  {
    code: "ESOB-I201",
    what: "a typo in the project's slug",
    break: ({ patch }) => patch(STORE, scope({ projectSlug: "shopp" })),
  },
  {
    code: "ESOB-I202",
    what: "the environment's name in place of its slug",
    break: ({ patch }) => patch(STORE, scope({ environmentSlug: "production" })),
  },
  {
    code: "ESOB-I203",
    what: "a folder that is not there",
    break: ({ patch }) => patch(STORE, scope({ secretsPath: "/shopp" })),
  },
];

/** In the cluster: ExternalSecrets and the Secrets that they write. */
const SECRETS: readonly RealBreakage[] = [
  {
    code: "ESOB-E229",
    what: "the ExternalSecret deleted",
    break: ({ kubectl }) => kubectl("delete", "externalsecret", "shop-db", "-n", "shop"),
  },
  {
    code: "ESOB-E202",
    what: "an ExternalSecret with another store",
    break: ({ patch }) => patch(EXTERNAL, { spec: { secretStoreRef: { name: "infisicall" } } }),
  },
  {
    code: "ESOB-E105",
    what: "a typo in a key",
    break: ({ patch }) => patch(EXTERNAL, data({ secretKey: "DB_USER", remoteRef: { key: "DB_USR" } })),
  },
  {
    code: "ESOB-E105",
    what: "a key deleted at Infisical",
    break: ({ world }) => world.infisical.deleteSecret(...PROD, "DB_USER"),
    mend: ({ world }) => world.infisical.setSecret(...PROD, "DB_USER", "shop"),
  },
  {
    code: "ESOB-E104",
    what: "an empty value at Infisical",
    break: ({ world }) => world.infisical.setSecret(...PROD, "DB_USER", ""),
    mend: ({ world }) => world.infisical.setSecret(...PROD, "DB_USER", "shop"),
  },
  {
    code: "ESOB-E205",
    what: "a property of a value that is no JSON",
    break: ({ patch }) =>
      patch(EXTERNAL, data({ secretKey: "DB_USER", remoteRef: { key: "DB_USER", property: "name" } })),
  },
  {
    code: "ESOB-E210",
    what: "nothing to merge into",
    break: ({ patch }) => patch(EXTERNAL, { spec: { target: { name: "absent", creationPolicy: "Merge" } } }),
  },
  {
    code: "ESOB-E208",
    what: "a target that another controller owns",
    break: async ({ kubectl, patch, world }) => {
      const manifest = {
        apiVersion: "external-secrets.io/v1",
        kind: "ExternalSecret",
        metadata: { name: "twin", namespace: "shop" },
        spec: {
          secretStoreRef: { kind: "SecretStore", name: "infisical" },
          target: { name: "twin" },
          data: [{ secretKey: "DB_HOST", remoteRef: { key: "DB_HOST" } }],
        },
      };
      await world.stack.api("POST", "/apis/external-secrets.io/v1/namespaces/shop/externalsecrets", manifest);
      await kubectl("wait", "externalsecret/twin", "-n", "shop", "--for=condition=Ready", "--timeout=60s");
      await patch(EXTERNAL, { spec: { target: { name: "twin" } } });
    },
    mend: ({ kubectl }) => kubectl("delete", "externalsecret", "twin", "-n", "shop", "--ignore-not-found"),
  },
  {
    code: "ESOB-E209",
    what: "an immutable Secret and a new value",
    break: async ({ world, patch }) => {
      await patch("secret shop-db -n shop", { immutable: true });
      world.infisical.setSecret(...PROD, "DB_USER", "somebody");
    },
  },
  {
    code: "ESOB-E217",
    what: "an interval of 0",
    as: "warn",
    break: ({ patch }) => patch(EXTERNAL, { spec: { refreshInterval: "0" } }),
  },
  {
    code: "ESOB-E227",
    what: "a reference to what the identity may not read",
    break: ({ world }) => world.infisical.setSecret(...PROD, "DB_USER", "${dev.shop.NOT_THERE}"),
    mend: ({ world }) => world.infisical.setSecret(...PROD, "DB_USER", "shop"),
  },
];

/** At Infisical: the identity, its login and its rights. */
const IDENTITIES: readonly RealBreakage[] = [
  {
    code: "ESOB-R110",
    what: "another allowed namespace",
    break: (hand) => kubernetesAuth(hand, { allowedNamespaces: "shop" }),
  },
  {
    code: "ESOB-R111",
    what: "another allowed ServiceAccount",
    break: (hand) => kubernetesAuth(hand, { allowedNames: "eso" }),
  },
  {
    code: "ESOB-R112",
    what: "an allowed audience",
    break: (hand) => kubernetesAuth(hand, { allowedAudience: "infisical" }),
  },
  {
    code: "ESOB-I328",
    what: "access tokens for two uses",
    break: (hand) => kubernetesAuth(hand, { accessTokenNumUsesLimit: 2 }),
  },
  {
    code: "ESOB-I330",
    what: "Universal Auth left over on the identity",
    as: "warn",
    break: ({ world, id }) => world.infisical.attachUniversalAuth(id),
  },
  {
    code: "ESOB-I332",
    what: "the identity no longer a member of the project",
    break: ({ send, project, id }) =>
      send("DELETE", `/api/v1/projects/${project}/memberships/identities/${id}`),
  },
  {
    code: "ESOB-R119",
    what: "the role narrowed to another folder",
    break: async ({ send, project }) => {
      const { role } = await send<{ role: { id: string } }>(
        "GET",
        `/api/v1/projects/${project}/roles/slug/k8s-e2e-shop-infisical`,
      );
      const conditions = { environment: { $eq: "prod" }, secretPath: { $eq: "/cart" } };
      await send("PATCH", `/api/v1/projects/${project}/roles/${role.id}`, {
        permissions: [{ subject: "secrets", action: ["describeSecret", "readValue"], conditions }],
      });
    },
  },
  {
    code: "ESOB-R118",
    what: "a role that reads everything",
    as: "warn",
    break: ({ send, project, id }) =>
      send("PATCH", `/api/v1/projects/${project}/memberships/identities/${id}`, {
        roles: [{ role: "viewer", isTemporary: false }],
      }),
  },
  {
    code: "ESOB-I322",
    what: "the id of somebody else's identity",
    break: ({ world, patch }) => {
      const { id } = world.infisical.createIdentity({ name: "somebody-else" });
      return patch("secret infisical-identity -n shop", { data: { identityId: base64(id) } });
    },
  },
  {
    code: "ESOB-I321",
    what: "the identity deleted",
    break: ({ send, id }) => send("DELETE", `/api/v1/identities/${id}`),
  },
];

/** What Infisical has stored of the cluster. */
const STORED: readonly RealBreakage[] = [
  {
    code: "ESOB-R106",
    what: "the CA of another cluster stored",
    break: (hand) => kubernetesAuth(hand, { caCert: createAuthority("another cluster").caPem }),
  },
  {
    code: "ESOB-R108",
    what: "the address of a cluster that is gone stored",
    break: async (hand) => {
      const { apiServer, caPem } = hand.world.stack;
      const authority = createAuthority("a cluster that goes");
      const { keyPem: key, certPem: cert } = authority.issue({ commonName: "gone", hosts: ["127.0.0.1"] });
      const gone = await startProxy({ url: apiServer, ca: caPem, tls: { key, cert } });
      await kubernetesAuth(hand, { kubernetesHost: gone.url, caCert: authority.caPem });
      await gone.stop();
    },
  },
];

const MINUTES_AHEAD = 10;

/** A ClusterSecretStore beside the other store, and what puts the file back. */
function sharedStore(): Pick<RealBreakage, "break" | "tidy"> {
  let putBack = async () => undefined as void;
  return {
    break: async (hand) => {
      const { world, patch } = hand;
      putBack = await editFile(hand, ({ stores, secrets, ...rest }) => ({
        ...rest,
        stores: [
          ...stores,
          {
            name: "shared",
            kind: "ClusterSecretStore",
            namespace: "shop",
            allowedNamespaces: ["shop"],
            environment: "prod",
            path: "/cart",
          },
        ],
        secrets: [
          ...secrets,
          { name: "cart", namespace: "shop", store: "shared", refreshInterval: "5s", keys: ["DB_HOST"] },
        ],
      }));
      const { code, stderr } = await world.cli(["apply", "--yes"]);
      if (code !== 0) throw new Error(stderr);
      await patch("clustersecretstore shared", { spec: { conditions: [{ namespaces: ["default"] }] } });
    },
    tidy: async ({ kubectl }) => {
      await putBack();
      await kubectl("delete", "externalsecret", "cart", "-n", "shop", "--ignore-not-found");
      await kubectl("delete", "clustersecretstore", "shared", "--ignore-not-found");
    },
  };
}

/** The Infisical server itself, and the way there. */
const SERVER: readonly RealBreakage[] = [
  {
    code: "ESOB-I302",
    what: "Infisical down",
    break: ({ door }) => door.shut(),
    mend: ({ door }) => door.open(),
  },
  {
    // The ESO of this stack knows no caProvider: its owner has the certificate issued by a CA that is trusted.
    code: "ESOB-I304",
    what: "a certificate of an unknown CA",
    break: ({ door }) => door.open(createAuthority("nobody's")),
    mend: ({ door }) => door.open(),
  },
  {
    code: "ESOB-I310",
    what: "Infisical's clock ten minutes ahead",
    break: ({ world }) => world.infisical.advance(MINUTES_AHEAD * 60),
    mend: async ({ world: { infisical } }) => {
      const { date } = (await (await fetch(`${infisical.url}/api/status`)).json()) as { date: string };
      infisical.advance(Math.round((Date.now() - Date.parse(date)) / 1000));
    },
  },
  {
    code: "ESOB-I110",
    what: "429 for every read of secrets",
    break: ({ world }) =>
      world.infisical.faults.add({ kind: "429", retryAfter: 60, match: { path: /\/secrets\// } }),
    mend: ({ world }) => world.infisical.faults.clear(),
  },
];

/** The reviewer, and ESO itself. */
const CLUSTER: readonly RealBreakage[] = [
  {
    code: "ESOB-R202",
    what: "the reviewer's binding deleted",
    break: ({ kubectl }) => kubectl("delete", "clusterrolebinding", "infisical-token-reviewer"),
  },
  {
    code: "ESOB-R205",
    what: "the reviewer's token Secret deleted",
    break: ({ kubectl }) =>
      kubectl("delete", "secret", "infisical-token-reviewer-1", "-n", "external-secrets"),
  },
  {
    code: "ESOB-R201",
    what: "the reviewer's ServiceAccount deleted",
    break: ({ kubectl }) =>
      kubectl("delete", "serviceaccount", "infisical-token-reviewer", "-n", "external-secrets"),
  },
  {
    code: "ESOB-H204",
    what: "ESO scaled to zero",
    break: ({ kubectl }) =>
      kubectl("scale", "deployment/external-secrets", "-n", "external-secrets", "--replicas=0"),
  },
  {
    code: "ESOB-H232",
    what: "the binding of ESO's rights deleted",
    break: ({ kubectl }) => kubectl("delete", "clusterrolebinding", "external-secrets-controller"),
  },
  {
    code: "ESOB-R224",
    what: "ESO's ServiceAccount deleted",
    break: ({ kubectl }) => kubectl("delete", "serviceaccount", "external-secrets", "-n", "external-secrets"),
  },
  oldCrd(),
  {
    code: "ESOB-H211",
    what: "a CRD deleted",
    break: ({ kubectl }) => kubectl("delete", "crd", "externalsecrets.external-secrets.io"),
  },
];

/** As ESO had it before 0.19.2. What doctor prints fetches the CRDs of the version: here they are as they were. */
function oldCrd(): RealBreakage {
  const name = "secretstores.external-secrets.io";
  let before = "";
  return {
    code: "ESOB-H216",
    what: "a CRD that drops Kubernetes Auth",
    async break({ kubectl, world }) {
      before = await kubectl("get", "crd", name, "-o", "json");
      const crd = JSON.parse(before) as { spec: { versions: { name: string }[] } };
      const version = crd.spec.versions.findIndex((one) => one.name === "v1");
      const fields = ["spec", "provider", "infisical", "auth", "kubernetesAuthCredentials"];
      const road = fields.map((field) => `/properties/${field}`).join("");
      const path = `/spec/versions/${version}/schema/openAPIV3Schema${road}`;
      const patch = JSON.stringify([{ op: "remove", path }]);
      await world.stack.kubectl(["patch", "crd", name, "--type=json", "-p", patch]);
    },
    async mend({ world }) {
      const { metadata, spec, ...rest } = JSON.parse(before) as { metadata: object; spec: object };
      const { annotations, labels } = metadata as Record<string, unknown>;
      const crd = { ...rest, metadata: { name, annotations, labels }, spec, status: undefined };
      const args = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
      await world.stack.kubectl(args, JSON.stringify(crd));
      await world.cli(["apply", "--yes", "--force-conflicts"]);
    },
  };
}

const CONDITIONS: readonly RealBreakage[] = [
  { code: "ESOB-E203", what: "conditions that leave the namespace out", ...sharedStore() },
];

/** In the order in which they are tried; the last take most away. */
export const REAL_BREAKAGES: readonly RealBreakage[] = [
  ...STORES,
  ...SECRETS,
  ...CONDITIONS,
  ...IDENTITIES,
  ...STORED,
  ...SERVER,
  ...CLUSTER,
];
