import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { isKubernetesWrite, type Seen } from "../helpers/proxy.ts";
import { runJson } from "./driving.ts";
import { autoEso } from "./stack/auto-eso.ts";
import { startStack, type Stack } from "./stack/stack.ts";
import { settings, startWorld, type World } from "./world.ts";

interface Listed {
  kind: "List";
  items: {
    kind: string;
    cluster: string;
    code?: string;
    applied?: unknown[];
    exitCode?: number;
    failed?: { error: { code: string; exitCode: number } };
    summary?: Record<string, number>;
    writes?: number;
  }[];
}

let world: World;
let west: Stack;

/** One kubeconfig with both contexts; both admins are called `admin`, so that one is renamed. */
function bothContexts(): string {
  type File = Record<"clusters" | "users" | "contexts", { name: string; context?: { user: string } }[]>;
  const [east, other] = [world.env["KUBECONFIG"] ?? "", west.kubeconfig].map(
    (path) => parse(readFileSync(path, "utf8")) as File,
  );
  const users = other?.users.map((user) => ({ ...user, name: "west-admin" })) ?? [];
  const contexts =
    other?.contexts.map((one) => ({ ...one, context: { ...one.context, user: "west-admin" } })) ?? [];
  const path = join(world.dir, "both.kubeconfig");
  const merged = {
    ...east,
    clusters: [...(east?.clusters ?? []), ...(other?.clusters ?? [])],
    users: [...(east?.users ?? []), ...users],
    contexts: [...(east?.contexts ?? []), ...contexts],
  };
  writeFileSync(path, stringify(merged), { mode: 0o600 });
  return path;
}

beforeAll(async () => {
  [world, west] = await Promise.all([startWorld(), startStack({ name: "west" })]);
  autoEso(west);
  world.env["KUBECONFIG"] = bothContexts();
  const { cluster: _one, ...rest } = settings(world);
  await world.config({
    ...rest,
    clusters: [
      { name: "east", context: "e2e", apiServer: world.stack.apiServer },
      { name: "west", context: "west", apiServer: west.apiServer },
    ],
  });
});
afterAll(async () => {
  await west?.stop();
  await world?.stop();
});

const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true });

/** What is wrong with a List and its items by the schemas that ship. */
function flawsOf(list: Listed): unknown[] {
  return [list, ...list.items].flatMap((document) => {
    const name = document.kind.replace(/(?!^)[A-Z]/g, "-$&").toLowerCase();
    const schema = JSON.parse(readFileSync(`schemas/${name}.schema.json`, "utf8")) as { properties: object };
    // An item also names its cluster, where its document does not.
    const { cluster: _cluster, ...bare } = { cluster: undefined, ...document };
    const its = "cluster" in schema.properties ? document : bare;
    return ajv.validate(schema, its) ? [] : [ajv.errors];
  });
}

/** What one cluster's document alone would end with (product.md section 4). */
function exitCodeOf({ kind, exitCode, failed, summary }: Listed["items"][number]): number {
  if (kind === "Error") return exitCode ?? 0;
  if (kind === "DoctorReport") return (summary?.["failed"] ?? 0) > 0 ? 3 : 0;
  return failed ? (failed.error.exitCode === 124 ? 124 : 1) : 0;
}

/** The reviewer's token Secrets, by uid. */
async function tokensOf({ api }: Stack): Promise<string[]> {
  const { items } = await api<{ items: { metadata: { uid: string } }[] }>(
    "GET",
    "/api/v1/namespaces/external-secrets/secrets?labelSelector=eso-bootstrap/reviewer",
  );
  return items.map(({ metadata }) => metadata.uid);
}

/** When east stops, and what west must be like all the same. */
const STOPPED: readonly {
  readonly command: string;
  readonly args: readonly string[];
  readonly when: (seen: Seen, count: number) => boolean;
  readonly isWhole: (item: Listed["items"][number]) => boolean;
}[] = [
  {
    command: "doctor",
    args: ["doctor"],
    when: (_seen, count) => count === 8,
    isWhole: ({ kind, summary }) => kind === "DoctorReport" && summary?.["failed"] === 0,
  },
  {
    command: "status",
    args: ["status"],
    when: (_seen, count) => count === 3,
    isWhole: ({ kind }) => kind === "Status",
  },
  {
    command: "reviewer rotate",
    args: ["reviewer", "rotate", "--yes", "--timeout", "60s"],
    when: (seen) => isKubernetesWrite(seen) && seen.path.includes("/secrets"),
    isWhole: ({ kind, applied = [], failed }) =>
      kind === "ApplyResult" && applied.length > 0 && failed === undefined,
  },
];

const secretOf = async ({ api }: Stack) =>
  (await api<{ data: Record<string, string> }>("GET", "/api/v1/namespaces/shop/secrets/shop-db")).data;
const kinds = ({ items }: Listed) => items.map(({ kind, cluster, code }) => `${cluster} ${code ?? kind}`);

describe("two clusters at once", () => {
  test("init sets both up, each with an identity of its own, and a second run writes nothing", async () => {
    const first = await runJson<Listed>(world, "init", "-f", "eso-bootstrap.yaml", "--yes");
    expect([first.code, kinds(first.json)]).toEqual([0, ["east ApplyResult", "west ApplyResult"]]);
    expect(await secretOf(west)).toEqual(await secretOf(world.stack));
    const names = (world.infisical.snapshot()["identities"] as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["eso-east-shop-infisical", "eso-west-shop-infisical"]));
    const second = await runJson<Listed>(world, "init", "-f", "eso-bootstrap.yaml", "--yes");
    expect(second.json.items.map(({ writes }) => writes)).toEqual([0, 0]);
  });

  test("one that stops in the middle does not stop the other; the exit code is the worst, the next run finishes", async () => {
    for (const { kubectl } of [world.stack, west])
      await kubectl(["delete", "externalsecret,secretstore", "--all", "-n", "shop"]);
    let stopping: Promise<void> | undefined;
    world.proxies.kubernetes.judge = (seen) => {
      if (isKubernetesWrite(seen)) stopping ??= west.stopApiServer();
      return { kind: "pass" };
    };
    const run = await runJson<Listed>(world, "init", "-f", "eso-bootstrap.yaml", "--yes");
    world.proxies.kubernetes.judge = () => ({ kind: "pass" });
    await stopping;
    expect([run.code, kinds(run.json)]).toEqual([5, ["east ApplyResult", "west ESOB-K101"]]);
    const status = await runJson<Listed>(world, "status");
    expect([status.code, kinds(status.json)]).toEqual([5, ["east Status", "west ESOB-K101"]]);
    const doctor = await runJson<Listed>(world, "doctor");
    expect([doctor.code, doctor.json.items[0]?.kind]).toEqual([5, "DoctorReport"]);
    const human = await world.cli(["status"]);
    expect(human.stderr).toMatch(
      /CLUSTER +RESULT\n. east +1 store, 1 ExternalSecret, 0 not ready\n. west +ESOB-K101/,
    );
    await west.startApiServer();
    const again = await runJson<Listed>(world, "init", "-f", "eso-bootstrap.yaml", "--yes");
    expect([again.code, kinds(again.json)]).toEqual([0, ["east ApplyResult", "west ApplyResult"]]);
    expect(again.json.items[0]?.writes).toBe(0);
  });

  test("doctor over both is one List, each item by its schema; so are status and rotate", async () => {
    for (const args of [["doctor"], ["status"], ["reviewer", "rotate", "--if-older-than", "30d", "--yes"]]) {
      const run = await runJson<Listed>(world, ...args);
      expect([args[0], run.code, flawsOf(run.json)]).toEqual([args[0], 0, []]);
      expect(run.json.items.map(({ cluster }) => cluster)).toEqual(["east", "west"]);
    }
  });

  test.each(STOPPED)(
    "$command: east stops in the middle of its own; west is done whole, and the exit code is the worse",
    async ({ args, when, isWhole }) => {
      const before = await tokensOf(west);
      let stopping: Promise<void> | undefined;
      let count = 0;
      world.proxies.kubernetes.judge = (seen) => {
        if (when(seen, (count += 1))) stopping ??= world.stack.stopApiServer();
        return { kind: stopping ? "reset" : "pass" };
      };
      const run = await runJson<Listed>(world, ...args);
      world.proxies.kubernetes.judge = () => ({ kind: "pass" });
      expect(stopping).toBeDefined();
      await stopping;
      await world.stack.startApiServer();
      expect(flawsOf(run.json)).toEqual([]);
      const [east, other] = run.json.items;
      expect([east && exitCodeOf(east), other && isWhole(other)]).toEqual([run.code, true]);
      expect([1, 3, 5, 124]).toContain(run.code);
      if (args.includes("rotate")) {
        const again = await runJson<Listed>(world, ...args);
        expect([again.code, again.json.items.map(({ failed }) => failed)]).toEqual([
          0,
          [undefined, undefined],
        ]);
        const tokens = [await tokensOf(world.stack), await tokensOf(west)];
        expect(tokens).toEqual([[expect.any(String)], [expect.any(String)]]);
        expect(tokens[1]).not.toEqual(before);
      }
      const human = await world.cli(args[0] === "reviewer" ? [...args, "--if-older-than", "30d"] : args);
      expect(human.stderr + human.stdout).toMatch(/CLUSTER +RESULT\n. east .*\n. west /);
    },
  );

  test("--context chooses one of them, or lists them", async () => {
    const one = await runJson<{ kind: string; cluster: string }>(world, "status", "--context", "west");
    expect([one.code, one.json.kind, one.json.cluster]).toEqual([0, "Status", "west"]);
    const both = await runJson<Listed>(world, "plan", "--context", "e2e,west");
    expect([both.code, kinds(both.json)]).toEqual([0, ["east Plan", "west Plan"]]);
  });
});
