import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Pair, Results } from "../bench/results.ts";
import type { ScaleFigures, ScaleRow } from "../bench/at-scale.ts";

/** `docs/performance.md`: the prose here, every figure from bench/results.json, which `npm run bench` writes. */
export function performancePage(): string {
  const { machine, pairs, facts, firstWordMs, weight, scale } = results();
  const load = machine.load.map((value) => value.toFixed(1)).join(" before, ");
  return `# Performance

\`npm run bench\` measures both sides of each comparison in one run, in turn, and writes \`bench/results.json\`;
\`npm run generate\` makes this page and its plots of that file. Nothing fails on a time. Measured on ${machine.cores} cores with
${machine.gigabytes} GB, Node ${machine.node.replace("v", "")}, beside other work (load ${load} after): the ratios count, not the milliseconds.

## Side by side

Medians. \`by-hand.sh\` is what a careful engineer scripts with kubectl, helm, curl and jq (\`bench/by-hand.sh\`).

| what | against | ours | theirs | ratio |
|---|---|---:|---:|---:|
${pairs.map(pairLine).join("\n")}

For the rows with a longer round trip both go through a TCP proxy (\`bench/delay.ts\`) that holds whatever passes for half of it
in each direction, and what opens a connection for a whole one more. The API server and Infisical are real and simulated as in the
end-to-end tests; \`doctor\` and the script look at the same objects, which \`init\` made.

\`doctor\` comes to a verdict on ${facts.ours} things (${facts.asOperator} with an operator's credential); the script would notice
${facts.theirs}: every call but the one whose failure it passes over, each of several objects for itself. That is
${(facts.ours / facts.theirs).toFixed(1)} and ${(facts.asOperator / facts.theirs).toFixed(1)} times as many.

The first \`init\` is on clean stacks: most of its time is ESO's own, which both wait for.

## Weight

\`doctor\` says its first word after ${time(firstWordMs)}. \`demo\`, whole, takes ${time(weight.demoMs)} and ${weight.demoMegabytes.toFixed(0)} MB.
The package is ${amount(Math.round(weight.tarballKilobytes))} kB to download and ${amount(Math.round(weight.unpackedKilobytes))} kB on disk, and installs no dependency.

## Over many ExternalSecrets

A real API server with ESO's CRDs, a store in each namespace, Secrets and statuses as ESO would have written them; ESO itself does not
run, so that nothing moves meanwhile (\`bench/many.ts\`). Memory is the peak that was resident; ratios are to kubectl getting the same
kinds. \`doctor\` also reads the target Secrets, which kubectl here does not.

${scaleTable(scale)}

![time by number of ExternalSecrets](performance-time.svg)

![memory by number of ExternalSecrets](performance-memory.svg)

A page of 500 is turned into small records and let go before the next is asked for; equal parts of records are one object.

## \`sync -A\`

ESO for 10,000 is heavy and Infisical limits it anyway, so that here something stands in for both (\`bench/stand-in.ts\`): whatever is poked
gets the status of a sync at once. What is measured is our own part, the API server's and the stand-in's, on the same cores:
${scale.map(({ secrets, syncedPerSecond }) => `${syncedPerSecond.toFixed(0)} a second of ${amount(secrets)}`).join(", ")}.
With the real ones the bound is Infisical's: 60 reads a minute and address by default, one for each key, so 20 ExternalSecrets of three keys
a minute; \`sync\` waits as long as Infisical says, and without \`--timeout\` each success starts its time anew.
`;
}

/** README's table, between its two marks. */
export function readme(): string {
  const file = fileURLToPath(new URL("../README.md", import.meta.url));
  const { pairs } = results();
  const rows = pairs.filter(({ against }) => against.startsWith("by-hand.sh")).map(pairLine);
  const table = ["| what | by hand | ours | theirs | ratio |", "|---|---|---:|---:|---:|", ...rows].join(
    "\n",
  );
  return readFileSync(file, "utf8").replace(
    /(<!-- measured[^>]*-->)[^]*?(<!-- end -->)/,
    (_all, begin: string, end: string) => `${begin}\n\n${table}\n\n${end}`,
  );
}

/** Read when it is asked for: the bench may just have written it. */
export function results(): Results {
  const file = fileURLToPath(new URL("../bench/results.json", import.meta.url));
  return JSON.parse(readFileSync(file, "utf8")) as Results;
}

const pairLine = ({ what, against, ours, theirs }: Pair) =>
  `| \`${what.split(",")[0]}\`${what.slice(what.split(",")[0]?.length)} | \`${against}\` | ${time(ours)} | ${time(theirs)} | ${(ours / theirs).toFixed(2)} × |`;

const time = (ms: number) => `${amount(Math.round(ms))} ms`;
const amount = (count: number) => count.toLocaleString("en");

function scaleTable(scale: readonly ScaleFigures[]): string {
  const names = scale[0]?.rows.map(({ name }) => name) ?? [];
  const heads = scale.map(({ secrets, namespaces }) => `${amount(secrets)} in ${namespaces}`);
  const cell = (figures: ScaleFigures, name: string) => {
    const row = figures.rows.find((one) => one.name === name);
    return row ? `${time(row.ms)}, ${row.megabytes.toFixed(0)} MB${ratio(figures, row)}` : "";
  };
  return [
    `| ExternalSecrets in namespaces | ${heads.join(" | ")} |`,
    `|---|${heads.map(() => "---:").join("|")}|`,
    ...names.map((name) => `| \`${name}\` | ${scale.map((figures) => cell(figures, name)).join(" | ")} |`),
  ].join("\n");
}

function ratio({ rows }: ScaleFigures, { ms, against }: ScaleRow): string {
  const base = rows.find(({ name }) => name === against);
  return base ? ` (${(ms / base.ms).toFixed(2)} ×)` : "";
}
