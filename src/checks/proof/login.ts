import type { DesiredStore } from "../../desired/desired.ts";
import type { Check, Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { EsoSession } from "../../infisical/infisical.ts";
import type { RoadContext } from "../../steps/context.ts";
import { loginAsEso } from "../../steps/login.ts";

/** Logs in exactly as ESO does, with a token of ESO's own ServiceAccount; lists names; tries what must be refused; revokes. */
export function loginChecks({ desired }: RoadContext): Check<RoadContext>[] {
  return desired.stores.map((store) => ({
    id: `login ${store.kind} ${store.id}`,
    code: "ESOB-R115",
    category: "login",
    title: `ESO can log in and read ${store.environment}:${store.path} of ${store.project}, and not more`,
    severity: "error",
    subject: { kind: store.kind, namespace: store.namespaces[0] ?? "default", name: store.name },
    run: (context) => proveLogin(context, store),
  }));
}

async function proveLogin(context: RoadContext, store: DesiredStore): Promise<Finding> {
  const tried = await loginAsEso(context, store);
  if (!("session" in tried)) return { status: "skip", because: tried.because };
  try {
    return await proveScope(context, store, tried.session);
  } finally {
    await tried.session.revoke();
  }
}

/** Its own path must answer; the root and the other environments must not. */
async function proveScope(
  { facts }: RoadContext,
  store: DesiredStore,
  session: EsoSession,
): Promise<Finding> {
  const place = {
    projectSlug: store.project,
    environment: store.environment,
    path: store.path,
    recursive: false,
  };
  const own = await session.list(place);
  if (!own.allowed)
    throw new BootstrapError("ESOB-R119", {
      message: `The identity ${store.identityName} may not read ${store.environment}:${store.path}.`,
      reason: own.reason,
      fix: { summary: "Restore its role.", command: "eso-bootstrap identity" },
    });
  const project = await facts.project(store.project);
  const others = (project?.environments ?? []).filter(({ slug }) => slug !== store.environment).slice(0, 3);
  const forbidden = [
    ...(allowsRoot(store) ? [] : [{ ...place, path: "/" }]),
    ...others.map(({ slug }) => ({ ...place, environment: slug })),
  ];
  for (const other of forbidden) {
    const answer = await session.list(other);
    if (answer.allowed)
      throw new BootstrapError("ESOB-R118", {
        message: `The identity ${store.identityName} can also read ${other.environment}:${other.path}.`,
        reason: "something besides our role gives it more",
      });
  }
  const refused = forbidden.map(({ environment, path }) => `${environment}:${path}`).join(", ");
  return {
    status: "pass",
    evidence: `${own.names.length} names; refused: ${refused || "nothing else to try"}`,
  };
}

function allowsRoot({ grant }: DesiredStore): boolean {
  return grant.scopes.some(({ path }) => path === "/");
}
