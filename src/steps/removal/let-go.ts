import { at, isRecord, textOf } from "../../data.ts";
import { dataHash } from "../../desired/manifests.ts";
import { BootstrapError } from "../../errors.ts";
import { MANAGED_BY_LABEL, MANAGER, type KubeObject, type ObjectRef } from "../../kubernetes/cluster.ts";
import { nameOf } from "../../kubernetes/resources.ts";
import { readyOf } from "../poke.ts";
import type { RemovalContext } from "./context.ts";
import type { LiveSecret } from "./survey.ts";

/** How long ESO is given to let go, where it runs: a sync takes a second or two. */
const PATIENCE_MS = 20_000;
const POLL_MS = 300;

export const secretRef = ({ view }: LiveSecret): ObjectRef => ({
  apiVersion: "v1",
  kind: "Secret",
  namespace: view.namespace,
  name: view.target,
});

/** True where the Secret would be collected with the ExternalSecret. */
export function isOwnedBy(secret: KubeObject | undefined, { ref }: LiveSecret): boolean {
  return (secret?.metadata.ownerReferences ?? []).some(
    ({ kind, name }) => kind === "ExternalSecret" && name === ref.name,
  );
}

/**
 * Has ESO let go of the target Secret: `creationPolicy: Orphan` has it take its owner reference back at its next sync, while a
 * reference that is stripped under `Owner` comes back (ESO 0.20, externalsecret_controller.go, mutationFunc). `Retain` besides,
 * because `deletionPolicy: Delete` deletes what is owned. Where ESO or Infisical is down, the reference is stripped by hand.
 */
export async function letGo(context: RemovalContext, secret: LiveSecret, before: KubeObject): Promise<void> {
  await orphan(context, secret);
  const isReleased = (await mayWaitForEso(context)) && (await waitForEso(context, secret));
  if (!isReleased) await strip(context, secret);
  await prove(context, secret, before);
}

async function orphan({ cluster }: RemovalContext, { ref, uid }: LiveSecret): Promise<void> {
  const live = await cluster.get(ref);
  if (live?.metadata.uid !== uid) return;
  const target = at(live["spec"], "target");
  if (at(target, "creationPolicy") === "Orphan" && at(target, "deletionPolicy") !== "Delete") return;
  await cluster.patch(ref, [
    { op: "test", path: "/metadata/uid", value: uid },
    ...(isRecord(target) ? [] : [{ op: "add", path: "/spec/target", value: {} } as const]),
    { op: "add", path: "/spec/target/creationPolicy", value: "Orphan" },
    { op: "add", path: "/spec/target/deletionPolicy", value: "Retain" },
  ]);
}

async function mayWaitForEso({ survey }: RemovalContext): Promise<boolean> {
  const controllers = await survey.controllers();
  return controllers === undefined || controllers.some(({ available }) => available);
}

/** False when ESO does not get there: no sync works (Infisical is down, the store is broken), or it does nothing. */
async function waitForEso(context: RemovalContext, secret: LiveSecret): Promise<boolean> {
  const { cluster, clock, options, emit } = context;
  const until = clock.now() + Math.min(PATIENCE_MS, options.timeoutMs);
  emit({ type: "waiting", what: nameOf(secretRef(secret)), state: "ESO lets go of it" });
  for (;;) {
    if (!isOwnedBy(await cluster.get(secretRef(secret)), secret)) return true;
    const isFailing = readyOf(await cluster.get(secret.ref))?.ready === false;
    if (isFailing || clock.now() >= until) return false;
    await clock.sleep(POLL_MS, options.signal);
  }
}

async function strip({ cluster, emit }: RemovalContext, secret: LiveSecret): Promise<void> {
  const ref = secretRef(secret);
  const live = await cluster.get(ref);
  const owners = live?.metadata.ownerReferences;
  if (!live || !owners || !isOwnedBy(live, secret)) return;
  const others = owners.filter(({ kind, name }) => kind !== "ExternalSecret" || name !== secret.ref.name);
  emit({ type: "note", text: `ESO does not sync: the owner of ${nameOf(ref)} is taken off by hand.` });
  await cluster.patch(ref, [
    { op: "test", path: "/metadata/uid", value: live.metadata.uid },
    { op: "test", path: "/metadata/ownerReferences", value: owners },
    others.length > 0
      ? { op: "replace", path: "/metadata/ownerReferences", value: others }
      : { op: "remove", path: "/metadata/ownerReferences" },
  ]);
}

/** Nothing is deleted before the Secret is seen to stand on its own: no owner, the same uid, and the same data. */
async function prove(
  { cluster, emit }: RemovalContext,
  secret: LiveSecret,
  before: KubeObject,
): Promise<void> {
  const ref = secretRef(secret);
  const now = await cluster.get(ref);
  const isSame = now?.metadata.uid === before.metadata.uid && now?.metadata.deletionTimestamp === undefined;
  if (!isSame || isOwnedBy(now, secret))
    throw new BootstrapError("ESOB-K301", {
      message: `${nameOf(ref)} does not stand on its own, so ExternalSecret ${secret.ref.name} was not deleted.`,
      reason:
        now === undefined
          ? "it is gone"
          : isSame
            ? "ESO still owns it"
            : "it was deleted or made anew meanwhile",
      fix: {
        summary: "Look at it, then run it again: it goes on from here.",
        command: `kubectl get secret ${ref.name} -n ${ref.namespace} -o jsonpath='{.metadata}'`,
      },
    });
  if (dataHash(now?.["data"]) !== dataHash(before["data"]))
    emit({
      type: "warning",
      text: `${nameOf(ref)} got new values from Infisical on the way; it is kept with these.`,
    });
}

/** ESO copies the ExternalSecret's labels to the Secret (eso.md 2): what stays is not ours any more, and says so no longer. */
export async function unmark({ cluster }: RemovalContext, ref: ObjectRef): Promise<void> {
  const live = await cluster.get(ref);
  if (textOf(live?.metadata.labels?.[MANAGED_BY_LABEL]) !== MANAGER) return;
  const path = `/metadata/labels/${MANAGED_BY_LABEL.replaceAll("/", "~1")}`;
  await cluster.patch(ref, [
    { op: "test", path, value: MANAGER },
    { op: "remove", path },
  ]);
}
