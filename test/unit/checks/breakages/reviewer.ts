import { REVIEWER_LABEL } from "../../../../src/desired/manifests.ts";
import { Secret } from "../../../../src/secret.ts";
import { patchAuth } from "../../../helpers/doctor-breaks.ts";
import type { DoctorWorld } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

const RBAC = "rbac.authorization.k8s.io/v1";
const NAME = "infisical-token-reviewer";
const NAMESPACE = "external-secrets";
const ACCOUNT = { apiVersion: "v1", kind: "ServiceAccount", namespace: NAMESPACE, name: NAME };
const BINDING = { apiVersion: RBAC, kind: "ClusterRoleBinding", name: NAME };
const SECRET = { apiVersion: "v1", kind: "Secret", namespace: NAMESPACE, name: `${NAME}-1` };
const DELEGATOR = { apiVersion: RBAC, kind: "ClusterRole", name: "system:auth-delegator" };

/** What the reviewer is made of in the cluster. */
export const REVIEWER: readonly Breakage[] = [
  {
    code: "ESOB-R201",
    what: "the reviewer's ServiceAccount gone",
    break: ({ cluster }) => cluster.remove(ACCOUNT),
  },
  { code: "ESOB-R202", what: "its binding gone", break: ({ cluster }) => cluster.remove(BINDING) },
  {
    code: "ESOB-R203",
    what: "a binding of somebody else",
    break: ({ edit }) =>
      edit(BINDING, (binding) => {
        binding["subjects"] = [{ kind: "ServiceAccount", namespace: NAMESPACE, name: "default" }];
      }),
  },
  {
    code: "ESOB-R204",
    what: "a role that allows something else",
    break: ({ edit }) =>
      edit(DELEGATOR, (role) => {
        role["rules"] = [{ apiGroups: ["authorization.k8s.io"], resources: ["*"], verbs: ["create"] }];
      }),
  },
  { code: "ESOB-R204", what: "a role that was deleted", break: ({ cluster }) => cluster.remove(DELEGATOR) },
  { code: "ESOB-R205", what: "its token Secret gone", break: ({ cluster }) => cluster.remove(SECRET) },
  {
    code: "ESOB-R206",
    what: "a token Secret of another type",
    break: ({ edit }) => edit(SECRET, (secret) => (secret["type"] = "Opaque")),
  },
  {
    code: "ESOB-R207",
    what: "a ServiceAccount that was made anew",
    break: ({ cluster }) => {
      cluster.remove(ACCOUNT);
      cluster.seed({ ...ACCOUNT, metadata: { name: NAME, namespace: NAMESPACE } });
    },
  },
  {
    code: "ESOB-R101",
    what: "a token that nobody filled in",
    break: ({ edit }) => edit(SECRET, (secret) => delete secret["data"]),
  },
  {
    code: "ESOB-R102",
    what: "a token that the API server does not know",
    break: ({ edit }) =>
      edit(SECRET, ({ data }) =>
        Object.assign(data as object, { token: Buffer.from("no token").toString("base64") }),
      ),
  },
  {
    code: "ESOB-R201",
    what: "the reviewer's ServiceAccount gone, without a file",
    look: { withoutFile: true, withoutCredential: true },
    break: ({ cluster, edit }) => {
      edit(SECRET, ({ metadata }) => Object.assign(metadata as object, { labels: LABELS }));
      cluster.remove(ACCOUNT);
    },
  },
  {
    code: "ESOB-R215",
    what: "an ESO that reviews itself, and may not",
    world: { inputs: { reviewer: { mode: "self" } } },
    break: ({ cluster }) => cluster.remove({ ...BINDING, name: `${NAME}-self` }),
  },
];

const LABELS = { "app.kubernetes.io/managed-by": "eso-bootstrap", [REVIEWER_LABEL]: NAME };
const DAY_S = 86_400;

/** What Infisical has stored: servers of 2024 take any token. */
export const STORED: readonly Breakage[] = [
  stored("ESOB-R216", "a reviewer token that is none", async () => "secret"),
  stored("ESOB-R212", "a token of another ServiceAccount", async ({ cluster }) =>
    tokenOf(cluster, 30, "default"),
  ),
  stored("ESOB-R211", "a token of another cluster", async () => written({ uid: "of-another-cluster" })),
  stored("ESOB-R209", "a token that has expired", async (world) =>
    written({ uid: uidIn(world), exp: world.now / 1000 - DAY_S }),
  ),
  stored("ESOB-R102", "a token that was revoked", async (world) => written({ uid: uidIn(world) })),
  {
    ...stored("ESOB-R208", "a token that ends in three days", async ({ cluster }) => tokenOf(cluster, 3)),
    as: "warn",
  },
  {
    ...stored("ESOB-R210", "a token that is not the cluster's", async ({ cluster }) => tokenOf(cluster, 30)),
    as: "warn",
  },
];

/** Only the cluster can be asked: what is written on the Secret that bound tokens hang on. */
export const WRITTEN_DOWN: readonly Breakage[] = [
  {
    code: "ESOB-R209",
    what: "a bound token that has ended, without a credential",
    as: "warn",
    look: { withoutCredential: true },
    world: { inputs: { reviewer: { tokenLifetime: 30 * DAY_S } } },
    break: ({ edit, now }) =>
      edit(SECRET, (secret) => {
        const annotations = { "eso-bootstrap/token-end-1": new Date(now - DAY_S * 1000).toISOString() };
        secret["type"] = "Opaque";
        delete secret["data"];
        Object.assign(secret["metadata"] as object, { annotations });
      }),
  },
];

function stored(
  code: Breakage["code"],
  what: string,
  token: (world: DoctorWorld) => Promise<string>,
): Breakage {
  return {
    code,
    what,
    world: { generation: "2024-10" },
    break: async (world) => patchAuth(world, { tokenReviewerJwt: await token(world) }),
  };
}

async function tokenOf(
  cluster: DoctorWorld["cluster"],
  days: number,
  serviceAccount = NAME,
): Promise<string> {
  const { token } = await cluster.requestToken({
    namespace: NAMESPACE,
    serviceAccount,
    expirationSeconds: days * DAY_S,
  });
  return token.reveal();
}

const uidIn = ({ cluster }: DoctorWorld) => cluster.peek(ACCOUNT)?.metadata.uid ?? "";

/** A JWT that nobody signed. */
function written({ uid, exp }: { uid: string; exp?: number }): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = {
    ...(exp !== undefined && { exp: Math.floor(exp) }),
    "kubernetes.io": { namespace: NAMESPACE, serviceaccount: { name: NAME, uid } },
  };
  return new Secret(`${part({ alg: "RS256" })}.${part(claims)}.c2lnbmVk`).reveal();
}
