import { createServer } from "node:https";
import { onTestFinished } from "vitest";
import { makeLoopbackChain } from "../contract/sandbox-infisical-certificates.ts";
import { STORE, type DoctorWorld } from "./doctor-world.ts";

/** The store names another server, and gives a CA for it. */
export function pointStoreAt({ edit }: DoctorWorld, hostAPI: string, ca?: string): void {
  edit(STORE, ({ spec }) => {
    const { provider } = spec as { provider: { infisical: Record<string, unknown> } };
    provider.infisical["hostAPI"] = hostAPI;
    if (ca !== undefined) provider.infisical["caBundle"] = Buffer.from(ca).toString("base64");
  });
}

/** A TLS server that answers as Infisical's status does; its clock is `aheadMs` ahead. */
export async function tlsServer(
  options: {
    hosts?: readonly string[];
    expired?: boolean;
    body?: string;
    aheadMs?: number;
    status?: number;
  } = {},
): Promise<{ url: string; ca: string }> {
  const { ca, server } = makeLoopbackChain(options.hosts ?? ["127.0.0.1"], options.expired ?? false);
  const listening = createServer({ cert: server.cert, key: server.key }, (_request, response) => {
    const date = new Date(Date.now() + (options.aheadMs ?? 0)).toUTCString();
    const type = options.body === undefined ? "application/json" : "text/html";
    response.writeHead(options.status ?? 200, { date, "content-type": type });
    response.end(options.body ?? JSON.stringify({ date, message: "Ok" }));
  });
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        listening.closeAllConnections();
        listening.close(() => resolve());
      }),
  );
  const address = listening.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { url: `https://127.0.0.1:${port}`, ca: ca.cert };
}
