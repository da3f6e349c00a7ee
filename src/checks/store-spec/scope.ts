import type { Code } from "../../codes.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import { isUuid } from "../../infisical/organization.ts";
import type { CheckContext } from "../context.ts";
import { pass, warning } from "../finding.ts";
import { DEFAULT_HOST } from "../login/chain.ts";
import { restore } from "../mending.ts";
import { comparable, storeOf } from "../of-file.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";

/** hostAPI as ESO completes it: `/api` is appended unless it stands at the very end (eso.md 1.6). */
export function judgeHost(context: CheckContext, store: LiveStore): Finding {
  const hostApi = store.live.hostApi ?? DEFAULT_HOST;
  if (!/^https?:\/\/[^/]/i.test(hostApi) || !URL.canParse(hostApi))
    throw trouble(context, store, "ESOB-S216", `hostAPI of ${titleOf(store)} is no address with https://.`);
  if (/\/api\/+$/.test(hostApi))
    throw trouble(context, store, "ESOB-S217", `hostAPI of ${titleOf(store)} ends in /api/.`);
  const reason = elsewhere(context, store);
  if (reason !== undefined)
    throw trouble(
      context,
      store,
      "ESOB-S220",
      `${titleOf(store)} logs in at ${comparable(hostApi)}.`,
      reason,
    );
  return pass(new URL(hostApi).origin);
}

/** Somebody turned a store of the file to another Infisical, and ESO sends its token wherever a store says. */
function elsewhere({ desired }: CheckContext, store: LiveStore): string | undefined {
  const isOfFile = storeOf(desired, store) !== undefined;
  const [wanted, named] = [desired?.infisical.hostForEso ?? "", store.live.hostApi ?? DEFAULT_HOST].map(
    comparable,
  );
  return isOfFile && wanted !== named ? `eso-bootstrap.yaml names ${wanted}` : undefined;
}

/** Project and environment are slugs: neither names nor ids. */
export function judgeScope(context: CheckContext, store: LiveStore): Finding {
  const { projectSlug, environmentSlug, path, recursive } = store.live;
  if (projectSlug === "" || environmentSlug === "")
    throw trouble(
      context,
      store,
      "ESOB-S219",
      `${titleOf(store)} does not name its ${projectSlug === "" ? "project" : "environment"}.`,
    );
  if (isUuid(projectSlug))
    throw trouble(context, store, "ESOB-S218", `projectSlug of ${titleOf(store)} is an id, not a slug.`);
  const name = [projectSlug, environmentSlug].find((text) => !SLUG.test(text));
  if (name !== undefined)
    throw trouble(
      context,
      store,
      "ESOB-I204",
      `"${name}" in ${titleOf(store)} is no slug.`,
      "slugs have no capitals and no spaces; it looks like a name",
    );
  if (recursive && path === "/")
    return warning("ESOB-S221", {
      message: `${titleOf(store)} reads the whole environment ${environmentSlug}.`,
      reason: "recursive at /: every validation fetches all of it, and of equal names any one wins",
      fix: restore(context, "ESOB-S221", subjectOf(store)),
    });
  return pass(`${projectSlug} ${environmentSlug}:${path}`);
}

/** Infisical's rule for slugs (infisical-api.md 3); underscores stand in old ones. */
const SLUG = /^[a-z0-9]+([-_][a-z0-9]+)*$/;

function trouble(
  context: CheckContext,
  store: LiveStore,
  code: Code,
  message: string,
  reason?: string,
): BootstrapError {
  return new BootstrapError(code, {
    message,
    ...(reason !== undefined && { reason }),
    fix: restore(context, code, subjectOf(store)),
  });
}
