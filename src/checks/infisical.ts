import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError } from "../errors.ts";
import type { StoreSubject } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { serversOf, idOf, visitServer, type Server } from "./infisical-servers.ts";
import { judgeReach, judgeTls } from "./infisical-probe.ts";
import { ifAllowed } from "./if-allowed.ts";
import { clusterAhead } from "./machine.ts";
import { storeKey } from "./view/store.ts";

/** Infisical may be this much off the API server: an access token lives for minutes, a login for seconds. */
const SKEW_MS = 60_000;

/** Every Infisical that a store or the file names, as far as it can be seen from this machine; and the operator's login. */
export function infisicalChecks(context: CheckContext): readonly Check<CheckContext>[] {
  return [
    ...serversOf(context).flatMap((server) => serverChecks(server)),
    ...(context.infisical ? [operatorCheck(context.infisical.host)] : []),
  ].map(ifAllowed);
}

/** What a store's login may fail from. */
export function reachIdsOf({ live }: StoreSubject): readonly string[] {
  return live ? ["reach", "tls", "api", "clock"].map((layer) => idOf(layer, live)) : [];
}

type Layer = readonly [
  id: string,
  code: Check<CheckContext>["code"],
  title: string,
  judge: (context: CheckContext, server: Server) => Promise<Finding>,
];

const LAYERS: readonly Layer[] = [
  ["reach", "ESOB-I302", "can be reached", judgeReach],
  ["tls", "ESOB-I304", "shows a certificate that is trusted", judgeTls],
  ["api", "ESOB-I103", "answers as Infisical", judgeApi],
  ["clock", "ESOB-I310", "has the right time", judgeClock],
];

function serverChecks(server: Server): Check<CheckContext>[] {
  return LAYERS.map(([id, code, title, judge], index) => {
    const before = LAYERS[index - 1]?.[0];
    return {
      id: `infisical-${id} ${server.key}`,
      code,
      category: "infisical",
      title: `${server.address} ${title}`,
      severity: "error",
      retry: true,
      ...(before !== undefined && { needs: [`infisical-${before} ${server.key}`] }),
      after: server.stores.map(({ kind, namespace, name }) => `host ${storeKey(kind, namespace, name)}`),
      subject: { kind: "Infisical", name: server.host },
      run: (context) => judge(context, server),
    };
  });
}

async function judgeApi(context: CheckContext, server: Server): Promise<Finding> {
  const { status } = await visitServer(context, server);
  return {
    status: "pass",
    evidence: status.date ? `its clock says ${status.date.toISOString()}` : "/api/status",
  };
}

/** Compared with the API server's: that is what makes tokens for ESO, whatever this machine's clock says. */
async function judgeClock(context: CheckContext, server: Server): Promise<Finding> {
  const [{ status, ahead }, cluster] = await Promise.all([
    visitServer(context, server),
    clusterAhead(context),
  ]);
  if (ahead === undefined || cluster === undefined)
    return { status: "skip", because: `${status.date ? "the API server" : "Infisical"} tells no date` };
  const off = Math.round((ahead - cluster) / 1000);
  if (Math.abs(off) * 1000 <= SKEW_MS)
    return { status: "pass", evidence: `within ${Math.abs(off) + 1} s of the cluster's` };
  const error = new BootstrapError("ESOB-I310", {
    message: `The clock of ${server.address} is ${Math.abs(off)} s ${off > 0 ? "ahead of" : "behind"} the cluster's.`,
    reason: "access tokens seem expired, or not valid yet",
    fix: { summary: "Set the clock of the Infisical server.", command: "sudo timedatectl set-ntp true" },
  });
  return { status: Math.abs(off) > 300 ? "fail" : "warn", error };
}

/** A credential that does not work is told once; the rest goes on without it. */
function operatorCheck(host: string): Check<CheckContext> {
  return {
    id: "operator-login",
    code: "ESOB-I105",
    category: "infisical",
    title: "the operator's credential works",
    severity: "error",
    after: ["reach", "tls", "api"].map((layer) => `infisical-${layer} ${host}`),
    subject: { kind: "Infisical", name: host },
    run: async ({ infisical }) => {
      if (!infisical) return { status: "skip", because: "no credential was given" };
      const { kind, identityId } = await infisical.whoAmI();
      return { status: "pass", evidence: identityId === undefined ? kind : `identity ${identityId}` };
    },
  };
}
