import { BootstrapError } from "../../errors.ts";
import type { Secret } from "../../secret.ts";
import type { CheckContext } from "../context.ts";
import { readControllers, servingClass } from "../controllers.ts";
import { asInstalled } from "../eso/release.ts";
import { isForbidden } from "../finding.ts";
import type { Controller } from "../../steps/eso-fact.ts";
import { readRef, resolveRef } from "../references.ts";
import type { Chain } from "./chain.ts";

/** How long the token lives: the shortest that Kubernetes grants. */
const TOKEN_SECONDS = 600;

/** A token of ESO's own ServiceAccount, or why none could be had here: neither a failure nor a pass. */
export type OwnToken =
  | { readonly token: Secret; readonly account: string; readonly audience: string | undefined }
  | { readonly because: string };

/** Asks for the token that ESO sends: its own ServiceAccount, with the audience of the file that the store names. */
export async function ownToken(context: CheckContext, { store }: Chain): Promise<OwnToken> {
  const { cluster, once } = context;
  const sender = await senderOf(context, store.live);
  if ("because" in sender) return sender;
  const { namespace, name, audience } = sender;
  const account = `${namespace}/${name}`;
  return once(`token ${account} ${audience}`, async () => {
    const right = {
      verb: "create",
      group: "",
      resource: "serviceaccounts",
      subresource: "token",
      namespace,
      name,
    };
    // Nothing that follows from the right: asked at once.
    const [missing, exists] = await Promise.all([
      cluster.missingRights([right]),
      accountExists(context, namespace, name),
    ]);
    if (missing.length > 0)
      return {
        because: `create serviceaccounts/token for ${account} is not allowed here; eso-bootstrap render --doctor-rbac=login prints the role`,
      };
    if (!exists) {
      const restore = await asInstalled(sender.sender, context.helm);
      throw new BootstrapError("ESOB-R224", {
        message: `ESO's ServiceAccount ${account} does not exist.`,
        reason: "its Deployment names it, but no token can be made for it",
        fix: {
          summary: "Restore it, and restart ESO: its tokens went with the old one.",
          command: `${restore ?? `kubectl create serviceaccount ${name} -n ${namespace}`} && kubectl rollout restart deployment/${sender.deployment} -n ${namespace}`,
        },
      });
    }
    const issued = await cluster.requestToken({
      namespace,
      serviceAccount: name,
      expirationSeconds: TOKEN_SECONDS,
      ...(audience !== undefined && { audiences: [audience] }),
    });
    return { token: issued.token, account, audience };
  });
}

type Sender =
  | {
      readonly namespace: string;
      readonly name: string;
      readonly audience: string | undefined;
      readonly deployment: string;
      readonly sender: Controller;
    }
  | { readonly because: string };

async function senderOf(context: CheckContext, store: Chain["store"]["live"]): Promise<Sender> {
  try {
    const controllers = await readControllers(context);
    const wanted = store.controller || context.desired?.eso.controllerClass;
    const serving = servingClass(controllers, store);
    const sender = serving.find(({ controllerClass }) => controllerClass === wanted) ?? serving[0];
    if (!sender) return { because: "no ESO was found that serves this store" };
    const { namespace, serviceAccount: name, deployment, tokens } = sender;
    const base = { namespace, name, deployment, sender };
    if (store.tokenPathRef?.name === undefined) return { ...base, audience: undefined };
    const read = await readRef(context, "Secret", resolveRef(store, store.tokenPathRef));
    const path = read.found === "value" ? read.value.trim() : "";
    return { ...base, audience: tokens.find((token) => token.path === path)?.audience };
  } catch (error) {
    if (isForbidden(error)) return { because: "which ServiceAccount ESO uses may not be read here" };
    throw error;
  }
}

/** With the right to make tokens only, the account itself need not be readable: the TokenRequest then says it. */
async function accountExists({ cluster }: CheckContext, namespace: string, name: string): Promise<boolean> {
  try {
    return (await cluster.get({ apiVersion: "v1", kind: "ServiceAccount", namespace, name })) !== undefined;
  } catch (error) {
    if (isForbidden(error)) return true;
    throw error;
  }
}
