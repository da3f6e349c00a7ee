import type { Field } from "./field.ts";
import { ALL_FIELDS } from "./fields.ts";

/** The form of the file, as a tree: what may stand where. Made from the table. */
export type Shape =
  | { readonly form: "field"; readonly field: Field }
  | { readonly form: "list"; readonly item: Section }
  | Section;

export interface Section {
  readonly form: "section";
  readonly children: Map<string, Shape>;
}

/** The root of the file. */
export const ROOT: Section = shapeOf(ALL_FIELDS);

function shapeOf(fields: readonly Field[]): Section {
  const root: Section = { form: "section", children: new Map() };
  for (const field of fields) {
    const names = field.key.split(".");
    const last = names.pop() ?? "";
    names.reduce(sectionIn, root).children.set(last, { form: "field", field });
  }
  return root;
}

/** The section called `name`, or the entries' one of the list `name[]`; made when it is not there yet. */
function sectionIn(parent: Section, name: string): Section {
  const key = name.replace("[]", "");
  const known = parent.children.get(key);
  if (known?.form === "section") return known;
  if (known?.form === "list") return known.item;
  const section: Section = { form: "section", children: new Map() };
  parent.children.set(key, name.endsWith("[]") ? { form: "list", item: section } : section);
  return section;
}

/** Where a key that does not belong here would belong: `environment` → `stores[]`. */
export function homeOf(key: string): string | undefined {
  const home = ALL_FIELDS.find((field) => field.key.endsWith(`.${key}`));
  return home?.key.slice(0, -key.length - 1);
}
