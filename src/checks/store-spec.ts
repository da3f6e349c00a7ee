import type { Check, Finding } from "../engine/check.ts";
import type { Code } from "../codes.ts";
import { BootstrapError } from "../errors.ts";
import { ESO_IDS } from "./eso.ts";
import { isHidden, type StoreSubject } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { pass, skip } from "./finding.ts";
import { judgeAuth, usesKubernetesAuth } from "./store-spec/auth.ts";
import { judgeCa } from "./store-spec/ca.ts";
import { judgeClass } from "./store-spec/class.ts";
import { judgeConditions } from "./store-spec/conditions.ts";
import { judgeIdentityId, judgeTokenPath } from "./store-spec/identity-id.ts";
import { judgeHost, judgeScope } from "./store-spec/scope.ts";
import { isLive, subjectOf, titleOf, type LiveStore } from "./subject.ts";

interface Aspect {
  readonly id: string;
  readonly code: Code;
  /** What is true of the store when all is well. */
  readonly title: string;
  /** What it names may come after it. */
  readonly retry?: true;
  /** What it may follow from. */
  readonly after?: readonly string[];
  applies(store: LiveStore): boolean;
  judge(context: CheckContext, store: LiveStore): Promise<Finding> | Finding;
}

const always = () => true;

/** What a store says, before anybody logs in: needs only the object and what it refers to. */
const ASPECTS: readonly Aspect[] = [
  { id: "class", code: "ESOB-S222", title: "is served by an ESO", applies: always, judge: judgeClass },
  {
    id: "auth",
    code: "ESOB-S202",
    title: "logs in in one way",
    // An old CRD drops the block.
    after: ["eso-crd-schema"],
    applies: always,
    judge: judgeAuth,
  },
  {
    id: "identity-id",
    code: "ESOB-S203",
    title: "finds its identity's id",
    retry: true,
    applies: ({ live }) => usesKubernetesAuth(live),
    judge: judgeIdentityId,
  },
  {
    id: "token-path",
    code: "ESOB-S210",
    title: "names a token that ESO has",
    retry: true,
    applies: ({ live }) => usesKubernetesAuth(live) && live.tokenPathRef?.name !== undefined,
    judge: judgeTokenPath,
  },
  { id: "host", code: "ESOB-S216", title: "has a usable hostAPI", applies: always, judge: judgeHost },
  {
    id: "ca",
    code: "ESOB-S213",
    title: "gives a usable CA",
    retry: true,
    applies: ({ live }) => live.caBundle !== undefined || live.caProvider !== undefined,
    judge: judgeCa,
  },
  { id: "scope", code: "ESOB-S219", title: "names its place by slugs", applies: always, judge: judgeScope },
  {
    id: "conditions",
    code: "ESOB-S225",
    title: "may be used by a namespace",
    applies: ({ live }) => live.kind === "ClusterSecretStore" && live.conditions.length > 0,
    judge: judgeConditions,
  },
];

/** Ids of the checks of a store's spec: what goes wrong later may follow from them. */
export function specIdsOf(store: StoreSubject): readonly string[] {
  const aspects = isInfisical(store) ? ASPECTS.filter(({ applies }) => applies(store)) : [];
  return [`exists ${store.key}`, ...aspects.map(({ id }) => `${id} ${store.key}`)];
}

export function storeSpecChecks({ stores }: CheckContext): readonly Check<CheckContext>[] {
  return stores.flatMap((store) => [
    existsCheck(store),
    ...(isInfisical(store) ? ASPECTS.filter(({ applies }) => applies(store)) : []).map((aspect) =>
      aspectCheck(store as LiveStore, aspect),
    ),
  ]);
}

const isInfisical = (store: StoreSubject): store is LiveStore =>
  isLive(store) && store.live.provider === "infisical";

const base = (store: StoreSubject) =>
  ({ category: "store-spec", severity: "error", subject: subjectOf(store) }) as const;

function aspectCheck(
  store: LiveStore,
  { id, code, title, retry, after, judge }: Aspect,
): Check<CheckContext> {
  return {
    ...base(store),
    id: `${id} ${store.key}`,
    code,
    title: `${titleOf(store)} ${title}`,
    ...(retry && { retry }),
    ...(after && { after }),
    needs: [`exists ${store.key}`],
    run: async (context) => judge(context, store),
  };
}

function existsCheck(store: StoreSubject): Check<CheckContext> {
  return {
    ...base(store),
    id: `exists ${store.key}`,
    code: "ESOB-S227",
    title: `${titleOf(store)} is there`,
    retry: true,
    after: ESO_IDS,
    run: async (context) => {
      if (!store.live && isHidden(context, store.kind, store.namespace))
        return skip(`${store.kind}s may not be listed here`);
      if (!store.live) throw absent(store, context.known);
      if (store.live.provider === "infisical") return pass();
      throw new BootstrapError("ESOB-S226", {
        message: `${titleOf(store)} is of the provider ${store.live.provider ?? "nobody"}, not of Infisical.`,
        reason: "eso-bootstrap.yaml wants a store of Infisical by that name",
      });
    },
  };
}

function absent(store: StoreSubject, known: CheckContext["known"]): BootstrapError {
  const twin = [...known.values()].find(({ name, kind }) => name === store.name && kind !== store.kind);
  return new BootstrapError("ESOB-S227", {
    message: `${titleOf(store)} does not exist.`,
    ...(twin && { reason: `there is a ${titleOf(twin)}` }),
    fix: { summary: "Create it.", command: "eso-bootstrap apply" },
  });
}
