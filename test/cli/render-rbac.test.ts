import { describe, expect, it } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { DOCTOR_RIGHTS } from "../../src/checks/rights.ts";
import { run, SHOP } from "./person.ts";

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly resourceNames?: string[];
  readonly verbs: string[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly namespace: string; readonly name: string }[];
}

async function rendered(argv: readonly string[], files = {}) {
  const { code, stdout, stderr, contacted } = await run(["render", ...argv], { files });
  expect([code, contacted], stderr).toEqual([0, []]);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}

const rulesOf = (manifests: readonly Manifest[]) => manifests.flatMap(({ rules = [] }) => rules);
const names = (manifests: readonly Manifest[]) => rulesOf(manifests).flatMap(({ resources }) => resources);

describe("render --doctor-rbac", () => {
  it("is a ServiceAccount and two roles that are bound to it, without a file or flags", async () => {
    const manifests = await rendered(["--doctor-rbac", "-n", "ci"]);
    expect(manifests.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "-"}`)).toEqual([
      "ServiceAccount ci",
      "ClusterRole -",
      "ClusterRoleBinding -",
      "Role external-secrets",
      "RoleBinding external-secrets",
    ]);
    for (const { roleRef, subjects } of manifests.filter((manifest) => manifest.roleRef)) {
      expect(roleRef?.name).toBe("eso-bootstrap-doctor");
      expect(subjects).toEqual([{ kind: "ServiceAccount", name: "eso-bootstrap-doctor", namespace: "ci" }]);
    }
  });

  it("stands in ESO's namespace, which the file may name", async () => {
    const files = { "eso-bootstrap.yaml": `${SHOP}eso:\n  namespace: platform\n  release: eso\n` };
    const manifests = await rendered(["--doctor-rbac=login"], files);
    expect(manifests[0]?.metadata.namespace).toBe("platform");
    expect(rulesOf(manifests).find(({ resourceNames }) => resourceNames)?.resourceNames).toEqual([
      "eso-external-secrets",
    ]);
  });

  it("writes nothing: what is created are questions", async () => {
    for (const { verbs, resources } of rulesOf(await rendered(["--doctor-rbac"])))
      expect(verbs, resources.join()).toEqual(
        resources.includes("subjectaccessreviews") ? ["create"] : expect.not.arrayContaining(["create", "*"]),
      );
  });

  it("has every right of the table that is not left out, and no other", async () => {
    const parts = async (argv: readonly string[]) => names(await rendered(["--doctor-rbac", ...argv]));
    const table = (...left: (string | undefined)[]) =>
      DOCTOR_RIGHTS.filter(({ part }) => !left.includes(part ?? "always")).flatMap(
        ({ resources }) => resources,
      );
    expect((await parts([])).toSorted()).toEqual(table("login").toSorted());
    expect((await parts(["--no-secrets"])).toSorted()).toEqual(table("login", "secrets").toSorted());
  });

  it("gives ESO's token only where asked, for this one ServiceAccount, with a warning", async () => {
    const { stdout } = await run(["render", "--doctor-rbac=login"]);
    const role = stdout.split("---\n").find((text) => text.includes("serviceaccounts/token")) ?? "";
    expect(role).toMatch(/^# WARNING: .*external-secrets\/external-secrets/);
    expect((parse(role) as Manifest).rules?.at(-1)).toEqual({
      apiGroups: [""],
      resources: ["serviceaccounts/token"],
      resourceNames: ["external-secrets"],
      verbs: ["create"],
    });
    expect((await run(["render", "--doctor-rbac"])).stdout).not.toMatch(/token\b.*\n.*create|WARNING/);
  });

  it("goes into files with --out, comments too", async () => {
    const { code, files, stdout } = await run(["render", "--doctor-rbac", "--out", "rbac"]);
    expect([code, files.size, stdout]).toEqual([0, 5, ""]);
    expect(files.get("rbac/clusterrole-eso-bootstrap-doctor.yaml")).toContain("# what is looked at");
  });

  it.each([
    [["--doctor-rbac=logn"], "logn"],
    [["--no-secrets"], "--doctor-rbac"],
  ])("%s is wrong usage", async (argv, says) => {
    const { code, stdout, stderr } = await run(["render", ...argv]);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(says);
  });
});
