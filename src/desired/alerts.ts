import { listOf, at } from "../data.ts";
import { parseDuration } from "../inputs/durations.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { fromTemplate, type Edit } from "../templates.ts";
import type { Desired, DesiredSecret } from "./desired.ts";

/** Seconds without a sync before it is told, at least: scrapes are up to a minute apart. */
const SHORTEST_WINDOW = 600;
/** Refreshes that may fail to come. */
const MISSED = 3;
/** A bound token is told when less than this part of its life is left. */
const TOKEN_PART = 0.2;

/** The PrometheusRule of `render --alerts`: the template, and what the file says of intervals and of the token's lifetime. */
export function alertsManifest({ eso, secrets, reviewer }: Desired): KubeObject {
  const template = fromTemplate("prometheus-rule", []);
  const fixed = listOf(at(listOf(at(template["spec"], "groups"))[SECRETS], "rules")).length;
  const windows = [...new Set(secrets.map(windowOf))].filter((window) => window > 0);
  const stale = windows.map((window, index): Edit => {
    const some = secrets.filter((secret) => windowOf(secret) === window);
    return [["spec", "groups", SECRETS, "rules", fixed + index], staleRule(window, some)];
  });
  const left = Math.floor((reviewer.tokenLifetime ?? 0) * TOKEN_PART);
  const expires = `eso_bootstrap_reviewer_token_expires_timestamp_seconds - time() < ${left}`;
  return fromTemplate("prometheus-rule", [
    [["metadata", "namespace"], eso.namespace],
    ...stale,
    ...(left > 0 ? [[["spec", "groups", REVIEWER, "rules", 0, "expr"], expires] as Edit] : []),
  ]);
}

/** Places of the groups in the template. */
const SECRETS = 1;
const REVIEWER = 2;

/** Seconds within which a refresh must have come; 0 where ESO is told to sync only once. */
function windowOf({ refreshInterval }: DesiredSecret): number {
  const seconds = parseDuration(refreshInterval) ?? 0;
  return seconds > 0 ? Math.max(SHORTEST_WINDOW, MISSED * seconds) : 0;
}

/** ESO has no metric for the time of the last sync, but it counts them. */
function staleRule(window: number, secrets: readonly DesiredSecret[]): Record<string, unknown> {
  const names = [...new Set(secrets.map(({ name }) => name))].toSorted().join("|");
  const where = "{{ or $labels.exported_namespace $labels.namespace }}/{{ $labels.name }}";
  return {
    alert: "ExternalSecretStale",
    expr: `increase(externalsecret_sync_calls_total{name=~"${names}"}[${window}s]) == 0`,
    for: "5m",
    labels: { severity: "warning" },
    annotations: {
      summary: `ExternalSecret ${where} was not looked at for ${window} seconds`,
      description: "ESO has stopped refreshing it: it hangs, or the object is of another controller class.",
      command: `eso-bootstrap sync ${where}`,
    },
  };
}
