import { at, recordOf, textOf } from "../../../data.ts";
import type { KubeObject } from "../../../kubernetes/cluster.ts";
import type { Api } from "../api.ts";
import { type Controller, Hand } from "./controller.ts";

const TYPE = "kubernetes.io/service-account-token";
const NAME = "kubernetes.io/service-account.name";
const UID = "kubernetes.io/service-account.uid";

/** Fills Secrets of type service-account-token, and takes them away with their ServiceAccount. */
export const accounts: Controller = (api, { type, resource, object }) => {
  const { namespace = "", name } = object.metadata;
  if (resource === "secrets" && type !== "DELETED" && object["type"] === TYPE) return fill(api, object);
  const secrets = () =>
    api.store
      .list("secrets", namespace)
      .filter((one) => one["type"] === TYPE && one.metadata.annotations?.[NAME] === name);
  if (resource === "serviceaccounts" && type === "ADDED") for (const secret of secrets()) fill(api, secret);
  if (resource === "serviceaccounts" && type === "DELETED") {
    for (const secret of secrets()) new Hand(api).delete(secret);
    const home = api.get("namespaces", undefined, namespace);
    if (name === "default" && home && !home.metadata.deletionTimestamp)
      new Hand(api).make({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } });
  }
};

const base64 = (text: string) => Buffer.from(text).toString("base64");

function fill(api: Api, secret: KubeObject): void {
  const { namespace = "", name, annotations = {} } = secret.metadata;
  const account = api.get("serviceaccounts", namespace, annotations[NAME] ?? "");
  if (secret.metadata.deletionTimestamp) return;
  const uid = account?.metadata.uid ?? "";
  if (!account || (annotations[UID] !== undefined && annotations[UID] !== uid)) {
    // A token without its account is taken away; one that was just made waits for the account.
    if (annotations[UID] !== undefined) new Hand(api).delete(secret);
    return;
  }
  if (textOf(at(secret, "data", "token"))) return;
  const token = api.tokens.issue({ namespace, name: account.metadata.name, uid, secret: name });
  const data = { "ca.crt": base64(api.ca), namespace: base64(namespace), token: base64(token) };
  new Hand(api).change(secret, (now) => ({
    ...now,
    metadata: { ...now.metadata, annotations: { ...now.metadata.annotations, [UID]: uid } },
    data: { ...data, ...recordOf(now["data"]) },
  }));
}
