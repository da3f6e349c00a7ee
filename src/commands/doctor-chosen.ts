import type { Chosen } from "../checks/printed.ts";
import { quoted } from "../command-line.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { DEFAULT_FILE } from "./read-inputs.ts";

/** File, context and kubeconfig, as commands that are printed must name them. `isOne`: no other cluster is looked at. */
export function chosenBy({ global }: Invocation, inputs: Inputs, isOne: boolean): Chosen {
  const { file, fileExists, cluster, sources } = inputs;
  const { kubeconfig } = global;
  const flag = (name: string, value: string | undefined) =>
    value === undefined ? [] : [name, quoted(value)];
  // Our own commands read it in the file; kubectl and helm do not.
  const isInFile = isOne && global.context === undefined && sources["cluster.context"] === "file";
  const access = flag("--kubeconfig", kubeconfig);
  return {
    hasFile: fileExists,
    words: {
      "eso-bootstrap": [
        ...flag("-f", fileExists && file !== DEFAULT_FILE ? file : undefined),
        ...flag("--context", isInFile ? undefined : cluster.context),
        ...access,
      ],
      kubectl: [...flag("--context", cluster.context), ...access],
      helm: [...flag("--kube-context", cluster.context), ...access],
    },
  };
}
