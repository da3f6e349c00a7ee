import { distinctRights } from "../../src/kubernetes/access.ts";
import type { AccessQuery, Account, LogQuery } from "../../src/kubernetes/cluster.ts";
import { nameOf } from "../../src/kubernetes/resources.ts";
import { forbidden } from "./cluster-refusals.ts";
import { ClusterScript, type ScriptedFailure } from "./cluster-script.ts";

/** The half of a fake cluster that holds no objects: what tests decide beforehand about rights, logs, clocks and failures. */
export class ScriptedCluster {
  protected readonly script = new ClusterScript();
  readonly #options: { readonly version?: string; readonly now?: () => number };

  /** How far the API server's clock is ahead of ours. */
  aheadMs = 0;
  /** When our credential ends. */
  credentialUntil: Date | undefined;
  /** Logs by the pod's name, and by `name previous` from before its last restart. */
  readonly logTexts = new Map<string, string>();

  constructor(options: { readonly version?: string; readonly now?: () => number }) {
    this.#options = options;
  }

  /** Every call, as `apply SecretStore shop/infisical`; dry runs as `dry-run …`. */
  get calls(): readonly string[] {
    return this.script.calls;
  }

  async version(): Promise<string> {
    this.script.called("version");
    return this.#options.version ?? "v1.36.3";
  }

  async missingRights(queries: readonly AccessQuery[]): Promise<AccessQuery[]> {
    this.script.called("missingRights");
    return distinctRights(queries).filter((query) => this.script.isDenied(query));
  }

  async missingRightsOf(account: Account, queries: readonly AccessQuery[]): Promise<AccessQuery[]> {
    this.script.called("missingRightsOf");
    const right = { verb: "create", group: "authorization.k8s.io", resource: "subjectaccessreviews" };
    if (this.script.isDenied(right)) throw forbidden("create", "subjectaccessreviews");
    return distinctRights(queries).filter((query) => this.script.isDeniedFor(account, query));
  }

  async logs(query: LogQuery): Promise<string | undefined> {
    const ref = { apiVersion: "v1", kind: "Pod", namespace: query.namespace, name: query.pod };
    this.script.called("logs", ref);
    if (this.script.isDenied({ verb: "get", group: "", resource: "pods", subresource: "log" }))
      throw forbidden("get", nameOf(ref));
    return this.logTexts.get(`${query.pod}${query.previous === true ? " previous" : ""}`);
  }

  async serverTime(): Promise<Date | undefined> {
    this.script.called("serverTime");
    return new Date((this.#options.now ?? Date.now)() + this.aheadMs);
  }

  async credentialEnd(): Promise<Date | undefined> {
    this.script.called("credentialEnd");
    return this.credentialUntil;
  }

  /** Calls of the port that match `pattern`, as `deny({ verb: "list", resource: "secrets" })`, are forbidden. */
  deny(...patterns: readonly Partial<AccessQuery>[]): void {
    this.script.deny(patterns);
  }

  /** The same for the calls of a ServiceAccount, as ESO's. */
  denyFor(account: Account, ...patterns: readonly Partial<AccessQuery>[]): void {
    this.script.denyFor(account, patterns);
  }

  failNext(failure: ScriptedFailure): void {
    this.script.failNext(failure);
  }
}
