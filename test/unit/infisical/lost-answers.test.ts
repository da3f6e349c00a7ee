import { describe, expect, test } from "vitest";
import type { Infisical, Project } from "../../../src/infisical/infisical.ts";
import { Secret } from "../../../src/secret.ts";
import { startApiServer } from "./api-server.ts";
import { failureOf, GENERATIONS, READ_SHOP, stage, type Stage } from "./server.ts";

/** A write: what has to be there first, the request that gets lost, and the call. */
interface Write {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: RegExp };
  readonly prepare?: (stage: Stage) => Promise<unknown>;
  readonly run: (infisical: Infisical, project: Project, stage: Stage) => Promise<unknown>;
}

const scope = (project: Project) => ({ project, environment: "prod", path: "/shop" });
const METADATA = { "managed-by": "eso-bootstrap" };
const ROLE = { slug: "k8s-shop", name: "k8s shop", description: "d", grant: READ_SHOP };
const AUTH = {
  ca: "",
  allowedNamespaces: "eso",
  allowedNames: "eso",
  allowedAudience: "",
  accessTokenTtl: 60,
  accessTokenMaxTtl: 60,
  accessTokenUses: 0,
  reviewer: new Secret("a.b.c"),
};

const identityNamed = async (infisical: Infisical, name: string) => {
  const [identity] = await infisical.findIdentitiesByName(name, undefined);
  if (!identity) throw new Error(`no identity ${name}`);
  return identity;
};
const anIdentity = async ({ server }: Stage) => server.createIdentity({ name: "eso" });
const aMember = async ({ server }: Stage) =>
  server.addMember("shop", server.createIdentity({ name: "eso" }).id, "no-access");

const attach = async (infisical: Infisical, host: string) => {
  const { id } = await identityNamed(infisical, "eso");
  await infisical.attachKubernetesAuth(id, { ...AUTH, host });
};

const WRITES: readonly Write[] = [
  {
    name: "create a project",
    request: { method: "POST", path: /\/(projects|v2\/workspace)$/ },
    run: (infisical) => infisical.createProject({ name: "Cart", slug: "cart-app" }),
  },
  {
    name: "create an environment",
    request: { method: "POST", path: /\/environments$/ },
    run: (infisical, project) => infisical.createEnvironment(project, { name: "qa", slug: "qa" }),
  },
  {
    name: "create a folder",
    request: { method: "POST", path: /\/folders$/ },
    run: (infisical, project) => infisical.createFolder({ ...scope(project), path: "/a/b" }),
  },
  {
    name: "create a secret",
    request: { method: "POST", path: /\/secrets\// },
    prepare: async ({ server }) => server.createFolder("shop", "prod", "/shop"),
    run: (infisical, project) => infisical.createSecret(scope(project), "KEY", new Secret("value")),
  },
  {
    name: "create an identity, beside another of the same name",
    request: { method: "POST", path: /\/identities$/ },
    prepare: anIdentity,
    run: (infisical) => infisical.createIdentity({ name: "eso", metadata: METADATA, project: undefined }),
  },
  {
    name: "mark an identity",
    request: { method: "PATCH", path: /\/identities\// },
    prepare: anIdentity,
    run: async (infisical) =>
      infisical.updateIdentity((await identityNamed(infisical, "eso")).id, {
        metadata: METADATA,
        project: undefined,
      }),
  },
  {
    name: "delete an identity",
    request: { method: "DELETE", path: /\/identities\// },
    prepare: anIdentity,
    run: async (infisical) => infisical.deleteIdentity(await identityNamed(infisical, "eso")),
  },
  {
    name: "create a role",
    request: { method: "POST", path: /\/roles$/ },
    run: (infisical, project) => infisical.createRole(project, ROLE),
  },
  {
    name: "change a role",
    request: { method: "PATCH", path: /\/roles\// },
    prepare: ({ infisical, project }) => infisical.createRole(project, ROLE),
    run: async (infisical, project) => {
      const role = await infisical.findRole(project, "k8s-shop");
      const grant = { scopes: [{ environment: "dev", path: "/", subtree: true }], imports: false };
      return role && infisical.updateRole(project, role, grant);
    },
  },
  {
    name: "delete a role",
    request: { method: "DELETE", path: /\/roles\// },
    prepare: ({ infisical, project }) => infisical.createRole(project, ROLE),
    run: async (infisical, project) => {
      const role = await infisical.findRole(project, "k8s-shop");
      return role && infisical.deleteRole(project, role);
    },
  },
  {
    name: "add a member",
    request: { method: "POST", path: /memberships/ },
    prepare: anIdentity,
    run: async (infisical, project) =>
      infisical.setMembership(project, await identityNamed(infisical, "eso"), "no-access"),
  },
  {
    name: "change a member's role",
    request: { method: "PATCH", path: /memberships/ },
    prepare: aMember,
    run: async (infisical, project) =>
      infisical.setMembership(project, await identityNamed(infisical, "eso"), "viewer"),
  },
  {
    name: "remove a member",
    request: { method: "DELETE", path: /memberships/ },
    prepare: aMember,
    run: async (infisical, project) =>
      infisical.removeMembership(project, (await identityNamed(infisical, "eso")).id),
  },
  {
    name: "give a privilege",
    request: { method: "POST", path: /additional-privilege/ },
    prepare: aMember,
    run: async (infisical, project) => {
      const { id } = await identityNamed(infisical, "eso");
      return infisical.createPrivilege(project, id, { slug: "eso-shop", grant: READ_SHOP });
    },
  },
  {
    name: "take a privilege",
    request: { method: "DELETE", path: /additional-privilege/ },
    prepare: async (stage) => {
      await aMember(stage);
      const { id } = await identityNamed(stage.infisical, "eso");
      await stage.infisical.createPrivilege(stage.project, id, { slug: "eso-shop", grant: READ_SHOP });
    },
    run: async (infisical, project) => {
      const { id } = await identityNamed(infisical, "eso");
      const privilege = await infisical.findPrivilege(project, id, "eso-shop");
      return privilege && infisical.deletePrivilege(project, id, privilege);
    },
  },
  {
    name: "remove Universal Auth",
    request: { method: "DELETE", path: /universal-auth/ },
    prepare: async ({ server }) => server.attachUniversalAuth(server.createIdentity({ name: "eso" }).id),
    run: async (infisical) => infisical.removeUniversalAuth((await identityNamed(infisical, "eso")).id),
  },
];

const LOSSES = [{ kind: "reset" }, { kind: "500" }, { kind: "truncated" }] as const;
const PHASES = ["before", "after"] as const;
const CASES = LOSSES.flatMap((loss) => PHASES.map((phase) => [loss.kind, phase, loss] as const));

describe.each(GENERATIONS)("a lost answer on a server of %s", (generation) => {
  test.each(WRITES)("$name: as if nothing had been lost", async (write) => {
    const undisturbed = await stage(generation);
    await write.prepare?.(undisturbed);
    const already = undisturbed.writes();
    await write.run(undisturbed.infisical, undisturbed.project, undisturbed);
    expect(undisturbed.writes() - already).toBe(1);

    for (const [, phase, loss] of CASES) {
      const disturbed = await stage(generation);
      await write.prepare?.(disturbed);
      disturbed.server.faults.add({ ...loss, phase, times: 1, match: write.request });
      await write.run(disturbed.infisical, disturbed.project, disturbed);
      expect(disturbed.server.snapshot()).toEqual(undisturbed.server.snapshot());
      expect(disturbed.writes() - already).toBe(1);
    }
  });

  test.each(CASES)("Kubernetes Auth after %s %s the work", async (_kind, phase, loss) => {
    const { infisical, server, writes } = await stage(generation);
    const host = await startApiServer();
    const { id } = server.createIdentity({ name: "eso" });
    server.faults.add({ ...loss, phase, times: 1, match: { method: "POST", path: /kubernetes-auth/ } });
    await attach(infisical, host);
    server.faults.add({ ...loss, phase, times: 1, match: { method: "PATCH", path: /kubernetes-auth/ } });
    await infisical.updateKubernetesAuth(id, { reviewer: new Secret("d.e.f") });
    const stored = await infisical.findKubernetesAuth(id);
    expect(stored?.reviewer?.fingerprint()).toBe(new Secret("d.e.f").fingerprint());
    expect(writes()).toBe(2);
  });

  test("a POST that times out is looked for, and not sent again", async () => {
    const silent = await stage(generation, { client: { timeoutMs: 150 } });
    const match = { method: "POST", path: /\/identities$/ };
    const create = () =>
      silent.infisical.createIdentity({ name: "eso", metadata: METADATA, project: undefined });
    silent.server.faults.add({ kind: "silence", phase: "after", times: 1, match });
    await create();
    expect(silent.writes()).toBe(1);
    silent.server.faults.add({ kind: "silence", phase: "before", times: 1, match });
    expect((await failureOf(create())).code).toBe("ESOB-I113");
    expect(await silent.infisical.findIdentitiesByName("eso", undefined)).toHaveLength(1);
  });

  test("a secret that was there with another value is not taken for ours", async () => {
    const { infisical, server, project } = await stage(generation);
    server.setSecret("shop", "prod", "/shop", "KEY", "theirs");
    server.faults.add({ kind: "reset", times: 1, match: { method: "POST", path: /secrets/ } });
    const error = await failureOf(infisical.createSecret(scope(project), "KEY", new Secret("ours")));
    expect([error.code, error.message]).toEqual([
      "ESOB-I112",
      "KEY exists in prod:/shop of shop already, with another value.",
    ]);
  });

  test("a read is repeated; one that stays broken says why", async () => {
    const { infisical, server, clock } = await stage(generation);
    await infisical.traits();
    for (const kind of ["reset", "500", "truncated"] as const) {
      const match = { method: "GET", path: /projects|workspaces/ };
      server.faults.add({ kind, times: 2, match });
      expect(await infisical.listProjects()).toHaveLength(1);
    }
    expect(clock.slept).toEqual([200, 400, 200, 400, 200, 400]);
    const codes = [];
    for (const kind of ["reset", "500", "truncated", "html"] as const) {
      server.faults.add({ kind, times: 3, match: { method: "GET", path: /\/status$/ } });
      codes.push((await failureOf(infisical.status())).code);
    }
    expect(codes).toEqual(["ESOB-I101", "ESOB-I111", "ESOB-I117", "ESOB-I111"]);
  });
});
