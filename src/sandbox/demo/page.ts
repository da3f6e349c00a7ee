import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Sample, shownOf } from "./sample.ts";

/** The sample's page: HTML for a browser, which looks again every second, and lines for everybody else. */
export async function servePage(
  sample: Sample,
  port: number,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer(({ headers }, response) => {
    const isBrowser = headers.accept?.includes("text/html") === true;
    response.setHeader("content-type", `text/${isBrowser ? "html" : "plain"}; charset=utf-8`);
    response.setHeader("cache-control", "no-store");
    response.end(isBrowser ? html(sample) : text(sample));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const text = (sample: Sample): string =>
  [`pod ${sample.pod()}`, ...sample.variables().map((one) => `${one.name}=${shownOf(one)}`), ""].join("\n");

/** Names of pods and variables are such that HTML takes them as they are (RFC 1123, C_IDENTIFIER). */
const html = (sample: Sample): string => `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="1"><title>shop</title>
<style>
  :root { color-scheme: light dark } body { font: 18px/1.6 system-ui, sans-serif; margin: 10vh auto; max-width: 34em }
  table { border-collapse: collapse; width: 100% } td { border-bottom: 1px solid #8885; padding: .4em 0 }
  td:last-child { font-family: monospace; text-align: right; white-space: pre } .unset { opacity: .5 }
</style>
<h1>shop</h1><p>The variables that pod <code>${sample.pod()}</code> was started with.</p>
<table>${sample.variables().map(row).join("")}</table></html>
`;

const row = (one: Parameters<typeof shownOf>[0]): string =>
  `<tr${one.length === undefined ? ' class="unset"' : ""}><td>${one.name}<td>${shownOf(one)}`;
