import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { recordsAt } from "../../src/data.ts";
import { documentIn, run as runBare, SHOP } from "./person.ts";
import { openShop, type Shop } from "./shop.ts";

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 }); // it is real work, and the machine may have other work

const FILES = { files: { "eso-bootstrap.yaml": SHOP } };

describe("what the flags of uninstall say together", () => {
  test.each([
    [["--keep-secrets", "--delete-secrets"], "--keep-secrets and --delete-secrets contradict each other."],
    [["--crds"], "--crds without --eso would leave an ESO that cannot work."],
  ])("%j is refused, and nothing is contacted", async (flags, message) => {
    const ran = await runBare(["uninstall", ...flags, "--yes", "-o", "json"], FILES);
    expect([ran.code, ran.contacted, documentIn(ran)]).toEqual([
      2,
      [],
      expect.objectContaining({ code: "ESOB-C401", message }),
    ]);
  });

  test("without a file, -n and -A nobody knows what is meant", async () => {
    const ran = await runBare(["uninstall", "--yes", "-o", "json"]);
    expect([ran.code, ran.contacted, documentIn(ran)["code"]]).toEqual([2, [], "ESOB-C402"]);
  });
});

const CRD = "CustomResourceDefinition";
const GROUP = "generators.external-secrets.io";
/** A kind that ESO's chart brings, too, as Helm marks it. */
const PASSWORDS = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: CRD,
  metadata: {
    name: `passwords.${GROUP}`,
    annotations: {
      "meta.helm.sh/release-name": "external-secrets",
      "meta.helm.sh/release-namespace": "external-secrets",
    },
  },
  spec: {
    group: GROUP,
    scope: "Namespaced",
    names: { kind: "Password", listKind: "PasswordList", plural: "passwords", singular: "password" },
    versions: [
      {
        name: "v1alpha1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec: { type: "object" } } } },
      },
    ],
  },
};
const PASSWORD = { apiVersion: `${GROUP}/v1alpha1`, kind: "Password", spec: {} };

describe("after the whole road", () => {
  let shop: Shop;
  beforeAll(async () => {
    shop = await openShop();
    await shop.file();
    expect((await shop.run(["init", "--yes"])).code).toBe(0);
  });
  afterAll(() => shop.close());

  const planOf = async (...flags: string[]) => {
    const { code, document } = await shop.json(["uninstall", "--dry-run", ...flags]);
    const changes = recordsAt(document, "changes").map(({ action, target, summary, reason }) => ({
      action,
      ...(target as { kind: string; name: string }),
      summary: String(summary),
      reason: String(reason),
    }));
    return { code, changes };
  };
  /** Of what goes; namespaces may keep what is not ours. */
  const kindsOf = ({ changes }: Awaited<ReturnType<typeof planOf>>) => {
    const kinds = changes.filter(({ action }) => action === "delete").map(({ kind }) => kind);
    return [...new Set(kinds)].filter((kind) => kind !== "Namespace").toSorted();
  };

  test("each flag takes what it says, and --dry-run takes nothing", async () => {
    const [bare, kept, deleting, infisical, all] = [
      await planOf(),
      await planOf("--keep-secrets"),
      await planOf("--delete-secrets"),
      await planOf("--infisical"),
      await planOf("--infisical", "--eso", "--crds"),
    ];
    expect([bare, kept, deleting, infisical, all].map(({ code }) => code)).toEqual([6, 6, 6, 6, 6]);
    expect(kept).toEqual(bare);
    const target = { kind: "Secret", name: "shop-db" };
    expect(bare.changes).toContainEqual(expect.objectContaining({ action: "update", ...target }));
    expect(deleting.changes).not.toContainEqual(expect.objectContaining({ action: "update", ...target }));
    expect(kindsOf(bare)).toEqual([
      "ClusterRoleBinding",
      "ExternalSecret",
      "Secret",
      "SecretStore",
      "ServiceAccount",
    ]);
    expect(kindsOf(infisical)).toEqual(expect.arrayContaining(["MachineIdentity", "Role"]));
    expect(kindsOf(all)).toEqual(expect.arrayContaining(["Release", "CustomResourceDefinition"]));
    expect((await shop.json(["plan"])).code, "all is there as before").toBe(0);
  });

  test("--crds lists what would go with them, in the whole cluster, and leaves those", async () => {
    const before = (await planOf("--eso", "--crds")).changes.filter(({ kind }) => kind === CRD);
    expect(before.map(({ action }) => action)).not.toContain("unchanged");
    await shop.cluster.apply(PASSWORDS);
    const served = () => shop.cluster.serves(PASSWORD.apiVersion, "Password");
    await vi.waitFor(async () => expect(await served()).toBe(true), { timeout: 10_000 });
    for (const namespace of ["default", "kube-system"])
      await shop.cluster.apply({ ...PASSWORD, metadata: { name: `of-${namespace}`, namespace } });
    const after = await planOf("--eso", "--crds");
    expect(after.changes.filter(({ name }) => name === PASSWORDS.metadata.name)).toEqual([
      expect.objectContaining({
        action: "unchanged",
        reason: "would be deleted with it: default/of-default, kube-system/of-kube-system",
      }),
    ]);
    const people = await shop.run(["uninstall", "--eso", "--crds", "--dry-run"]);
    expect(people.said).toContain("would be deleted with it: default/of-default, kube-system/of-kube-system");
  });

  test("what a first one without --infisical left is found by its mark with -A", async () => {
    const first = await shop.json(["uninstall", "--delete-secrets", "--yes"]);
    expect(first.code, first.stderr).toBe(0);
    const identities = () =>
      (shop.sandbox.infisical.snapshot()["identities"] as { name: string }[]).map(({ name }) => name);
    expect(identities()).toContain("eso-demo-shop-infisical");
    const second = await shop.json(["uninstall", "-A", "--infisical", "--yes"]);
    expect(second.code, second.stdout).toBe(0);
    const kinds = recordsAt(second.document, "applied").map(
      ({ target }) => (target as { kind: string }).kind,
    );
    expect(kinds).toEqual(expect.arrayContaining(["Role", "MachineIdentity"]));
    expect(identities()).not.toContain("eso-demo-shop-infisical");
    const third = await shop.json(["uninstall", "-A", "--infisical", "--yes"]);
    expect([third.code, third.document["writes"]]).toEqual([0, 0]);
  });
});
