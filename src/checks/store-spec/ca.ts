import { X509Certificate } from "node:crypto";
import type { Finding } from "../../engine/check.ts";
import { BootstrapError } from "../../errors.ts";
import type { CheckContext } from "../context.ts";
import { pass, unlessForbidden } from "../finding.ts";
import { removeField } from "../mending.ts";
import { decodeBundle, readRef, resolveRef } from "../references.ts";
import { subjectOf, titleOf, type LiveStore } from "../subject.ts";
import { mendField } from "./field.ts";

const CA_PROVIDER = "/spec/provider/infisical/caProvider";

/** The CA that a store gives for Infisical: caBundle wins over caProvider (eso.md 1.6). */
export function judgeCa(context: CheckContext, store: LiveStore): Promise<Finding> {
  const { caBundle, caProvider } = store.live;
  if (caBundle !== undefined)
    return Promise.resolve(judgePem(context, store, decodeBundle(caBundle), "caBundle"));
  const kind = caProvider?.type === "Secret" ? "Secret" : "ConfigMap";
  const ref = resolveRef(store.live, caProvider ?? { name: undefined, key: undefined, namespace: undefined });
  return unlessForbidden(`get ${kind.toLowerCase()}s/${ref.name} in ${ref.namespace}`, async () => {
    judgeNamespace(context, store);
    const read = await readRef(context, kind, ref);
    const where = `${kind} ${ref.namespace}/${ref.name}`;
    if (read.found !== "value")
      throw new BootstrapError("ESOB-S213", {
        message:
          read.found === "nothing"
            ? `${where} with the CA of ${titleOf(store)} does not exist.`
            : `${where} has no key ${ref.key} with the CA.`,
        fix: mendField(context, "ESOB-S213", store, CA_PROVIDER),
      });
    return judgePem(context, store, read.value, where);
  });
}

function judgeNamespace(context: CheckContext, store: LiveStore): void {
  const given = store.live.caProvider?.namespace;
  const subject = subjectOf(store);
  if (store.kind === "SecretStore" && given !== undefined)
    throw new BootstrapError("ESOB-S214", {
      message: `${titleOf(store)} gives caProvider a namespace, which ESO refuses.`,
      fix: removeField("Remove it.", subject, "/spec/provider/infisical/caProvider/namespace"),
    });
  if (store.kind === "ClusterSecretStore" && given === undefined)
    throw new BootstrapError("ESOB-S214", {
      message: `${titleOf(store)} does not say in which namespace its CA is.`,
      fix: mendField(context, "ESOB-S214", store, CA_PROVIDER),
    });
}

function judgePem(context: CheckContext, store: LiveStore, text: string, where: string): Finding {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const subjects = blocks.flatMap((block) => subjectIn(block) ?? []);
  if (blocks.length > 0 && subjects.length === blocks.length) return pass(subjects.join(", "));
  throw new BootstrapError("ESOB-S215", {
    message: `The CA that ${titleOf(store)} gives is no certificate in PEM.`,
    reason: `in ${where}: ${blocks.length === 0 ? "there is no certificate in it" : "a certificate cannot be read"}`,
    // The CA of the file comes by caProvider: a bundle in the store is somebody else's, and `apply` would leave it.
    fix:
      where === "caBundle"
        ? removeField(
            "Remove it, or put a certificate there.",
            subjectOf(store),
            "/spec/provider/infisical/caBundle",
          )
        : mendField(context, "ESOB-S215", store, CA_PROVIDER),
  });
}

function subjectIn(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).subject.replaceAll("\n", ", ");
  } catch {
    return undefined;
  }
}
