import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { ApplyResult } from "../../src/engine/apply.ts";
import type { Change, Plan } from "../../src/engine/plan.ts";
import { isKubernetesWrite } from "../helpers/proxy.ts";
import type { Running } from "../helpers/run-cli.ts";
import { clearProxies, init, runJson, troubleOf, writesSeen } from "./driving.ts";
import { everything, marked } from "./inventory.ts";
import { until } from "./stack/poll.ts";
import { settings, startWorld, type World } from "./world.ts";

const uninstall = (world: World, ...more: string[]) =>
  runJson<ApplyResult>(world, "uninstall", "--yes", ...more);
const WHOLE = ["--infisical", "--eso", "--crds"];

/** A Deployment whose pods read the Secret through envFrom. */
const APP = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "shop", namespace: "shop" },
  spec: {
    selector: { matchLabels: { app: "shop" } },
    template: {
      metadata: { labels: { app: "shop" } },
      spec: { containers: [{ name: "shop", image: "shop", envFrom: [{ secretRef: { name: "shop-db" } }] }] },
    },
  },
};

interface SecretState {
  metadata: { uid: string; ownerReferences?: unknown[] };
  data: Record<string, string>;
}

const shopSecret = ({ stack }: World) =>
  stack.api<SecretState>("GET", "/api/v1/namespaces/shop/secrets/shop-db");
const apply = ({ stack }: World, ...objects: object[]) =>
  stack.kubectl(["apply", "-f", "-"], objects.map((object) => JSON.stringify(object)).join("\n---\n"));
const remove = ({ stack }: World, ...args: string[]) =>
  stack.kubectl(["delete", ...args, "--ignore-not-found", "--wait=true"]);
const linesOf = ({ changes }: Pick<Plan, "changes">, ...actions: string[]) =>
  changes
    .filter(({ action }) => actions.includes(action))
    .map(({ action, target: { kind, namespace, name } }) => `${action} ${kind} ${namespace ?? "-"}/${name}`);

const RBAC = { apiVersion: "rbac.authorization.k8s.io/v1" };
const RBAC_GROUP = "rbac.authorization.k8s.io";
const READ = { apiGroups: ["*"], resources: ["*"], verbs: ["get", "list", "watch"] };
const namespaced = ["serviceaccounts", "secrets", "configmaps"];

/**
 * Three who may not do all: in a namespace one who has ESO's objects but no Secrets, and its owner, who sees nothing else; and
 * one who sees all and may delete in namespaces.
 */
const PEOPLE = [
  {
    ...RBAC,
    kind: "ClusterRole",
    metadata: { name: "e2e-developer" },
    rules: [{ apiGroups: ["external-secrets.io"], resources: ["*"], verbs: ["*"] }],
  },
  {
    ...RBAC,
    kind: "ClusterRole",
    metadata: { name: "e2e-owner" },
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  },
  {
    ...RBAC,
    kind: "ClusterRole",
    metadata: { name: "e2e-janitor" },
    rules: [READ, { apiGroups: [""], resources: namespaced, verbs: ["delete", "patch"] }],
  },
  {
    ...RBAC,
    kind: "ClusterRoleBinding",
    metadata: { name: "e2e-janitor" },
    roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: "e2e-janitor" },
    subjects: [{ apiGroup: RBAC_GROUP, kind: "User", name: "janitor" }],
  },
];
const bound = (name: string) => ({
  ...RBAC,
  kind: "RoleBinding",
  metadata: { name, namespace: "shop" },
  roleRef: { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: `e2e-${name}` },
  subjects: [{ apiGroup: RBAC_GROUP, kind: "User", name }],
});

/** Infisical's answer to an operator without the right. */
const MAY_NOT_DELETE = {
  kind: "answer",
  status: 403,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    statusCode: 403,
    message: "You are not allowed to delete on identity",
    error: "PermissionDenied",
  }),
} as const;

/** Exit 1, what was done, and of what is left why. */
function partOf({ code, json }: Awaited<ReturnType<typeof uninstall>>) {
  const name = ({ kind, namespace, name: its }: Change["target"]) => [kind, namespace ?? "-", its].join(" ");
  return {
    code,
    failed: json.failed?.error.code,
    done: json.applied.map(({ action, target }) => `${action} ${name(target)}`),
    left: Object.fromEntries(json.notDone.map(({ target, reason }) => [name(target), reason])),
  };
}

describe("uninstall after the whole road", () => {
  let world: World;
  let viewer: Record<string, string>;
  let atFirst: { cluster: string[]; infisical: unknown };

  const isAsAtFirst = async () => {
    await until(
      "the garbage collector",
      async () => (await everything(world)).length <= atFirst.cluster.length,
      {
        timeoutMs: 60_000,
        everyMs: 500,
      },
    ).catch(() => undefined);
    expect(await everything(world)).toEqual(atFirst.cluster);
    expect(world.infisical.snapshot()).toEqual(atFirst.infisical);
  };

  beforeAll(async () => {
    world = await startWorld();
    await world.config(settings(world));
    await apply(world, ...PEOPLE);
    const { id } = world.infisical.createIdentity({ name: "viewer", orgRole: "no-access" });
    const { clientId, clientSecret } = world.infisical.attachUniversalAuth(id);
    world.infisical.addMember("shop", id, "viewer");
    viewer = {
      INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: clientId,
      INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: clientSecret,
    };
    atFirst = { cluster: await everything(world), infisical: world.infisical.snapshot() };
  });
  afterAll(() => world.stop());

  beforeEach(async () => {
    const done = await init(world);
    expect(troubleOf(done)).toBe("");
    clearProxies(world);
  });

  test("all of it: nothing of ours is left, and nothing of others is missing", async () => {
    const run = await uninstall(world, ...WHOLE, "--delete-secrets");
    expect(troubleOf(run)).toBe("");
    expect(run.json.writes).toBeGreaterThan(0);
    expect(await marked(world)).toEqual([]);
    await isAsAtFirst();
    clearProxies(world);
    const second = await uninstall(world, ...WHOLE, "--delete-secrets");
    expect(troubleOf(second)).toBe("");
    expect([second.code, second.json.writes, writesSeen(world)]).toEqual([0, 0, []]);
  });

  test("the default keeps the Secret for the pods that read it: same uid, same data, no owner", async () => {
    await apply(world, APP);
    await world.stack.kubectl(["rollout", "status", "deployment/shop", "-n", "shop", "--timeout=60s"]);
    const others = await everything(world);
    const before = await shopSecret(world);
    const run = await uninstall(world, ...WHOLE);
    expect(troubleOf(run)).toBe("");
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.data]).toEqual([before.metadata.uid, before.data]);
    expect(after.metadata.ownerReferences).toBeUndefined();
    expect(await marked(world)).toEqual([]);
    const now = new Set(await everything(world));
    const foreign = others.filter((one) => atFirst.cluster.includes(one) || / shop\/shop(-|\b)/.test(one));
    expect(foreign.filter((one) => !now.has(one) && !/^(ExternalSecret|ReplicaSet) /.test(one))).toEqual([]);
    clearProxies(world);
    const second = await uninstall(world, ...WHOLE);
    expect([second.code, second.json.writes]).toEqual([0, 0]);
    const again = await init(world);
    expect(troubleOf(again)).toBe("");
    expect((await shopSecret(world)).metadata.uid).toBe(before.metadata.uid);
    await remove(world, "deployment", "shop", "-n", "shop");
    expect(troubleOf(await uninstall(world, ...WHOLE, "--delete-secrets"))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("what a first one without --infisical left there is found by its mark with -A", async () => {
    expect(troubleOf(await uninstall(world, "--eso", "--crds", "--delete-secrets"))).toBe("");
    expect(await marked(world), "the identity's mark at Infisical").toEqual([
      expect.stringContaining('"value": "eso-bootstrap"'),
    ]);
    const run = await uninstall(world, "-A", "--infisical");
    expect(troubleOf(run)).toBe("");
    expect(linesOf({ changes: run.json.applied }, "delete")).toEqual([
      "delete MachineIdentity -/eso-e2e-shop-infisical",
    ]);
    await isAsAtFirst();
    const again = await uninstall(world, "-A", "--infisical");
    expect([again.code, again.json.writes]).toEqual([0, 0]);
  });

  test("with ESO scaled to 0 it says so, and with consent ends without hanging", async () => {
    await world.stack.kubectl([
      "scale",
      "deployment",
      "external-secrets",
      "-n",
      "external-secrets",
      "--replicas=0",
    ]);
    await until("ESO to stop", () => world.eso.running().size === 0);
    const before = await shopSecret(world);
    const refused = await runJson<{ code: string }>(world, "uninstall", "--yes");
    expect([refused.code, refused.json.code]).toEqual([2, "ESOB-C403"]);
    expect(writesSeen(world)).toEqual([]);
    const run = await uninstall(world, ...WHOLE, "--clear-finalizers");
    expect(troubleOf(run)).toBe("");
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.data, after.metadata.ownerReferences]).toEqual([
      before.metadata.uid,
      before.data,
      undefined,
    ]);
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("with Infisical down the owner is taken off by hand", async () => {
    const before = await shopSecret(world);
    await world.stack.kubectl([
      "patch",
      "secretstore/infisical",
      "-n",
      "shop",
      "--type=merge",
      "-p",
      JSON.stringify({ spec: { provider: { infisical: { hostAPI: "http://127.0.0.1:9" } } } }),
    ]);
    const run = await uninstall(world);
    expect(troubleOf(run)).toBe("");
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.data, after.metadata.ownerReferences]).toEqual([
      before.metadata.uid,
      before.data,
      undefined,
    ]);
    expect(troubleOf(await uninstall(world, ...WHOLE))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("a foreign store beside ours, and whatever reads from it, is not touched", async () => {
    const shared = { apiVersion: "external-secrets.io/v1", metadata: { name: "theirs", namespace: "shop" } };
    await apply(
      world,
      { ...shared, kind: "SecretStore", spec: { provider: { fake: { data: [{ key: "A", value: "1" }] } } } },
      {
        ...shared,
        kind: "ExternalSecret",
        spec: {
          refreshInterval: "1h",
          secretStoreRef: { name: "theirs" },
          data: [{ secretKey: "A", remoteRef: { key: "A" } }],
        },
      },
    );
    await until("their Secret", () => world.secret("shop", "theirs").then(({ A }) => A === "1"));
    const theirs = (await everything(world)).filter((one) => / shop\/theirs /.test(one));
    expect(theirs).toHaveLength(3);
    const run = await uninstall(world, ...WHOLE);
    expect(troubleOf(run)).toBe("");
    const stays = run.json.changes.filter(({ reason }) =>
      reason?.startsWith("still used, by ExternalSecret shop/theirs"),
    );
    expect(stays.map(({ target }) => target.kind)).toContain("Release");
    expect((await everything(world)).filter((one) => / shop\/theirs /.test(one))).toEqual(theirs);
    await remove(world, "externalsecret,secretstore,secret", "--all", "-n", "shop");
    expect(troubleOf(await uninstall(world, ...WHOLE))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("an ExternalSecret of somebody else holds the store that it reads from, and what the store needs", async () => {
    await apply(world, {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { name: "by-hand", namespace: "shop" },
      spec: {
        refreshInterval: "1h",
        secretStoreRef: { name: "infisical" },
        data: [{ secretKey: "A", remoteRef: { key: "DB_HOST" } }],
      },
    });
    const run = await uninstall(world, ...WHOLE);
    expect(run.code).toBe(0);
    expect(linesOf(run.json, "unchanged")).toEqual(
      expect.arrayContaining([
        "unchanged SecretStore shop/infisical",
        "unchanged MachineIdentity -/eso-e2e-shop-infisical",
        "unchanged Secret shop/infisical-identity",
        "unchanged ServiceAccount external-secrets/infisical-token-reviewer",
        "unchanged Release external-secrets/external-secrets",
      ]),
    );
    await until("it to sync", () => world.secret("shop", "by-hand").then(({ A }) => A === "db.internal"));
    await remove(world, "externalsecret", "by-hand", "-n", "shop");
    expect(troubleOf(await uninstall(world, ...WHOLE))).toBe("");
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
  });

  test("with partial rights: does what it may, names the rest and what is missing, and all rights finish it", async () => {
    const before = await shopSecret(world);
    await apply(world, bound("owner"), bound("developer"));
    const as = async (env: Record<string, string>) => {
      const run = await world.cli(["uninstall", "--yes", ...WHOLE, "-o", "json"], { env });
      return partOf({ ...run, json: JSON.parse(run.stdout) as ApplyResult });
    };
    const user = (commonName: string) => ({ KUBECONFIG: world.stack.clientCert({ commonName }) });
    const unseen = (right: string) => `cannot be judged: needs the right to ${right}`;

    const developer = await as({ ...user("developer"), ...viewer });
    expect([developer.code, developer.done, developer.left["ExternalSecret shop shop-db"]]).toEqual([
      1,
      [],
      "not allowed here: get secrets shop-db in shop, patch secrets shop-db in shop",
    ]);

    const owner = await as({ ...user("owner"), ...viewer });
    expect(owner).toMatchObject({
      code: 1,
      failed: "ESOB-C203",
      done: [
        "update Secret shop shop-db",
        "delete ExternalSecret shop shop-db",
        "delete SecretStore shop infisical",
        "delete Secret shop infisical-identity",
        "update Namespace - shop",
      ],
      left: {
        "MachineIdentity - eso-e2e-shop-infisical": unseen("get namespaces in kube-system"),
        "ClusterRoleBinding - infisical-token-reviewer": unseen(
          "get clusterrolebindings (rbac.authorization.k8s.io)",
        ),
        "ServiceAccount external-secrets infisical-token-reviewer": unseen(
          "get serviceaccounts in external-secrets",
        ),
        "Secret external-secrets *": unseen("list Secrets in external-secrets"),
        "CustomResourceDefinition - *.external-secrets.io": unseen(
          "list customresourcedefinitions (apiextensions.k8s.io)",
        ),
        "Release external-secrets external-secrets": expect.stringContaining(
          'cannot list resource "secrets"',
        ),
        "Namespace - external-secrets": unseen("get namespaces in external-secrets"),
      },
    });
    const after = await shopSecret(world);
    expect([after.metadata.uid, after.metadata.ownerReferences]).toEqual([before.metadata.uid, undefined]);

    const janitor = await as({ ...user("janitor"), ...viewer });
    expect(janitor).toMatchObject({
      code: 1,
      failed: "ESOB-C203",
      done: [
        "delete Secret external-secrets infisical-token-reviewer-1",
        "delete ServiceAccount external-secrets infisical-token-reviewer",
      ],
      left: {
        "MachineIdentity - eso-e2e-shop-infisical": expect.stringContaining(
          "not allowed to read on identity",
        ),
        "ClusterRoleBinding - infisical-token-reviewer":
          "not allowed here: delete clusterrolebindings.rbac.authorization.k8s.io infisical-token-reviewer",
        "CustomResourceDefinition - secretstores.external-secrets.io": expect.stringContaining(
          "delete customresourcedefinitions",
        ),
        "Release external-secrets external-secrets": expect.stringContaining(
          "delete clusterroles.rbac.authorization.k8s.io",
        ),
      },
    });

    // Here only the server itself knows the right, and what comes after it goes on.
    world.proxies.infisical.judge = ({ method, path }) =>
      method === "DELETE" && path.includes("/identities/") ? MAY_NOT_DELETE : { kind: "pass" };
    const human = await world.cli(["uninstall", "--yes", ...WHOLE]);
    const operator = partOf(await uninstall(world, ...WHOLE));
    world.proxies.infisical.judge = () => ({ kind: "pass" });
    expect(human.code).toBe(1);
    expect(human.stderr).toMatch(
      /1 thing of ours could not be taken away\. +ESOB-C203\n.*delete on identity[^]*\n +eso-bootstrap uninstall --yes --infisical --eso --crds\n[^]* Done +ClusterRoleBinding infisical-token-reviewer[^]* Not done +MachineIdentity eso-e2e-shop-infisical/,
    );
    // Lines of Infisical's snapshot are indented; of the cluster nothing is left.
    expect((await marked(world)).filter((line) => !line.startsWith(" "))).toEqual([]);
    expect(operator).toEqual({
      code: 1,
      failed: "ESOB-C203",
      done: [],
      left: { "MachineIdentity - eso-e2e-shop-infisical": expect.stringContaining("delete on identity") },
    });

    const rest = partOf(await uninstall(world, ...WHOLE));
    expect(rest).toEqual({
      code: 0,
      failed: undefined,
      done: ["delete MachineIdentity - eso-e2e-shop-infisical"],
      left: {},
    });
    clearProxies(world);
    const again = await uninstall(world, ...WHOLE);
    expect([again.code, again.json.writes, writesSeen(world)]).toEqual([0, 0, []]);
    await remove(world, "namespace", "shop");
    await isAsAtFirst();
    expect(troubleOf(await init(world))).toBe("");
    expect(troubleOf(await uninstall(world, ...WHOLE, "--delete-secrets"))).toBe("");
    await isAsAtFirst();
  });

  test("killed at writes from the first to the last, the next run finishes", async () => {
    for (const write of [1, 5, 9, 14, 20]) {
      let child: Running | undefined;
      let seen = 0;
      world.proxies.kubernetes.judge = (request) => {
        if (isKubernetesWrite(request)) seen += 1;
        return seen === write ? { kind: "pass", afterwards: () => child?.kill() } : { kind: "pass" };
      };
      const killed = await world.cli(["uninstall", "--yes", "--delete-secrets", ...WHOLE], {
        onStart: (started) => (child = started),
      });
      world.proxies.kubernetes.judge = () => ({ kind: "pass" });
      expect(killed.signal, `at write ${write}`).toBe("SIGKILL");
      const run = await uninstall(world, ...WHOLE, "--delete-secrets");
      expect(troubleOf(run), `killed at write ${write}`).toBe("");
      await isAsAtFirst();
      if (write < 20) expect(troubleOf(await init(world)), `init after ${write}`).toBe("");
    }
  }, 600_000);
});
