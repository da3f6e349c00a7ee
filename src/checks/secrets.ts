import type { Check, Finding, Subject } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import { find, oneLine } from "./causes.ts";
import { ESO_IDS } from "./eso.ts";
import { isHidden, type SecretSubject } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { skip, warning } from "./finding.ts";
import { projectOf } from "./login/beyond.ts";
import { READY_CAUSES } from "./secrets/causes.ts";
import { fixFor } from "./secrets/fix.ts";
import { judgeFreshness } from "./secrets/freshness.ts";
import { judgeKeys } from "./secrets/keys.ts";
import { twinOf, whyNotSynced } from "./secrets/why.ts";
import { storesOf, type SecretView, type StoreRef } from "./view/external-secret.ts";
import { createShare } from "./view/share.ts";
import { storeKey } from "./view/store.ts";

/** Every ExternalSecret is synced, and its Secret has its keys. */
export function* secretChecks({ secrets, desired }: CheckContext): Generator<Check<CheckContext>> {
  const share = createShare();
  for (const secret of secrets) {
    const { namespace, name } = secret;
    const subject = { kind: "ExternalSecret", namespace, name };
    const id = `synced ${namespace}/${name}`;
    const wanted = secret.live ? undefined : desired?.secrets.find((one) => one.name === name)?.store;
    const stores = secret.live ? storesOf(secret.live) : wanted ? [wanted] : [];
    yield syncedCheck(secret, id, subject, share(causesIn(namespace, stores)));
    yield keysCheck(secret, id, subject);
  }
}

/** Its Secret is there, with all its keys, and no value stands for another. */
function keysCheck(secret: SecretSubject, synced: string, subject: Subject): Check<CheckContext> {
  return {
    category: "secrets",
    severity: "error",
    retry: true,
    subject,
    id: `keys ${secret.namespace}/${secret.name}`,
    code: "ESOB-E103",
    title: `Secret ${secret.namespace}/${secret.live?.target ?? secret.target} has its keys`,
    needs: [synced],
    run: (context) => judgeKeys(context, secret),
  };
}

/** Ids of checks that a failure to sync may follow from. */
function causesIn(namespace: string, stores: readonly StoreRef[]): readonly string[] {
  const keys = stores.map(({ kind, name }) => storeKey(kind, namespace, name));
  return [...ESO_IDS, ...keys.flatMap((key) => [`exists ${key}`, `store ${key}`, `list ${key}`])];
}

function syncedCheck(
  secret: SecretSubject,
  id: string,
  subject: Subject,
  after: readonly string[],
): Check<CheckContext> {
  return {
    category: "secrets",
    severity: "error",
    retry: true,
    subject,
    id,
    code: "ESOB-E101",
    title: `ExternalSecret ${secret.namespace}/${secret.name} is synced`,
    after,
    run: async (context) => (secret.live ? judge(context, secret.live) : absent(context, secret)),
  };
}

async function judge(context: CheckContext, live: SecretView): Promise<Finding> {
  const place = `ExternalSecret ${live.namespace}/${live.name}`;
  // ESO brings it up to date no more; a deletion that hangs is told with the cluster.
  if (live.deleting !== undefined) return skip(`it is being deleted since ${live.deleting}`);
  if (!live.ready) throw unobserved(context, live, place);
  if (!live.ready.ready) throw await whyNotSynced(context, live);
  const code = find(READY_CAUSES, live.ready.message);
  if (code !== undefined)
    throw new BootstrapError(code, {
      message: `${place} is called ready, but: ${live.ready.message}.`,
      reason: oneLine(live.ready.reason),
      fix: fixFor(context, live, code),
    });
  const fresh = judgeFreshness(context, live);
  const twin =
    fresh.status === "pass" && live.creationPolicy === "Owner" ? ownerTwin(context, live) : undefined;
  if (!twin) return fresh;
  return warning("ESOB-E220", {
    message: `${place} and ExternalSecret ${twin.name} both own Secret ${live.namespace}/${live.target}.`,
  });
}

/** Among many, looking at each pair would take long: the targets are counted once. */
function ownerTwin({ secrets }: CheckContext, live: SecretView): SecretView | undefined {
  const shared = sharedTargets(secrets);
  return shared.has(`${live.namespace}/${live.target}`) ? twinOf(secrets, live) : undefined;
}

const counted = new WeakMap<readonly SecretSubject[], ReadonlySet<string>>();

function sharedTargets(secrets: readonly SecretSubject[]): ReadonlySet<string> {
  const known = counted.get(secrets);
  if (known) return known;
  const [seen, shared] = [new Set<string>(), new Set<string>()];
  for (const { namespace, live } of secrets) {
    if (live?.creationPolicy !== "Owner") continue;
    const target = `${namespace}/${live.target}`;
    if (seen.has(target)) shared.add(target);
    seen.add(target);
  }
  counted.set(secrets, shared);
  return shared;
}

/** ESO looks at nothing whose store does not exist for it. */
function unobserved(context: CheckContext, live: SecretView, place: string): BootstrapError {
  const missing = storesOf(live).find(
    ({ kind, name }) => !context.known.has(storeKey(kind, live.namespace, name)),
  );
  if (missing)
    return new BootstrapError("ESOB-E202", {
      message: `${place} names ${missing.kind} ${missing.name}, which does not exist.`,
      fix: fixFor(context, live, "ESOB-E202"),
    });
  return new BootstrapError("ESOB-E102", {
    message: `ESO has not looked at ${place}.`,
    reason: "it has no status at all: ESO is down, or does not take care of its store",
  });
}

/** `init` makes no ExternalSecret for an empty folder: there is nothing that it could sync. */
async function absent(context: CheckContext, { namespace, name }: SecretSubject): Promise<Finding> {
  if (isHidden(context, "ExternalSecret", namespace)) return skip("ExternalSecrets may not be listed here");
  const store = context.desired?.secrets.find((one) => one.name === name)?.store;
  if (context.infisical && store) {
    const project = await projectOf(context, store.project);
    const scope = project && { project, environment: store.environment, path: store.path };
    const has = project?.environments.some(({ slug }) => slug === store.environment);
    if (scope && has && (await context.infisical.listSecretNames(scope)).length === 0)
      return skip(`${store.environment}:${store.path} holds no secrets yet`);
  }
  throw new BootstrapError("ESOB-E229", {
    message: `ExternalSecret ${namespace}/${name} does not exist.`,
    fix: { summary: "Create it.", command: "eso-bootstrap apply" },
  });
}
