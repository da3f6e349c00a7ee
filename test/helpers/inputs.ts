import type {
  EsoInput,
  InfisicalInput,
  Inputs,
  ReviewerInput,
  SecretInput,
  StoreInput,
} from "../../src/inputs/inputs.ts";

/** Inputs of a shop in prod, with what a test wants different. */
export function inputs(
  changes: {
    eso?: Partial<EsoInput>;
    infisical?: Partial<InfisicalInput>;
    reviewer?: Partial<ReviewerInput>;
    store?: Partial<StoreInput>;
    secret?: Partial<SecretInput>;
  } = {},
): Inputs {
  return {
    file: "eso-bootstrap.yaml",
    fileExists: true,
    cluster: { name: undefined, context: undefined, apiServer: undefined, caFile: undefined },
    infisical: {
      host: "https://eu.infisical.com",
      hostFromCluster: undefined,
      caFile: undefined,
      organization: undefined,
      project: "shop",
      create: false,
      ...changes.infisical,
    },
    eso: {
      manage: true,
      namespace: "external-secrets",
      release: "external-secrets",
      chart: "external-secrets",
      repo: "https://charts.external-secrets.io",
      version: "2.9.0",
      installCRDs: "auto",
      controllerClass: "default",
      values: {},
      ...changes.eso,
    },
    reviewer: {
      mode: "token",
      namespace: undefined,
      serviceAccount: "infisical-token-reviewer",
      clusterRole: "system:auth-delegator",
      tokenLifetime: undefined,
      ...changes.reviewer,
    },
    stores: [
      {
        name: "infisical",
        kind: "SecretStore",
        namespace: { names: ["shop"] },
        allowedNamespaces: undefined,
        project: "shop",
        environment: "prod",
        path: "/shop",
        recursive: false,
        alsoRead: [],
        imports: false,
        identity: undefined,
        identityId: undefined,
        accessTokenTTL: 7200,
        spec: {},
        ...changes.store,
      },
    ],
    secrets: [
      {
        name: "shop-db",
        namespace: { names: ["shop"] },
        store: "infisical",
        target: "shop-db",
        refreshInterval: "60s",
        creationPolicy: "Owner",
        deletionPolicy: "Retain",
        keys: [
          { as: "DB_HOST", key: "DB_HOST", property: undefined, allowEmpty: false },
          { as: "PORT", key: "DB", property: "port", allowEmpty: false },
        ],
        spec: {},
        restart: "auto",
        ...changes.secret,
      },
    ],
    ignore: [],
    credential: undefined,
    sources: {},
  };
}
