import { createServer } from "node:net";

const given = new Set<number>();

/**
 * A free port of 127.0.0.1 that no other call of this process got. Chosen at random below the range that the kernel
 * hands out for outgoing connections, so it is very likely still free when the child binds it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (!given.has(port) && (await bindable(port))) {
      given.add(port);
      return port;
    }
  }
}

function bindable(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
