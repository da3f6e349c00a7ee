/** True for a folder or .tgz on this machine; a bare name is a chart of `repo`, `oci://…` a registry's. */
export function isLocalChart(chart: string): boolean {
  if (chart.includes("://")) return false;
  return chart.startsWith(".") || chart.endsWith(".tgz") || /[\\/]/.test(chart);
}
