import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError, type Fix } from "../errors.ts";
import { isCloud, readHost, CLOUD_HOSTS } from "../inputs/host.ts";
import { unlessHidden } from "./collect.ts";
import type { CheckContext } from "./context.ts";
import { pass, warning } from "./finding.ts";
import { secretOf } from "./of-file.ts";
import { storesOf, type SecretView } from "./view/external-secret.ts";
import { storeKey, type StoreView } from "./view/store.ts";

/** Infisical's defaults for one source address and a minute (eso.md 1.7): reads of secrets, and writes, which logins count as. */
const READS = 60;
const LOGINS = 200;
/** ESO looks at each store again every five minutes. */
const STORE_CHECKS_PER_MINUTE = 1 / 5;
const WORST = 3;

interface Load {
  reads: number;
  logins: number;
  readonly secrets: { readonly name: string; readonly reads: number; readonly logins: number }[];
}

/** What the refresh intervals cost, against what Infisical answers in a minute. */
export function limitChecks(_context: CheckContext): readonly Check<CheckContext>[] {
  return [
    limitCheck("reads", "ESOB-I401", "ESO stays below Infisical's limit of reads", (context) =>
      judgeLoad(context, "reads", READS),
    ),
    limitCheck("logins", "ESOB-I403", "ESO stays below Infisical's limit of logins", (context) =>
      judgeLoad(context, "logins", LOGINS),
    ),
    limitCheck("entries", "ESOB-I402", "each ExternalSecret fits into a minute", judgeEntries),
  ];
}

function limitCheck(
  id: string,
  code: Check<CheckContext>["code"],
  title: string,
  judge: (context: CheckContext) => Finding,
): Check<CheckContext> {
  return {
    id: `limit-${id}`,
    code,
    category: "limits",
    title,
    severity: "warning",
    run: (context) =>
      unlessHidden(context, ["SecretStore", "ClusterSecretStore", "ExternalSecret"], () => judge(context)),
  };
}

function judgeLoad(context: CheckContext, what: "reads" | "logins", limit: number): Finding {
  const loads = [...loadsOf(context)].toSorted(([, a], [, b]) => b[what] - a[what]);
  const [worst] = loads;
  if (!worst) return pass("nothing is read");
  const [host, load] = worst;
  const perMinute = Math.ceil(load[what]);
  if (load[what] <= limit) return pass(`about ${perMinute} of ${limit} ${what} a minute at ${host}`);
  const busiest = load.secrets.toSorted((a, b) => b[what] - a[what]).slice(0, WORST);
  const names = busiest.map((one) => `${one.name} (${Math.ceil(one[what])})`);
  const [first] = busiest;
  return warning(what === "reads" ? "ESOB-I401" : "ESOB-I403", {
    message: `ESO causes about ${perMinute} ${what} a minute at ${host}, which by default answers ${limit}.`,
    reason: `the most are of ${names.join(", ")}${isCloud(host) ? "; Cloud's limits depend on the plan" : ""}`,
    fix: calmer(context, first?.name ?? ""),
  });
}

/** What the file says would come back with the next `apply`. */
function calmer({ desired }: CheckContext, place: string): Fix {
  const [namespace = "", name = ""] = place.split("/");
  const summary = (what: string) => `${what}, or fetch with dataFrom.find: one call for all keys.`;
  if (secretOf(desired, { namespace, name }))
    return {
      summary: summary(`Raise refreshInterval of ${name} in eso-bootstrap.yaml`),
      command: "eso-bootstrap apply --force-conflicts",
    };
  return {
    summary: summary("Raise the refresh interval"),
    command: `kubectl patch externalsecret ${name} -n ${namespace} --type=merge -p '{"spec":{"refreshInterval":"1h"}}'`,
  };
}

/** Every sync logs in, makes its calls and logs out; nothing is kept in between (eso.md 1.7). */
function loadsOf({ secrets, stores, known }: CheckContext): ReadonlyMap<string, Load> {
  const loads = new Map<string, Load>();
  const loadAt = (store: StoreView): Load => {
    const host = hostOf(store);
    const load = loads.get(host) ?? { reads: 0, logins: 0, secrets: [] };
    loads.set(host, load);
    return load;
  };
  for (const { live } of stores) {
    if (!live) continue;
    const load = loadAt(live);
    load.reads += STORE_CHECKS_PER_MINUTE;
    load.logins += STORE_CHECKS_PER_MINUTE;
  }
  for (const { live } of secrets) {
    const store = live && storeOf(live, known);
    if (!live || !store) continue;
    const logins = syncsPerMinute(live);
    const reads = logins * callsOf(live);
    const load = loadAt(store);
    load.reads += reads;
    load.logins += logins;
    load.secrets.push({ name: `${live.namespace}/${live.name}`, reads, logins });
  }
  return loads;
}

function storeOf(secret: SecretView, known: CheckContext["known"]): StoreView | undefined {
  return storesOf(secret)
    .map(({ kind, name }) => known.get(storeKey(kind, secret.namespace, name)))
    .find((store) => store?.provider === "infisical");
}

function hostOf({ hostApi }: StoreView): string {
  const read = readHost(hostApi ?? CLOUD_HOSTS["us"] ?? "");
  return "host" in read ? read.host : (hostApi ?? "");
}

function syncsPerMinute({ refreshSeconds, refreshPolicy }: SecretView): number {
  const isPeriodic = refreshPolicy === undefined || refreshPolicy === "Periodic";
  return isPeriodic && refreshSeconds !== undefined && refreshSeconds > 0 ? 60 / refreshSeconds : 0;
}

/** One call for each key, one for each `find` or `extract`. */
const callsOf = ({ data, dataFrom }: SecretView) => data.length + dataFrom.length;

/** Whatever its interval: one sync must fit into the minute. */
function judgeEntries({ desired, secrets }: CheckContext): Finding {
  const large = secrets.flatMap(({ live }) => (live && callsOf(live) > READS ? live : []));
  const [first] = large.toSorted((a, b) => callsOf(b) - callsOf(a));
  if (!first) return pass(`none makes more than ${READS} calls`);
  return {
    status: "warn",
    error: new BootstrapError("ESOB-I402", {
      message: `ExternalSecret ${first.namespace}/${first.name} makes ${callsOf(first)} calls in one sync, and Infisical by default answers ${READS} a minute.`,
      reason: "each key is a call of its own",
      fix: secretOf(desired, first)
        ? {
            summary: `Fetch the folder (keys: all for ${first.name} in eso-bootstrap.yaml, one call), or split it.`,
            command: "eso-bootstrap apply --force-conflicts",
          }
        : {
            summary: "Fetch the folder with dataFrom.find (one call), or split it.",
            command: `kubectl edit externalsecret ${first.name} -n ${first.namespace}`,
          },
    }),
  };
}
