import { expect, test } from "vitest";

import { proxyFromEnv } from "../../../src/kubernetes/proxy.ts";

const proxy = "http://proxy:3128";
const server = "https://api.k8s.example:6443";

const CASES: [string, string, Record<string, string>, string | undefined][] = [
  ["nothing is set", server, {}, undefined],
  ["HTTPS_PROXY for https", server, { HTTPS_PROXY: proxy }, proxy],
  ["HTTP_PROXY is not for https", server, { HTTP_PROXY: proxy }, undefined],
  ["HTTP_PROXY for http", "http://api:8080", { HTTP_PROXY: proxy }, proxy],
  ["lower case too", server, { https_proxy: proxy }, proxy],
  ["upper case first", server, { HTTPS_PROXY: proxy, https_proxy: "http://other" }, proxy],
  ["a proxy without scheme", server, { HTTPS_PROXY: "proxy:3128" }, proxy],
  ["never for localhost", "https://localhost:6443", { HTTPS_PROXY: proxy }, undefined],
  ["never for loopback", "https://[::1]:6443", { HTTPS_PROXY: proxy }, undefined],
  ["NO_PROXY names all", server, { HTTPS_PROXY: proxy, NO_PROXY: "*" }, undefined],
  ["NO_PROXY names the host", server, { HTTPS_PROXY: proxy, NO_PROXY: "x, API.k8s.example" }, undefined],
  ["NO_PROXY names the parent", server, { HTTPS_PROXY: proxy, NO_PROXY: "k8s.example" }, undefined],
  ["NO_PROXY names the domain", server, { HTTPS_PROXY: proxy, no_proxy: ".k8s.example" }, undefined],
  [
    "a domain is not its own host",
    "https://k8s.example",
    { HTTPS_PROXY: proxy, NO_PROXY: ".k8s.example" },
    proxy,
  ],
  [
    "a suffix is not a domain",
    "https://notk8s.example",
    { HTTPS_PROXY: proxy, NO_PROXY: "k8s.example" },
    proxy,
  ],
  ["NO_PROXY with this port", server, { HTTPS_PROXY: proxy, NO_PROXY: "k8s.example:6443" }, undefined],
  ["NO_PROXY with another port", server, { HTTPS_PROXY: proxy, NO_PROXY: "k8s.example:443" }, proxy],
  [
    "NO_PROXY with the default port",
    "https://k8s.example",
    { HTTPS_PROXY: proxy, NO_PROXY: "k8s.example:443" },
    undefined,
  ],
  [
    "NO_PROXY names the address",
    "https://192.0.2.7",
    { HTTPS_PROXY: proxy, NO_PROXY: "192.0.2.7" },
    undefined,
  ],
  [
    "NO_PROXY names the network",
    "https://192.0.2.7",
    { HTTPS_PROXY: proxy, NO_PROXY: "192.0.2.0/24" },
    undefined,
  ],
  [
    "NO_PROXY names another network",
    "https://198.51.100.7",
    { HTTPS_PROXY: proxy, NO_PROXY: "192.0.2.0/24" },
    proxy,
  ],
  [
    "NO_PROXY names an IPv6 network",
    "https://[2001:db8::7]",
    { HTTPS_PROXY: proxy, NO_PROXY: "2001:db8::/32" },
    undefined,
  ],
  ["a broken network is nobody's", server, { HTTPS_PROXY: proxy, NO_PROXY: "k8s.example/8" }, proxy],
];

test.each(CASES)("%s", (_title, url, env, expected) => {
  expect(proxyFromEnv(url, env)).toBe(expected);
});
