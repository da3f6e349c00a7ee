import { textOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Api } from "../kubernetes/api.ts";
import { clientOf } from "./client.ts";
import { durationMs, setReady, specOf } from "./conditions.ts";
import type { Controller } from "./controller-pod.ts";
import { tell } from "./events.ts";
import { print } from "./log.ts";

const REQUEUE_MS = 300_000;

/** Validates a SecretStore or ClusterSecretStore (ctrl/secretstore/common.go): how long until the next time; throws to be tried again. */
export async function reconcileStore(
  api: Api,
  controller: Controller,
  store: KubeObject,
): Promise<number | undefined> {
  const isCluster = store.kind === "ClusterSecretStore";
  const component = isCluster ? "cluster-secret-store" : "secret-store";
  const wanted = textOf(specOf(store, "controller"));
  if (
    (wanted !== undefined && wanted !== controller.controllerClass) ||
    (isCluster && !controller.processesClusterStores)
  )
    return undefined;
  const fail = (message: string, where: string, error: unknown): never => {
    const words = error instanceof Error ? error.message : String(error);
    setReady(api, store, { status: "False", reason: "InvalidProviderConfig", message });
    tell(api, component, store, "Warning", "InvalidProviderConfig", words);
    const whole = `${where}: ${words}`;
    print(api, controller, store, { msg: "unable to validate store", error: whole });
    throw new Error(whole, { cause: error });
  };
  const client = await clientOf(api, controller, store, store.metadata.namespace ?? "").catch(
    (error: unknown) => fail("unable to create client", "could not get provider client", error),
  );
  const { project, environment, path, recursive } = client.scope;
  try {
    await client.provider.list(client.scope, false);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const place = `project:${project} environment:${environment} secret-path:${path} recursive:${recursive}`;
    fail(
      "unable to validate store",
      "could not validate provider",
      new Error(`cannot read secrets with provided project scope ${place}, ${words}`),
    );
  } finally {
    await client.provider.revoke();
  }
  setReady(
    api,
    store,
    { status: "True", reason: "Valid", message: "store validated" },
    { capabilities: controller.isModern ? "ReadWrite" : "ReadOnly" },
  );
  tell(api, component, store, "Normal", "Valid", "store validated");
  return durationMs(specOf(store, "refreshInterval"), REQUEUE_MS) || REQUEUE_MS;
}
