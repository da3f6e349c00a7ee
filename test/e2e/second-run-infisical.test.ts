import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  accessOf,
  ask,
  clearProxies,
  identityIdOf,
  init,
  linesOf,
  plan,
  troubleOf,
  writesSeen,
} from "./driving.ts";
import { settings, startWorld, type World } from "./world.ts";

const IDENTITY = "eso-e2e-shop-infisical";
const ROLE = "k8s-e2e-shop-infisical";
const SERVERS = [
  { server: "2024-10", generation: "2024-10", rbac: false, roles: true },
  { server: "2026 with custom roles", generation: "2026", rbac: true, roles: true },
  { server: "2026 without custom roles", generation: "2026", rbac: false, roles: false },
] as const;

interface Case {
  readonly what: string;
  /** Only where the plan has custom roles, or only where it has none. */
  readonly roles?: boolean;
  /** Only servers that hold several auth methods at once. */
  readonly many?: true;
  readonly spoil: (at: Hand) => Promise<unknown>;
  readonly plan: readonly string[];
  readonly because?: string;
}

const CASES: readonly Case[] = [
  {
    what: "the role widened",
    roles: true,
    spoil: async ({ send, project, era }) => {
      const role = await send<{ role: { id: string } }>("GET", `${era.project(project)}/roles/slug/${ROLE}`);
      const permissions = [{ subject: "secrets", action: ["read"] }];
      await send("PATCH", `${era.project(project)}/roles/${role.role.id}`, { permissions });
    },
    plan: [`update infisical/Role/-/${ROLE}`],
  },
  {
    what: "the role deleted",
    roles: true,
    spoil: async ({ send, project, era, id }) => {
      const role = await send<{ role: { id: string } }>("GET", `${era.project(project)}/roles/slug/${ROLE}`);
      await send("PATCH", era.membership(project, id), {
        roles: [{ role: "no-access", isTemporary: false }],
      });
      await send("DELETE", `${era.project(project)}/roles/${role.role.id}`);
    },
    plan: [`update infisical/Role/-/${ROLE}`],
  },
  {
    what: "the membership given a wider role",
    spoil: ({ send, project, era, id }) =>
      send("PATCH", era.membership(project, id), { roles: [{ role: "viewer", isTemporary: false }] }),
    plan: [`update infisical/Role/-/${ROLE}`],
  },
  {
    what: "the membership removed",
    spoil: ({ send, project, era, id }) => send("DELETE", era.membership(project, id)),
    plan: [`create infisical/Role/-/${ROLE}`],
  },
  {
    what: "Kubernetes Auth opened to every ServiceAccount",
    spoil: ({ send, id }) =>
      send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${id}`, { allowedNames: "" }),
    plan: [`update infisical/KubernetesAuth/-/${IDENTITY}`],
  },
  {
    what: "Kubernetes Auth with longer tokens",
    spoil: ({ send, id }) =>
      send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${id}`, {
        accessTokenTTL: 86400,
        accessTokenMaxTTL: 86400,
      }),
    plan: [`update infisical/KubernetesAuth/-/${IDENTITY}`],
  },
  {
    what: "Kubernetes Auth deleted",
    spoil: ({ send, id }) => send("DELETE", `/api/v1/auth/kubernetes-auth/identities/${id}`),
    plan: [`create infisical/KubernetesAuth/-/${IDENTITY}`],
  },
  {
    what: "the reviewer token replaced",
    spoil: async ({ send, id, world }) => {
      const token = await world.stack.kubectl([
        "create",
        "token",
        "infisical-token-reviewer",
        "-n",
        "external-secrets",
      ]);
      await send("PATCH", `/api/v1/auth/kubernetes-auth/identities/${id}`, {
        tokenReviewerJwt: token.trim(),
      });
    },
    plan: [`update infisical/KubernetesAuth/-/${IDENTITY}`],
  },
  {
    what: "Universal Auth attached",
    many: true,
    spoil: ({ world, id }) => Promise.resolve(world.infisical.attachUniversalAuth(id)),
    plan: [`delete infisical/UniversalAuth/-/${IDENTITY}`],
  },
  {
    what: "the identity deleted",
    spoil: ({ send, id }) => send("DELETE", `/api/v1/identities/${id}`),
    plan: [
      `create infisical/MachineIdentity/-/${IDENTITY}`,
      `create infisical/Role/-/${ROLE}`,
      `create infisical/KubernetesAuth/-/${IDENTITY}`,
      "update kubernetes/Secret/shop/infisical-identity",
    ],
    because: "membership and login go with the identity, and the new one has a new id",
  },
];

/** Somebody with admin rights at the web UI. */
interface Hand {
  readonly world: World;
  /** The identity of the store, and the project. */
  readonly id: string;
  readonly project: string;
  readonly era: (typeof ERAS)[keyof typeof ERAS];
  send<Body>(method: string, path: string, body?: object): Promise<Body>;
}

/** Routes of each generation (infisical-api.md 1.7 and 2). */
const ERAS = {
  "2024-10": {
    project: (_id: string) => "/api/v1/workspace/shop",
    membership: (project: string, id: string) => `/api/v2/workspace/${project}/identity-memberships/${id}`,
  },
  "2026": {
    project: (id: string) => `/api/v1/projects/${id}`,
    membership: (project: string, id: string) => `/api/v1/projects/${project}/memberships/identities/${id}`,
  },
};

describe.each(SERVERS)(
  "after somebody changed something at Infisical $server",
  ({ generation, rbac, roles }) => {
    let world: World;
    let project = "";

    beforeAll(async () => {
      world = await startWorld({ generation, infisical: { plan: { rbac } } });
      await world.config(
        settings(world, {
          secrets: [
            {
              name: "shop-db",
              namespace: "shop",
              store: "infisical",
              refreshInterval: "1h",
              keys: ["DB_HOST"],
            },
          ],
        }),
      );
      const run = await init(world);
      expect(troubleOf(run)).toBe("");
      const token = world.infisical.tokenFor(await identityIdOf(world, "shop"));
      const listed = await ask<{ secrets: { workspace: string }[] }>(
        world,
        token,
        "GET",
        "/api/v3/secrets/raw?workspaceSlug=shop&environment=prod&secretPath=/shop",
      );
      project = listed.body.secrets[0]?.workspace ?? "";
    });
    afterAll(() => world.stop());

    const cases = CASES.filter(
      (one) => (one.roles ?? roles) === roles && (!one.many || generation === "2026"),
    );

    test.each(cases)("$what: exactly that is repaired", async ({ spoil, plan: wanted }) => {
      const id = await identityIdOf(world, "shop");
      const before = stateOf(world);
      const operator = world.infisical.tokenFor(world.infisical.operator.identityId);
      const send = async <Body>(method: string, path: string, body?: object): Promise<Body> => {
        const answer = await ask<Body>(world, operator, method, path, body);
        expect(answer.status, `${method} ${path} ${JSON.stringify(answer.body)}`).toBe(200);
        return answer.body;
      };
      await spoil({ world, id, project, era: ERAS[generation], send });
      expect(stateOf(world)).not.toEqual(before);

      const planned = await plan(world);
      expect(linesOf(planned.json)).toEqual(wanted);
      expect(planned.code).toBe(6);
      const run = await init(world);
      expect(troubleOf(run)).toBe("");
      expect(linesOf({ changes: run.json.applied })).toEqual(wanted);
      expect(stateOf(world)).toEqual(before);

      clearProxies(world);
      const again = await init(world);
      expect([again.code, again.json.writes, linesOf(again.json)]).toEqual([0, 0, []]);
      expect(writesSeen(world)).toEqual([]);
    });
  },
);

/** All that the road sets up at Infisical, without ids and times. */
const stateOf = (world: World) => {
  const { identities, projects } = world.infisical.snapshot() as {
    identities: { name: string }[];
    projects: { slug: string; roles: unknown }[];
  };
  return {
    identity: identities.filter(({ name }) => name === IDENTITY),
    access: accessOf(world, "shop", IDENTITY),
    roles: projects.find(({ slug }) => slug === "shop")?.roles,
  };
};
