import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { ApplyResult } from "../../src/engine/apply.ts";
import { identityIn, linesOf, runJson, troubleOf } from "./driving.ts";
import { writeKubeconfig } from "./stack/kubeconfig.ts";
import { settings, startWorld, type World } from "./world.ts";

const LONG = 600_000;
const NAME = "eso-bootstrap-rotation";
const ROTATOR = "eso-e2e-rotation";
const NAMESPACE = "infisical-reviewer";

interface Rule {
  resources: string[];
  verbs: string[];
}

/** The reviewer in a namespace of its own, as the README advises for the CronJob. */
describe.each<{ generation: "2024-10" | "2026"; tokenLifetime: string | undefined }>([
  { generation: "2026", tokenLifetime: undefined },
  { generation: "2024-10", tokenLifetime: "2h" },
])(
  "the CronJob, on a server of $generation, token lifetime $tokenLifetime",
  ({ generation, tokenLifetime }) => {
    let world: World;
    /** Bound tokens end: the Secret that they hang on says when. */
    const endOn = (number: number) =>
      tokenLifetime === undefined
        ? []
        : [`update kubernetes/Annotation/${NAMESPACE}/infisical-token-reviewer-${number}`];

    /** As in the pod: its ServiceAccount's rights, its settings, its token for Infisical; nothing else. */
    async function asPod(...args: string[]) {
      const { stack, dir, proxies } = world;
      const token = (await stack.kubectl(["create", "token", NAME, "-n", NAMESPACE])).trim();
      const map = (name: string) =>
        stack.api<{ data: Record<string, string> }>(
          "GET",
          `/api/v1/namespaces/${NAMESPACE}/configmaps/${name}`,
        );
      await writeFile(join(dir, "rotation.yaml"), (await map(NAME)).data["eso-bootstrap.yaml"] ?? "");
      await writeFile(join(dir, "pod-token"), token);
      const env = {
        INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: "",
        INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "",
        INFISICAL_MACHINE_IDENTITY_ID: (await map(`${NAME}-identity`)).data["identityId"] ?? "",
        INFISICAL_KUBERNETES_SERVICE_ACCOUNT_TOKEN_PATH: join(dir, "pod-token"),
        KUBECONFIG: writeKubeconfig(join(dir, "pod.kubeconfig"), {
          context: "pod",
          user: NAME,
          apiServer: stack.apiServer,
          caPem: stack.caPem,
          token,
        }),
      };
      proxies.kubernetes.clear();
      return runJson<ApplyResult>(
        { ...world, cli: (its) => world.cli(its, { env }) },
        "reviewer",
        "rotate",
        "-f",
        "rotation.yaml",
        "--yes",
        ...args,
      );
    }

    beforeAll(async () => {
      world = await startWorld({ generation });
      const reviewer = { namespace: NAMESPACE, ...(tokenLifetime && { tokenLifetime }) };
      await world.config(settings(world, { reviewer }));
      const ran = await runJson<ApplyResult>(world, "init", "--yes");
      expect(ran.code, troubleOf(ran)).toBe(0);
    }, LONG);
    afterAll(() => world?.stop());

    test(
      "its identity is registered once, and no credential is stored for it",
      async () => {
        const first = await runJson<ApplyResult>(world, "reviewer", "register", "--yes");
        expect(first.code, troubleOf(first)).toBe(0);
        expect(linesOf(first.json)).toEqual([
          `create kubernetes/ServiceAccount/${NAMESPACE}/${NAME}`,
          `create infisical/MachineIdentity/-/${ROTATOR}`,
          `create infisical/KubernetesAuth/-/${ROTATOR}`,
          ...endOn(1),
          `create kubernetes/ConfigMap/${NAMESPACE}/${NAME}-identity`,
        ]);
        const second = await runJson<ApplyResult>(world, "reviewer", "register", "--yes");
        expect([second.code, second.json.writes, linesOf(second.json)]).toEqual([0, 0, []]);
        const { authMethods, orgRole, kubernetesAuth } = identityIn(world, ROTATOR);
        expect([authMethods, orgRole]).toEqual([["kubernetes-auth"], "member"]);
        expect(kubernetesAuth[0]).toMatchObject({ allowedNamespaces: NAMESPACE, allowedNames: NAME });
      },
      LONG,
    );

    test(
      "what is rendered is accepted, and its rights are enough: it rotates for all, itself too",
      async () => {
        const image = ["--image", "registry.example/eso-bootstrap:1"];
        const { stdout, code, stderr } = await world.cli(["render", "--rotation-cronjob", ...image]);
        expect(code, stderr).toBe(0);
        await world.stack.kubectl(["apply", "-f", "-"], stdout);
        const run = await asPod();
        expect(run.code, troubleOf(run)).toBe(0);
        expect(linesOf(run.json)).toEqual([
          `create kubernetes/Secret/${NAMESPACE}/infisical-token-reviewer-2`,
          `update infisical/KubernetesAuth/-/${ROTATOR}`,
          "update infisical/KubernetesAuth/-/eso-e2e-shop-infisical",
          ...endOn(2),
          `delete kubernetes/Secret/${NAMESPACE}/infisical-token-reviewer-1`,
        ]);
        const young = await asPod("--if-older-than", "30d");
        expect([young.code, young.json.writes], troubleOf(young)).toEqual([0, 0]);
        const again = await asPod();
        expect(again.code, troubleOf(again)).toBe(0);
      },
      LONG,
    );

    test(
      "none of its rights can be left out",
      async () => {
        const { items } = parse(
          await world.stack.kubectl(["get", "roles", "-A", "-o", "yaml", "-l", OURS]),
        ) as {
          items: { metadata: { name: string; namespace: string }; rules: Rule[] }[];
        };
        const needless: string[] = [];
        for (const { metadata, rules } of items)
          for (const [index, { resources, verbs }] of rules.entries()) {
            // A watch that is refused falls back to polling.
            for (const verb of verbs.filter((its) => its !== "watch")) {
              const others = verbs.filter((its) => its !== verb);
              const fewer = rules
                .map((rule, at) => (at === index ? { ...rule, verbs: others } : rule))
                .filter((rule) => rule.verbs.length > 0);
              await setRules(world, metadata, fewer);
              const run = await asPod("--timeout", "20s");
              if (run.code === 0) needless.push(`${verb} ${resources.join()} in ${metadata.namespace}`);
            }
            await setRules(world, metadata, rules);
          }
        expect(needless).toEqual([]);
        const run = await asPod();
        expect(run.code, troubleOf(run)).toBe(0);
      },
      LONG,
    );
  },
);

const OURS = "app.kubernetes.io/managed-by=eso-bootstrap";

async function setRules(
  { stack }: World,
  { name, namespace }: { name: string; namespace: string },
  rules: Rule[],
): Promise<void> {
  const patch = JSON.stringify([{ op: "replace", path: "/rules", value: rules }]);
  await stack.kubectl(["patch", "role", name, "-n", namespace, "--type=json", "-p", patch]);
}
