import type { ScaleFigures, ScaleRow } from "../bench/at-scale.ts";
import { results } from "./performance.ts";

const [WIDTH, HEIGHT] = [800, 360];
/** Room for the numbers at the left and below, and for the names at the right. */
const AREA = { left: 60, right: 470, top: 20, bottom: 310 };
/** Told apart with any colour vision (Okabe and Ito). */
const COLOURS = ["#999999", "#000000", "#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73"];

type Measure = (row: ScaleRow) => number;

export const timePlot = () => plot("seconds", ({ ms }) => ms / 1000);
export const memoryPlot = () => plot("MB at the peak", ({ megabytes }) => megabytes);

/** Both axes are logarithmic: what grows in proportion is a straight line of slope one. */
function plot(label: string, measure: Measure): string {
  const { scale } = results();
  const sizes = scale.map(({ secrets }) => secrets);
  const values = scale.flatMap(({ rows }) => rows.map(measure));
  const x = axis(sizes, AREA.left, AREA.right);
  const y = axis(values, AREA.bottom, AREA.top);
  const names = scale[0]?.rows.map(({ name }) => name) ?? [];
  const marks = [
    ...sizes.map((size) => text(x(size), AREA.bottom + 20, size.toLocaleString("en"), "middle")),
    ...ticks(values).flatMap((value) => [
      `<line x1="${AREA.left}" x2="${AREA.right}" y1="${y(value)}" y2="${y(value)}" stroke="#ddd"/>`,
      text(AREA.left - 6, y(value) + 4, String(value), "end"),
    ]),
    text((AREA.left + AREA.right) / 2, HEIGHT - 10, `ExternalSecrets; ${label} upwards`, "middle"),
  ];
  const lines = names.map((name, index) => line(scale, name, COLOURS[index] ?? "#000", measure, { x, y }));
  const keys = names.map((name, index) =>
    text(AREA.right + 12, AREA.top + 14 + index * 20, shortened(name), "start", COLOURS[index]),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...marks,
    ...lines,
    ...keys,
    "</svg>\n",
  ].join("\n");
}

function line(
  scale: readonly ScaleFigures[],
  name: string,
  colour: string,
  measure: Measure,
  { x, y }: { x: (value: number) => number; y: (value: number) => number },
): string {
  const points = scale.flatMap(({ secrets, rows }) =>
    rows.filter((row) => row.name === name).map((row) => `${x(secrets)},${y(measure(row))}`),
  );
  return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`;
}

/** From the least to the most of the values, by their logarithm, onto pixels. */
function axis(values: readonly number[], from: number, to: number): (value: number) => number {
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => Math.round(from + ((Math.log(value) - least) / (most - least)) * (to - from));
}

/** 1, 2 and 5 of each power of ten that lies among the values. */
function ticks(values: readonly number[]): number[] {
  const steps = Array.from({ length: 8 }, (_, index) => 10 ** (index - 2));
  return steps
    .flatMap((step) => [1, 2, 5].map((digit) => Number((digit * step).toPrecision(1))))
    .filter((value) => value >= Math.min(...values) && value <= Math.max(...values));
}

const shortened = (name: string) =>
  name.replace("secretstores,clustersecretstores,externalsecrets", "stores, externalsecrets");

function text(x: number, y: number, words: string, anchor: string, colour = "#333"): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${words}</text>`;
}
