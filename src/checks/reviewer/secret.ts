import { textOf } from "../../data.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { TOKEN_TYPE, tokenIn } from "../../steps/reviewer-fact.ts";
import { endOf, endsSoon } from "../../steps/token-ends.ts";
import type { CheckContext } from "../context.ts";
import { pass, skip, warning } from "../finding.ts";
import { restoreAtInfisical } from "../mending.ts";
import { readAccount, secretsOf, type Reviewer } from "./found.ts";

const again = { summary: "Make a new token; Infisical gets it too.", command: "eso-bootstrap apply" };

/** The Secret that holds the token, or that bound ones hang on. */
export async function judgeSecret(context: CheckContext, reviewer: Reviewer): Promise<Finding> {
  if (context.options.noSecrets) return skip("--no-secrets: the reviewer's Secret is not read");
  const secret = (await secretsOf(context, reviewer)).at(-1);
  if (!secret)
    throw new BootstrapError("ESOB-R205", {
      message: `The token Secret of the reviewer ${reviewer.text} is gone.`,
      reason: "the token that Infisical has died with it",
      fix: again,
    });
  const { name, namespace, annotations = {} } = secret.metadata;
  const place = `${namespace}/${name}`;
  if (reviewer.bound) return boundFinding(context, secret, place);
  const remove = (why: string) => ({
    summary: why,
    command: `kubectl delete secret ${name} -n ${namespace} && eso-bootstrap apply`,
  });
  if (secret["type"] !== TOKEN_TYPE)
    throw new BootstrapError("ESOB-R206", {
      message: `Secret ${place} of the reviewer is of the wrong type.`,
      reason: `it is ${textOf(secret["type"]) ?? "Opaque"}, and only ${TOKEN_TYPE} is filled with a token`,
      fix: remove("The type of a Secret cannot be changed: make it anew."),
    });
  const account = await readAccount(context, reviewer);
  const uid = annotations["kubernetes.io/service-account.uid"];
  if (uid !== undefined && account && uid !== account.metadata.uid)
    throw new BootstrapError("ESOB-R207", {
      message: `The token in Secret ${place} is of a ServiceAccount that was deleted.`,
      reason: `${reviewer.text} was made anew, and tokens of the old one are worthless`,
      fix: remove("Make the Secret anew."),
    });
  if (tokenIn(secret)) return pass(`Secret ${place}`);
  throw new BootstrapError("ESOB-R101", {
    message: `Secret ${place} of the reviewer has no token.`,
    reason: "kube-controller-manager fills it, and has not",
    fix: {
      summary: "Check that kube-controller-manager runs.",
      command: "kubectl get pods -n kube-system -l component=kube-controller-manager",
    },
  });
}

/** Tried out: the reviewer reviews its own token. */
export async function judgeToken(
  { cluster, ...context }: CheckContext,
  reviewer: Reviewer,
): Promise<Finding> {
  if (reviewer.bound) return skip("its token is bound, and only Infisical has it");
  const token = tokenIn((await secretsOf({ cluster, ...context }, reviewer)).at(-1));
  if (!token) return skip("it has no token");
  const verdict = await cluster.reviewToken({ token, bearer: token });
  if (verdict.verdict === "genuine") return pass(verdict.username);
  const forbidden = verdict.verdict === "refused" && verdict.status === 403;
  throw new BootstrapError(forbidden ? "ESOB-R103" : "ESOB-R102", {
    message: forbidden
      ? `The reviewer ${reviewer.text} may not review tokens.`
      : `The API server does not accept the token of the reviewer ${reviewer.text}.`,
    reason: verdict.error,
    fix: again,
  });
}

/** Who may not ask Infisical goes by what is written down there: a token itself is judged where it can be seen. */
function boundFinding(context: CheckContext, secret: KubeObject, place: string): Finding {
  const end = endOf(secret);
  const [made, now] = [new Date(secret.metadata.creationTimestamp ?? 0), context.clock.now()];
  if (context.infisical || !end) return pass(`bound tokens hang on Secret ${place}`);
  if (!endsSoon(end, made, now))
    return pass(`bound tokens hang on Secret ${place}, until ${end.toISOString().slice(0, 10)}`);
  const code = end.getTime() <= now ? "ESOB-R209" : "ESOB-R208";
  return warning(code, {
    message: `A reviewer token that hangs on Secret ${place} ${code === "ESOB-R209" ? "has ended" : "ends soon"}.`,
    reason: `it is good until ${end.toISOString()}, as was written down when it was made`,
    fix: restoreAtInfisical(context, code),
  });
}
