import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import { onTestFinished } from "vitest";

/** A server on loopback that answers as the test says; stops with it. Returns its URL. */
export async function serve(listener: RequestListener, server: Server = createServer()): Promise<string> {
  server.on("request", listener);
  return listenOn(server);
}

/** Every request gets this answer. */
export function answerWith(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): RequestListener {
  return (request, response) => {
    request.resume();
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
}

export async function listenOn(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}

/** Stands before a server and drops condition `key` where it has `value`, as servers drop what they do not know. */
export async function serveForgetful(url: string, key: string, value: string): Promise<string> {
  const isForgotten = (condition: unknown) => JSON.stringify(condition).includes(`"${value}"`);
  const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const text = Buffer.concat(chunks).toString();
    const forgetful = JSON.stringify(
      text === ""
        ? undefined
        : JSON.parse(text, (name, given: unknown) =>
            name === key && isForgotten(given) ? undefined : given,
          ),
    );
    const answer = await fetch(url + (request.url ?? ""), {
      method: request.method ?? "GET",
      headers: { "content-type": "application/json", authorization: request.headers.authorization ?? "" },
      ...(text === "" ? {} : { body: forgetful }),
    });
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(await answer.text());
  };
  return serve((request, response) => void forward(request, response));
}
