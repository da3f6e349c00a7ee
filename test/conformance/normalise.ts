import { isRecord } from "../../src/data.ts";

/** What differs from run to run without meaning: identities, times, revisions, tokens. */
const DROPPED = new Set([
  ..."uid resourceVersion creationTimestamp deletionTimestamp time lastTransitionTime expirationTimestamp token".split(
    " ",
  ),
  ..."gitCommit gitTreeState goVersion compiler platform buildDate clusterIP clusterIPs".split(" "),
  "authentication.kubernetes.io/credential-id",
  "authentication.kubernetes.io/x509-fingerprint",
]);

/** A body for comparison: without the above, descriptions of columns, and what is null or an empty struct. */
export function normalised(value: unknown): unknown {
  if (typeof value === "string")
    return value
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "UID")
      .replaceAll(/(ResourceVersion in record \()\d+/g, "$1N");
  if (Array.isArray(value)) return value.map(normalised);
  if (!isRecord(value)) return value;
  const isColumn = "name" in value && "priority" in value && "format" in value;
  const kept = Object.entries(value)
    .filter(([key, one]) => !DROPPED.has(key) && one !== null && !(isColumn && key === "description"))
    .map(
      ([key, one]) =>
        [
          key,
          key === "fieldsV1"
            ? JSON.stringify(one)
            : key === "cells" && Array.isArray(one)
              ? one.map(aged)
              : normalised(one),
        ] as const,
    )
    .filter(([, one]) => !(isRecord(one) && Object.keys(one).length === 0));
  return Object.fromEntries(kept.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `3s` and the like. */
const aged = (cell: unknown): unknown =>
  typeof cell === "string" && /^(\d+[smhd])+$/.test(cell) ? "AGE" : cell;
