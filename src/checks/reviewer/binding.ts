import { at, recordsAt, textOf, textsOf } from "../../data.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError, type Fix } from "../../errors.ts";
import type { Account, KubeObject } from "../../kubernetes/cluster.ts";
import type { CheckContext } from "../context.ts";
import { listAll } from "../eso-found.ts";
import { pass } from "../finding.ts";
import type { Reviewer } from "./found.ts";

const RBAC = "rbac.authorization.k8s.io/v1";

/** Rules are judged, not names: a role of any name will do, also an aggregated one, whose rules the cluster has filled in. */
export async function judgeBinding(context: CheckContext, reviewer: Reviewer): Promise<Finding> {
  const { binding, named } = await bindingsOf(context, reviewer, reviewer.name);
  if (binding) return pass(`by ClusterRoleBinding ${binding.metadata.name}`);
  const fix = bindAnew(context, reviewer, named);
  if (!named)
    throw new BootstrapError("ESOB-R202", {
      message: `The reviewer ${reviewer.text} may not review tokens.`,
      reason: "no ClusterRoleBinding names it",
      fix,
    });
  const role = textOf(at(named, "roleRef", "name")) ?? "";
  if (!recordsAt(named, "subjects").some((subject) => isSubject(subject, reviewer)))
    throw new BootstrapError("ESOB-R203", {
      message: `ClusterRoleBinding ${named.metadata.name} does not name the reviewer ${reviewer.text}.`,
      reason: `it binds ${subjectsOf(named) || "nobody"}`,
      fix,
    });
  const live = await readRole(context, role);
  throw notAllowing(named.metadata.name, role, live, context.desired ? undefined : bindBeside(reviewer));
}

/** The file's binding; without a file, the one that Infisical documents. */
function bindAnew({ desired }: CheckContext, reviewer: Reviewer, named: KubeObject | undefined): Fix {
  const summary = "Restore its binding.";
  if (desired) return { summary, command: "eso-bootstrap reviewer" };
  const { namespace, name } = reviewer;
  const command = named
    ? `kubectl set subject clusterrolebinding ${named.metadata.name} --serviceaccount=${namespace}:${name}`
    : `kubectl create clusterrolebinding ${name} --clusterrole=system:auth-delegator --serviceaccount=${namespace}:${name}`;
  return { summary, command };
}

/** A binding's role cannot be changed: another one stands beside it. */
function bindBeside({ namespace, name }: Reviewer): Fix {
  return {
    summary: "Bind it to the role that Kubernetes has for this.",
    command: `kubectl create clusterrolebinding ${name}-delegator --clusterrole=system:auth-delegator --serviceaccount=${namespace}:${name}`,
  };
}

/** Self review: ESO's own ServiceAccount is the reviewer. */
export async function judgeSelfBinding(context: CheckContext, account: Account): Promise<Finding> {
  const { binding } = await bindingsOf(context, account, "");
  if (binding) return pass(`by ClusterRoleBinding ${binding.metadata.name}`);
  throw new BootstrapError("ESOB-R215", {
    message: `ESO's ServiceAccount ${account.namespace}/${account.name} may not review tokens.`,
    reason: "reviewer.mode is self, and no ClusterRoleBinding lets it create tokenreviews",
    fix: { summary: "Bind it.", command: "eso-bootstrap reviewer" },
  });
}

/** `binding`: one that really allows it; `named`: else one that was meant to, by its name or its subject. */
async function bindingsOf(
  context: CheckContext,
  account: Account,
  name: string,
): Promise<{ readonly binding: KubeObject | undefined; readonly named: KubeObject | undefined }> {
  const all = await listAll(context, { apiVersion: RBAC, kind: "ClusterRoleBinding" });
  const ofAccount = all.filter((one) =>
    recordsAt(one, "subjects").some((subject) => isSubject(subject, account)),
  );
  for (const binding of ofAccount) {
    const role = await readRole(context, textOf(at(binding, "roleRef", "name")) ?? "");
    if (role && allowsReviews(role)) return { binding, named: binding };
  }
  const own = all.find(({ metadata }) => metadata.name === name);
  const direct = ofAccount.find((one) =>
    recordsAt(one, "subjects").some(({ kind }) => kind === "ServiceAccount"),
  );
  return { binding: undefined, named: own ?? direct };
}

function readRole({ cluster, once }: CheckContext, name: string): Promise<KubeObject | undefined> {
  return once(`cluster-role ${name}`, async () =>
    name === "" ? undefined : cluster.get({ apiVersion: RBAC, kind: "ClusterRole", name }),
  );
}

/** As a ServiceAccount, as the user that it is, or by a group that its tokens carry. */
function isSubject(subject: Record<string, unknown>, { namespace, name }: Account): boolean {
  if (subject["kind"] === "ServiceAccount")
    return subject["name"] === name && subject["namespace"] === namespace;
  return [
    `system:serviceaccount:${namespace}:${name}`,
    `system:serviceaccounts:${namespace}`,
    "system:serviceaccounts",
    "system:authenticated",
  ].includes(String(subject["name"]));
}

function allowsReviews(role: KubeObject): boolean {
  return recordsAt(role, "rules").some((rule) => {
    const has = (key: string, wanted: string) =>
      textsOf(rule[key]).some((one) => one === wanted || one === "*");
    return (
      has("apiGroups", "authentication.k8s.io") && has("resources", "tokenreviews") && has("verbs", "create")
    );
  });
}

function subjectsOf(binding: KubeObject): string {
  return recordsAt(binding, "subjects")
    .map((subject) =>
      ["kind", "namespace", "name"].flatMap((field) => textOf(subject[field]) ?? []).join(" "),
    )
    .join(", ");
}

function notAllowing(
  binding: string,
  role: string,
  live: KubeObject | undefined,
  fix: Fix = {
    summary: "Use a role of our own, which allows just that.",
    command: "eso-bootstrap reviewer --cluster-role tokenreview-only",
  },
): BootstrapError {
  return new BootstrapError("ESOB-R204", {
    message: `ClusterRole ${role}, which ${binding} binds, ${live ? "does not allow to review tokens" : "does not exist"}.`,
    reason: live
      ? "none of its rules allows to create tokenreviews in authentication.k8s.io"
      : "it was deleted",
    fix,
  });
}
