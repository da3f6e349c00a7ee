import { createServer } from "node:http";
import { onTestFinished } from "vitest";

/** What the API server says of every token it is asked about. */
export interface Review {
  readonly status?: number;
  readonly body?: unknown;
}

const GENUINE = {
  status: {
    authenticated: true,
    user: { username: "system:serviceaccount:external-secrets:external-secrets" },
    audiences: ["https://kubernetes.default.svc"],
  },
};

/** A Kubernetes API server that only knows its version and TokenReviews; stops with the test. Returns its URL. */
export async function startApiServer(review: Review = {}): Promise<string> {
  const server = createServer((request, response) => {
    const isReview = request.url?.endsWith("/tokenreviews") ?? false;
    request.resume();
    response.writeHead(isReview ? (review.status ?? 201) : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(isReview ? (review.body ?? GENUINE) : { gitVersion: "v1.36.3" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
}
