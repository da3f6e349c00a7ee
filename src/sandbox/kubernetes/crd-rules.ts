import { at, recordsAt } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { cause, type Cause } from "./errors.ts";

/** What is wrong with a CustomResourceDefinition (apiextensions, validation.go). */
export function crdCauses(object: KubeObject): Cause[] {
  const spec = object["spec"];
  const expected = `${String(at(spec, "names", "plural"))}.${String(at(spec, "group"))}`;
  const versions = recordsAt(spec, "versions");
  return [
    ...(object.metadata.name === expected
      ? []
      : [cause.invalid("metadata.name", object.metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...(["Namespaced", "Cluster"].includes(String(at(spec, "scope")))
      ? []
      : [
          at(spec, "scope")
            ? cause.notSupported("spec.scope", at(spec, "scope"), ["Cluster", "Namespaced"])
            : cause.required("spec.scope"),
        ]),
    ...(versions.filter((one) => one["storage"] === true).length === 1
      ? []
      : [
          cause.invalid("spec.versions", versions, "must have exactly one version marked as storage version"),
        ]),
    ...versions.flatMap((one, index) =>
      at(one, "schema", "openAPIV3Schema")
        ? []
        : [cause.required(`spec.versions[${index}].schema.openAPIV3Schema`, "schemas are required")],
    ),
  ];
}
