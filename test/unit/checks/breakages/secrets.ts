import type { Code } from "../../../../src/codes.ts";
import { recordOf } from "../../../../src/data.ts";
import { EXTERNAL_SECRET, STORE, TARGET } from "../../../helpers/doctor-world.ts";
import { callReady, inSpec, loginSays, secretSays, setTarget } from "../../../helpers/doctor-breaks.ts";
import type { Breakage } from "./breakage.ts";

const told = (code: Code, event: string, message?: string): Breakage => ({
  code,
  what: `an ExternalSecret of which ESO says: ${event.slice(0, 70)}`,
  break: (world) => secretSays(world, event, message),
});

const inData = (text: string) => `error processing spec.data[0] (key: DB_HOST), err: ${text}`;

const NO_JSON =
  "error processing spec.dataFrom[0].extract, err: unable to unmarshal secret DB_HOST: invalid character 'd'";

/** ESO's own words (eso.md 5.4). */
export const SECRET_WORDS: readonly Breakage[] = [
  told("ESOB-E223", 'SecretStore "infisical" is not ready'),
  told(
    "ESOB-E202",
    'could not get ClusterSecretStore "infisical", clustersecretstores.external-secrets.io "infisical" not found',
  ),
  told(
    "ESOB-E203",
    'using cluster store "infisical" is not allowed from namespace "shop": denied by spec.condition',
  ),
  told("ESOB-E105", "error processing spec.data[0] (key: DB_HOTS), err: Secret does not exist"),
  told("ESOB-E205", inData("property port does not exist in secret DB_HOST")),
  told("ESOB-E206", NO_JSON),
  {
    code: "ESOB-E206",
    what: "an ExternalSecret with two events in one second",
    break(world) {
      secretSays(world, "error processing spec.data[0] (key: DB_HOTS), err: Secret does not exist");
      secretSays(world, NO_JSON);
    },
  },
  told("ESOB-E208", "target is owned by another ExternalSecret", "target is owned by another ExternalSecret"),
  told(
    "ESOB-E209",
    "could not update secret, target is immutable",
    "could not update secret, target is immutable",
  ),
  // The event is of before: what the condition says is of now.
  told("ESOB-E209", inData("Secret does not exist"), "could not update secret, target is immutable"),
  told("ESOB-E101", inData("Secret does not exist")), // but DB_HOST is there
  told("ESOB-E211", "deletionPolicy=Delete must not be used when the controller doesn't own the secret"),
  told(
    "ESOB-E224",
    'could not update secret: admission webhook "policy" denied the request',
    "could not update secret",
  ),
  told(
    "ESOB-E225",
    "error processing spec.dataFrom[0].find, err: invalid secret keys (TIP: use rewrite or conversionStrategy to change keys): a b",
  ),
  told("ESOB-E226", "error processing spec.dataFrom[0].find, err: find by tags not supported"),
  told(
    "ESOB-E227",
    loginSays(
      403,
      "You are attempting to reference secret named O from environment dev in path /other which you do not have access to.",
    ).replace("via kubernetes auth", ""),
  ),
  told("ESOB-E228", "could not apply template: unable to parse template"),
  told("ESOB-E101", "something that nobody has seen"),
];

const ready = (code: Code, reason: string, message: string): Breakage => ({
  code,
  what: `an ExternalSecret that is ready, because: ${message}`,
  break: (world) => callReady(world, reason, message),
});

const late = (code: Code, as: "fail" | "warn", seconds: number): Breakage => ({
  code,
  as,
  what: `a sync ${seconds} s ago, of one per minute`,
  world: { inputs: { secret: { refreshInterval: "60s" } } },
  break: ({ cluster, now }) =>
    cluster.setStatus(EXTERNAL_SECRET, {
      ...recordOf(cluster.peek(EXTERNAL_SECRET)?.["status"]),
      refreshTime: new Date(now - seconds * 1000).toISOString(),
    }),
});

export const SECRET_STATES: readonly Breakage[] = [
  ready("ESOB-E207", "SecretSynced", "secret retained due to DeletionPolicy=Retain"),
  ready("ESOB-E213", "SecretDeleted", "secret deleted due to DeletionPolicy=Delete"),
  ready("ESOB-E210", "SecretMissing", "secret will not be created due to CreationPolicy=Merge"),
  {
    code: "ESOB-E102",
    what: "an ExternalSecret without a status",
    break: ({ cluster }) => cluster.setStatus(EXTERNAL_SECRET, {}),
  },
  {
    code: "ESOB-E222",
    what: "an ExternalSecret whose store is not ready, and the store is not looked at",
    look: { skip: ["stores"] },
    break: (world) => {
      world.complain(STORE, { reason: "InvalidProviderConfig", message: "unable to create client" });
      secretSays(world, 'SecretStore "infisical" is not ready');
    },
  },
  late("ESOB-E216", "warn", 150),
  late("ESOB-E216", "fail", 4000),
  {
    code: "ESOB-E217",
    what: "a refreshInterval of 0",
    as: "warn",
    world: { inputs: { secret: { refreshInterval: "0s" } } },
    break: () => undefined,
  },
  {
    code: "ESOB-E217",
    what: "a refreshInterval of 0, and a version that ESO will not look at",
    as: "warn",
    world: { inputs: { secret: { refreshInterval: "0s" } } },
    break: (world) => inSpec(world, EXTERNAL_SECRET, (spec) => (spec["target"] = { name: "shop-db" })),
  },
  {
    code: "ESOB-E218",
    what: "no sync since the command began",
    look: { fresh: true },
    break: () => undefined,
  },
  {
    code: "ESOB-E219",
    what: "a newer version than the synced one",
    break: (world) => inSpec(world, EXTERNAL_SECRET, (spec) => (spec["refreshInterval"] = "2h")),
  },
  {
    code: "ESOB-E220",
    what: "two ExternalSecrets with one target",
    as: "warn",
    look: { withoutFile: true },
    break: ({ cluster }) => {
      const first = cluster.peek(EXTERNAL_SECRET);
      if (!first) throw new Error("no ExternalSecret");
      const spec = { ...recordOf(first["spec"]), target: { name: "shop-db" } };
      cluster.seed({
        apiVersion: first.apiVersion,
        kind: first.kind,
        metadata: { name: "twin", namespace: "shop" },
        spec,
      });
      cluster.setStatus({ ...EXTERNAL_SECRET, name: "twin" }, recordOf(first["status"]));
    },
  },
];

/** What stands in the Secret; values are never shown. */
export const KEYS: readonly Breakage[] = [
  {
    code: "ESOB-E103",
    what: "a key missing in the Secret",
    break: (world) => setTarget(world, { DB_HOST: "x" }),
  },
  {
    code: "ESOB-E103",
    what: "a key of the file that no apply has brought into the ExternalSecret yet",
    fix: /apply/,
    break: (world) => {
      inSpec(world, EXTERNAL_SECRET, (spec) => {
        spec["data"] = [{ secretKey: "DB_HOST", remoteRef: { key: "DB_HOST" } }];
      });
      const live = world.cluster.peek(EXTERNAL_SECRET);
      const syncedResourceVersion = `${live?.metadata.generation}-of-what-is-there`;
      world.cluster.setStatus(EXTERNAL_SECRET, { ...recordOf(live?.["status"]), syncedResourceVersion });
      setTarget(world, { DB_HOST: "x" });
    },
  },
  {
    code: "ESOB-E104",
    what: "an empty value",
    break: (world) => setTarget(world, { DB_HOST: "", DB_PASSWORD: "x" }),
  },
  {
    code: "ESOB-E214",
    what: "a hidden value",
    break: (world) => setTarget(world, { DB_HOST: "<hidden-by-infisical>", DB_PASSWORD: "x" }),
  },
  {
    code: "ESOB-E215",
    what: "a reference that was not followed",
    as: "warn",
    break: (world) => setTarget(world, { DB_HOST: "${dev.other.HOST}", DB_PASSWORD: "x" }),
  },
  {
    code: "ESOB-E212",
    what: "the Secret gone, with a kubeconfig only",
    look: { withoutFile: true },
    break: ({ cluster }) => cluster.remove(TARGET),
  },
];
