import { isBootstrapError } from "../errors.ts";
import type { KubernetesAuth } from "../infisical/infisical.ts";
import type { RoadContext } from "./context.ts";
import { loginWith } from "./login.ts";
import type { ReviewerUser } from "./reviewer-users.ts";

/** Codes with which Infisical turns somebody away *after* the reviewer has done its work. */
const REVIEWED = new Set(["ESOB-R110", "ESOB-R111", "ESOB-R112"]);

/** The ServiceAccount that an identity lets in: ESO's, as its Kubernetes Auth says; asked of the cluster where that names none. */
export async function serviceAccountOf(
  { facts }: RoadContext,
  { allowedNamespaces, allowedNames, allowedAudience }: KubernetesAuth,
): Promise<{ namespace: string; name: string; audience?: string }> {
  const [namespace, name] = [allowedNamespaces, allowedNames].map((list) =>
    list
      .split(",")
      .map((entry) => entry.trim())
      .find((entry) => /^[a-z0-9.-]+$/.test(entry)),
  );
  const account = namespace && name ? { namespace, name } : (await facts.eso()).serviceAccount;
  return { ...account, ...(allowedAudience && { audience: allowedAudience }) };
}

/**
 * Logs in with the identity as ESO does; throws R codes. Answers why where there is nobody to log in as. An identity of others
 * may let in somebody else: that it was judged at all says that its reviewer works.
 */
export async function proveLogin(
  context: RoadContext,
  { identity, auth, ours }: ReviewerUser,
): Promise<{ readonly because?: string }> {
  const account = await serviceAccountOf(context, auth);
  try {
    const tried = await loginWith(context, identity.id, account);
    if (!("session" in tried)) return tried;
    await tried.session.revoke();
    return {};
  } catch (error) {
    if (!ours && isBootstrapError(error) && REVIEWED.has(error.code)) return {};
    throw error;
  }
}
