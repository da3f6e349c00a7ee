interface Wanted {
  readonly name: string;
  readonly url: string;
  readonly ca: string;
  readonly user: string;
  readonly namespace?: string | undefined;
  readonly token?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A kubeconfig with one context, in JSON (which is YAML). */
export function kubeconfigText({ name, url, ca, user, namespace, token, certPem, keyPem }: Wanted): string {
  const certified =
    certPem !== undefined && keyPem !== undefined
      ? { "client-certificate-data": base64(certPem), "client-key-data": base64(keyPem) }
      : {};
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    clusters: [{ name, cluster: { server: url, "certificate-authority-data": base64(ca) } }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace !== undefined && { namespace }) } }],
    users: [{ name: user, user: { ...(token !== undefined && { token }), ...certified } }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
