import { REVIEWER_LABEL } from "../../desired/manifests.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { MANAGED_BY_LABEL, MANAGER, type KubeObject } from "../../kubernetes/cluster.ts";
import { numberOf } from "../../steps/reviewer-fact.ts";
import type { CheckContext } from "../context.ts";
import { findControllers, listAll, usualNamespace } from "../eso-found.ts";
import { pass } from "../finding.ts";

/** The ServiceAccount whose token Infisical reviews with. */
export interface Reviewer {
  readonly namespace: string;
  readonly name: string;
  readonly text: string;
  /** True where its tokens end and only Infisical has them: the Secret is what they hang on. */
  readonly bound: boolean;
}

/** The file's; else the one whose Secrets carry our mark, beside ESO. */
export async function findReviewer(context: CheckContext): Promise<Reviewer | { readonly because: string }> {
  if (context.desired) {
    const { namespace, serviceAccount: name, tokenLifetime } = context.desired.reviewer;
    return { namespace, name, text: `${namespace}/${name}`, bound: tokenLifetime !== undefined };
  }
  const { controller } = await findControllers(context);
  const namespace = controller?.namespace ?? usualNamespace(context);
  const secret = (await markedSecrets(context, namespace)).at(-1);
  const name = secret?.metadata.labels?.[REVIEWER_LABEL];
  if (!secret || name === undefined)
    return { because: `without a file: no reviewer of ours was found in namespace ${namespace}` };
  const bound = secret["type"] !== "kubernetes.io/service-account-token";
  return { namespace, name, text: `${namespace}/${name}`, bound };
}

/** Our Secrets of a reviewer; the last one is in use. */
export async function secretsOf(
  context: CheckContext,
  { namespace, name }: Pick<Reviewer, "namespace" | "name">,
): Promise<readonly KubeObject[]> {
  const all = await markedSecrets(context, namespace);
  return all.filter(({ metadata }) => metadata.labels?.[REVIEWER_LABEL] === name);
}

async function markedSecrets(context: CheckContext, namespace: string): Promise<readonly KubeObject[]> {
  const labelSelector = `${MANAGED_BY_LABEL}=${MANAGER},${REVIEWER_LABEL}`;
  const found = await listAll(context, { apiVersion: "v1", kind: "Secret", namespace, labelSelector });
  return found
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .toSorted((a, b) => numberOf(a) - numberOf(b));
}

export function readAccount(
  { cluster, once }: CheckContext,
  { namespace, name }: Pick<Reviewer, "namespace" | "name">,
): Promise<KubeObject | undefined> {
  const ref = { apiVersion: "v1", kind: "ServiceAccount", namespace, name };
  return once(`service-account ${namespace}/${name}`, () => cluster.get(ref));
}

export async function judgeAccount(context: CheckContext, reviewer: Reviewer): Promise<Finding> {
  if (await readAccount(context, reviewer)) return pass(reviewer.text);
  throw new BootstrapError("ESOB-R201", {
    message: `The reviewer's ServiceAccount ${reviewer.text} does not exist: its tokens are worthless.`,
    reason: "no login of ESO can be reviewed without it",
    fix: { summary: "Make it again, with a token that Infisical gets.", command: "eso-bootstrap apply" },
  });
}
