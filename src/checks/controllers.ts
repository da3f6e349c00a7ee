import { at, recordsAt, textOf } from "../data.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";
import { containers, controllerOf, type Controller } from "../steps/eso-fact.ts";
import type { CheckContext } from "./context.ts";
import { readDeployments } from "./eso-found.ts";
import type { StoreView } from "./view/store.ts";

/** An ESO controller, and what decides which stores it serves and which token it sends. */
export interface EsoController extends Controller {
  /** Folders that are mounted into its container. */
  readonly mounts: readonly string[];
  /** Files with projected tokens, and their audience (undefined: the API server's). */
  readonly tokens: readonly { readonly path: string; readonly audience: string | undefined }[];
}

/** Every ESO controller of the cluster, read once. */
export function readControllers(context: CheckContext): Promise<readonly EsoController[]> {
  return context.once("eso-controllers", async () => (await readDeployments(context)).map(parse));
}

/** The controllers that take care of a store: an empty class is served by all (eso.md 1.1). */
export function servingClass(
  controllers: readonly EsoController[],
  { controller }: Pick<StoreView, "controller">,
): readonly EsoController[] {
  return controllers.filter(({ controllerClass }) => controller === "" || controller === controllerClass);
}

function parse(deployment: KubeObject): EsoController {
  const container = containers(deployment)[0] ?? {};
  const volumes = recordsAt(at(deployment["spec"], "template", "spec"), "volumes");
  const mounts = recordsAt(container, "volumeMounts").flatMap((mount) => {
    const path = textOf(mount["mountPath"])?.replace(/\/+$/, "");
    const volume = volumes.find(({ name }) => name === mount["name"]);
    return path === undefined ? [] : [{ path, volume }];
  });
  return {
    ...controllerOf(deployment),
    mounts: mounts.map(({ path }) => path),
    tokens: mounts.flatMap(({ path, volume }) =>
      recordsAt(at(volume, "projected"), "sources").flatMap((source) => {
        const token = source["serviceAccountToken"];
        const file = textOf(at(token, "path"));
        return file === undefined
          ? []
          : [{ path: `${path}/${file}`, audience: textOf(at(token, "audience")) }];
      }),
    ),
  };
}
