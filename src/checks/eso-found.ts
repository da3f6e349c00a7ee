import { at, numberOf, recordsAt, textOf, textsOf } from "../data.ts";
import { isBootstrapError } from "../errors.ts";
import type { KubeObject, ListQuery } from "../kubernetes/cluster.ts";
import { containers, controllerOf, findDeployments, optionOf, type Controller } from "../steps/eso-fact.ts";
import type { CheckContext } from "./context.ts";

/** ESO's controller with what its Deployment says about how it works. */
export interface EsoController extends Controller {
  readonly replicas: number;
  /** Labels of its pods. */
  readonly podLabels: Readonly<Record<string, string>>;
  /** `--namespace`: it looks at nothing else. */
  readonly onlyNamespace: string | undefined;
  readonly processesClusterStores: boolean;
  readonly electsLeader: boolean;
  /** False: its pods get no ServiceAccount token. */
  readonly tokenMounted: boolean;
  readonly container: string;
  readonly live: KubeObject;
}

export interface EsoFound {
  /** The one that is meant: of the file's release or class, else the first. */
  readonly controller: EsoController | undefined;
  readonly all: readonly EsoController[];
  /** The only namespace whose Deployments may be read; undefined: those of the whole cluster. */
  readonly onlyIn: string | undefined;
}

/** Every controller of ESO; only those of its usual namespace where no more may be read. Read once. */
export function findControllers(context: CheckContext): Promise<EsoFound> {
  return context.once("eso", async () => {
    const { deployments, onlyIn } = await readAllowed(context);
    const all = deployments.map(parseController);
    const { eso } = context.desired ?? {};
    const mine = all.find(
      (one) => eso && one.namespace === eso.namespace && one.installedBy.endsWith(`/${eso.release}`),
    );
    const ofClass = all.find(
      ({ controllerClass }) => controllerClass === (eso?.controllerClass ?? "default"),
    );
    return { all, onlyIn, controller: mine ?? ofClass ?? all[0] };
  });
}

/** Where ESO is, or would be looked for. */
export function usualNamespace({ desired }: CheckContext): string {
  return desired?.eso.namespace ?? "external-secrets";
}

/** The Deployments of every controller, or of those in ESO's usual namespace where no more may be read. */
export async function readDeployments(context: CheckContext): Promise<readonly KubeObject[]> {
  return (await readAllowed(context)).deployments;
}

interface Read {
  readonly deployments: readonly KubeObject[];
  readonly onlyIn: string | undefined;
}

function readAllowed(context: CheckContext): Promise<Read> {
  return context.once("eso-deployments", async () => {
    try {
      return { deployments: await findDeployments(context.cluster), onlyIn: undefined };
    } catch (error) {
      if (!isBootstrapError(error) || error.code !== "ESOB-K104") throw error;
      const onlyIn = usualNamespace(context);
      const deployments = await findDeployments(context.cluster, onlyIn);
      // None in the namespace that may be read says nothing about the others.
      if (deployments.length === 0) throw error;
      return { deployments, onlyIn };
    }
  });
}

function parseController(live: KubeObject): EsoController {
  const [container = {}] = containers(live);
  const args = textsOf(container["args"]);
  const template = at(live["spec"], "template");
  const labels = at(template, "metadata", "labels");
  return {
    ...controllerOf(live),
    replicas: numberOf(at(live["spec"], "replicas")) ?? 1,
    podLabels: Object.fromEntries(
      Object.entries(at(live["spec"], "selector", "matchLabels") ?? labels ?? {}).map(([key, value]) => [
        key,
        String(value),
      ]),
    ),
    onlyNamespace: optionOf(args, "--namespace"),
    processesClusterStores: optionOf(args, "--enable-cluster-store-reconciler") !== "false",
    electsLeader: args.some((arg) => /^--enable-leader-election(=true)?$/.test(arg)),
    tokenMounted: at(template, "spec", "automountServiceAccountToken") !== false || mountsToken(template),
    container: textOf(container["name"]) ?? "external-secrets",
    live,
  };
}

/** A projected volume of its own brings the token too. */
function mountsToken(template: unknown): boolean {
  return recordsAt(at(template, "spec"), "volumes").some((volume) =>
    recordsAt(volume["projected"], "sources").some((source) => "serviceAccountToken" in source),
  );
}

/** Every object of a list that is short by its nature. */
export async function listAll(context: CheckContext, query: ListQuery): Promise<KubeObject[]> {
  const { apiVersion, kind, namespace = "", labelSelector = "", fieldSelector = "" } = query;
  return context.once(
    `list ${apiVersion} ${kind} ${namespace} ${labelSelector} ${fieldSelector}`,
    async () => {
      const found: KubeObject[] = [];
      for await (const object of context.cluster.list(query)) found.push(object);
      return found;
    },
  );
}
