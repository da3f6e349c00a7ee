import type { Code } from "../codes.ts";
import { BootstrapError, type ErrorDetails } from "../errors.ts";
import { at, textOf } from "../data.ts";

/** Why no answer came. `sent`: the server may have acted on it. `again`: trying again makes sense. */
export interface NetworkFailure {
  readonly error: BootstrapError;
  readonly sent: boolean;
  readonly again: boolean;
}

interface Kind {
  readonly code: Code;
  readonly codes: RegExp;
  readonly sent?: boolean;
  readonly again?: boolean;
  readonly tell: (server: string, reason: string) => ErrorDetails;
}

const unreachable = (server: string, reason: string): ErrorDetails => ({
  message: `The API server ${server} cannot be reached.`,
  reason,
  fix: {
    summary: "Check the address, the network and the proxy settings.",
    command: `curl -k ${server}/version`,
  },
});
const untrusted = (server: string, reason: string): ErrorDetails => ({
  message: `The certificate of the API server ${server} is not trusted.`,
  reason,
});
const ourCertificate = (_server: string, reason: string): ErrorDetails => ({
  message: "The API server did not accept the client certificate of this kubeconfig.",
  reason,
});
const badFiles = (_server: string, reason: string): ErrorDetails => ({
  message:
    "The kubeconfig cannot be used: its client certificate, key or CA is damaged, or they do not belong together.",
  reason,
});
const notTls = (server: string, reason: string): ErrorDetails => ({
  message: `What answers at ${server} does not speak the protocol of an API server.`,
  reason,
  fix: {
    summary: "Correct the server address in the kubeconfig, or the proxy.",
    command: `curl -vk ${server}/version`,
  },
});

/** Error codes of Node's net, dns, tls and http (nodejs.org/api/errors, OpenSSL's reason names); the first that fits counts. */
const KINDS: readonly Kind[] = [
  {
    code: "ESOB-K101",
    codes: /^(ECONNREFUSED|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN)$/,
    again: true,
    tell: unreachable,
  },
  { code: "ESOB-K101", codes: /^(ENOTFOUND|EPROXY|EADDRNOTAVAIL|ETIMEDOUT)$/, tell: unreachable },
  {
    code: "ESOB-K102",
    codes: /ALERT_(BAD|UNSUPPORTED|NO)?_?CERTIFICATE|ALERT_UNKNOWN_CA|ALERT_ACCESS_DENIED/,
    tell: ourCertificate,
  },
  {
    code: "ESOB-L103",
    codes: /^ERR_(OSSL|CRYPTO)_|_PEM_|KEY_VALUES_MISMATCH|ERR_INVALID_CHAR/,
    tell: badFiles,
  },
  {
    code: "ESOB-K103",
    codes:
      /^(CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH|ERR_TLS_CERT_)/,
    tell: untrusted,
  },
  { code: "ESOB-K109", codes: /^(HPE_|EPROTO|ERR_SSL_|ERR_TLS_)/, tell: notTls },
  {
    code: "ESOB-K101",
    codes: /^(ECONNRESET|EPIPE|ECONNABORTED|Z_BUF_ERROR|Z_DATA_ERROR|ERR_STREAM_PREMATURE_CLOSE)$/,
    sent: true,
    again: true,
    tell: unreachable,
  },
];

/** What the reasons of `KINDS` mean in words; others keep Node's. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused: nothing listens there",
  ENOTFOUND: "its name cannot be resolved",
  EAI_AGAIN: "its name cannot be resolved at the moment",
  EHOSTUNREACH: "there is no way to its host",
  ENETUNREACH: "there is no way to its network",
  ETIMEDOUT: "the connection timed out",
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  Z_BUF_ERROR: "its answer was cut short",
};

/** Translates an error of a request that got no answer. */
export function networkFailure(error: unknown, server: string): NetworkFailure {
  const code = textOf(at(error, "code")) ?? "";
  const kind = KINDS.find(({ codes }) => codes.test(code));
  const words = error instanceof Error ? error.message.replace(/\s+/g, " ").slice(0, 300) : "unknown";
  const reason = WORDS[code] ?? words;
  const details = { ...(kind?.tell ?? unreachable)(server, reason), cause: error };
  return {
    error: new BootstrapError(kind?.code ?? "ESOB-K101", details),
    sent: kind === undefined || kind.sent === true,
    again: kind?.again === true,
  };
}

/** An answer that stopped in the middle: as good as a cut connection. */
export function cutShort(server: string): NetworkFailure {
  const error = new BootstrapError("ESOB-K101", unreachable(server, "its answer was cut short"));
  return { error, sent: true, again: true };
}

export function timedOut(server: string, ms: number): NetworkFailure {
  const error = new BootstrapError("ESOB-K110", {
    message: `The API server ${server} did not answer within ${Math.round(ms / 100) / 10} s.`,
    reason: "the connection is open, or still being made, and nothing came back",
  });
  return { error, sent: true, again: false };
}

/** Something answered, but it was no API server: a login page, a load balancer, another server. */
export function notKubernetes(server: string, reason: string): BootstrapError {
  return new BootstrapError("ESOB-K109", notTls(server, reason));
}
