import { at, recordOf, recordsAt } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { Hand } from "../kubernetes/controllers/controller.ts";

/** The one condition of stores and ExternalSecrets. */
export interface Ready {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
}

/** Sets the condition Ready (and more of the status); its time moves only with its status. */
export function setReady(
  api: Api,
  object: KubeObject,
  ready: Ready,
  more: Readonly<Record<string, unknown>> = {},
): void {
  new Hand(api, "external-secrets").change(
    object,
    (now) => {
      const old = readyOf(now);
      const lastTransitionTime =
        old?.["status"] === ready.status ? old["lastTransitionTime"] : api.timestamp();
      return {
        ...now,
        status: {
          // Go writes a struct whether there is something in it or not.
          ...(now.kind === "ExternalSecret" && { binding: { name: "" } }),
          ...recordOf(now["status"]),
          conditions: [{ type: "Ready", ...ready, lastTransitionTime }],
          ...more,
        },
      };
    },
    "status",
  );
}

/** As it stands in an object. */
export const readyOf = (object: KubeObject): Record<string, unknown> | undefined =>
  recordsAt(object["status"], "conditions").find((one) => one["type"] === "Ready");

export const isReady = (object: KubeObject): boolean => readyOf(object)?.["status"] === "True";

/** Go's durations (`1h0m0s`, `1500ms`) and plain seconds, in milliseconds. */
export function durationMs(value: unknown, fallback: number): number {
  if (typeof value === "number") return value * 1000;
  if (typeof value !== "string") return fallback;
  const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...value.matchAll(/([\d.]+)(ms|[smh])/g)];
  return parts.length === 0
    ? (Number(value) || 0) * 1000
    : parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? "s"] ?? 0), 0);
}

/** As Go writes it: `1h0m0s`, `1m0s`, `0s`, `1.5s`. */
export function goDuration(milliseconds: number): string {
  const seconds = (milliseconds / 1000) % 60;
  const minutes = Math.floor(milliseconds / 60_000) % 60;
  const hours = Math.floor(milliseconds / 3_600_000);
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

export const specOf = (object: KubeObject, ...road: string[]): unknown => at(object["spec"], ...road);
