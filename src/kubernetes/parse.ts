import { at, textOf } from "../data.ts";
import type { KubeObject } from "./cluster.ts";

/** True for anything with apiVersion, kind and a name, which is all that `KubeObject` promises. */
export function isKubeObject(value: unknown): value is KubeObject {
  return (
    textOf(at(value, "apiVersion")) !== undefined &&
    textOf(at(value, "kind")) !== undefined &&
    textOf(at(value, "metadata", "name")) !== undefined
  );
}
