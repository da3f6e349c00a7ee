import type { DesiredStore, FirstValue } from "../desired/desired.ts";
import type { Action, Step } from "../engine/plan.ts";
import { BootstrapError } from "../errors.ts";
import type { RoadContext } from "./context.ts";

/** Values that a person gave for names which Infisical does not have yet. One that is held back by a change policy ends the run. */
export const valueStep: Step<RoadContext> = {
  id: "project",
  title: "the new values are in Infisical",
  async look(context) {
    const looks = context.desired.firstValues.map((value) => lookAtValue(context, value, throwHeldBack));
    return (await Promise.all(looks)).flat();
  },
};

/** Creates a value where its name is not there; never overwrites one. `heldBack`: what to do about a needed approval. */
export async function lookAtValue(
  context: RoadContext,
  first: FirstValue,
  heldBack: (context: RoadContext, name: string, place: string) => void,
): Promise<Action[]> {
  const { desired, facts, infisical } = context;
  const { name, value } = first;
  const store = desired.stores.find(({ id }) => id === first.store) ?? desired.stores[0];
  if (!store) return [];
  const path = first.path ?? store.path;
  const place = placeName(store, path);
  const target = { system: "infisical" as const, kind: "SecretValue", name: `${place} ${name}` };
  if (((await facts.names(store, path)) ?? []).includes(name))
    return [{ change: { step: "project", action: "unchanged", target, summary: "is there; not changed" } }];
  return [
    {
      change: { step: "project", action: "create", target, summary: "the value given" },
      needs: { infisical: [{ scope: "project", action: "create", subject: "secrets" }] },
      apply: async () => {
        const project = await facts.project(store.project);
        if (!project) throw noProject(store);
        const scope = { project, environment: store.environment, path };
        const outcome = await infisical.createSecret(scope, name, value);
        if (outcome === "awaiting-approval") heldBack(context, name, place);
      },
    },
  ];
}

/** `shop/prod:/shop`. */
const placeName = ({ project, environment }: DesiredStore, path: string) =>
  `${project}/${environment}:${path}`;

function noProject({ project }: DesiredStore): BootstrapError {
  return new BootstrapError("ESOB-I201", {
    message: `Infisical does not know a project with the slug "${project}".`,
  });
}

function throwHeldBack(_: RoadContext, name: string, place: string): void {
  throw new BootstrapError("ESOB-E309", {
    message: `${name} is not in ${place} yet: a change policy wants it approved first.`,
    reason: "Infisical took the value as a request; nothing else was changed",
  });
}
