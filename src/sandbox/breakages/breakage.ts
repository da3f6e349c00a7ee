import type { Code } from "../../codes.ts";
import { at, isRecord, recordOf } from "../../data.ts";
import type { KubeObject } from "../../kubernetes/cluster.ts";
import type { Sandbox } from "../index.ts";
import type { InfisicalServer } from "../infisical/index.ts";
import { Hand } from "../kubernetes/controllers/controller.ts";

/** One thing that goes wrong on the sample, and what doctor must say of it first. */
export interface Breakage {
  readonly name: string;
  readonly code: Code;
  /** One sentence for people; short, so that a line of the list fits into 80 columns. */
  readonly what: string;
  break(world: BreakingWorld): unknown;
  /** What a person does where doctor prints no command of ours: what kubectl would do, or somebody at Infisical. */
  readonly byHand?: {
    /** As a sentence. */
    readonly what: string;
    mend(world: BreakingWorld): unknown;
    /** A command line of ours that has ESO hear of it. */
    readonly afterwards?: readonly string[];
  };
}

/** What somebody who breaks things has in hand: the cluster as its administrator, Infisical as its operator. */
export interface BreakingWorld {
  readonly infisical: InfisicalServer;
  readonly projectId: string;
  /** Id of the store's identity. */
  readonly identityId: string;
  make(object: KubeObject): void;
  delete(resource: string, place: string): void;
  /** As if its deletion had begun a while ago. */
  deletedLongAgo(resource: string, place: string): void;
  /** JSON merge patch (RFC 7386). */
  patch(resource: string, place: string, change: object): void;
  /** A request to Infisical's API; throws on what is no success. */
  send(method: string, path: string, body?: object): Promise<unknown>;
}

const LONG_AGO_MS = 300_000;

/** `place`: `namespace/name`, or a name in no namespace. */
export function createWorld({ kubernetes, infisical }: Sandbox, projectId: string): BreakingWorld {
  const { api } = kubernetes;
  const hand = new Hand(api, "kubectl-edit");
  const find = (resource: string, place: string): KubeObject => {
    const [name = "", namespace] = place.split("/").toReversed();
    const found = api.get(resource, namespace, name);
    if (!found) throw new Error(`the sandbox has no ${resource} ${place}`);
    return found;
  };
  const id = at(find("secrets", "shop/infisical-identity"), "data", "identityId");
  return {
    infisical,
    projectId,
    identityId: Buffer.from(String(id), "base64").toString(),
    make: (object) => void hand.make(object),
    delete: (resource, place) => hand.delete(find(resource, place)),
    deletedLongAgo(resource, place) {
      hand.delete(find(resource, place));
      const { metadata, ...rest } = find(resource, place);
      const deletionTimestamp = new Date(Date.now() - LONG_AGO_MS).toISOString().replace(/\.\d+Z$/, "Z");
      api.store.put(resource, { ...rest, metadata: { ...metadata, deletionTimestamp } });
    },
    patch: (resource, place, change) =>
      void hand.change(find(resource, place), (now) => merged(now, change) as unknown as KubeObject),
    async send(method, path, body) {
      const answer = await fetch(`${infisical.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${infisical.tokenFor(infisical.operator.identityId)}`,
          ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status}`);
      return answer.json();
    },
  };
}

function merged(now: unknown, change: object): Record<string, unknown> {
  const result = { ...recordOf(now) };
  for (const [key, value] of Object.entries(change))
    if (value === null) delete result[key];
    else result[key] = isRecord(value) ? merged(result[key], value) : value;
  return result;
}
