import { parseDuration } from "../inputs/durations.ts";
import { isCloud } from "../inputs/host.ts";

/**
 * Requests that ESO makes for one ExternalSecret (eso.md 1.7): at each sync a login, one GET for each key (one list for
 * `all`) and a revoke; nothing is cached. 0 for an interval of 0: synced once.
 */
export function requestsPerMinute(keys: number | "all", interval: string): number {
  const seconds = parseDuration(interval) ?? 0;
  return seconds === 0 ? 0 : ((keys === "all" ? 1 : keys) + 2) * (60 / seconds);
}

/**
 * Reads of secrets a minute, per address, before the server refuses (infisical-api.md section 6): a server of one's own has
 * the instance's default, Cloud's free plan has less, and says nothing about other plans.
 */
export function readLimit(host: string): { readonly perMinute: number; readonly of: string } {
  return isCloud(host)
    ? { perMinute: 40, of: "the free plan allows" }
    : { perMinute: 60, of: "this server allows" };
}

/** `about 5 requests a minute of 60 this server allows`: fits in 80 columns behind the question. */
export function costText(keys: number | "all", interval: string, host: string): string {
  const amount = requestsPerMinute(keys, interval);
  if (amount === 0) return "read once, and again only when it is forced";
  const { perMinute, of } = readLimit(host);
  const rounded = amount < 1 ? "less than 1 request" : `about ${Math.round(amount)} requests`;
  const warning = amount > perMinute ? ": too many" : "";
  return `${rounded} a minute of ${perMinute} ${of}${warning}`;
}
