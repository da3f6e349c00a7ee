/** How auth configurations look in answers (infisical-api.md 1.4, 1.5; Kubernetes Auth of E0 recorded). */

import type { KubernetesAuth, UniversalAuth } from "./types.ts";
import type { World } from "./world.ts";

type View = Record<string, unknown>;

/** A Kubernetes Auth configuration with CA and reviewer token in clear, as every server shows it (1.5). */
export function kubernetesAuthView(world: World, config: KubernetesAuth): View {
  const { caCert, tokenReviewerJwt } = config;
  return { ...kubernetesAuthRow(world, config), caCert, tokenReviewerJwt };
}

/** The same without CA and token: the answer of DELETE. */
export function kubernetesAuthRow(world: World, config: KubernetesAuth): View {
  return {
    id: config.id,
    accessTokenTTL: config.accessTokenTTL,
    accessTokenMaxTTL: config.accessTokenMaxTTL,
    accessTokenNumUsesLimit: config.accessTokenNumUsesLimit,
    accessTokenTrustedIps: config.accessTokenTrustedIps,
    createdAt: config.createdAt,
    updatedAt: config.updatedAt,
    identityId: config.identityId,
    kubernetesHost: config.kubernetesHost,
    allowedNamespaces: config.allowedNamespaces,
    allowedNames: config.allowedNames,
    allowedAudience: config.allowedAudience,
    ...(world.era.clientReviews
      ? {
          tokenReviewMode: config.tokenReviewMode,
          gatewayId: null,
          gatewayPoolId: null,
          templateId: null,
          verifyTlsCertificate: config.verifyTlsCertificate,
        }
      : {}),
  };
}

/** A Universal Auth configuration. */
export function universalAuthView(world: World, config: UniversalAuth): View {
  return {
    id: config.id,
    clientId: config.clientId,
    accessTokenTTL: config.accessTokenTTL,
    accessTokenMaxTTL: config.accessTokenMaxTTL,
    accessTokenNumUsesLimit: config.accessTokenNumUsesLimit,
    clientSecretTrustedIps: config.clientSecretTrustedIps,
    accessTokenTrustedIps: config.accessTokenTrustedIps,
    createdAt: config.createdAt,
    updatedAt: config.updatedAt,
    identityId: config.identityId,
    ...(world.era.lockout
      ? {
          lockoutEnabled: config.lockoutEnabled,
          lockoutThreshold: config.lockoutThreshold,
          lockoutDurationSeconds: config.lockoutDurationSeconds,
          lockoutCounterResetSeconds: config.lockoutCounterResetSeconds,
          accessTokenPeriod: 0,
        }
      : {}),
  };
}
