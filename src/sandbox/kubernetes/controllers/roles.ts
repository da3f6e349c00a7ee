import { at, isRecord, recordsAt } from "../../../data.ts";
import { sameValue } from "../json.ts";
import { matchesSelector } from "../selectors.ts";
import { type Controller, Hand } from "./controller.ts";

const ROLES = "clusterroles.rbac.authorization.k8s.io";

/** Fills ClusterRoles with an aggregationRule from those that their selectors choose. */
export const roles: Controller = (api, { resource }) => {
  if (resource !== ROLES) return;
  const all = api.store.list(ROLES);
  for (const role of all) {
    if (!isRecord(role["aggregationRule"])) continue;
    const selectors = recordsAt(role["aggregationRule"], "clusterRoleSelectors");
    const chosen = all.filter(
      (one) =>
        one !== role && selectors.some((selector) => matchesSelector(selector, one.metadata.labels ?? {})),
    );
    const gathered = chosen.flatMap((one) => recordsAt(one, "rules"));
    const rules = gathered.filter(
      (rule, index) => !gathered.slice(0, index).some((other) => sameValue(rule, other)),
    );
    if (!sameValue(at(role, "rules") ?? [], rules))
      new Hand(api, "clusterrole-aggregation-controller").change(role, (now) => ({ ...now, rules }));
  }
};
