import { createClock } from "../system/clock.ts";
import type { Clock } from "../system/system.ts";
import { isOk } from "./answers.ts";
import { createCaller, type Caller } from "./caller.ts";
import { COMMON, fillRoute } from "./eras.ts";
import { failure, refusal } from "./errors.ts";
import { esoOperations } from "./eso-session.ts";
import { folderOperations } from "./folders.ts";
import { createHttp } from "./http.ts";
import { identityOperations } from "./identities.ts";
import { identityListing } from "./identity-list.ts";
import type { Infisical, OperatorCredential } from "./infisical.ts";
import { fieldsOf, textOf } from "./json.ts";
import { kubernetesAuthOperations } from "./kubernetes-auth.ts";
import { createLogin } from "./login.ts";
import { membershipOperations } from "./memberships.ts";
import { privilegeOperations } from "./privileges.ts";
import { projectOperations } from "./projects.ts";
import type { ProxySettings } from "./proxy.ts";
import { rightsOperations } from "./rights.ts";
import { roleOperations } from "./roles.ts";
import { secretOperations } from "./secrets.ts";
import { createSession } from "./session.ts";
import { universalAuthOperations } from "./universal-auth.ts";

/** How to reach one Infisical server, and who we are there. */
export interface InfisicalOptions {
  readonly host: string;
  readonly credential: OperatorCredential | undefined;
  /** Id or slug; only where the server does not tell. */
  readonly organization?: string | undefined;
  /** PEM of a self-signed server's CA, trusted beside the public roots. */
  readonly ca?: string | undefined;
  /** Read for the proxy variables only. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  /** How long one call waits in all for a rate limit to clear. */
  readonly waitBudgetMs?: number;
  /** Hears every request that changed something. */
  readonly onWrite?: (() => void) | undefined;
  /** Hears why a call waits. */
  readonly onWait?: ((text: string, seconds: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
  /** Reads the token of the pod that we are in; undefined: no such file. */
  readonly readText?: (path: string) => Promise<string | undefined>;
}

const TIMEOUT_MS = 15_000;
const WAIT_BUDGET_MS = 90_000;

/** The real Infisical. Nothing is sent before the first operation; all state is in closures, so nothing of it can be printed. */
export function createInfisical(options: InfisicalOptions): Infisical {
  const host = options.host;
  const clock = options.clock ?? createClock();
  const http = createHttp({ host, ca: options.ca, proxies: proxiesOf(options.env ?? {}) });
  const caller = createCaller({
    http,
    host,
    clock,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    waitBudgetMs: options.waitBudgetMs ?? WAIT_BUDGET_MS,
    signal: options.signal,
    onWait: options.onWait,
  });
  const { credential, readText } = options;
  const login = createLogin({ caller, credential, host, clock, readText });
  const { organization, onWrite } = options;
  const session = createSession({ host, caller, login, organization, onWrite });

  const projects = projectOperations(session);
  const identities = identityOperations(session, projects.organizationId);
  const roles = roleOperations(session);
  const privileges = privilegeOperations(session);
  const memberships = membershipOperations(session);

  return {
    host,
    status: () => readStatus(caller, host),
    async whoAmI() {
      const { kind, identityId } = await login.claims();
      return { kind, identityId };
    },
    traits: async () => (await session.era()).traits,
    ...projects,
    ...folderOperations(session),
    ...secretOperations(session),
    ...identities,
    ...identityListing(session, projects),
    ...roles,
    ...privileges,
    ...memberships,
    ...universalAuthOperations(session),
    ...kubernetesAuthOperations(session),
    ...esoOperations(session),
    ...rightsOperations(session, { ...identities, ...memberships, ...roles, ...privileges }),
    async close() {
      // A token that could not be revoked runs out by itself: no reason to fail a run that is over.
      await login.revoke().catch(() => undefined);
      http.close();
    },
  };
}

async function readStatus(caller: Caller, host: string): Promise<{ date: Date | undefined }> {
  const doing = "ask for its status";
  const answer = await caller.read({ method: "GET", path: fillRoute(COMMON.status).path, doing });
  if (answer.kind === "foreign") throw failure(answer, host, doing);
  if (!isOk(answer)) throw refusal(answer, doing);
  const date = new Date(textOf(fieldsOf(answer.body)["date"]) ?? answer.headers.date ?? "");
  return { date: Number.isNaN(date.getTime()) ? undefined : date };
}

/** Lower-case names win, as in curl; HTTP_PROXY in capitals is honoured too, for this is no CGI program. */
function proxiesOf(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  const first = (...names: string[]) => names.map((name) => env[name]).find((value) => value);
  const httpsProxy = first("https_proxy", "HTTPS_PROXY");
  const httpProxy = first("http_proxy", "HTTP_PROXY");
  const noProxy = first("no_proxy", "NO_PROXY");
  return {
    ...(httpsProxy ? { httpsProxy } : {}),
    ...(httpProxy ? { httpProxy } : {}),
    ...(noProxy ? { noProxy } : {}),
  };
}
