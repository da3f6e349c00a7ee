import { refusalError } from "./errors.ts";
import { at, listOf, recordsAt, textOf, textsOf } from "../data.ts";
import { groupVersionPath, knownResource, type Resource } from "./resources.ts";
import type { Transport } from "./transport.ts";

/** Which kinds the cluster serves (`/api/v1`, `/apis/GROUP/VERSION`; API concepts, aggregated per group version). */
export interface Discovery {
  /** How a kind is addressed: by the table for what we know, else by asking. undefined: not served. */
  resource(apiVersion: string, kind: string): Promise<Resource | undefined>;
  /** Always by asking. */
  serves(apiVersion: string, kind: string): Promise<boolean>;
  /** Every kind that can be listed and deleted in a namespace, each in one version. */
  namespacedKinds(): Promise<{ apiVersion: string; kind: string }[]>;
  /** Something changed the CRDs, or a path turned out not to be served. */
  forget(): void;
}

type Kinds = ReadonlyMap<string, Resource>;

/** Answers are kept per group version, but never a "no": a CRD may be installed the next moment. Who asks at the same time shares. */
export function createDiscovery(transport: Transport): Discovery {
  const known = new Map<string, Kinds>();
  const pending = new Map<string, Promise<Kinds>>();
  const ask = async (apiVersion: string): Promise<Kinds> => {
    try {
      const kinds = await fetchKinds(transport, apiVersion);
      known.set(apiVersion, kinds);
      return kinds;
    } finally {
      pending.delete(apiVersion);
    }
  };
  const find = async (apiVersion: string, kind: string): Promise<Resource | undefined> => {
    const kept = known.get(apiVersion)?.get(kind);
    if (kept) return kept;
    const asked = pending.get(apiVersion) ?? ask(apiVersion);
    pending.set(apiVersion, asked);
    return (await asked).get(kind);
  };
  return {
    resource: async (apiVersion, kind) => knownResource(apiVersion, kind) ?? find(apiVersion, kind),
    serves: async (apiVersion, kind) => (await find(apiVersion, kind)) !== undefined,
    namespacedKinds: () => namespacedKinds(transport),
    forget: () => known.clear(),
  };
}

/** As `kubectl api-resources --namespaced --verbs=list,delete`: the groups, and in each what its versions serve. */
async function namespacedKinds(transport: Transport): Promise<{ apiVersion: string; kind: string }[]> {
  const answer = await transport.send({ method: "GET", path: "/apis", repeat: "always" });
  if (answer.status !== 200) throw refusalError(answer, { verb: "read", what: "the API groups" });
  const versions = recordsAt(answer.body, "groups").flatMap((group) => {
    const preferred = textOf(at(group, "preferredVersion", "groupVersion"));
    const all = recordsAt(group, "versions").map((version) => textOf(version["groupVersion"]));
    return [preferred, ...all].filter((version) => version !== undefined);
  });
  const found = new Map<string, { apiVersion: string; kind: string }>();
  for (const apiVersion of ["v1", ...new Set(versions)]) {
    const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
    for (const [kind, { namespaced, verbs = [] }] of await fetchKinds(transport, apiVersion))
      if (namespaced && verbs.includes("list") && verbs.includes("delete"))
        if (!found.has(`${group} ${kind}`)) found.set(`${group} ${kind}`, { apiVersion, kind });
  }
  return [...found.values()];
}

async function fetchKinds(transport: Transport, apiVersion: string): Promise<Kinds> {
  const answer = await transport.send({
    method: "GET",
    path: groupVersionPath(apiVersion),
    repeat: "always",
  });
  if (answer.status === 404) return new Map();
  if (answer.status !== 200) throw refusalError(answer, { verb: "read", what: `the kinds of ${apiVersion}` });
  const resources = listOf(at(answer.body, "resources")).flatMap((entry): [string, Resource][] => {
    const [plural, kind] = [textOf(at(entry, "name")), textOf(at(entry, "kind"))];
    // `deployments/status` and the like are subresources.
    if (plural === undefined || kind === undefined || plural.includes("/")) return [];
    const verbs = textsOf(at(entry, "verbs"));
    return [[kind, { plural, namespaced: at(entry, "namespaced") === true, verbs }]];
  });
  return new Map(resources);
}
