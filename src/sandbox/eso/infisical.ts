import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { text } from "node:stream/consumers";
import { rootCertificates } from "node:tls";
import { at, isRecord, jsonOf, recordsAt, textOf } from "../../data.ts";

/** What a store says of Infisical. */
export interface Scope {
  readonly project: string;
  readonly environment: string;
  readonly path: string;
  readonly recursive: boolean;
  readonly expand: boolean;
}

export interface Found {
  readonly key: string;
  readonly value: string;
  readonly path: string;
}

/** Infisical said no, in the words of its Go SDK (go-sdk packages/errors). */
export class SdkError extends Error {
  override readonly name = "SdkError";
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** The secret is not there: told apart, because the deletionPolicy decides what follows. */
export class NoSecret extends Error {
  override readonly name = "NoSecret";
  override readonly message = "Secret does not exist";
}

/** `https://x`, `https://x/` and `https://x/api` are one; `https://x/api/` becomes `…/api/api` (eso.md 1.6). */
export function baseOf(hostApi: string): string {
  if (hostApi.endsWith("/api")) return hostApi;
  return hostApi.endsWith("/") ? `${hostApi}api` : `${hostApi}/api`;
}

/** The calls of ESO's Infisical provider (eso.md 1.7), with its queries and in its order. */
export class Provider {
  readonly #base: string;
  readonly #ca: string | undefined;
  readonly #isModern: boolean;
  #token = "";

  constructor(
    hostApi: string,
    { ca, isModern }: { readonly ca: string | undefined; readonly isModern: boolean },
  ) {
    [this.#base, this.#ca, this.#isModern] = [baseOf(hostApi), ca, isModern];
  }

  async login(identityId: string, jwt: string): Promise<void> {
    const body = { identityId, jwt, organizationSlug: "" };
    const answer = await this.#call(
      "CallKubernetesAuthLogin",
      "POST",
      "/v1/auth/kubernetes-auth/login",
      body,
    );
    this.#token = textOf(at(answer, "accessToken")) ?? "";
  }

  async universalLogin(clientId: string, clientSecret: string): Promise<void> {
    const answer = await this.#call("CallUniversalAuthLogin", "POST", "/v1/auth/universal-auth/login", {
      clientId,
      clientSecret,
      organizationSlug: "",
    });
    this.#token = textOf(at(answer, "accessToken")) ?? "";
  }

  useToken(token: string): void {
    this.#token = token;
  }

  async list(scope: Scope, imports: boolean): Promise<Found[]> {
    const answer = await this.#call(
      "CallListSecretsV3Raw",
      "GET",
      `/v3/secrets/raw?${queryOf(scope, imports, { workspaceId: "" })}`,
    );
    const own = recordsAt(answer, "secrets");
    const imported = recordsAt(answer, "imports")
      .toReversed()
      .flatMap((one) => recordsAt(one, "secrets"));
    const all = [...imported, ...own].map((secret) => ({
      key: textOf(secret["secretKey"]) ?? "",
      value: textOf(secret["secretValue"]) ?? "",
      path: textOf(secret["secretPath"]) ?? scope.path,
    }));
    return [...new Map(all.map((secret) => [secret.key, secret])).values()];
  }

  /** Throws NoSecret on 404; before ESO 2.7.0 the SDK's own error. */
  async get(scope: Scope, key: string): Promise<string> {
    const { recursive: _, ...query } = Object.fromEntries(
      new URLSearchParams(queryOf(scope, true, { type: "shared" })),
    );
    const path = `/v3/secrets/raw/${encodeURIComponent(key)}?${new URLSearchParams(query).toString()}`;
    const answer = await this.#call("CallRetrieveSecretV3Raw", "GET", path).catch((error: unknown) => {
      throw this.#isModern && error instanceof SdkError && error.status === 404 ? new NoSecret() : error;
    });
    return textOf(at(answer, "secret", "secretValue")) ?? "";
  }

  async revoke(): Promise<void> {
    if (this.#token === "") return;
    await this.#call("CallRevokeAccessToken", "POST", "/v1/auth/token/revoke", {
      accessToken: this.#token,
    }).catch(() => undefined);
  }

  async #call(
    operation: string,
    method: string,
    path: string,
    body?: object,
  ): Promise<Record<string, unknown>> {
    const url = `${this.#base}${path}`;
    const { status, whole } = await this.#send(method, url, body).catch((error: unknown) => {
      throw new SdkError(
        `${operation}: unable to complete api request [err=${method === "POST" ? "Post" : "Get"} "${url}": ${goWords(error)}]`,
      );
    });
    const answer = jsonOf(whole);
    if (status < 300 && isRecord(answer)) return answer;
    const [message, id] = [textOf(at(answer, "message")), textOf(at(answer, "reqId"))];
    const parts = [
      `[${method} ${url}]`,
      `[status-code=${status}]`,
      `[reqId=${id ?? ""}]`,
      ...(message ? [`[message="${message}"]`] : []),
    ];
    throw new SdkError(`APIError: ${operation} unsuccessful response ${parts.join(" ")}`, status);
  }

  #send(method: string, url: string, body?: object): Promise<{ status: number; whole: string }> {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const send = url.startsWith("https:") ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        url,
        {
          method,
          agent: false,
          headers: {
            accept: "application/json",
            "user-agent": "infisical-go-sdk",
            ...(sent !== undefined && {
              "content-type": "application/json",
              "content-length": Buffer.byteLength(sent),
            }),
            ...(this.#token && { authorization: `Bearer ${this.#token}` }),
          },
          ...(this.#ca !== undefined && { ca: [...rootCertificates, this.#ca] }),
        },
        (response) => {
          text(response).then((whole) => resolve({ status: response.statusCode ?? 0, whole }), reject);
        },
      );
      request.on("error", reject);
      request.end(sent);
    });
  }
}

/** In the order in which Go writes a query: by name. */
function queryOf(scope: Scope, imports: boolean, more: Record<string, string>): string {
  const query = new URLSearchParams({
    workspaceSlug: scope.project,
    environment: scope.environment,
    secretPath: scope.path,
    expandSecretReferences: String(scope.expand),
    include_imports: String(imports),
    recursive: String(scope.recursive),
    ...more,
  });
  query.sort();
  return query.toString();
}

const GO_WORDS: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, "connect: connection refused"],
  [/ENOTFOUND|EAI_AGAIN/, "dial tcp: lookup: no such host"],
  [
    /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/,
    "tls: failed to verify certificate: x509: certificate signed by unknown authority",
  ],
  [/ALTNAME/, "tls: failed to verify certificate: x509: certificate is not valid for this name"],
];

/** What Go would have said of the same trouble. */
function goWords(error: unknown): string {
  const code = textOf(at(error, "code")) ?? String(error);
  return GO_WORDS.find(([pattern]) => pattern.test(code))?.[1] ?? code;
}
