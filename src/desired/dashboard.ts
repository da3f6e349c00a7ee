/** One panel: title, what it shows, and its PromQL with the legend of each line. */
interface Panel {
  readonly title: string;
  readonly type: "stat" | "timeseries" | "table";
  readonly unit?: string;
  /** Above it, a number is bad news. */
  readonly bad?: number;
  readonly targets: readonly (readonly [expr: string, legend: string])[];
}

const NOT_READY = 'status_condition{condition="Ready",status="False"} == 1';

/** Metric names are ESO's own (`/metrics` of its controller), and those of `reviewer show --metrics`. */
const PANELS: readonly Panel[] = [
  {
    title: "Stores that are not ready",
    type: "stat",
    bad: 1,
    targets: [[`count(secretstore_${NOT_READY} or clustersecretstore_${NOT_READY}) or vector(0)`, "stores"]],
  },
  {
    title: "ExternalSecrets that are not synced",
    type: "stat",
    bad: 1,
    targets: [[`count(externalsecret_${NOT_READY}) or vector(0)`, "secrets"]],
  },
  {
    title: "ExternalSecrets",
    type: "stat",
    targets: [['count(externalsecret_status_condition{condition="Ready"} == 1)', "secrets"]],
  },
  {
    title: "Reviewer token expires in",
    type: "stat",
    unit: "s",
    targets: [
      ["min by (cluster) (eso_bootstrap_reviewer_token_expires_timestamp_seconds) - time()", "{{cluster}}"],
    ],
  },
  {
    title: "Syncs a minute",
    type: "timeseries",
    targets: [
      ["60 * sum(rate(externalsecret_sync_calls_total[5m]))", "syncs"],
      ["60 * sum(rate(externalsecret_sync_calls_error[5m]))", "failed"],
    ],
  },
  {
    title: "Calls to Infisical a minute (limits: 60 reads of secrets on the free plan)",
    type: "timeseries",
    targets: [
      [
        '60 * sum by (call, status) (rate(externalsecret_provider_api_calls_count{provider="infisical"}[5m]))',
        "{{call}} {{status}}",
      ],
    ],
  },
  {
    title: "Slowest reconciliations",
    type: "timeseries",
    unit: "ns",
    targets: [["topk(10, externalsecret_reconcile_duration)", "{{exported_namespace}}/{{name}}"]],
  },
  {
    title: "Work that waits",
    type: "timeseries",
    targets: [["sum by (name) (workqueue_depth)", "{{name}}"]],
  },
  {
    title: "What is not ready",
    type: "table",
    targets: [
      [`externalsecret_${NOT_READY}`, "ExternalSecret"],
      [`secretstore_${NOT_READY}`, "SecretStore"],
      [`clustersecretstore_${NOT_READY}`, "ClusterSecretStore"],
    ],
  },
];

const COLUMNS = 24;
const DATASOURCE = { type: "prometheus", uid: "${datasource}" };

/** A Grafana dashboard (JSON model of Grafana 10 and newer), with the data source to choose. */
export function dashboard(): Record<string, unknown> {
  return {
    uid: "eso-bootstrap",
    title: "External Secrets with Infisical",
    tags: ["external-secrets", "infisical"],
    schemaVersion: 39,
    editable: true,
    refresh: "1m",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [{ name: "datasource", type: "datasource", query: "prometheus", label: "Data source" }],
    },
    panels: placed(PANELS),
  };
}

/** Four stats in the first row, then two panels to a row, tables over the whole width. */
function placed(panels: readonly Panel[]): Record<string, unknown>[] {
  const widths = { stat: 6, timeseries: 12, table: COLUMNS } as const;
  const heights = { stat: 4, timeseries: 8, table: 10 } as const;
  let [x, y, below] = [0, 0, 0];
  return panels.map((panel, index) => {
    const [w, h] = [widths[panel.type], heights[panel.type]];
    if (x + w > COLUMNS) [x, y] = [0, below];
    const gridPos = { x, y, w, h };
    [x, below] = [x + w, Math.max(below, y + h)];
    return { id: index + 1, gridPos, ...panelOf(panel) };
  });
}

function panelOf({ title, type, unit, bad, targets }: Panel): Record<string, unknown> {
  const steps = [
    { color: "green", value: null },
    ...(bad === undefined ? [] : [{ color: "red", value: bad }]),
  ];
  return {
    title,
    type,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: { ...(unit && { unit }), min: 0, thresholds: { mode: "absolute", steps } },
      overrides: [],
    },
    targets: targets.map(([expr, legendFormat], index) => ({
      refId: String.fromCodePoint(65 + index),
      expr,
      legendFormat,
      datasource: DATASOURCE,
      ...(type === "timeseries" ? {} : { instant: true, format: type === "table" ? "table" : "time_series" }),
    })),
  };
}
