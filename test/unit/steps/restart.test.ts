import { describe, expect, test } from "vitest";

import { dataHash } from "../../../src/desired/manifests.ts";
import type { Event } from "../../../src/engine/events.ts";
import type { KubeObject } from "../../../src/kubernetes/cluster.ts";
import { findRestarts, restart, type Restarting } from "../../../src/steps/restart.ts";
import { isRolledOut } from "../../../src/steps/rollout.ts";
import { createFakeClock } from "../../fakes/clock.ts";
import { FakeCluster } from "../../fakes/cluster.ts";

const ARGO = "argoproj.io/v1alpha1";
const DATA = { A: "MQ==" };
const uses = { containers: [{ name: "app", envFrom: [{ secretRef: { name: "db" } }] }] };
const idle = { containers: [{ name: "app" }] };
const db: Restarting = { target: "db", restart: "auto", namespace: "shop", isChanging: false };

function workload(
  kind: string,
  name: string,
  podSpec: object,
  more: { annotations?: Record<string, string>; spec?: object; template?: object } = {},
): KubeObject {
  return {
    apiVersion: kind === "Rollout" ? ARGO : "apps/v1",
    kind,
    metadata: { name, namespace: "shop", ...(more.annotations && { annotations: more.annotations }) },
    spec: { template: { metadata: { ...more.template }, spec: podSpec }, ...more.spec },
  };
}

function world(...objects: KubeObject[]) {
  const cluster = new FakeCluster();
  cluster.seed({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
  cluster.seed({ apiVersion: "v1", kind: "Secret", metadata: { name: "db", namespace: "shop" }, data: DATA });
  cluster.serve(ARGO, "Rollout");
  cluster.seed(...objects);
  const events: Event[] = [];
  const context = {
    cluster,
    clock: createFakeClock(),
    emit: (event: Event) => void events.push(event),
    options: { timeoutMs: 50, signal: new AbortController().signal },
  };
  return { cluster, context, events };
}

const found = async (cluster: FakeCluster, ...all: Restarting[]) =>
  (await findRestarts({ cluster }, all)).map(
    ({ workload: { kind, metadata }, isReloaded }) =>
      `${kind}/${metadata.name}${isReloaded ? " (Reloader)" : ""}`,
  );

describe("who is restarted", () => {
  test("what uses the Secret, of every kind, and Rollouts where they are served", async () => {
    const kinds = ["Deployment", "StatefulSet", "DaemonSet", "Rollout"];
    const { cluster } = world(
      ...kinds.map((kind) => workload(kind, "user", uses)),
      workload("Deployment", "idle", idle),
    );
    expect(await found(cluster, db)).toEqual(kinds.map((kind) => `${kind}/user`));
    cluster.unserve(ARGO, "Rollout");
    expect(await found(cluster, db)).toEqual(["Deployment/user", "StatefulSet/user", "DaemonSet/user"]);
  });

  test("what only its running pods use: admission may have added it", async () => {
    const pod = (
      name: string,
      owner: { kind: string; name: string },
      labels: Record<string, string>,
    ): KubeObject => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        name,
        namespace: "shop",
        labels,
        ownerReferences: [{ apiVersion: "apps/v1", uid: "1", ...owner }],
      },
      spec: uses,
    });
    const { cluster } = world(
      workload("Deployment", "web", idle),
      workload("Rollout", "canary", idle),
      workload("StatefulSet", "queue", idle),
      workload("Deployment", "other", idle),
      pod("a", { kind: "ReplicaSet", name: "web-5f6d" }, { "pod-template-hash": "5f6d" }),
      pod("b", { kind: "ReplicaSet", name: "canary-77" }, { "rollouts-pod-template-hash": "77" }),
      pod("c", { kind: "StatefulSet", name: "queue" }, {}),
    );
    expect(await found(cluster, db)).toEqual(["Deployment/web", "StatefulSet/queue", "Rollout/canary"]);
    cluster.deny({ verb: "list", resource: "pods" });
    expect(await found(cluster, db)).toEqual([]);
  });

  test("nobody twice for the same content, everybody when it is about to change", async () => {
    const annotations = { "eso-bootstrap/secret-db": dataHash(DATA) };
    const { cluster } = world(workload("Deployment", "web", uses, { template: { annotations } }));
    expect(await found(cluster, db)).toEqual([]);
    expect(await found(cluster, { ...db, isChanging: true })).toEqual(["Deployment/web"]);
    expect(await found(cluster, { ...db, restart: "none", isChanging: true })).toEqual([]);
  });

  test.each([
    { "reloader.stakater.com/auto": "true" },
    { "secret.reloader.stakater.com/auto": "true" },
    { "secret.reloader.stakater.com/reload": "mail, db" },
    { "secret.reloader.stakater.com/reload": "d.+" },
  ])("%o is left to Reloader, unless the configuration names it", async (annotations) => {
    const { cluster } = world(
      workload("Deployment", "web", uses, { annotations }),
      workload("DaemonSet", "agent", uses, { template: { annotations } }),
    );
    expect(await found(cluster, db)).toEqual(["Deployment/web (Reloader)", "DaemonSet/agent (Reloader)"]);
    expect(await found(cluster, { ...db, restart: ["deployment/web"] })).toEqual(["Deployment/web"]);
  });

  test("Reloader for another Secret is no Reloader for this one", async () => {
    const annotations = { "secret.reloader.stakater.com/reload": "mail" };
    const { cluster } = world(workload("Deployment", "web", uses, { annotations }));
    expect(await found(cluster, db)).toEqual(["Deployment/web"]);
  });

  test.each<{
    title: string;
    workload: Record<string, string>;
    secret: Record<string, string>;
    left: boolean;
  }>([
    { title: "search and match", workload: { search: "true" }, secret: { match: "true" }, left: true },
    { title: "search alone", workload: { search: "true" }, secret: {}, left: false },
    { title: "match alone", workload: {}, secret: { match: "true" }, left: false },
    {
      title: "a Secret that Reloader ignores",
      workload: { auto: "true" },
      secret: { ignore: "true" },
      left: false,
    },
  ])("$title: left to Reloader is $left", async ({ workload: its, secret, left }) => {
    const named = (marks: Record<string, string>) =>
      Object.fromEntries(
        Object.entries(marks).map(([name, value]) => [`reloader.stakater.com/${name}`, value]),
      );
    const { cluster } = world(workload("Deployment", "web", uses, { annotations: named(its) }), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "db", namespace: "shop", annotations: named(secret) },
      data: DATA,
    });
    expect(await found(cluster, db)).toEqual([left ? "Deployment/web (Reloader)" : "Deployment/web"]);
  });

  test("Reloader that leaves this Secret out, or cannot read its own list, is none for it", async () => {
    const auto = {
      "reloader.stakater.com/auto": "true",
      "secrets.exclude.reloader.stakater.com/reload": "db",
    };
    const { cluster } = world(
      workload("Deployment", "web", uses, { annotations: auto }),
      workload("StatefulSet", "queue", uses, {
        annotations: { "secret.reloader.stakater.com/reload": "(db" },
      }),
    );
    expect(await found(cluster, db)).toEqual(["Deployment/web", "StatefulSet/queue"]);
  });

  test("one workload with two Secrets is restarted once for both", async () => {
    const both = {
      containers: [
        { name: "app", envFrom: [{ secretRef: { name: "db" } }, { secretRef: { name: "mail" } }] },
      ],
    };
    const { cluster } = world(workload("Deployment", "web", both), {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "mail", namespace: "shop" },
      data: {},
    });
    const all = await findRestarts({ cluster }, [db, { ...db, target: "mail" }]);
    expect(all.map(({ secrets }) => secrets)).toEqual([["db", "mail"]]);
  });
});

describe("a restart", () => {
  const ref = (kind: string, name: string) => ({
    apiVersion: kind === "Rollout" ? ARGO : "apps/v1",
    kind,
    namespace: "shop",
    name,
  });

  test("notes the content on the pod template and waits for the rollout", async () => {
    const { cluster, context } = world(workload("Deployment", "web", uses));
    cluster.onApply((object) => {
      const { generation = 0 } = object.metadata;
      cluster.setStatus(ref("Deployment", "web"), {
        observedGeneration: generation,
        replicas: 1,
        updatedReplicas: 1,
        availableReplicas: 1,
      });
    });
    const [one] = await findRestarts({ cluster }, [db]);
    expect(one && (await restart(context, one))).toBe(true);
    expect(cluster.peek(ref("Deployment", "web"))).toMatchObject({
      spec: { template: { metadata: { annotations: { "eso-bootstrap/secret-db": dataHash(DATA) } } } },
    });
    expect(await findRestarts({ cluster }, [db])).toEqual([]);
  });

  test("of a Rollout leaves its template alone: a restart is no release", async () => {
    const { cluster, context } = world(workload("Rollout", "web", uses));
    cluster.onApply((object) => {
      const { restartAt } = object["spec"] as { restartAt: string };
      cluster.setStatus(ref("Rollout", "web"), { restartedAt: restartAt, availableReplicas: 1 });
    });
    const [one] = await findRestarts({ cluster }, [db]);
    if (one) await restart(context, one);
    const live = cluster.peek(ref("Rollout", "web"));
    expect(live).toMatchObject({
      metadata: { annotations: { "eso-bootstrap/secret-db": dataHash(DATA) } },
      spec: { restartAt: "2026-11-23T12:00:00Z", template: { spec: uses } },
    });
    expect(live?.["spec"]).not.toHaveProperty("template.metadata.annotations");
  });

  test("that does not come up is a failure, with what the controller says", async () => {
    const { cluster, context } = world(workload("Deployment", "web", uses));
    cluster.onApply(({ metadata }) =>
      cluster.setStatus(ref("Deployment", "web"), {
        observedGeneration: metadata.generation,
        conditions: [
          {
            type: "Progressing",
            status: "False",
            reason: "ProgressDeadlineExceeded",
            message: 'ReplicaSet "web-1" has timed out progressing.',
          },
        ],
      }),
    );
    const [one] = await findRestarts({ cluster }, [db]);
    await expect(one && restart(context, one)).rejects.toMatchObject({
      code: "ESOB-E306",
      reason: expect.stringContaining("timed out progressing"),
    });
  });

  test.each([
    ["Deployment", { paused: true }, "paused"],
    ["StatefulSet", { updateStrategy: { type: "OnDelete" } }, "OnDelete"],
  ] as const)("of a %s with %o is not waited for, and said", async (kind, spec, word) => {
    const { cluster, context, events } = world(workload(kind, "web", uses, { spec }));
    const [one] = await findRestarts({ cluster }, [db]);
    if (one) await restart(context, one);
    expect(events).toMatchObject([{ type: "warning", text: expect.stringContaining(word) }]);
  });
});

test.each([
  ["Deployment", { replicas: 2 }, { replicas: 2, updatedReplicas: 2, availableReplicas: 2 }, true],
  ["Deployment", { replicas: 2 }, { replicas: 3, updatedReplicas: 2, availableReplicas: 2 }, false],
  ["Deployment", { replicas: 0 }, {}, true],
  ["StatefulSet", { replicas: 3 }, { updatedReplicas: 3, readyReplicas: 3 }, true],
  ["StatefulSet", { replicas: 3 }, { updatedReplicas: 1, readyReplicas: 3 }, false],
  [
    "StatefulSet",
    { replicas: 3, updateStrategy: { rollingUpdate: { partition: 2 } } },
    { updatedReplicas: 1, readyReplicas: 3 },
    true,
  ],
  ["DaemonSet", {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 }, false],
  ["DaemonSet", {}, { desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 }, true],
  ["Rollout", { restartAt: "t2" }, { restartedAt: "t1", availableReplicas: 1 }, false],
  ["Rollout", { restartAt: "t2" }, { restartedAt: "t2", availableReplicas: 1 }, true],
])("%s %o with status %o is rolled out: %s", (kind, spec, status, is) => {
  const object = { apiVersion: "apps/v1", kind, metadata: { name: "x", generation: 2 }, spec };
  expect(isRolledOut({ ...object, status: { observedGeneration: 2, ...status } })).toBe(is);
  expect(isRolledOut({ ...object, status: { ...status, observedGeneration: 1 } })).toBe(
    is && kind === "Rollout",
  );
});
