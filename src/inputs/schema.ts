import type { Field } from "./field.ts";
import { API_VERSION } from "./fields.ts";
import { defaultOf } from "./options.ts";
import { ROOT, type Section, type Shape } from "./shape.ts";
import type { JsonSchema } from "./value.ts";

/**
 * The JSON Schema of `eso-bootstrap.yaml`, for editors (draft-07, which they all know). It says what may stand where; what
 * only shows between keys (twins, a secret without a store) is said by `eso-bootstrap` itself.
 */
export function configSchema(): JsonSchema {
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: `eso-bootstrap.yaml (${API_VERSION})`,
    description: "Configuration of eso-bootstrap. No secret belongs into it.",
    ...sectionSchema(ROOT),
    required: ["apiVersion"],
  };
}

function schemaOf(shape: Shape): JsonSchema {
  if (shape.form === "field") return fieldSchema(shape.field);
  return shape.form === "list"
    ? { type: "array", items: { ...sectionSchema(shape.item), ...requiredIn(shape.item) } }
    : sectionSchema(shape);
}

function sectionSchema(section: Section): JsonSchema {
  const properties = Object.fromEntries(
    [...section.children].map(([name, shape]) => [name, schemaOf(shape)]),
  );
  return { type: "object", additionalProperties: false, properties };
}

/** What flags cannot give: the entries of `clusters` and `doctor.ignore`, and a secret's name. */
function requiredIn({ children }: Section): JsonSchema {
  const required = [...children].flatMap(([name, shape]) =>
    shape.form === "field" && isNeeded(shape.field) ? [name] : [],
  );
  return required.length === 0 ? {} : { required };
}

function isNeeded(field: Field): boolean {
  return field.key === "secrets[].name" || (field.isRequired === true && field.flag === undefined);
}

function fieldSchema(field: Field): JsonSchema {
  const text = field.default === undefined && defaultOf(field) !== "" ? ` Default: ${defaultOf(field)}.` : "";
  return {
    description: field.help + text,
    ...field.type.schema,
    ...(field.default !== undefined && { default: field.default }),
    ...(field.example !== undefined && { examples: [field.example] }),
  };
}
