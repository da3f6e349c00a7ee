import type { KubeObject } from "../../../kubernetes/cluster.ts";
import type { Api } from "../api.ts";
import { StatusError } from "../errors.ts";
import { apiVersionOf } from "../kinds.ts";
import { resourceOf } from "../store.ts";
import { remove } from "../deletes.ts";
import { create, update } from "../writes.ts";

/** A controller hears of each change after it was made, and puts right what follows from it. */
export type Controller = (
  api: Api,
  change: { readonly type: string; readonly resource: string; readonly object: KubeObject },
) => void;

const MANAGER = "kube-controller-manager";

/** How controllers write: straight into the API server, without asking for rights. */
export class Hand {
  readonly #api: Api;
  readonly #manager: string;

  constructor(api: Api, manager = MANAGER) {
    [this.#api, this.#manager] = [api, manager];
  }

  /** Makes an object unless its name is taken. */
  make(object: KubeObject): KubeObject | undefined {
    const kind = this.#kind(object);
    const { namespace, name } = object.metadata;
    if (this.#api.get(resourceOf(kind), namespace, name)) return undefined;
    try {
      return create(this.#api, { kind, namespace, dryRun: false, manager: this.#by(object) }, object);
    } catch (error) {
      // Its namespace went meanwhile.
      if (error instanceof StatusError && [403, 404].includes(error.code)) return undefined;
      throw error;
    }
  }

  /** Changes the newest state of an object, where it is still there. */
  change(
    object: KubeObject,
    how: (now: KubeObject) => KubeObject,
    subresource?: string,
  ): KubeObject | undefined {
    const kind = this.#kind(object);
    const { namespace, name } = object.metadata;
    const before = this.#api.get(resourceOf(kind), namespace, name);
    if (!before || before.metadata.uid !== object.metadata.uid) return undefined;
    const manager = { ...this.#by(object), subresource };
    return update(
      this.#api,
      { kind, namespace, dryRun: false, manager, subresource },
      before,
      how(structuredClone(before)),
    );
  }

  status(object: KubeObject, status: object): void {
    this.change(object, (now) => ({ ...now, status }), "status");
  }

  delete(object: KubeObject): void {
    const kind = this.#kind(object);
    const { namespace, name } = object.metadata;
    const found = this.#api.get(resourceOf(kind), namespace, name);
    if (found && found.metadata.uid === object.metadata.uid)
      remove(this.#api, kind, found, { dryRun: false });
  }

  #kind(object: KubeObject) {
    const kind = this.#api.kinds.byName(object.apiVersion, object.kind);
    if (!kind) throw new Error(`${object.apiVersion} ${object.kind} is not served`);
    return kind;
  }

  #by({ apiVersion, kind }: KubeObject) {
    const its = this.#api.kinds.byName(apiVersion, kind);
    return {
      name: this.#manager,
      operation: "Update",
      apiVersion: its ? apiVersionOf(its) : apiVersion,
    } as const;
  }
}
