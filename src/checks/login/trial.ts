import { BootstrapError, isBootstrapError } from "../../errors.ts";
import type { EsoSession } from "../../infisical/infisical.ts";
import { readHost } from "../../inputs/host.ts";
import type { CheckContext } from "../context.ts";
import { readCa } from "../references.ts";
import { placeOf } from "../view/store.ts";
import { widerPlaces } from "./beyond.ts";
import { chainsOf, identityIdOf, placeIn, placeKey, type Chain, type Place } from "./chain.ts";
import { refine } from "./refine.ts";
import { ownToken } from "./token.ts";

/** What Infisical answered for a place: its names, a refusal, or an error; undefined: not asked, see `MOST_LISTS`. */
export type Answer = Awaited<ReturnType<EsoSession["list"]>> | { readonly error: BootstrapError } | undefined;

/** A login as ESO and everything that was asked with it, or why none was tried. */
export type Trial =
  | {
      readonly answer: (place: Place) => Answer;
      readonly beyond: readonly Place[];
      /** Why it is not known which other places there are. */
      readonly unseen: string | undefined;
    }
  | { readonly because: string };

/** Lists in one look: servers allow 40 a minute and address (infisical-api.md 6), and ESO may share ours. */
const MOST_LISTS = 25;

/**
 * Logs in to Infisical exactly as ESO does, lists the places that this identity's stores read and some that it must not, and
 * revokes. Once per address and identity. Throws what `loginAsEso` throws, more exactly where the operator's view allows.
 */
export async function tryLogin(context: CheckContext, chain: Chain): Promise<Trial> {
  const [id, own] = await Promise.all([identityIdOf(context, chain), ownToken(context, chain)]);
  if ("because" in own) return own;
  if (id === undefined) return { because: "there is no identity's id" };
  if ("problem" in readHost(chain.host))
    return { because: `hostAPI of ${placeOf(chain.store)} is no address` };
  const { infisical, trusted } = await context.visit(chain.host, await readCa(context, chain.store.live));
  if (!trusted)
    return {
      because: context.desired
        ? `${placeOf(chain.store)} names ${infisical.host}, and eso-bootstrap.yaml another server`
        : `${placeOf(chain.store)} names ${infisical.host}; pass --trust-host ${infisical.host} to send ESO's token there`,
    };
  const key = `login ${infisical.host} ${id} ${own.account} ${own.audience}`;
  return context.once(key, async () => {
    const session = await infisical
      .loginAsEso(id, own.token)
      .catch((error: unknown) => refine(context, chain, { id, host: infisical.host }, error));
    try {
      return await explore(context, session, await placesOf(context, chain, id));
    } finally {
      await session.revoke();
    }
  });
}

interface Places {
  readonly own: readonly Place[];
  readonly beyond: readonly Place[];
  readonly unseen?: string | undefined;
}

async function explore(context: CheckContext, session: EsoSession, places: Places): Promise<Trial> {
  const budget = await context.once("lists", async () => ({ left: MOST_LISTS }));
  const answers = new Map<string, Answer>();
  const wanted = new Map([...places.own, ...places.beyond].map((place) => [placeKey(place), place]));
  const asked = [...wanted].slice(0, budget.left);
  budget.left -= asked.length;
  await Promise.all(
    asked.map(async ([key, place]) =>
      answers.set(key, await session.list(place).then(unlessOurAddress, asAnswer)),
    ),
  );
  const { beyond, unseen } = places;
  return { answer: (place) => answers.get(placeKey(place)), beyond, unseen };
}

/** The login does not look at trusted IPs, every later call does (infisical-api.md 10.4): says nothing of ESO, nor of the place. */
function unlessOurAddress(answer: Awaited<ReturnType<EsoSession["list"]>>): Answer {
  if (answer.allowed || !/from the current IP address/.test(answer.reason)) return answer;
  const message = "Infisical does not accept this machine's address.";
  return { error: new BootstrapError("ESOB-I114", { message, reason: answer.reason }) };
}

/** A failed list is a finding about that list, not about the login. */
function asAnswer(error: unknown): Answer {
  if (isBootstrapError(error)) return { error };
  throw error;
}

/** The places of all stores that log in with this id at this address, whatever Secret it is in. */
async function placesOf(context: CheckContext, { host }: Chain, id: string): Promise<Places> {
  const same: Chain[] = [];
  for (const chain of chainsOf(context).filter((other) => other.host === host))
    if ((await identityIdOf(context, chain).catch(() => undefined)) === id) same.push(chain);
  const stores = same.flatMap((chain) => chain.stores);
  const own = [...new Map(stores.map(({ live }) => [placeKey(placeIn(live)), placeIn(live)])).values()];
  try {
    return { own, beyond: await widerPlaces(context, stores, own) };
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    return { own, beyond: [], unseen: `the project's environments are not known: ${error.message}` };
  }
}
