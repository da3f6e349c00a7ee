import { BootstrapError } from "../errors.ts";

/** Infisical Cloud's regions (https://infisical.com/docs: US is the default of Infisical's own CLI). */
export const CLOUD_HOSTS: Readonly<Record<string, string>> = {
  us: "https://app.infisical.com",
  eu: "https://eu.infisical.com",
};

/** True for Infisical Cloud and its dedicated instances: reachable from anywhere, but reaches only public addresses. */
export function isCloud(host: string): boolean {
  const name = URL.canParse(host) ? new URL(host).hostname : "";
  return name === "infisical.com" || name.endsWith(".infisical.com");
}

export type ReadHost = { readonly host: string } | { readonly problem: string };

/**
 * Infisical's address as everything here writes it: `us`, `eu` or a URL become an http(s) URL without trailing slash and
 * without `/api`. What a browser shows behind a Cloud address (`/organization/…`) is dropped. Never repeats the text, which
 * may hold a password.
 */
export function readHost(text: string): ReadHost {
  const cloud = CLOUD_HOSTS[text.trim().toLowerCase()];
  if (cloud !== undefined) return { host: cloud };
  if (!/^https?:\/\//i.test(text.trim())) return { problem: suggestScheme(text.trim()) };
  if (!URL.canParse(text.trim()))
    return { problem: "expected us, eu or a URL such as https://infisical.example.com" };
  const url = new URL(text.trim());
  if (url.username || url.password)
    return { problem: "a URL with a user name or password in it is not allowed" };
  if (url.search || url.hash) return { problem: "expected a URL without ? and #" };
  if (isCloud(url.href)) return { host: url.origin };
  const path = url.pathname
    .replace(/\/+$/, "")
    .replace(/\/api(\/v\d+)?$/, "")
    .replace(/\/+$/, "");
  return { host: url.origin + path };
}

function suggestScheme(text: string): string {
  const isName = /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/|$)/i.test(text) && /[.:]|^localhost/.test(text);
  return isName
    ? "expected a URL that starts with https://, or us, or eu"
    : "expected us, eu or a URL such as https://infisical.example.com";
}

/** `readHost`, or ESOB-C104 that names where the text came from. */
export function normaliseHost(text: string, from = "infisical.host"): string {
  const read = readHost(text);
  if ("host" in read) return read.host;
  throw new BootstrapError("ESOB-C104", {
    message: `${from} is not an address of an Infisical server.`,
    reason: read.problem,
    fix: { summary: `Set ${from} to us, eu or the address you open in the browser.` },
  });
}
