import { Document, isMap, isSeq } from "yaml";
import { DOCTOR_RIGHTS, type Right } from "../checks/rights.ts";
import type { KubeObject, ObjectMeta } from "../kubernetes/cluster.ts";
import { MANAGED_BY_LABEL, MANAGER } from "../kubernetes/cluster.ts";
import { fileOf, type Rendered } from "./render-text.ts";

export interface RbacOptions {
  /** Of the ServiceAccount that doctor runs as. */
  readonly namespace: string;
  /** ESO's ServiceAccount. */
  readonly eso: { readonly namespace: string; readonly name: string };
  readonly secrets: boolean;
  readonly login: boolean;
}

/** The least that `doctor` needs in a cluster: a ServiceAccount, a ClusterRole, and a Role where ESO runs, both bound to it. */
export function doctorRbac(options: RbacOptions): Rendered[] {
  const rights = DOCTOR_RIGHTS.filter(({ part }) => part === undefined || options[part]);
  const everywhere = rights.filter(({ where }) => where === "cluster");
  const beside = rights.filter(({ where }) => where === "eso");
  const { namespace } = options.eso;
  const account: KubeObject = {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: metadata(options.namespace),
  };
  return [
    rendered(account, []),
    rendered(role("ClusterRole", undefined, everywhere, options), everywhere),
    rendered(binding("ClusterRole", undefined, options.namespace), []),
    rendered(role("Role", namespace, beside, options), beside, options.login ? warning(options) : undefined),
    rendered(binding("Role", namespace, options.namespace), []),
  ];
}

const NAME = "eso-bootstrap-doctor";
const RBAC = "rbac.authorization.k8s.io";

function metadata(namespace: string | undefined): ObjectMeta {
  return {
    name: NAME,
    ...(namespace !== undefined && { namespace }),
    labels: { [MANAGED_BY_LABEL]: MANAGER },
  };
}

function role(
  kind: string,
  namespace: string | undefined,
  rights: readonly Right[],
  { eso }: RbacOptions,
): KubeObject {
  const rules = rights.map(({ group, resources, verbs, part }) => ({
    apiGroups: [group],
    resources: [...resources],
    ...(part === "login" && { resourceNames: [eso.name] }),
    verbs: [...verbs],
  }));
  return { apiVersion: `${RBAC}/v1`, kind, metadata: metadata(namespace), rules };
}

function binding(kind: string, namespace: string | undefined, from: string): KubeObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: `${kind}Binding`,
    metadata: metadata(namespace),
    roleRef: { apiGroup: RBAC, kind, name: NAME },
    subjects: [{ kind: "ServiceAccount", name: NAME, namespace: from }],
  };
}

const warning = ({ eso }: RbacOptions) =>
  [
    ` WARNING: with serviceaccounts/token, whoever holds this ServiceAccount can act as ${eso.namespace}/${eso.name},`,
    " which may read and write Secrets wherever ESO does. Leave --doctor-rbac=login out where the login need not be tried.",
    " The name must be the ServiceAccount that ESO's Deployment really uses:",
    ` kubectl get deployment -n ${eso.namespace} -o custom-columns=NAME:.metadata.name,SA:.spec.template.spec.serviceAccountName`,
  ].join("\n");

/** Each rule with what it is for. */
function rendered(object: KubeObject, rights: readonly Right[], head?: string): Rendered {
  const document = new Document(object);
  if (head !== undefined) document.commentBefore = head;
  const rules = document.get("rules");
  for (const [index, rule] of (isSeq(rules) ? rules.items : []).entries())
    if (isMap(rule)) rule.commentBefore = ` ${rights[index]?.why ?? ""}`;
  return { file: fileOf(object), object, text: document.toString({ lineWidth: 0 }) };
}
