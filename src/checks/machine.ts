import type { Check, Finding } from "../engine/check.ts";
import { BootstrapError, isBootstrapError } from "../errors.ts";
import { proxyFromEnv } from "../kubernetes/proxy.ts";
import { bareHost, isLoopback, isPrivateAddress } from "../system/addresses.ts";
import type { CheckContext } from "./context.ts";
import { skip } from "./finding.ts";
import { ifAllowed } from "./if-allowed.ts";

const DAY_MS = 86_400_000;
/** Tokens carry their times in seconds, and servers grant little leeway. */
const SKEW_WARN_MS = 30_000;
const SKEW_FAIL_MS = 5 * 60_000;

/** This machine: its clock, its proxy, its credential, its tools. */
export function machineChecks(context: CheckContext): readonly Check<CheckContext>[] {
  return [
    machineCheck("clock", "ESOB-L201", "this machine's clock is right", "error", judgeClock),
    machineCheck("proxy", "ESOB-L202", "no proxy stands before a private address", "warning", judgeProxy),
    machineCheck(
      "credential",
      "ESOB-L203",
      "the kubeconfig's client certificate is good for a while",
      "warning",
      judgeCredential,
    ),
    ...(context.desired?.eso.manage === true
      ? [machineCheck("helm", "ESOB-H102", "helm is here, and new enough", "warning", judgeHelm)]
      : []),
  ].map(ifAllowed);
}

function machineCheck(
  id: string,
  code: Check<CheckContext>["code"],
  title: string,
  severity: "error" | "warning",
  run: Check<CheckContext>["run"],
): Check<CheckContext> {
  return { id: `machine-${id}`, code, category: "machine", title, severity, needs: ["cluster-reach"], run };
}

/** How far the API server's clock is ahead of ours (ms); undefined where it tells none. */
export function clusterAhead({ cluster, clock, once }: CheckContext): Promise<number | undefined> {
  return once("cluster-ahead", async () => {
    const time = await cluster.serverTime();
    return time && time.getTime() - clock.now();
  });
}

async function judgeClock(context: CheckContext): Promise<Finding> {
  const ahead = await clusterAhead(context);
  if (ahead === undefined) return { status: "skip", because: "the API server's answers carry no date" };
  const off = Math.abs(ahead);
  if (off <= SKEW_WARN_MS)
    return { status: "pass", evidence: `within ${Math.ceil(off / 1000)} s of the API server's` };
  const error = new BootstrapError("ESOB-L201", {
    message: `This machine's clock is ${Math.round(off / 1000)} s ${ahead > 0 ? "behind" : "ahead of"} the API server's.`,
    reason: "tokens and certificates are judged by the clock: they seem expired, or not valid yet",
    fix: { summary: "Set the clock.", command: "sudo timedatectl set-ntp true" },
  });
  return { status: off > SKEW_FAIL_MS ? "fail" : "warn", error };
}

async function judgeProxy({ cluster, desired, stores, net, env }: CheckContext): Promise<Finding> {
  const urls = [cluster.info.server, desired?.infisical.host, ...stores.map(({ live }) => live?.hostApi)];
  const proxied = [...new Set(urls.filter((url) => url !== undefined && URL.canParse(url)))].filter(
    (url) => url !== undefined && proxyFromEnv(url, env) !== undefined,
  );
  for (const url of proxied) {
    const host = bareHost(new URL(url ?? "").hostname);
    const addresses = await net.resolve(host);
    if (!addresses.some((address) => isPrivateAddress(address) && !isLoopback(address))) continue;
    const error = new BootstrapError("ESOB-L202", {
      message: `${host} is a private address, but this machine asks a proxy for it.`,
      reason: "HTTPS_PROXY or HTTP_PROXY is set, and NO_PROXY does not name it",
      fix: { summary: "Add it to NO_PROXY.", command: `export NO_PROXY="$NO_PROXY,${host}"` },
    });
    return { status: "warn", error };
  }
  return {
    status: "pass",
    evidence: proxied.length === 0 ? "no proxy is used" : "for public addresses only",
  };
}

async function judgeCredential({ cluster, clock }: CheckContext): Promise<Finding> {
  const end = await cluster.credentialEnd();
  if (!end) return { status: "pass", evidence: "no certificate is used, or it renews itself" };
  const left = end.getTime() - clock.now();
  const evidence = `until ${end.toISOString().slice(0, 10)}`;
  if (left > 14 * DAY_MS) return { status: "pass", evidence };
  const error = new BootstrapError("ESOB-L203", {
    message: `The kubeconfig's client certificate expires in ${Math.floor(left / DAY_MS)} days.`,
    reason: `it is good until ${end.toISOString()}`,
    fix: {
      summary: "Renew it; on a control plane of kubeadm:",
      command: "sudo kubeadm certs renew admin.conf",
    },
  });
  return { status: "warn", error };
}

/** Only whoever installs ESO with this tool needs it. */
async function judgeHelm({ helm }: CheckContext): Promise<Finding> {
  try {
    return { status: "pass", evidence: await helm.version() };
  } catch (error) {
    if (!isBootstrapError(error)) throw error;
    if (error.code === "ESOB-H101") return skip("helm is not here, and only installing ESO needs it");
    return { status: "warn", error };
  }
}
