import { EXTERNAL_SECRET, type DoctorWorld } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

const entries = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    secretKey: ["DB_HOST", "DB_PASSWORD"][index] ?? `KEY_${index}`,
    remoteRef: { key: ["DB_HOST", "DB_PASSWORD"][index % 2] },
  }));

/** What the intervals cost; the target has each key, so that nothing else is wrong. */
export const LIMITS: readonly Breakage[] = [
  limit("ESOB-I401", "forty keys every half minute", { refreshInterval: "30s", data: entries(40) }),
  limit("ESOB-I402", "seventy keys in one ExternalSecret", { refreshInterval: "24h", data: entries(70) }),
  limit("ESOB-I403", "a sync each fifth of a second", { refreshInterval: "200ms", data: [], dataFrom: [] }),
  {
    ...limit("ESOB-I401", "forty keys every half minute, in no file", {
      refreshInterval: "30s",
      data: entries(40),
    }),
    look: { only: ["limits"], withoutFile: true },
    fix: /^kubectl patch externalsecret shop-db -n shop /,
  },
];

function limit(code: Breakage["code"], what: string, spec: object): Breakage {
  return {
    code,
    what,
    as: "warn",
    look: { only: ["limits"] },
    fix: /^eso-bootstrap apply --force-conflicts$/,
    break: (world: DoctorWorld) =>
      world.edit(EXTERNAL_SECRET, (object) => Object.assign(object["spec"] as object, spec)),
  };
}
