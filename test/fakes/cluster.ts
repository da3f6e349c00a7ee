import type {
  ApplyOutcome,
  Cluster,
  ClusterInfo,
  FollowEars,
  IssuedToken,
  JsonPatch,
  KubeObject,
  ListQuery,
  ObjectRef,
  Sighting,
  TokenRequestOptions,
  TokenVerdict,
  WaitOptions,
} from "../../src/kubernetes/cluster.ts";
import { MANAGER } from "../../src/kubernetes/cluster.ts";
import { unknownKind } from "../../src/kubernetes/errors.ts";
import { nameOf } from "../../src/kubernetes/resources.ts";
import type { Secret } from "../../src/secret.ts";
import { ESO_KINDS, establishedCrd, FAKE_CA, fillToken, namespaceContent } from "./cluster-controllers.ts";
import { patched } from "./cluster-json-patch.ts";
import { accessTo, forbidden, groupOf, notFound } from "./cluster-refusals.ts";
import { ScriptedCluster } from "./cluster-scripted.ts";
import { matches } from "./cluster-selectors.ts";
import { ClusterStore, refOf, type Writer } from "./cluster-store.ts";
import { accountRef, FakeTokens } from "./cluster-tokens.ts";

export interface FakeClusterOptions {
  readonly info?: Partial<ClusterInfo>;
  readonly version?: string;
  readonly onWrite?: () => void;
  readonly now?: () => number;
  /** Starts with ESO's four CRDs served as external-secrets.io/v1. */
  readonly eso?: boolean;
}

/** Hears every object after it was really written through the port; may answer as the controllers of a cluster do. */
export type ApplyHook = (object: KubeObject, cluster: FakeCluster) => void;

const OURS: Writer = { manager: MANAGER, operation: "Apply" };
const OUR_UPDATES: Writer = { manager: MANAGER, operation: "Update" };

/**
 * A small, honest cluster: passes `test/contract/cluster-suite.ts` as the real adapter does. Everything beside the port
 * (`seed`, `writeAs`, `setStatus`, `deny`, `failNext` …) is for tests and counts no writes.
 */
export class FakeCluster extends ScriptedCluster implements Cluster {
  readonly info: ClusterInfo;
  readonly store = new ClusterStore();
  /** Changing requests so far. */
  writes = 0;
  /** How long `waitUntil` really waits for a change that does not come; its own timeout is cut to this. */
  patienceMs = 25;
  /** False: the controller manager is away, and token Secrets stay empty. */
  tokenController = true;
  readonly #options: FakeClusterOptions;
  readonly #hooks: ApplyHook[] = [];
  readonly #tokens: FakeTokens;

  constructor(options: FakeClusterOptions = {}) {
    super(options);
    this.#options = options;
    this.#tokens = new FakeTokens(this.store, options.now ?? Date.now);
    this.info = {
      context: "fake",
      server: "https://cluster.test:6443",
      ca: FAKE_CA,
      namespace: "default",
      ...options.info,
    };
    for (const name of ["default", "kube-system"])
      this.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    if (options.eso === true) this.serve("external-secrets.io/v1", ...ESO_KINDS);
  }

  async get(ref: ObjectRef): Promise<KubeObject | undefined> {
    this.script.called("get", ref);
    this.#assertAllowed("get", ref);
    return this.peek(ref);
  }

  async *list(query: ListQuery): AsyncGenerator<KubeObject> {
    this.script.called("list", { ...query, name: "" });
    const resource = this.store.resource(query.apiVersion, query.kind);
    if (!resource) return;
    this.#assertAllowed("list", { ...query, name: "" });
    const ofKind = this.store.list(
      (object) => object.kind === query.kind && groupOf(object.apiVersion) === groupOf(query.apiVersion),
    );
    for (const object of ofKind.filter((object) => matches(object, query)))
      yield { ...object, apiVersion: query.apiVersion };
  }

  async namespacedKinds(): Promise<Pick<ObjectRef, "apiVersion" | "kind">[]> {
    this.script.called("namespacedKinds");
    const inNamespaces = this.store.list(({ metadata }) => metadata.namespace !== undefined);
    const kinds = inNamespaces.map(
      ({ apiVersion, kind }) => [`${groupOf(apiVersion)} ${kind}`, { apiVersion, kind }] as const,
    );
    return [...new Map(kinds).values()];
  }

  async serves(apiVersion: string, kind: string): Promise<boolean> {
    this.script.called("serves", { apiVersion, kind, name: "" });
    return this.store.resource(apiVersion, kind) !== undefined;
  }

  async apply(
    object: KubeObject,
    options: { dryRun?: boolean; force?: boolean } = {},
  ): Promise<ApplyOutcome> {
    const ref = refOf(object);
    this.script.called("apply", ref, options.dryRun === true ? "dry-run" : "apply");
    this.#assertWritable("patch", "apply", ref);
    const outcome = this.store.apply(object, OURS, options);
    if (options.dryRun === true || outcome.outcome === "conflict") return outcome;
    return { outcome: "applied", object: this.#wrote(outcome.object) };
  }

  async create(object: KubeObject): Promise<"created" | "exists"> {
    const ref = refOf(object);
    this.script.called("create", ref);
    this.#assertWritable("create", "create", ref);
    if (this.store.get(ref)) return "exists";
    this.#wrote(this.store.put(object, OUR_UPDATES));
    return "created";
  }

  async replace(object: KubeObject): Promise<"replaced" | "conflict"> {
    const ref = refOf(object);
    this.script.called("replace", ref);
    this.#assertWritable("update", "replace", ref);
    if (this.store.get(ref)?.metadata.resourceVersion !== object.metadata.resourceVersion) return "conflict";
    this.#wrote(this.store.put(object, OUR_UPDATES));
    return "replaced";
  }

  async patch(ref: ObjectRef, operations: readonly JsonPatch[]): Promise<"patched" | "conflict" | "absent"> {
    this.script.called("patch", ref);
    const object = this.peek(ref);
    if (!object) return "absent";
    this.#assertAllowed("patch", ref);
    const next = patched(object, operations);
    if (next === "conflict") return "conflict";
    this.#wrote(this.store.put(next, OUR_UPDATES));
    return "patched";
  }

  async delete(
    ref: ObjectRef,
    preconditions: { uid: string; resourceVersion?: string },
  ): Promise<"deleted" | "absent" | "conflict"> {
    this.script.called("delete", ref);
    const object = this.peek(ref);
    if (!object) return "absent";
    this.#assertAllowed("delete", ref);
    const { uid, resourceVersion = object.metadata.resourceVersion } = preconditions;
    if (object.metadata.uid !== uid || object.metadata.resourceVersion !== resourceVersion) return "conflict";
    this.#countWrite();
    this.store.delete(ref);
    return "deleted";
  }

  async waitUntil(
    ref: ObjectRef,
    done: (object: KubeObject | undefined) => boolean,
    options: WaitOptions,
  ): Promise<{ readonly done: boolean; readonly object: KubeObject | undefined }> {
    this.script.called("waitUntil", ref);
    this.#assertAllowed("get", ref);
    const until = Date.now() + Math.min(options.timeoutMs, this.patienceMs);
    for (let seen: string | undefined; ;) {
      options.signal?.throwIfAborted();
      const object = this.peek(ref);
      const state = object?.metadata.resourceVersion ?? "absent";
      if (state !== seen) options.onChange?.(object);
      seen = state;
      if (done(object)) return { done: true, object };
      if (!(await this.store.change(until - Date.now(), options.signal))) return { done: false, object };
    }
  }

  async *follow(query: ListQuery, signal: AbortSignal, hear?: FollowEars): AsyncGenerator<Sighting> {
    let known = new Map<string, KubeObject>();
    while (!signal.aborted) {
      const now = new Map<string, KubeObject>();
      for await (const object of this.list(query)) now.set(object.metadata.uid ?? "", object);
      const before = known;
      known = now;
      const isNew = ({ metadata }: KubeObject) =>
        before.get(metadata.uid ?? "")?.metadata.resourceVersion !== metadata.resourceVersion;
      const seen = [
        ...[...now.values()].filter(isNew).map((object) => ({ object, gone: false })),
        ...[...before].flatMap(([uid, object]) => (now.has(uid) ? [] : [{ object, gone: true }])),
      ];
      // Nothing gets lost between two looks here: one list, and then only changes.
      if (before.size === 0) hear?.onListing?.();
      yield* seen;
      if (before.size === 0) hear?.onListed?.();
      // What happened while the reader was busy is looked for at once.
      await this.store.change(seen.length > 0 ? 1 : 50, signal);
    }
  }

  async requestToken(options: TokenRequestOptions): Promise<IssuedToken> {
    const ref = accountRef(options.namespace, options.serviceAccount);
    this.script.called("requestToken", ref);
    const right = { verb: "create", group: "", resource: "serviceaccounts", subresource: "token" };
    if (this.script.isDenied({ ...right, namespace: options.namespace }))
      throw forbidden("create a token for", nameOf(ref));
    const account = this.store.get(ref);
    if (!account) throw notFound("create a token for", ref, "serviceaccounts", ref.name);
    return this.#tokens.request(options, account);
  }

  async reviewToken(options: {
    token: Secret;
    bearer: Secret;
    audiences?: readonly string[];
  }): Promise<TokenVerdict> {
    this.script.called("reviewToken");
    return this.#tokens.review(options.token, options.bearer, options.audiences);
  }

  /** The object as it is, without a call. */
  peek(ref: ObjectRef): KubeObject | undefined {
    return this.store.resource(ref.apiVersion, ref.kind) && this.store.get(ref);
  }

  /** Puts objects there as somebody else would have before the test. */
  seed(...objects: readonly KubeObject[]): this {
    for (const object of objects) this.writeAs("kubectl-create", object);
    return this;
  }

  /** Creates or changes an object as another field manager: merges, like `kubectl apply --server-side --force-conflicts`. */
  writeAs(manager: string, object: KubeObject): KubeObject {
    const outcome = this.store.apply(object, { manager, operation: "Apply" }, { force: true });
    if (outcome.outcome === "conflict") throw new Error("forced, and still a conflict");
    return this.#controllers(outcome.object);
  }

  /** What a controller says about an object. */
  setStatus(ref: ObjectRef, status: Readonly<Record<string, unknown>>, manager = "controller"): void {
    const object = this.store.get(ref);
    if (!object) throw new Error(`${nameOf(ref)} is not there`);
    this.store.put({ ...object, status }, { manager, operation: "Update", subresource: "status" });
  }

  /** Takes an object away without asking; finalizers still hold. */
  remove(ref: ObjectRef): void {
    this.store.delete(ref);
  }

  /** Installs CRDs, so that the kinds are served; `unserve` takes them and their objects away. */
  serve(apiVersion: string, ...kinds: readonly string[]): void {
    this.seed(...kinds.map((kind) => establishedCrd(apiVersion, kind)));
  }

  unserve(apiVersion: string, ...kinds: readonly string[]): void {
    for (const kind of kinds) this.remove(refOf(establishedCrd(apiVersion, kind)));
  }

  onApply(hook: ApplyHook): void {
    this.#hooks.push(hook);
  }

  #assertAllowed(verb: string, ref: ObjectRef): void {
    const resource = this.store.resource(ref.apiVersion, ref.kind);
    if (resource && this.script.isDenied(accessTo(verb, ref, resource))) throw forbidden(verb, nameOf(ref));
  }

  #assertWritable(verb: string, deed: string, ref: ObjectRef): void {
    const resource = this.store.resource(ref.apiVersion, ref.kind);
    if (!resource) throw unknownKind(ref.apiVersion, ref.kind);
    this.#assertAllowed(verb, ref);
    if (!resource.namespaced) return;
    const namespace = { apiVersion: "v1", kind: "Namespace", name: ref.namespace ?? "" };
    if (!this.store.get(namespace)) throw notFound(deed, ref, "namespaces", namespace.name);
  }

  #countWrite(): void {
    this.writes += 1;
    this.#options.onWrite?.();
  }

  #wrote(object: KubeObject): KubeObject {
    this.#countWrite();
    const settled = this.#controllers(object);
    for (const hook of this.#hooks) hook(settled, this);
    return object;
  }

  /** What the controllers of every cluster do about a new object. */
  #controllers(object: KubeObject): KubeObject {
    const ca = this.info.ca ?? FAKE_CA;
    if (object.kind === "Namespace") this.seed(...namespaceContent(object.metadata.name, ca));
    const isToken = object.kind === "Secret" && object["type"] === "kubernetes.io/service-account-token";
    if (isToken && this.tokenController) fillToken(this.store, this.#tokens, object, ca);
    return this.store.get(refOf(object)) ?? object;
  }
}
