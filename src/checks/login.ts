import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import type { CheckContext } from "./context.ts";
import { pass, skip, unlessForbidden, warning } from "./finding.ts";
import { identityIdsOf } from "./identity.ts";
import { reachIdsOf } from "./infisical.ts";
import { chainsOf, placeIn, type Chain } from "./login/chain.ts";
import { judgeListing } from "./login/listing.ts";
import { judgeReview } from "./login/review.ts";
import { ownToken } from "./login/token.ts";
import { tryLogin } from "./login/trial.ts";
import { REVIEWER_IDS, storedIdsOf } from "./reviewer.ts";
import { specIdsOf } from "./store-spec.ts";
import { subjectOf, titleOf, type LiveStore } from "./subject.ts";
import { placeOf } from "./view/store.ts";

/** Ids of the layers for a store: what goes wrong with it later may follow from them. */
export function loginIdsOf(context: Pick<CheckContext, "stores">, store: LiveStore): readonly string[] {
  const chain = chainsOf(context).find(({ stores }) => stores.includes(store));
  return chain ? [...LAYERS.map((layer) => `${layer} ${chain.key}`), `list ${store.key}`] : [];
}

const LAYERS = ["token", "review", "login"] as const;

/** Logs in as ESO does, layer by layer: its token, the review, the login, the names. The first broken layer is named. */
export function loginChecks(context: CheckContext): readonly Check<CheckContext>[] {
  return chainsOf(context).flatMap((chain) => [
    tokenCheck(chain),
    reviewCheck(chain),
    loginCheck(context, chain),
    ...chain.stores.map((store) => listCheck(context, chain, store)),
    widthCheck(context, chain),
  ]);
}

const base = (store: LiveStore) =>
  ({ category: "login", severity: "error", subject: subjectOf(store) }) as const;

function tokenCheck(chain: Chain): Check<CheckContext> {
  return {
    ...base(chain.store),
    id: `token ${chain.key}`,
    code: "ESOB-R224",
    title: "ESO's own token can be had",
    retry: true,
    after: ["eso-installed", "eso-token"],
    run: async (context) => {
      const own = await ownToken(context, chain);
      if ("because" in own) return skip(own.because);
      return pass(`${own.account}, audience ${own.audience ?? "as the API server's"}`);
    },
  };
}

function reviewCheck(chain: Chain): Check<CheckContext> {
  return {
    ...base(chain.store),
    id: `review ${chain.key}`,
    code: "ESOB-R114",
    title: "the API server finds ESO's token genuine",
    retry: true,
    needs: [`token ${chain.key}`],
    after: REVIEWER_IDS,
    run: (context) => judgeReview(context, chain),
  };
}

function loginCheck(seen: CheckContext, chain: Chain): Check<CheckContext> {
  const { store } = chain;
  const needed = specIdsOf(store).filter((id) => /^(auth|identity-id|token-path|ca|host) /.test(id));
  return {
    ...base(store),
    id: `login ${chain.key}`,
    code: "ESOB-R115",
    title: `ESO can log in for ${chain.stores.map(placeOf).slice(0, 3).join(", ")}`,
    retry: true,
    needs: [...needed, `token ${chain.key}`],
    after: [
      ...reachIdsOf(store),
      `review ${chain.key}`,
      ...REVIEWER_IDS,
      ...storedIdsOf(seen, chain),
      ...identityIdsOf(seen, chain),
    ],
    run: (context) =>
      unlessForbidden("get the identity's Secret", () =>
        asSeenFromHere(store, async () => {
          const trial = await tryLogin(context, chain);
          return "because" in trial ? skip(trial.because) : pass("revoked again");
        }),
      ),
  };
}

function listCheck(seen: CheckContext, chain: Chain, store: LiveStore): Check<CheckContext> {
  const { environment, path } = placeIn(store.live);
  return {
    ...base(store),
    id: `list ${store.key}`,
    code: "ESOB-R119",
    title: `${titleOf(store)} may read ${environment}:${path}`,
    retry: true,
    needs: [`login ${chain.key}`, `scope ${store.key}`],
    after: identityIdsOf(seen, chain),
    run: (context) =>
      asSeenFromHere(store, async () => {
        const trial = await tryLogin(context, chain);
        if ("because" in trial) return skip(trial.because);
        const answer = trial.answer(placeIn(store.live));
        if (!answer) return skip("enough lists were made in this look; name the store to have it tried");
        if ("error" in answer) throw answer.error;
        return judgeListing(context, store, answer);
      }),
  };
}

function widthCheck(seen: CheckContext, chain: Chain): Check<CheckContext> {
  return {
    ...base(chain.store),
    id: `width ${chain.key}`,
    code: "ESOB-R118",
    title: "the identity may read nothing else",
    severity: "warning",
    needs: [`login ${chain.key}`],
    after: identityIdsOf(seen, chain),
    run: async (context) => {
      const trial = await tryLogin(context, chain);
      if ("because" in trial) return skip(trial.because);
      if (trial.unseen !== undefined) return skip(trial.unseen);
      const asked = trial.beyond.map((place) => ({ ...place, answer: trial.answer(place) }));
      const text = (places: typeof asked) =>
        places.map(({ environment, path }) => `${environment}:${path}`).join(", ");
      const open = asked.filter(({ answer }) => answer && "allowed" in answer && answer.allowed);
      if (open.length > 0)
        return warning("ESOB-R118", {
          message: `The identity of ${titleOf(chain.store)} may also read ${text(open)}.`,
          reason: "some role or privilege gives it more than its stores name",
        });
      const closed = asked.filter(({ answer }) => answer && "allowed" in answer);
      return closed.length > 0 ? pass(`refused: ${text(closed)}`) : skip("there is nothing else to try");
    },
  };
}

/** What only says something about this machine, and not about ESO's way, is no failure. */
async function asSeenFromHere(store: LiveStore, look: () => Promise<Finding>): Promise<Finding> {
  try {
    return await look();
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    if (["ESOB-I101", "ESOB-I113", "ESOB-I110"].includes(error.code))
      return skip(`not tried from this machine: ${error.reason ?? error.message}`);
    if (error.code === "ESOB-I114") return skip("the identity's trusted IPs leave this machine out");
    if (error.code !== "ESOB-I102" && error.code !== "ESOB-I103") throw error;
    const code = error.code === "ESOB-I102" ? "ESOB-S230" : "ESOB-S232";
    throw new BootstrapError(code, {
      message: `${titleOf(store)}: ${error.message}`,
      ...(error.reason !== undefined && { reason: error.reason }),
    });
  }
}
