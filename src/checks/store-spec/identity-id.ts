import type { Code } from "../../codes.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError, type Fix } from "../../errors.ts";
import { isUuid } from "../../infisical/organization.ts";
import type { CheckContext } from "../context.ts";
import { readControllers, servingClass } from "../controllers.ts";
import { pass, unlessForbidden, warning } from "../finding.ts";
import { removeField, restore, thenRestore } from "../mending.ts";
import { readRef, resolveRef, type RefRead } from "../references.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";
import type { KeyRef } from "../view/store.ts";
import { mendField } from "./field.ts";

const getSecret = ({ namespace, name }: KeyRef) => `get secrets/${name} in ${namespace}`;

/** The Secret that holds the identity's id: there, read where ESO reads it, and a UUID. Never shows what it holds. */
export function judgeIdentityId(context: CheckContext, store: LiveStore): Promise<Finding> {
  const { identityRef = { name: undefined, key: undefined, namespace: undefined } } = store.live;
  const ref = resolveRef(store.live, identityRef);
  return unlessForbidden(getSecret(ref), async () => {
    if (ref.namespace === undefined)
      throw trouble(context, store, "ESOB-S209", {
        message: `${titleOf(store)} names Secret ${ref.name} without a namespace.`,
        reason: "ESO then looks for it in no namespace at all, and never finds it",
      });
    const read = await readRef(context, "Secret", ref);
    const foreign = identityRef.namespace !== undefined && identityRef.namespace !== ref.namespace;
    if (read.found === "nothing") throw noSecret(context, store, ref, foreign ? identityRef : undefined);
    const finding = judgeValue(context, store, ref, read);
    if (!foreign || finding.status !== "pass") return finding;
    return warning("ESOB-S208", {
      message: `${titleOf(store)} names a Secret of namespace ${identityRef.namespace}; ESO reads ${ref.namespace}/${ref.name} instead.`,
      reason: "a SecretStore reads Secrets of its own namespace only",
      fix: withoutNamespace(store),
    });
  });
}

const withoutNamespace = (store: LiveStore): Fix =>
  removeField(
    "Remove the namespace.",
    subjectOf(store),
    "/spec/provider/infisical/auth/kubernetesAuthCredentials/identityId/namespace",
  );

function noSecret(
  context: CheckContext,
  store: LiveStore,
  { namespace, name }: KeyRef,
  named: KeyRef | undefined,
): BootstrapError {
  const message = `Secret ${namespace}/${name} with the identity's id does not exist.`;
  if (!named) return trouble(context, store, "ESOB-S203", { message });
  return new BootstrapError("ESOB-S208", {
    message,
    reason: `identityId names namespace ${named.namespace}, but ESO ignores it: a SecretStore reads its own namespace only`,
    fix: context.desired
      ? thenRestore(withoutNamespace(store))
      : restore(context, "ESOB-S208", subjectOf(store)),
  });
}

function judgeValue(
  context: CheckContext,
  store: LiveStore,
  { namespace, name, key }: KeyRef,
  read: Exclude<RefRead, { found: "nothing" }>,
): Finding {
  const where = `Key ${key} of Secret ${namespace}/${name}`;
  if (read.found === "no-key")
    throw trouble(context, store, "ESOB-S204", {
      message: `Secret ${namespace}/${name} has no key ${key}.`,
      reason: read.keys.length > 0 ? `its keys are ${read.keys.join(", ")}` : "it is empty",
    });
  const id = read.value.trim();
  if (id === "") throw trouble(context, store, "ESOB-S205", { message: `${where} is empty.` });
  if (!isUuid(id))
    throw trouble(context, store, "ESOB-S206", {
      message: `${where} is not the id of a machine identity.`,
      reason: /^(['"`]).*\1$/s.test(id) ? "there are quotes around it" : "ids are UUIDs",
    });
  if (id === read.value) return pass();
  return warning("ESOB-S207", {
    message: `${where} has white space around the id.`,
    reason: "Infisical forgives it, other readers may not",
    fix: restore(context, "ESOB-S207", { kind: "Secret", namespace: namespace ?? "", name: name ?? "" }),
  });
}

/** The path of ESO's token: ESO opens it as it stands, in its own container (eso.md 1.4). */
export function judgeTokenPath(context: CheckContext, store: LiveStore): Promise<Finding> {
  const { tokenPathRef = { name: undefined, key: undefined, namespace: undefined } } = store.live;
  const ref = resolveRef(store.live, tokenPathRef);
  return unlessForbidden(getSecret(ref), async () => {
    const read = await readRef(context, "Secret", ref);
    if (read.found !== "value" || read.value === "")
      throw pathTrouble(context, store, "ESOB-S210", {
        message: `Secret ${ref.namespace}/${ref.name} does not have the path of ESO's token at ${ref.key}.`,
        reason: read.found === "nothing" ? "there is no such Secret" : "the key is missing or empty",
      });
    if (read.value !== read.value.trim())
      throw pathTrouble(context, store, "ESOB-S211", {
        message: `The path of ESO's token in Secret ${ref.namespace}/${ref.name} has white space around it.`,
        reason: "ESO opens the file by exactly that name",
      });
    const controllers = servingClass(await readControllers(context), store.live);
    const isMounted = controllers.some(({ tokens, mounts }) =>
      [...tokens.map(({ path }) => path), ...mounts, STANDARD].some((path) => holds(path, read.value)),
    );
    if (isMounted || controllers.length === 0) return pass();
    throw pathTrouble(context, store, "ESOB-S212", {
      message: `${titleOf(store)} names a token file that is not mounted into ESO's pod.`,
      reason: `no volume is mounted at or above the path in Secret ${ref.namespace}/${ref.name}`,
    });
  });
}

/** Where Kubernetes itself puts a pod's token. */
const STANDARD = "/var/run/secrets/kubernetes.io/serviceaccount";

const holds = (mount: string, path: string) => path === mount || path.startsWith(`${mount}/`);

const PATH = "/spec/provider/infisical/auth/kubernetesAuthCredentials/serviceAccountTokenPath";

const pathTrouble = (
  context: CheckContext,
  store: LiveStore,
  code: Code,
  details: { message: string; reason?: string },
): BootstrapError => new BootstrapError(code, { ...details, fix: mendField(context, code, store, PATH) });

function trouble(
  context: CheckContext,
  store: LiveStore,
  code: Code,
  details: { message: string; reason?: string },
): BootstrapError {
  return new BootstrapError(code, { ...details, fix: restore(context, code, subjectOf(store)) });
}
