import type { Json } from "./json.ts";
import type { Kind } from "./kinds.ts";

/** `v1.36.3`: the release that the answers here were compared with. */
export const VERSION = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.3",
  gitCommit: "sandbox",
  gitTreeState: "",
  buildDate: "1970-01-01T00:00:00Z",
  goVersion: "none",
  compiler: "none",
  platform: "sandbox/node",
};

/** What the subresources that are no part of the object answer with, and their verbs. */
const SUBRESOURCES: Readonly<
  Record<
    string,
    {
      readonly verbs: readonly string[];
      readonly kind?: string;
      readonly group?: string;
      readonly version?: string;
    }
  >
> = {
  status: { verbs: ["get", "patch", "update"] },
  scale: { verbs: ["get", "patch", "update"], kind: "Scale", group: "autoscaling", version: "v1" },
  token: { verbs: ["create"], kind: "TokenRequest", group: "authentication.k8s.io", version: "v1" },
  log: { verbs: ["get"] },
  eviction: { verbs: ["create"], kind: "Eviction", group: "policy", version: "v1" },
  finalize: { verbs: ["update"] },
};

/** `/api/v1`, `/apis/GROUP/VERSION`: the kinds of one version. */
export function resourceList(kinds: readonly Kind[], groupVersion: string): Json {
  const resources = kinds.flatMap((kind) => [
    entryOf(kind),
    ...kind.subresources.map((name) => subEntryOf(kind, name)),
  ]);
  return {
    kind: "APIResourceList",
    ...(groupVersion !== "v1" && { apiVersion: "v1" }),
    groupVersion,
    resources: resources.toSorted((a, b) => (String(a["name"]) < String(b["name"]) ? -1 : 1)),
  };
}

function entryOf({ plural, singular, namespaced, kind, verbs, shortNames, categories }: Kind): Json {
  return {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
}

function subEntryOf({ plural, namespaced, kind }: Kind, name: string): Json {
  const { verbs = [], kind: its, group, version } = SUBRESOURCES[name] ?? {};
  return {
    name: `${plural}/${name}`,
    singularName: "",
    namespaced,
    ...(group && { group, version }),
    kind: its ?? kind,
    verbs,
  };
}

const groupsOf = (kinds: readonly Kind[]): string[] => [
  ...new Set(kinds.map(({ group }) => group).filter(Boolean)),
];
const versionsOf = (kinds: readonly Kind[], group: string): string[] => [
  ...new Set(kinds.filter((kind) => kind.group === group).map(({ version }) => version)),
];

function groupEntry(kinds: readonly Kind[], name: string): Json {
  const versions = versionsOf(kinds, name).map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return { name, versions, preferredVersion: versions[0] };
}

/** `/apis` and `/apis/GROUP`. */
export const groupList = (kinds: readonly Kind[]): Json => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: groupsOf(kinds).map((name) => groupEntry(kinds, name)),
});

export function groupOf(kinds: readonly Kind[], name: string): Json | undefined {
  return groupsOf(kinds).includes(name)
    ? { kind: "APIGroup", apiVersion: "v1", ...groupEntry(kinds, name) }
    : undefined;
}

/** apidiscovery.k8s.io/v2: everything at once, of the core group or of all others. */
export function aggregated(kinds: readonly Kind[], groups: readonly string[]): Json {
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: "apidiscovery.k8s.io/v2",
    metadata: {},
    items: groups.map((name) => ({
      metadata: { ...(name && { name }) },
      versions: versionsOf(kinds, name).map((version) => ({
        version,
        resources: kinds.filter((kind) => kind.group === name && kind.version === version).map(discoveryOf),
        freshness: "Current",
      })),
    })),
  };
}

function discoveryOf(kind: Kind): Json {
  const { plural, singular, namespaced, verbs, shortNames, categories, subresources } = kind;
  return {
    resource: plural,
    responseKind: { group: kind.group, version: kind.version, kind: kind.kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((name) => {
        const its = SUBRESOURCES[name];
        const responseKind = {
          group: its?.group ?? kind.group,
          version: its?.version ?? kind.version,
          kind: its?.kind ?? kind.kind,
        };
        return { subresource: name, responseKind, verbs: its?.verbs ?? [] };
      }),
    }),
  };
}

export const allGroups = groupsOf;
