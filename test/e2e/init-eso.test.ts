import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { init, linesOf, plan, readyReason, troubleOf } from "./driving.ts";
import { esoHelmValues } from "./stack/eso.ts";
import { until } from "./stack/poll.ts";
import { settings, SHOP_VALUES, startWorld, type World } from "./world.ts";

interface Listed {
  items: {
    metadata: { name: string; namespace?: string; uid: string; resourceVersion: string; generation?: number };
  }[];
}

/** Everything that an installation of ESO consists of, by uid and resourceVersion. */
async function esoObjects({ stack }: World, namespace: string, release: string): Promise<string[]> {
  const inNamespace = [
    "apis/apps/v1/@/deployments",
    "api/v1/@/serviceaccounts",
    "api/v1/@/secrets",
    "apis/rbac.authorization.k8s.io/v1/@/roles",
  ];
  const paths = [
    ...inNamespace.map((path) => `/${path.replace("@", `namespaces/${namespace}`)}`),
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
  ];
  const lists = await Promise.all(paths.map((path) => stack.api<Listed>("GET", path)));
  const names = (name: string) => name.includes(release) || name.endsWith("external-secrets.io");
  return lists
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => names(metadata.name) && !metadata.name.startsWith("infisical"))
    .map(
      ({ metadata: { name, uid, resourceVersion, generation = 0 } }) =>
        `${name} ${uid} ${resourceVersion} ${generation}`,
    )
    .toSorted();
}

/** Nothing moves any more: the controller is Available, and two looks in a row see the same. */
async function settled(world: World, namespace: string, release: string): Promise<string[]> {
  await world.stack.kubectl([
    "wait",
    "--for=condition=Available",
    "deployment",
    "--all",
    "-n",
    namespace,
    "--timeout=60s",
  ]);
  await world.eso.ready();
  let before: string[] = [];
  return until(
    "ESO's objects to come to rest",
    async () => {
      const now = await esoObjects(world, namespace, release);
      const same = now.join() === before.join();
      before = now;
      return same && now;
    },
    { everyMs: 700 },
  );
}

describe("an ESO that somebody installed with Helm", () => {
  let world: World;
  let before: string[];
  beforeAll(async () => {
    world = await startWorld();
    const values = ["--set", "installCRDs=true,webhook.create=false,certController.create=false"];
    await world.stack.helm([
      "install",
      "theirs",
      world.stack.chart.tgz,
      "-n",
      "platform",
      "--create-namespace",
      ...values,
    ]);
    before = await settled(world, "platform", "theirs");
  });
  afterAll(() => world.stop());

  test("is used as it is and not touched, with eso.manage true", async () => {
    await world.config(settings(world));
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    expect(linesOf(run.json).filter((line) => line.includes("helm/") || line.includes("Deployment"))).toEqual(
      [],
    );
    expect(run.json.changes[0]).toMatchObject({
      step: "eso",
      action: "unchanged",
      summary: expect.stringContaining("installed by Helm release platform/theirs"),
    });
    expect(await world.secret("shop", "shop-db")).toMatchObject({ DB_HOST: SHOP_VALUES.DB_HOST });
    expect(await esoObjects(world, "platform", "theirs")).toEqual(before);
    const history = JSON.parse(
      await world.stack.helm(["history", "theirs", "-n", "platform", "-o", "json"]),
    ) as unknown[];
    expect(history).toHaveLength(1);
    const all = JSON.parse(await world.stack.helm(["list", "-A", "-o", "json"])) as { name: string }[];
    expect(all.map(({ name }) => name)).toEqual(["theirs"]);
  });

  test("its ServiceAccount, read from its Deployment, is what Kubernetes Auth allows", () => {
    const identities = world.infisical.snapshot()["identities"];
    expect(identities).toContainEqual(
      expect.objectContaining({
        name: "eso-e2e-shop-infisical",
        kubernetesAuth: [
          expect.objectContaining({ allowedNamespaces: "platform", allowedNames: "theirs-external-secrets" }),
        ],
      }),
    );
  });

  test("a second ESO of ours beside it: own namespace and controllerClass, no CRDs of its own", async () => {
    before = await settled(world, "platform", "theirs");
    await world.config(
      settings(world, {
        eso: { namespace: "eso-two", release: "eso-two", controllerClass: "two" },
        reviewer: { serviceAccount: "reviewer-two" },
        stores: [{ name: "two", namespace: "second", environment: "prod", path: "/cart" }],
        secrets: [
          { name: "db", namespace: "second", store: "two", refreshInterval: "5s", keys: ["DB_HOST"] },
        ],
      }),
    );
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    const store = await world.stack.api<{ spec: { controller?: string } }>(
      "GET",
      "/apis/external-secrets.io/v1/namespaces/second/secretstores/two",
    );
    expect(store.spec.controller).toBe("two");
    expect(await readyReason(world, "namespaces/second/secretstores/two")).toBe("Valid");
    expect(await readyReason(world, "namespaces/second/externalsecrets/db")).toBe("SecretSynced");
    const values = JSON.parse(
      await world.stack.helm(["get", "values", "eso-two", "-n", "eso-two", "-o", "json"]),
    ) as object;
    expect(values).toMatchObject({ installCRDs: false, controllerClass: "two" });
    expect(identityAllowed(world, "eso-e2e-second-two")).toEqual(["eso-two", "eso-two-external-secrets"]);
    expect(await esoObjects(world, "platform", "theirs")).toEqual(before);
    const again = await init(world);
    expect([again.code, again.json.writes, linesOf(again.json)]).toEqual([0, 0, []]);
  });
});

function identityAllowed({ infisical }: World, name: string): unknown[] {
  const identities = infisical.snapshot()["identities"] as {
    name: string;
    kubernetesAuth: { allowedNamespaces: string; allowedNames: string }[];
  }[];
  const [auth] = identities.find((identity) => identity.name === name)?.kubernetesAuth ?? [];
  return [auth?.allowedNamespaces, auth?.allowedNames];
}

describe("an ESO from plain manifests", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.stop());

  test("none there and none allowed: said, and nothing changed", async () => {
    await world.config(settings(world, { eso: { manage: false } }));
    const result = await world.cli(["init", "-f", "eso-bootstrap.yaml", "--yes"]);
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain("ESOB-H106");
    expect(world.infisical.log.writes).toEqual([]);
  });

  test("is found by its image when it has no label, used and not touched", async () => {
    const { stack } = world;
    const yaml = await stack.helm(
      ["template", "plain", stack.chart.tgz, "-n", "plain", "-f", "-"],
      JSON.stringify(esoHelmValues),
    );
    await stack.kubectl(["create", "namespace", "plain"]);
    const unlabelled = yaml.replaceAll(/^(\s*)app\.kubernetes\.io\/name: external-secrets$/gm, "$1app: eso");
    await stack.kubectl(["apply", "--server-side", "-n", "plain", "-f", "-"], unlabelled);
    const before = await settled(world, "plain", "plain");
    await world.config(settings(world, { eso: { manage: false }, reviewer: { namespace: "reviewers" } }));
    const run = await init(world);
    expect(troubleOf(run)).toBe("");
    expect(run.json.changes[0]?.summary).toContain("installed by plain manifests: used as it is");
    expect(await readyReason(world, "namespaces/shop/externalsecrets/shop-db")).toBe("SecretSynced");
    expect(identityAllowed(world, "eso-e2e-shop-infisical")).toEqual(["plain", "plain-external-secrets"]);
    expect(await esoObjects(world, "plain", "plain")).toEqual(before);
    const next = await plan(world);
    expect([next.code, linesOf(next.json)]).toEqual([0, []]);
  });
});
