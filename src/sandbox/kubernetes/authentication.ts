import type { TLSSocket } from "node:tls";
import type { IncomingMessage } from "node:http";
import type { Api } from "./api.ts";
import { forbidden, unauthorized } from "./errors.ts";
import { authorize, refusalWords } from "./rbac.ts";
import type { User } from "./tokens.ts";

const ANONYMOUS: User = { username: "system:anonymous", groups: ["system:unauthenticated"] };

/** Who asks: a client certificate of our CA, or a bearer token; 401 for a credential that is not accepted. */
export function userOf(api: Api, message: IncomingMessage): User {
  const user = certified(message.socket as TLSSocket) ?? bearer(api, message.headers.authorization);
  return impersonated(api, user, message.headers);
}

function certified(socket: TLSSocket): User | undefined {
  const certificate = socket.getPeerCertificate?.();
  if (!certificate || !("subject" in certificate) || !certificate.subject) return undefined;
  if (!socket.authorized || Date.parse(certificate.valid_to) < Date.now()) throw unauthorized();
  const { CN, O = [] } = certificate.subject as {
    readonly CN?: string;
    readonly O?: string | readonly string[];
  };
  const groups = typeof O === "string" ? [O] : O;
  return { username: CN ?? "", groups: [...groups, "system:authenticated"] };
}

function bearer(api: Api, authorization: string | undefined): User {
  if (!authorization) return ANONYMOUS;
  const [, token] = /^Bearer\s+(\S+)$/i.exec(authorization) ?? [];
  const verdict = token === undefined ? undefined : api.tokens.check(token);
  if (!verdict || "error" in verdict) throw unauthorized();
  return verdict.user;
}

/** `Impersonate-User` and `Impersonate-Group`, as `kubectl --as` sends them, for who has the right. */
function impersonated(api: Api, user: User, headers: IncomingMessage["headers"]): User {
  const name = headers["impersonate-user"];
  if (typeof name !== "string") return user;
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  const wanted = account
    ? { verb: "impersonate", resource: "serviceaccounts", namespace: account[1], name: account[2] }
    : { verb: "impersonate", resource: "users", name };
  if (authorize(api.store, user, wanted) === undefined)
    throw forbidden({ plural: wanted.resource, name: wanted.name ?? "" }, refusalWords(user, wanted));
  const given = headers["impersonate-group"];
  const groups = given === undefined ? [] : typeof given === "string" ? given.split(", ") : given;
  const own = account ? ["system:serviceaccounts", `system:serviceaccounts:${account[1]}`] : [];
  return { username: name, groups: [...new Set([...groups, ...own, "system:authenticated"])] };
}
