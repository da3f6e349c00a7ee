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

/** A manifest and the file it goes to with `--out`. */
export interface Rendered {
  readonly file: string;
  readonly object: KubeObject;
}

/** Exactly what `apply` would send, in the order in which it must be applied. Contacts nothing. */
export function render(desired: Desired): Rendered[] {
  const objects = [...renderReviewer(desired), ...renderStores(desired), ...renderSecrets(desired)];
  const seen = new Set<string>();
  return objects.flatMap((object) => {
    const file = fileOf(object);
    if (seen.has(file)) return [];
    seen.add(file);
    return [{ file, object }];
  });
}

function renderReviewer(desired: Desired): KubeObject[] {
  const { reviewer, eso } = desired;
  if (reviewer.mode === "self") {
    const name = eso.release.includes("external-secrets") ? eso.release : `${eso.release}-external-secrets`;
    return selfReviewManifests(desired, { namespace: eso.namespace, name });
  }
  return [
    namespaceManifest(reviewer.namespace),
    ...reviewerManifests(desired),
    reviewerSecretManifest(desired, 1),
  ];
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

function fileOf({ kind, metadata }: KubeObject): string {
  return (
    [kind.toLowerCase(), metadata.namespace, metadata.name].filter((part) => part !== undefined).join("-") +
    ".yaml"
  );
}

/** Several documents in one text, as kubectl reads them. */
export function yamlText(objects: readonly KubeObject[]): string {
  return objects.map((object) => stringify(object)).join("---\n");
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
