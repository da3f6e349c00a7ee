/** Kubernetes Auth of an identity (infisical-api.md 1.5; bodies recorded on E0). */

import { requireReachableHost, requireWorkingReviewer } from "../attach-check.ts";
import {
  attachTokenFields,
  authIdentity,
  patchTokenFields,
  requireBoundary,
  requireOnIdentity,
  requireTtlWithinMax,
  ttlWithinMax,
} from "../auth-config.ts";
import { badRequest, notFound, serverError } from "../errors.ts";
import type { Era } from "../generations.ts";
import { readTrustedIps } from "../ip.ts";
import type { Context, Handler, Route } from "../router.ts";
import type { Identity, KubernetesAuth } from "../types.ts";
import { boolean, nullable, object, oneOf, optional, refined, string, withDefault } from "../validation.ts";
import { kubernetesAuthRow, kubernetesAuthView } from "../auth-views.ts";

const hostCharacters = {
  test: (host: string) => /^[A-Za-z0-9:./-]+$/u.test(host),
  message:
    "Kubernetes host must only contain alphabets, numbers, colons, periods, hyphen, and forward slashes.",
};
const oldHost = string({ trim: true, min: 1 });
const newHost = nullable(string({ trim: true, min: 1, max: 255, checks: [hostCharacters] }));
const text = string({ trim: true });
const list = string();

const messages = {
  hostNeeded: "When token review mode is set to API, a Kubernetes host must be provided",
  gatewayNeeded: "When token review mode is set to Gateway, a gateway or gateway pool must be selected",
  caNeeded:
    "A CA certificate is required when TLS certificate verification is enabled. Either paste the Kubernetes API server's CA certificate or disable verification.",
  verificationNeeded:
    "TLS certificate verification cannot be disabled when a CA certificate is provided. Either remove the CA certificate or enable verification.",
};

/** Fields only newer servers know; older ones strip them. */
const newerFields = {
  tokenReviewMode: optional(oneOf(["api", "gateway"])),
  gatewayId: optional(nullable(string())),
  verifyTlsCertificate: optional(boolean),
};
const noNewerFields: { [K in keyof typeof newerFields]: () => undefined } = {
  tokenReviewMode: () => undefined,
  gatewayId: () => undefined,
  verifyTlsCertificate: () => undefined,
};

interface ConnectionRules {
  readonly kubernetesHost?: string | null | undefined;
  readonly caCert?: string | undefined;
  readonly tokenReviewMode?: string | undefined;
  readonly gatewayId?: string | null | undefined;
  readonly verifyTlsCertificate?: boolean | undefined;
}

/** The schema-level rules of the connection fields (newer servers). */
function connectionProblem(body: ConnectionRules): { path: string[]; message: string } | undefined {
  if (body.tokenReviewMode === "gateway") {
    return typeof body.gatewayId === "string"
      ? undefined
      : { path: ["gatewayId"], message: messages.gatewayNeeded };
  }
  const hasCa = (body.caCert ?? "") !== "";
  if (body.verifyTlsCertificate === true && !hasCa && body.caCert !== undefined) {
    return { path: ["caCert"], message: messages.caNeeded };
  }
  if (body.verifyTlsCertificate === false && hasCa) {
    return { path: ["verifyTlsCertificate"], message: messages.verificationNeeded };
  }
  return body.kubernetesHost === null
    ? { path: ["kubernetesHost"], message: messages.hostNeeded }
    : undefined;
}

const attachBody = (era: Era) =>
  refined(
    refined(
      object({
        kubernetesHost: era.clientReviews ? newHost : oldHost,
        caCert: withDefault(text, ""),
        tokenReviewerJwt: era.clientReviews ? optional(text) : string({ trim: true, min: 1 }),
        allowedNamespaces: list,
        allowedNames: list,
        allowedAudience: era.clientReviews ? withDefault(list, "") : list,
        ...(era.clientReviews ? newerFields : noNewerFields),
        ...attachTokenFields(era),
      }),
      ttlWithinMax(era),
    ),
    (body) => (era.clientReviews ? connectionProblem(body) : undefined),
  );

const patchBody = (era: Era) =>
  refined(
    object({
      kubernetesHost: optional(era.clientReviews ? newHost : oldHost),
      caCert: optional(text),
      tokenReviewerJwt: optional(era.clientReviews ? nullable(text) : string({ trim: true, min: 1 })),
      allowedNamespaces: optional(list),
      allowedNames: optional(list),
      allowedAudience: optional(list),
      ...(era.clientReviews ? newerFields : noNewerFields),
      ...patchTokenFields(era),
    }),
    (body) => (era.clientReviews ? connectionProblem(body) : undefined),
  );

function attachedTo({ world }: Context, identity: Identity): KubernetesAuth | undefined {
  return world.state.kubernetesAuths.find((row) => row.identityId === identity.id);
}

function refuseGateway({ world }: Context, gatewayId: string | null | undefined): void {
  if (typeof gatewayId !== "string") return;
  if (world.settings.plan.gateway) throw notFound(`Gateway with ID ${gatewayId} not found`);
  throw badRequest(
    "Your current plan does not support gateway usage with identity k8s auth. Please upgrade your plan or contact Infisical Sales for assistance.",
  );
}

const attach: Handler = async (context) => {
  const { world } = context;
  const { era, state } = world;
  const { gatewayId, ...body } = context.body(attachBody(era));
  const identity = authIdentity(context);
  const hasOther = state.universalAuths.find((row) => row.identityId === identity.id) !== undefined;
  if (attachedTo(context, identity) !== undefined || (hasOther && !era.manyAuthMethods)) {
    throw badRequest("Failed to add Kubernetes Auth to already configured identity");
  }
  requireTtlWithinMax(body.accessTokenTTL, body.accessTokenMaxTTL);
  requireOnIdentity(context, identity, era.attachAction);
  refuseGateway(context, gatewayId);
  const connection = {
    kubernetesHost: body.kubernetesHost,
    caCert: body.caCert,
    verifyTlsCertificate: body.verifyTlsCertificate ?? body.caCert !== "",
  };
  const reviewer = body.tokenReviewerJwt ?? "";
  const trusted = readTrustedIps(body.accessTokenTrustedIps, world.settings.plan.ipAllowlisting);
  if (era.validatesOnAttach) {
    await requireReachableHost(world, connection);
    if (reviewer !== "") await requireWorkingReviewer(world, connection, reviewer);
  }
  await context.raceWindow();
  if (attachedTo(context, identity) !== undefined) throw serverError("Create");
  identity.updatedAt = state.clock.now();
  const config = state.kubernetesAuths.insert({
    ...state.stamp(),
    ...body,
    ...connection,
    identityId: identity.id,
    tokenReviewerJwt: reviewer,
    tokenReviewMode: body.tokenReviewMode ?? "api",
    accessTokenTrustedIps: trusted,
  });
  return { identityKubernetesAuth: kubernetesAuthView(world, config) };
};

/** The connection after a PATCH. A new CA turns verification on; without one it stays as it was. */
function patchedConnection(config: KubernetesAuth, body: ConnectionRules, era: Era) {
  const caCert = body.caCert ?? config.caCert;
  const byCa = body.caCert === undefined ? config.verifyTlsCertificate : caCert !== "";
  const fallback = era.clientReviews && body.caCert === "" ? config.verifyTlsCertificate : byCa;
  const verifyTlsCertificate = body.verifyTlsCertificate ?? fallback;
  if (era.clientReviews && verifyTlsCertificate && caCert === "") throw badRequest(messages.caNeeded);
  const kubernetesHost = body.kubernetesHost ?? config.kubernetesHost;
  return { kubernetesHost, caCert, verifyTlsCertificate };
}

const patch: Handler = async (context) => {
  const { world } = context;
  const { era, state } = world;
  const body = context.body(patchBody(era));
  const identity = authIdentity(context);
  const config = attachedTo(context, identity);
  if (config === undefined) throw badRequest("Failed to update Kubernetes Auth");
  // `||`, as the server has it: a TTL left out counts as the stored MaxTTL (1.5, a trap).
  const maxTTL = body.accessTokenMaxTTL || config.accessTokenMaxTTL;
  requireTtlWithinMax(body.accessTokenTTL || config.accessTokenMaxTTL, maxTTL);
  requireOnIdentity(context, identity, era.patchAuthAction);
  if (Object.keys(body).length === 0 && !era.modernIdentities) throw serverError("Update by id");
  const { gatewayId, accessTokenTrustedIps, tokenReviewerJwt, ...plain } = body;
  refuseGateway(context, gatewayId);
  const connection = patchedConnection(config, body, era);
  // Absent and "" keep the token, null removes it.
  const reviewer = tokenReviewerJwt === null ? "" : tokenReviewerJwt || config.tokenReviewerJwt;
  const trusted =
    accessTokenTrustedIps === undefined
      ? config.accessTokenTrustedIps
      : readTrustedIps(accessTokenTrustedIps, world.settings.plan.ipAllowlisting);
  if (era.validatesOnAttach && typeof body.kubernetesHost === "string") {
    await requireReachableHost(world, connection);
  }
  if (era.validatesOnAttach && typeof tokenReviewerJwt === "string" && tokenReviewerJwt !== "") {
    await requireWorkingReviewer(world, connection, tokenReviewerJwt);
  }
  Object.assign(config, plain, connection, {
    tokenReviewerJwt: reviewer,
    accessTokenTrustedIps: trusted,
    updatedAt: state.clock.now(),
  });
  return { identityKubernetesAuth: kubernetesAuthView(world, config) };
};

const read: Handler = (context) => {
  const { world } = context;
  const identity = authIdentity(context);
  const config = attachedTo(context, identity);
  if (config === undefined) {
    if (!world.era.modernIdentities) throw badRequest("The identity does not have Kubernetes Auth attached");
    throw notFound(`Failed to find Kubernetes Auth for identity with ID ${identity.id}`);
  }
  requireOnIdentity(context, identity, "read");
  return { identityKubernetesAuth: kubernetesAuthView(world, config) };
};

const remove: Handler = (context) => {
  const { world } = context;
  const { state } = world;
  const identity = authIdentity(context);
  const config = attachedTo(context, identity);
  if (config === undefined) throw badRequest("The identity does not have kubernetes auth");
  requireOnIdentity(context, identity, identity.projectId === null ? "edit" : "revoke-auth");
  requireBoundary(
    context,
    identity,
    "Failed to revoke kubernetes auth of identity with more privileged role",
  );
  state.kubernetesAuths.remove((row) => row === config);
  if (world.era.tokensDieWithKubernetesAuth) {
    state.tokens.remove((row) => row.identityId === identity.id && row.authMethod === "kubernetes-auth");
  }
  identity.updatedAt = state.clock.now();
  return { identityKubernetesAuth: kubernetesAuthRow(world, config) };
};

const path = "/api/v1/auth/kubernetes-auth/identities/:identityId";
const writeRoute = { path, auth: "identity", bucket: "write" } as const;

export const kubernetesAuthRoutes: readonly Route[] = [
  { ...writeRoute, method: "POST", handler: attach },
  { ...writeRoute, method: "PATCH", handler: patch },
  { path, auth: "identity", bucket: "read", method: "GET", handler: read },
  { ...writeRoute, method: "DELETE", handler: remove },
];
