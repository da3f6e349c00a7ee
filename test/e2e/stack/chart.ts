import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { parse, stringify } from "yaml";

interface ChartYaml {
  version: string;
  appVersion: string;
  dependencies?: unknown;
  [field: string]: unknown;
}

/**
 * Makes the chart as it is released out of the one in ESO's module: no bitwarden dependency (its sub-chart is not in
 * the module), the released version, and the CRDs as a template that honours `installCRDs`, `crds.create*` and
 * `crds.annotations`, which upstream's release script adds in the same places.
 */
export function makeChart(moduleDir: string, target: string, version: string): void {
  cpSync(join(moduleDir, "deploy/charts/external-secrets"), target, { recursive: true });
  makeWritable(target);
  for (const needless of ["Chart.lock", "ci", "tests", "README.md.gotmpl"])
    rmSync(join(target, needless), { recursive: true, force: true });

  const chartFile = join(target, "Chart.yaml");
  const { dependencies: _dropped, ...chart } = parse(readFileSync(chartFile, "utf8")) as ChartYaml;
  writeFileSync(chartFile, stringify({ ...chart, version, appVersion: `v${version}` }));

  const crds = join(target, "templates/crds");
  rmSync(crds, { recursive: true });
  mkdirSync(crds);
  const bundle = readFileSync(join(moduleDir, "deploy/crds/bundle.yaml"), "utf8");
  writeFileSync(join(crds, "bundle.yaml"), crdTemplate(bundle));
}

/** The CRD bundle as a Helm template. */
function crdTemplate(bundle: string): string {
  if (bundle.includes("{{"))
    throw new Error("the CRD bundle contains template marks and would need escaping");
  const documents = bundle.split(/^---\n/m).filter((document) => document.trim() !== "");
  return documents.map(guarded).join("");
}

function guarded(document: string): string {
  const kind = /^ {4}kind: (\w+)$/m.exec(document)?.[1] ?? "";
  const flag = /Cluster|PushSecret/.test(kind) && flags.has(kind) ? ` .Values.crds.create${kind}` : "";
  const annotated = document.replace(
    /^ {2}annotations:\n/m,
    "  annotations:\n    {{- with .Values.crds.annotations }}\n    {{- toYaml . | nindent 4 }}\n    {{- end }}\n",
  );
  if (annotated === document) throw new Error(`no annotations to extend in the CRD ${kind}`);
  return `---\n{{- if and .Values.installCRDs${flag} }}\n${annotated.trimEnd()}\n{{- end }}\n`;
}

/** Kinds that the chart's values.yaml has an own switch for. */
const flags = new Set([
  "ClusterExternalSecret",
  "ClusterSecretStore",
  "ClusterGenerator",
  "ClusterPushSecret",
  "PushSecret",
]);

/** Files of Go's module cache are read-only; copies must not be. */
function makeWritable(dir: string): void {
  chmodSync(dir, 0o755);
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) makeWritable(path);
    else chmodSync(path, 0o644);
  }
}
