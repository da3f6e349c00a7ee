import type { DesiredStore } from "../../desired/desired.ts";
import { BootstrapError } from "../../errors.ts";
import type { Identity, KubernetesAuth } from "../../infisical/infisical.ts";
import type { CheckContext } from "../context.ts";
import { comparable, describes } from "../of-file.ts";
import { chainsOf, identityIdOf, type Chain } from "../login/chain.ts";
import { titleOf } from "../subject.ts";
import { identityAt, kubernetesAuthAt, operatorOf } from "./seen.ts";

/** What bears rights at Infisical for one or more stores: a machine identity. */
export interface Bearer {
  readonly chain: Chain;
  /** The store of the file that it belongs to. */
  readonly wanted: DesiredStore | undefined;
  /** `eso-prod-shop`, else the store that names it. */
  readonly label: string;
}

/** One per identity of the file, else one per road: only of the server that the operator is logged in at. */
export function bearersOf(context: CheckContext): readonly Bearer[] {
  const { infisical, desired } = context;
  if (!infisical) return [];
  const ours = new Set([infisical.host, desired?.infisical.hostForEso]);
  const chains = chainsOf(context).filter(({ host }) => ours.has(comparable(host)));
  if (!desired)
    return chains.map((chain) => ({
      chain,
      wanted: undefined,
      label: `identity of ${titleOf(chain.store)}`,
    }));
  return desired.stores.flatMap((wanted) => {
    const chain = chains.find(({ stores }) => stores.some((store) => describes(wanted, store)));
    return chain ? [{ chain, wanted, label: `identity ${wanted.identityName}` }] : [];
  });
}

/** The identity whose id is in the Secret that ESO reads. Throws ESOB-I321 where it does not exist. */
export async function identityOf(context: CheckContext, { chain, label }: Bearer): Promise<Identity> {
  const id = (await identityIdOf(context, chain)) ?? "";
  const identity = await identityAt(context, id, chain.store.live.projectSlug);
  if (identity) return identity;
  throw new BootstrapError("ESOB-I321", {
    message: `The ${label} does not exist at Infisical.`,
    reason: `the Secret of ${titleOf(chain.store)} names an id that ${operatorOf(context).host} does not know`,
    fix: { summary: "Make it, and write its id into the Secret.", command: "eso-bootstrap apply" },
  });
}

/** Its Kubernetes Auth as stored. Throws ESOB-R113 where there is none. */
export async function authOf(context: CheckContext, bearer: Bearer): Promise<KubernetesAuth> {
  const { id } = await identityOf(context, bearer);
  const auth = await kubernetesAuthAt(context, id);
  if (auth) return auth;
  throw new BootstrapError("ESOB-R113", {
    message: `The ${bearer.label} has no Kubernetes Auth.`,
    reason: "ESO cannot log in with it",
    fix: { summary: "Attach it.", command: "eso-bootstrap apply" },
  });
}
