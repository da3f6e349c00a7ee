import { at, isRecord, recordsAt, textOf, textsOf } from "../../data.ts";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError, type Fix } from "../../errors.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import { isLocalChart } from "../../helm/chart.ts";
import { ESO_CRDS, type Controller } from "../../steps/eso-fact.ts";
import type { CheckContext } from "../context.ts";
import { findControllers } from "../eso-found.ts";
import { isOlder } from "../../semver.ts";
import { managerOf } from "../view/common.ts";
import { isOfFile } from "./release.ts";

/** Where they are missing. Ours by the chart; beside somebody else's ESO, the bundle of its version. */
export function installCrds(controller: Controller | undefined, { desired }: CheckContext): Fix {
  if (desired?.eso.manage && (!controller || isOfFile(controller, desired)))
    return { summary: "Install them.", command: "eso-bootstrap install" };
  return { summary: "Apply the CRDs of the controller's version.", command: bundleOf(controller?.version) };
}

/**
 * Where they are old. Helm compares the chart with the one before and not with the cluster: as long as the version stays, so does a
 * CRD that somebody changed. The stores come after: what an old CRD has dropped is gone from them.
 */
export async function renewCrds(context: CheckContext): Promise<Fix> {
  const { desired } = context;
  // Who may not look for it gets the newest.
  const { controller } = await findControllers(context).catch(() => ({ controller: undefined }));
  const isUpgrade =
    desired &&
    controller &&
    isOfFile(controller, desired) &&
    !isLocalChart(desired.eso.chart) &&
    isOlder(controller.version, desired.eso.version);
  if (isUpgrade)
    return { summary: "Upgrade ESO and its CRDs.", command: "eso-bootstrap install && eso-bootstrap apply" };
  const stores = desired ? " && eso-bootstrap apply --force-conflicts" : "";
  return {
    summary: "Apply the CRDs of the controller's version.",
    command: `${bundleOf(controller?.version)}${stores}`,
  };
}

/** All CRDs of a version; server-side, because they are large (eso.md 4.1). */
function bundleOf(version: string | undefined): string {
  const tag = version === undefined ? "main" : `v${version}`;
  return `kubectl apply --server-side --force-conflicts -f https://raw.githubusercontent.com/external-secrets/external-secrets/${tag}/deploy/crds/bundle.yaml`;
}

export async function staying({ metadata }: KubeObject): Promise<Finding | undefined> {
  if (!metadata.deletionTimestamp) return undefined;
  return failed("ESOB-H214", {
    message: `CustomResourceDefinition ${metadata.name} is being deleted, and all its objects with it.`,
    reason: `since ${metadata.deletionTimestamp}; it waits for ${metadata.finalizers?.join(", ") ?? "nothing"}`,
    fix: {
      summary: "Let the deletion end (ESO must run for that), then install again.",
      command: `kubectl wait --for=delete crd/${metadata.name} --timeout=120s && eso-bootstrap install`,
    },
  });
}

export async function established(crd: KubeObject): Promise<Finding | undefined> {
  const bad = recordsAt(crd["status"], "conditions").find(
    ({ type, status }) =>
      (type === "Established" && status !== "True") || (type === "NamesAccepted" && status === "False"),
  );
  const known = recordsAt(crd["status"], "conditions").some(({ type }) => type === "Established");
  if (!bad && known) return undefined;
  return failed("ESOB-H212", {
    message: `CustomResourceDefinition ${crd.metadata.name} is not established: its kind is not served.`,
    reason: textOf(bad?.["message"]) ?? "the API server has not accepted it",
    fix: {
      summary: "Another CRD may have the same names; remove the one that is not ESO's.",
      command: `kubectl get crd ${crd.metadata.name} -o jsonpath='{.status.conditions}'`,
    },
  });
}

export async function servesV1(crd: KubeObject, context: CheckContext): Promise<Finding | undefined> {
  const versions = recordsAt(crd["spec"], "versions");
  if (versions.some(({ name, served }) => name === "v1" && served === true)) return undefined;
  const served = versions.filter((version) => version["served"] === true).map(({ name }) => String(name));
  return failed("ESOB-H213", {
    message: `${crd.metadata.name} is not served as v1.`,
    reason: `the cluster serves ${served.join(", ") || "no version"}: the CRD is older than 0.16, or was changed`,
    fix: await renewCrds(context),
  });
}

export async function keepsKubernetesAuth(
  crd: KubeObject,
  context: CheckContext,
): Promise<Finding | undefined> {
  if (crd.metadata.name.startsWith("externalsecrets")) return undefined;
  const v1 = recordsAt(crd["spec"], "versions").find(({ name }) => name === "v1");
  const provider = at(v1?.["schema"], "openAPIV3Schema", "properties", "spec", "properties", "provider");
  const infisical = at(provider, "properties", "infisical");
  const auth = at(infisical, "properties", "auth", "properties");
  if (
    !isRecord(at(v1?.["schema"], "openAPIV3Schema", "properties")) ||
    isRecord(at(auth, "kubernetesAuthCredentials"))
  )
    return undefined;
  const { controller } = await findControllers(context);
  return failed("ESOB-H216", {
    message: `${crd.metadata.name} is older than ESO: it drops auth.kubernetesAuthCredentials from every store.`,
    reason: `its schema does not have the field, which came with ESO 0.19.2${controller?.version ? `; the controller is ${controller.version}` : ""}`,
    fix: await renewCrds(context),
  });
}

export async function storedVersions(crd: KubeObject): Promise<Finding | undefined> {
  const served = recordsAt(crd["spec"], "versions").map(({ name }) => String(name));
  const old = textsOf(at(crd["status"], "storedVersions")).filter((version) => version !== "v1");
  if (old.length === 0 || !served.includes("v1")) return undefined;
  const { name } = crd.metadata;
  return {
    status: "warn",
    error: new BootstrapError("ESOB-H215", {
      message: `${name} still lists ${old.join(", ")} as stored: an upgrade that drops it will be refused.`,
      reason: "objects of that version were never written again as v1",
      fix: {
        summary: "Write each object again, then strike the old version.",
        command: `kubectl get ${name} -A -o json | kubectl replace -f - && kubectl patch crd ${name} --subresource=status --type=json -p '[{"op":"replace","path":"/status/storedVersions","value":["v1"]}]'`,
      },
    }),
  };
}

/** The chart's CRDs are templates: without the annotation `helm uninstall` takes every synced Secret along (eso.md 5, row 15). */
export async function kept(crd: KubeObject): Promise<Finding | undefined> {
  const isHelms = managerOf(crd.metadata)?.startsWith("Helm") === true;
  if (!isHelms || crd.metadata.annotations?.["helm.sh/resource-policy"] === "keep") return undefined;
  return {
    status: "warn",
    error: new BootstrapError("ESOB-H217", {
      message: `helm uninstall would delete ${crd.metadata.name}, its objects and the Secrets they own.`,
      reason: "the CRD is part of the release and has no annotation helm.sh/resource-policy: keep",
      fix: {
        summary: "Annotate it, and set crds.annotations in the chart's values.",
        command: `kubectl annotate crd ${ESO_CRDS.join(" ")} helm.sh/resource-policy=keep --overwrite`,
      },
    }),
  };
}

export async function converts(
  crd: KubeObject,
  { cluster, once }: CheckContext,
): Promise<Finding | undefined> {
  const conversion = at(crd["spec"], "conversion");
  if (at(conversion, "strategy") !== "Webhook") return undefined;
  const service = at(conversion, "webhook", "clientConfig", "service");
  const [name, namespace] = [textOf(at(service, "name")), textOf(at(service, "namespace"))];
  if (name === undefined || namespace === undefined) return undefined;
  const live = await once(`service ${namespace}/${name}`, () =>
    cluster.get({ apiVersion: "v1", kind: "Service", namespace, name }),
  );
  if (live) return undefined;
  return failed("ESOB-H218", {
    message: `${crd.metadata.name} asks a conversion webhook that is gone: its objects cannot be read.`,
    reason: `there is no Service ${namespace}/${name}; ESO has no conversion since 0.16`,
    fix: {
      summary: "Take the conversion out of the CRD.",
      command: `kubectl patch crd ${crd.metadata.name} --type=merge -p '{"spec":{"conversion":{"strategy":"None","webhook":null}}}'`,
    },
  });
}

function failed(...[code, details]: ConstructorParameters<typeof BootstrapError>): Finding {
  return { status: "fail", error: new BootstrapError(code, details) };
}
