import { parseExternalSecret, type SecretView } from "../../checks/view/external-secret.ts";
import { parseStore, type StoreView } from "../../checks/view/store.ts";
import { at, textOf } from "../../data.ts";
import { REVIEWER_LABEL } from "../../desired/manifests.ts";
import { isBootstrapError } from "../../errors.ts";
import {
  MANAGED_BY_LABEL,
  MANAGER,
  type Cluster,
  type KubeObject,
  type ListQuery,
  type ObjectRef,
} from "../../kubernetes/cluster.ts";
import { findControllers, type Controller } from "../eso-fact.ts";
import { isOurs, refOf } from "../objects.ts";
import type { Judged } from "./judge.ts";

export const ESO_API = "external-secrets.io/v1";

/** An object as it stands. `ours`: it carries our mark, and no GitOps tool keeps it. */
export interface Live {
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly ours: boolean;
}
export interface LiveSecret extends Live {
  readonly view: SecretView;
}
export interface LiveStore extends Live {
  readonly view: StoreView;
}

/** A Secret with our mark; what it is for shows in its parts. Values are not held. */
export interface MarkedSecret extends Live {
  /** Of an identity Secret: what ESO logs in as. */
  readonly identityId: string | undefined;
  readonly reviewer: string | undefined;
  readonly type: string;
  /** ESO writes, or wrote, its data. */
  readonly isTarget: boolean;
  readonly owned: boolean;
}

/** All ExternalSecrets and stores, ours and others'. `hidden`: what may not be listed, so that nobody can say who uses what. */
export interface World {
  readonly secrets: readonly LiveSecret[];
  readonly stores: readonly LiveStore[];
  readonly hidden: readonly string[];
}

/** Reads that several steps share; each is done once until `forget`. */
export interface Survey {
  world(): Promise<World>;
  judged(): Promise<Judged>;
  markedSecrets(): Promise<readonly MarkedSecret[]>;
  /** Where Secrets may not be listed; undefined is the whole cluster. */
  secretsUnseenIn(): Promise<Places>;
  /** ESO controllers; undefined where Deployments may not be listed. */
  controllers(): Promise<readonly Controller[] | undefined>;
  /** Anything else, under a name of the asker's. */
  once<Fact>(name: string, read: () => Promise<Fact>): Promise<Fact>;
  forget(): void;
}

/** Namespaces, or undefined for the whole cluster. */
export type Places = readonly (string | undefined)[];

/** `judge` is handed in: it decides with what is read here. */
export function createSurvey(
  cluster: Cluster,
  namespaces: readonly string[],
  judge: () => Promise<Judged>,
): Survey {
  const known = new Map<string, Promise<unknown>>();
  const once = <Fact>(name: string, read: () => Promise<Fact>): Promise<Fact> => {
    const running = known.get(name) ?? read();
    known.set(name, running);
    return running as Promise<Fact>;
  };
  const marked = () => once("marked-secrets", () => readMarkedSecrets(cluster, namespaces));
  return {
    once,
    world: () => once("world", () => readWorld(cluster, namespaces)),
    judged: () => once("judged", judge),
    markedSecrets: async () => (await marked()).secrets,
    secretsUnseenIn: async () => (await marked()).unseen,
    controllers: () => once("controllers", () => unlessForbidden(findControllers(cluster))),
    forget: () => known.clear(),
  };
}

export const isForbidden = (error: unknown) => isBootstrapError(error) && error.code === "ESOB-K104";

/** undefined where the read is forbidden; other failures are thrown. */
export async function unlessForbidden<Fact>(read: Promise<Fact>): Promise<Fact | undefined> {
  return read.catch((error: unknown) => {
    if (isForbidden(error)) return undefined;
    throw error;
  });
}

/**
 * One list for the whole cluster where that is allowed, else one per namespace of the scope. Answers with the places that were
 * not seen: the whole cluster only where no namespaces are known to look into.
 */
export async function listWhereAllowed(
  cluster: Cluster,
  query: ListQuery,
  namespaces: readonly string[],
  hidden: string[],
  take: (object: KubeObject) => void,
): Promise<Places> {
  const read = async (more: Partial<ListQuery>, where: string) => {
    try {
      for await (const object of cluster.list({ ...query, ...more })) take(object);
      return true;
    } catch (error) {
      if (!isForbidden(error)) throw error;
      hidden.push(`${query.kind}s in ${where}`);
      return false;
    }
  };
  if (await read({}, "the whole cluster")) return [];
  if (namespaces.length === 0) return [undefined];
  const unseen: string[] = [];
  for (const namespace of namespaces) if (!(await read({ namespace }, namespace))) unseen.push(namespace);
  return unseen;
}

async function readWorld(cluster: Cluster, namespaces: readonly string[]): Promise<World> {
  const [secrets, stores, hidden]: [LiveSecret[], LiveStore[], string[]] = [[], [], []];
  const list = (kind: string, places: readonly string[], take: (object: KubeObject) => void) =>
    listWhereAllowed(cluster, { apiVersion: ESO_API, kind }, places, hidden, take);
  const takeStore = (object: KubeObject) => void stores.push(liveOf(object, { view: parseStore(object) }));
  await Promise.all([
    list(
      "ExternalSecret",
      namespaces,
      (object) => void secrets.push(liveOf(object, { view: parseExternalSecret(object) })),
    ),
    list("SecretStore", namespaces, takeStore),
    list("ClusterSecretStore", [], takeStore),
  ]);
  return { secrets, stores, hidden };
}

function liveOf<Part extends { view: { managedBy: string | undefined } }>(
  object: KubeObject,
  part: Part,
): Live & Part {
  const ours = isOurs(object) && part.view.managedBy === MANAGER;
  return { ref: refOf(object), uid: object.metadata.uid ?? "", ours, ...part };
}

async function readMarkedSecrets(
  cluster: Cluster,
  namespaces: readonly string[],
): Promise<{ secrets: MarkedSecret[]; unseen: Places }> {
  const secrets: MarkedSecret[] = [];
  const query = { apiVersion: "v1", kind: "Secret", labelSelector: `${MANAGED_BY_LABEL}=${MANAGER}` };
  const take = (object: KubeObject) => void secrets.push(markedSecret(object));
  return { unseen: await listWhereAllowed(cluster, query, namespaces, [], take), secrets };
}

function markedSecret(object: KubeObject): MarkedSecret {
  const { labels = {}, ownerReferences = [], uid = "" } = object.metadata;
  const encoded = textOf(at(object["data"], "identityId"));
  return {
    ref: refOf(object),
    uid,
    ours: true,
    identityId: encoded && Buffer.from(encoded, "base64").toString("utf8").trim(),
    reviewer: labels[REVIEWER_LABEL],
    type: textOf(object["type"]) ?? "",
    isTarget: labels["reconcile.external-secrets.io/managed"] === "true",
    owned: ownerReferences.length > 0,
  };
}
