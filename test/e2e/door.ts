import type { Authority } from "../../src/sandbox/kubernetes/certificates.ts";
import { startProxy, type Proxy } from "../helpers/proxy.ts";
import { freePort } from "./stack/ports.ts";

/** An address with TLS that a server can be had at; nobody listens there while it is shut. */
export interface Door {
  readonly url: string;
  /** Does nothing where it is open with the same CA's certificate. */
  open(authority?: Authority): Promise<void>;
  shut(): Promise<void>;
}

/** Opens it with a certificate of that CA. Whenever it is open, it stands at the same address. */
export async function doorTo(url: string, known: Authority): Promise<Door> {
  const port = await freePort();
  const behind = async (authority: Authority) => {
    const { keyPem: key, certPem: cert } = authority.issue({ commonName: "infisical", hosts: ["127.0.0.1"] });
    return { authority, proxy: await startProxy({ url, tls: { key, cert }, port }) };
  };
  let now: { readonly proxy: Proxy; readonly authority: Authority } | undefined = await behind(known);
  const shut = async () => {
    await now?.proxy.stop();
    now = undefined;
  };
  return {
    url: now.proxy.url,
    shut,
    async open(authority = known) {
      if (now?.authority === authority) return;
      await shut();
      now = await behind(authority);
    },
  };
}
