import { writeFileSync } from "node:fs";

import { stringify } from "yaml";

/** What one kubeconfig with one context says. A user is a client certificate or a token. */
export interface Kubeconfig {
  context: string;
  user: string;
  apiServer: string;
  caPem: string;
  certPem?: string;
  keyPem?: string;
  token?: string;
  namespace?: string;
}

/** Writes a kubeconfig, everything inline, and gives its path. */
export function writeKubeconfig(path: string, config: Kubeconfig): string {
  const { context, user, apiServer, caPem, certPem, keyPem, token, namespace } = config;
  const base64 = (pem: string) => Buffer.from(pem).toString("base64");
  const content = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: context, cluster: { server: apiServer, "certificate-authority-data": base64(caPem) } },
    ],
    users: [
      {
        name: user,
        user: {
          ...(certPem && keyPem
            ? { "client-certificate-data": base64(certPem), "client-key-data": base64(keyPem) }
            : {}),
          ...(token ? { token } : {}),
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user, ...(namespace ? { namespace } : {}) } }],
    "current-context": context,
  };
  writeFileSync(path, stringify(content), { mode: 0o600 });
  return path;
}
