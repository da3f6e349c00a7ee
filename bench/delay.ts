import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A way to a server whose round trips can be made longer. */
export interface DelayedWay {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Milliseconds that each round trip takes longer from now on; a new connection costs one, too. */
  roundTripMs: number;
  stop(): Promise<void>;
}

/**
 * A TCP proxy on loopback. Whatever passes is held for half a round trip in each direction, and what a client sends first for a
 * whole one more: the handshake that a far server would need. TLS and HTTP pass untouched, so that each of their own round
 * trips costs what it costs in a real network.
 */
export async function startDelay(target: {
  readonly host: string;
  readonly port: number;
}): Promise<DelayedWay> {
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const { roundTripMs } = way;
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      socket.on("error", () => [client, upstream].forEach((one) => one.destroy()));
    }
    pass(client, upstream, roundTripMs / 2, Date.now() + roundTripMs);
    pass(upstream, client, roundTripMs / 2, 0);
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const way: DelayedWay = {
    port: (server.address() as AddressInfo).port,
    roundTripMs: 0,
    stop: () => {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => void server.close(() => resolve()));
    },
  };
  return way;
}

/** Everything in its order, each piece when its time has come. `notBefore`: ms since 1970. */
function pass(from: Socket, to: Socket, delayMs: number, notBefore: number): void {
  const queue: { readonly due: number; readonly work: () => void }[] = [];
  const flush = () => {
    // A timer may be a millisecond early.
    while (queue[0] && queue[0].due <= Date.now() + 1) queue.shift()?.work();
  };
  const later = (work: () => void) => {
    const now = Date.now();
    const due = Math.max(now, notBefore) + delayMs;
    queue.push({ due, work });
    if (due > now) setTimeout(flush, due - now);
    else flush();
  };
  from.on("data", (chunk) => later(() => to.writable && to.write(chunk)));
  from.on("end", () => later(() => to.end()));
}
