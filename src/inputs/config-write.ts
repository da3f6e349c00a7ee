import { Document, isMap, isScalar } from "yaml";
import { keyAt, type Field } from "./field.ts";
import { ALL_FIELDS, API_VERSION } from "./fields.ts";
import { stepsOf, valueAt } from "./given.ts";
import type { Inputs } from "./inputs.ts";

export { setInFile } from "./set-in-file.ts";

const HEADER = ` Written by eso-bootstrap init. There are no secrets in this file; it is safe to commit.
 Run it again without questions:  eso-bootstrap init -f FILE --yes
 Every setting:  the README, or schemas/eso-bootstrap.schema.json of the package.`;

/** What each list of the file is called in `Inputs`. */
const COUNTS: readonly (readonly [prefix: string, list: "stores" | "secrets" | "ignore"])[] = [
  ["stores[]", "stores"],
  ["secrets[]", "secrets"],
  ["doctor.ignore[]", "ignore"],
];

/**
 * A fresh `eso-bootstrap.yaml` for these inputs: what was chosen and what `init` writes down, without what is a default or was
 * only detected. Reading it gives the same inputs again. Several inputs (one per cluster) become `clusters:`.
 */
export function configText(inputs: Inputs, ...others: readonly Inputs[]): string {
  const plain = new Document({ apiVersion: API_VERSION });
  for (const field of ALL_FIELDS)
    for (const [index, value] of others.length === 0
      ? valuesOf(field, inputs)
      : sharedValues(field, inputs, others))
      plain.setIn(stepsOf(keyAt(field.key, index)), plain.createNode(value));
  const document = new Document(plain.toJS());
  document.commentBefore = HEADER.replace("FILE", inputs.file);
  spread(document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

type Values = readonly (readonly [index: number | undefined, value: unknown])[];

/** Name, context and address are each cluster's own, and so is the id of an identity. */
function sharedValues(field: Field, first: Inputs, others: readonly Inputs[]): Values {
  if (field.key.startsWith("clusters[]."))
    return [first, ...others].flatMap((inputs, index) => {
      const twin = ALL_FIELDS.find(({ key }) => key === field.key.replace("clusters[]", "cluster"));
      const isWrittenDown = twin?.isWrittenDown === true || field.isRequired === true;
      const value = twin && fileValue({ ...twin, isWrittenDown }, undefined, inputs);
      return value === undefined ? [] : [[index, value] as const];
    });
  const isOwn = field.key.startsWith("cluster.") || field.key === "stores[].identityId";
  return isOwn ? [] : valuesOf(field, first);
}

function valuesOf(field: Field, inputs: Inputs): Values {
  return indexesOf(field, inputs).flatMap((index) => {
    const value = fileValue(field, index, inputs);
    return value === undefined ? [] : [[index, value] as const];
  });
}

/** The entries that a field of a list has values for; [undefined] for one that the file has once. */
export function indexesOf(field: Field, inputs: Inputs): (number | undefined)[] {
  const list = COUNTS.find(([prefix]) => field.key.startsWith(prefix))?.[1];
  if (list !== undefined) return inputs[list].map((_, index) => index);
  return field.key.includes("[]") || field.key === "apiVersion" ? [] : [undefined];
}

/** As it would stand in the file; undefined where it should not. */
function fileValue(field: Field, index: number | undefined, inputs: Inputs): unknown {
  const key = keyAt(field.key, index);
  const value = valueAt(inputs, key.replace(/^doctor\./, ""));
  if (value === undefined) return undefined;
  const written = field.type.write(value);
  // What only a file can say was said by one.
  if (field.isWrittenDown || field.isRequired || field.flag === undefined) return written;
  const source = inputs.sources[key];
  const isGiven = source !== undefined && source !== "default" && source !== "detected";
  return isGiven && !isSame(written, field.default) ? written : undefined;
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

/** An empty line before each section. */
function spread(document: Document): void {
  if (!isMap(document.contents)) return;
  for (const { key } of document.contents.items.slice(1)) if (isScalar(key)) key.spaceBefore = true;
}
