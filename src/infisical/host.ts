import { BootstrapError } from "../errors.ts";

/** Infisical Cloud, by the short names that people use for its regions (infisical-api.md section 7). */
const REGIONS: Readonly<Record<string, string>> = {
  us: "https://app.infisical.com",
  eu: "https://eu.infisical.com",
};

/**
 * Base URL of an Infisical server, without trailing slash and without `/api`: what people paste from a browser, from
 * `INFISICAL_API_URL` or from the operator's `hostAPI` all mean the same server. Throws ESOB-C104.
 */
export function normaliseHost(value: string): string {
  const given = value.trim();
  const region = REGIONS[given.toLowerCase()];
  if (region) return region;
  const url = parse(given);
  if (!url) throw wrongHost(given);
  const path = url.pathname.replace(/\/+$/, "").replace(/\/api$/i, "");
  return `${url.protocol}//${url.host}${path.replace(/\/+$/, "")}`;
}

/** True for Infisical Cloud and its dedicated instances: reachable from anywhere, but reaches only public addresses. */
export function isCloud(host: string): boolean {
  const name = URL.canParse(host) ? new URL(host).hostname : "";
  return name === "infisical.com" || name.endsWith(".infisical.com");
}

function parse(given: string): URL | undefined {
  if (!/^https?:\/\/[^/?#\s]+/i.test(given) || !URL.canParse(given)) return undefined;
  const url = new URL(given);
  const plain = !url.username && !url.password && !url.search && !url.hash;
  return plain && url.hostname ? url : undefined;
}

function wrongHost(given: string): BootstrapError {
  const looksLikeName = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?(\/.*)?$/i.test(given) && /[.:]/.test(given);
  // A value with a user or a query may hold a secret: it is not repeated.
  const shown = /[@?#]/.test(given) ? "The address" : `"${given}"`;
  return new BootstrapError("ESOB-C104", {
    message: `${shown} is not the address of an Infisical server.`,
    reason: "expected us, eu, or a URL as https://infisical.example",
    fix: looksLikeName
      ? { summary: `Write the scheme too: https://${given}` }
      : { summary: "Set infisical.host to us, eu, or the address you open in the browser." },
  });
}
