import type { Plan } from "../engine/plan.ts";
import type { ClusterResult } from "./reporter.ts";
import type { Style } from "./style.ts";
import { count, pad, width } from "./text.ts";

/** The last thing on the screen: how each of several clusters ended. */
export function clusterTable(items: readonly ClusterResult[], style: Style): string[] {
  if (items.length < 2) return [];
  const columns = Math.max(7, ...items.map(({ cluster }) => width(style.text(cluster))));
  const rows = items.map(({ cluster, result }) => {
    const { good, text } = endOf(result);
    const mark = style.paint(good ? "good" : "bad", style.sign(good ? "done" : "failed"));
    return `${mark} ${pad(style.text(cluster), columns)}  ${style.text(text)}`;
  });
  return [style.paint("strong", `  ${pad("CLUSTER", columns)}  RESULT`), ...rows];
}

/** One cluster in a few words. */
function endOf(result: ClusterResult["result"]): { good: boolean; text: string } {
  switch (result.kind) {
    case "Error":
      return { good: false, text: `${result.error.code} ${result.error.message}` };
    case "Plan":
      return { good: result.plan.summary.blocked === 0, text: planText(result.plan) };
    case "ApplyResult": {
      const { failed, applied, checks } = result.result;
      if (failed) return { good: false, text: `${failed.error.code} ${failed.error.message}` };
      const broken = checks.filter(({ status }) => status === "fail").length;
      const done = applied.length === 0 ? "nothing to change" : `${count(applied.length, "change")} applied`;
      return { good: broken === 0, text: broken === 0 ? done : `${done}, ${count(broken, "check")} failed` };
    }
    case "DoctorReport": {
      const { failed, warnings, passed, skipped } = result.report.summary;
      return {
        good: failed === 0,
        text: `${passed} passed, ${failed} failed, ${count(warnings, "warning")}, ${skipped} skipped`,
      };
    }
    case "SyncResult": {
      const broken = result.result.secrets.filter((secret) => secret.result === "failed").length;
      return {
        good: broken === 0,
        text: `${result.result.secrets.length - broken} synced, ${broken} failed`,
      };
    }
    case "Status": {
      const { stores, secrets } = result.report;
      const broken = [...stores, ...secrets].filter(({ ready }) => !ready).length;
      return {
        good: broken === 0,
        text: `${count(stores.length, "store")}, ${count(secrets.length, "ExternalSecret")}, ${broken} not ready`,
      };
    }
    case "Text":
      return { good: true, text: "done" };
  }
}

function planText({ changes, summary }: Plan): string {
  const writes = changes.length - summary.unchanged - summary.blocked;
  return `${count(writes, "change")}${summary.blocked > 0 ? `, ${summary.blocked} blocked` : ""}`;
}
