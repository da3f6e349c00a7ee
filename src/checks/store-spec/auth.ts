import { renewCrds } from "../eso/crd.ts";
import { at, recordsAt } from "../../data.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { pass, warning } from "../finding.ts";
import { removeField, restore } from "../mending.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";
import type { StoreView } from "../view/store.ts";

const KUBERNETES = "kubernetesAuthCredentials";

/** The order in which ESO takes them: the first that is written wins (eso.md 1.3). */
const PRECEDENCE = [
  "universalAuthCredentials",
  "azureAuthCredentials",
  "gcpIdTokenAuthCredentials",
  "gcpIamAuthCredentials",
  "jwtAuthCredentials",
  "ldapAuthCredentials",
  "ociAuthCredentials",
  KUBERNETES,
  "awsAuthCredentials",
  "tokenAuthCredentials",
];

/** The block that ESO logs in with. */
const chosen = ({ auth }: StoreView) => PRECEDENCE.find((block) => auth.includes(block));

/** True where ESO logs in by Kubernetes Auth: other ways are not ours to judge. */
export const usesKubernetesAuth = (store: StoreView) => chosen(store) === KUBERNETES;

export async function judgeAuth(context: CheckContext, store: LiveStore): Promise<Finding> {
  const { auth } = store.live;
  const first = chosen(store.live);
  if (first === undefined) throw await noAuth(context, store);
  if (!auth.includes(KUBERNETES)) return pass(`logs in by ${first}: that way is not judged`);
  const others = auth.filter((block) => block !== KUBERNETES);
  if (others.length === 0) return pass();
  const subject = subjectOf(store);
  const details = {
    message: `${titleOf(store)} has ${others.join(" and ")} beside ${KUBERNETES}.`,
    reason: `ESO logs in by ${first} and does not look at the others`,
    fix: removeField(`Remove ${others[0]}.`, subject, `/spec/provider/infisical/auth/${others[0]}`),
  };
  if (first === KUBERNETES) return warning("ESOB-S201", details);
  throw new BootstrapError("ESOB-S201", details);
}

async function noAuth(context: CheckContext, store: LiveStore): Promise<BootstrapError> {
  const isPruned = !(await knowsKubernetesAuth(context, store.kind));
  return new BootstrapError("ESOB-S202", {
    message: `${titleOf(store)} has no block under auth.`,
    reason: isPruned
      ? `the cluster's CRD is too old to know ${KUBERNETES}, and drops it`
      : "nothing is written there that ESO knows",
    fix: isPruned ? await renewCrds(context) : restore(context, "ESOB-S202", subjectOf(store)),
  });
}

/** Whether the served CRD keeps the block. Unknown counts as yes: the other reason is the usual one. */
async function knowsKubernetesAuth({ cluster, once }: CheckContext, kind: string): Promise<boolean> {
  const name = `${kind.toLowerCase()}s.external-secrets.io`;
  const crd = await once(`crd ${name}`, () =>
    cluster.get({ apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", name }),
  ).catch(() => undefined);
  const version = recordsAt(crd?.["spec"], "versions").find((one) => one["name"] === "v1");
  const road = ["spec", "provider", "infisical", "auth"].flatMap((field) => ["properties", field]);
  const auth = at(version, "schema", "openAPIV3Schema", ...road, "properties");
  return auth === undefined || at(auth, KUBERNETES) !== undefined;
}
