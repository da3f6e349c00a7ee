import { stringify } from "yaml";
import type { Desired } from "../desired/desired.ts";
import {
  externalSecretManifest,
  identitySecretManifest,
  infisicalCaManifest,
  namespaceManifest,
  reviewerManifests,
  reviewerSecretManifest,
  selfReviewManifests,
  storeManifest,
} from "../desired/manifests.ts";
import type { KubeObject } from "../kubernetes/cluster.ts";

/** A document and the file it goes to with `--out`. */
export interface Rendered {
  readonly file: string;
  /** As data: a manifest, a dashboard; for `-o json`. */
  readonly object: unknown;
  /** As YAML with comments, or as JSON. */
  readonly text: string;
}

export const manifest = (object: KubeObject): Rendered => ({
  file: fileOf(object),
  object,
  text: stringify(object),
});

/** Exactly what `apply` would send, in the order in which it must be applied. Contacts nothing. */
export function render(desired: Desired): Rendered[] {
  const objects = [...renderReviewer(desired), ...renderStores(desired), ...renderSecrets(desired)];
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const file = fileOf(object);
    if (seen.has(file)) return [];
    seen.add(file);
    return [{ file, object, text: stringify(object) }];
  });
}

function renderReviewer(desired: Desired): KubeObject[] {
  const { reviewer, eso } = desired;
  if (reviewer.mode === "self") {
    return selfReviewManifests(desired, esoAccount(eso));
  }
  return [
    namespaceManifest(reviewer.namespace),
    ...reviewerManifests(desired),
    reviewerSecretManifest(desired, 1),
  ];
}

/** What the chart calls ESO's ServiceAccount (`external-secrets.fullname`): the cluster is not asked here. */
export function esoAccount({ namespace, release }: { namespace: string; release: string }) {
  return { namespace, name: release.includes("external-secrets") ? release : `${release}-external-secrets` };
}

function renderStores(desired: Desired): KubeObject[] {
  return desired.stores.flatMap((store) =>
    store.namespaces.flatMap((namespace) => [
      namespaceManifest(namespace),
      ...(store.identityId === undefined ? [] : [identitySecretManifest(store, namespace, store.identityId)]),
      ...(desired.infisical.ca ? [infisicalCaManifest(store, namespace, desired.infisical.ca)] : []),
      storeManifest(store, namespace, desired),
    ]),
  );
}

function renderSecrets(desired: Desired): KubeObject[] {
  return desired.secrets.flatMap((secret) =>
    secret.namespaces.flatMap((namespace) => [
      namespaceManifest(namespace),
      externalSecretManifest(secret, namespace),
    ]),
  );
}

/** As it is called with `--out`. */
export function fileOf({ kind, metadata }: KubeObject): string {
  return (
    [kind.toLowerCase(), metadata.namespace, metadata.name].filter((part) => part !== undefined).join("-") +
    ".yaml"
  );
}

/** Several documents in one text, as kubectl reads them. */
export function yamlText(rendered: readonly Rendered[]): string {
  return rendered.map(({ text }) => text).join("---\n");
}

/** What cannot be rendered without asking Infisical, one line each. */
export function renderGaps(desired: Desired): string[] {
  return desired.stores
    .filter(({ identityId }) => identityId === undefined)
    .map(
      ({ identitySecret, namespaces }) =>
        `Secret ${namespaces[0]}/${identitySecret} is left out: its identityId is known after \`eso-bootstrap identity\` (init writes it into eso-bootstrap.yaml)`,
    );
}
