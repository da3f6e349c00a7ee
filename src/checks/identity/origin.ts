import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { MANAGER } from "../../kubernetes/cluster.ts";
import type { CheckContext } from "../context.ts";
import { isForbidden, pass, skip, warning } from "../finding.ts";
import { projectOf } from "../login/beyond.ts";
import { identityIdOf } from "../login/chain.ts";
import { identityOf, type Bearer } from "./bearer.ts";
import { askAhead, namesakesOf } from "./seen.ts";

/** The identity exists, is the one that the file means, and was made for this cluster. */
export async function judgeOrigin(context: CheckContext, bearer: Bearer): Promise<Finding> {
  const { label, wanted } = bearer;
  await askForAll(context, bearer);
  const identity = await identityOf(context, bearer);
  const mark = identity.metadata;
  const isMarked = mark["managed-by"] === MANAGER;
  if (wanted?.identityId !== undefined && wanted.identityId !== identity.id)
    throw another(
      `The store's Secret names ${identity.name}, not the identity with the id of eso-bootstrap.yaml.`,
    );
  if (wanted && wanted.identityId === undefined && !isMarked && identity.name !== wanted.identityName)
    throw another(`The store's Secret names the identity ${identity.name}, the file ${wanted.identityName}.`);
  const cluster = mark["cluster"];
  const uid = await clusterUid(context);
  if (isMarked && cluster !== undefined && uid === undefined)
    return skip("not judged: get namespaces/kube-system is not allowed here");
  if (isMarked && cluster !== undefined && cluster !== uid)
    return warning("ESOB-I337", {
      message: `The ${label} was made for another cluster.`,
      reason: "its metadata names another uid of the namespace kube-system",
    });
  return (
    (await doubled(context, bearer, identity.name)) ?? pass(`${identity.name}${isMarked ? ", ours" : ""}`)
  );
}

/** What is wanted next, here or by the checks that need this one, waits for nothing; who needs it hears of a failure. */
async function askForAll(context: CheckContext, { chain }: Bearer): Promise<void> {
  void Promise.allSettled([clusterUid(context)]);
  const id = await identityIdOf(context, chain);
  if (id !== undefined) askAhead(context, { id, projectSlug: chain.store.live.projectSlug });
}

function another(message: string): BootstrapError {
  return new BootstrapError("ESOB-I322", {
    message,
    fix: { summary: "Write the id of the file's identity into the Secret.", command: "eso-bootstrap apply" },
  });
}

/** Names are not unique; which one is meant is clear from the id, but people mix them up. */
async function doubled(
  context: CheckContext,
  { chain, label }: Bearer,
  name: string,
): Promise<Finding | undefined> {
  const project = await projectOf(context, chain.store.live.projectSlug);
  const twins = await namesakesOf(context, project, name);
  if (twins.length < 2) return undefined;
  return warning("ESOB-I205", {
    message: `${twins.length} machine identities have the name of the ${label}.`,
    reason: `the store uses one of them: ${twins.map(({ id }) => id).join(", ")}`,
  });
}

/** Names the cluster; undefined where it may not be read. */
async function clusterUid({ cluster, once }: CheckContext): Promise<string | undefined> {
  try {
    const ref = { apiVersion: "v1", kind: "Namespace", name: "kube-system" };
    return (await once("kube-system", () => cluster.get(ref)))?.metadata.uid;
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
