import { describe, expect, it } from "vitest";
import { CODES } from "../../../src/codes.ts";
import { COMMANDS } from "../../../src/commands.ts";
import { complete } from "../../../src/completion/complete.ts";
import type { Deps } from "../../../src/deps.ts";
import { BootstrapError } from "../../../src/errors.ts";
import { FakeCluster } from "../../fakes/cluster.ts";
import { createFakeFiles } from "../../fakes/files.ts";

const FILE = `apiVersion: eso-bootstrap/v1
infisical: {host: https://infisical.example, project: shop}
stores:
  - {name: infisical, namespace: shop, environment: prod, path: /shop}
secrets:
  - {name: shop-db, namespace: shop, store: infisical, keys: [DB_HOST, PASSWORD: DB_PASSWORD]}
  - {name: shop-mail, namespace: shop, store: infisical, keys: [SMTP_PASSWORD]}
`;

const CONTEXTS = ["prod-eu", "admin@prod:us", "two words", "$(reboot)"].map((name, index) => ({
  name,
  server: "https://k8s.example",
  current: index === 0,
  namespace: undefined,
}));

const esoObject = (kind: string, namespace: string, name: string, spec: object) => ({
  apiVersion: "external-secrets.io/v1",
  kind,
  metadata: { name, namespace },
  spec,
});
const reads = (store: string) => ({ secretStoreRef: { name: store, kind: "SecretStore" }, data: [] });

/** Somewhere Infisical is read from, and something of another provider that is no business of ours. */
const cluster = async () =>
  new FakeCluster({ eso: true }).seed(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "cart" } },
    esoObject("SecretStore", "cart", "infisical-cart", { provider: { infisical: {} } }),
    esoObject("SecretStore", "cart", "vault", { provider: { vault: {} } }),
    esoObject("ExternalSecret", "cart", "cart-db", reads("infisical-cart")),
    esoObject("ExternalSecret", "cart", "cart-vault", reads("vault")),
  );

interface World {
  readonly file?: string;
  readonly openCluster?: Deps["openCluster"];
  readonly ms?: number;
}

/** What the shell is offered; the last line is the directive. `opened`: which clusters were asked. */
async function ask(words: readonly string[], { file, openCluster, ms = 20_000 }: World = {}) {
  const opened: unknown[] = [];
  const deps = (signal: AbortSignal): Deps =>
    ({
      env: {},
      cwd: "/home/me",
      signal,
      interactive: false,
      files: async () => createFakeFiles(file === undefined ? {} : { "eso-bootstrap.yaml": file }),
      listContexts: async () => CONTEXTS,
      openCluster: async (options: Parameters<Deps["openCluster"]>[0]) => {
        opened.push(options);
        return (openCluster ?? cluster)(options);
      },
    }) satisfies Partial<Deps> as unknown as Deps;
  const lines = (await complete(words, deps, ms)).trimEnd().split("\n");
  const names = lines.slice(0, -1).map((line) => line.split("\t")[0]);
  return { names, directive: lines.at(-1), lines, opened };
}

describe("commands, flags and words come from the records", () => {
  it("every command, with what it does; none that is hidden", async () => {
    const { names, lines, directive } = await ask([""]);
    expect(names).toEqual([...COMMANDS.map(({ name }) => name), "help"]);
    expect(lines[0]).toBe(`init\t${COMMANDS[0]?.summary}`);
    expect(directive).toBe(":4");
  });

  it.each([
    ["pl", ["plan"]],
    ["reviewer r", ["rotate", "register"]],
    ["help un", ["uninstall"]],
    ["help plan ", []],
    ["aply ", []],
    ["plan --store-k", ["--store-kind"]],
    ["sync --store-k", []],
    ["--v", ["--version"]],
    ["plan --store-kind ", ["SecretStore", "ClusterSecretStore"]],
    ["plan --install-crds ", ["auto", "true", "false"]],
    ["plan -o ", ["human", "json"]],
    ["plan -oj", ["-ojson"]],
    ["plan --output=j", ["--output=json"]],
    ["doctor --output s", ["short", "sarif"]],
    ["doctor --fail-on ", ["error", "warning"]],
    ["doctor --only stores,l", ["stores,login", "stores,limits"]],
    ["doctor --wait --fre", ["--fresh"]],
    ["render --doctor-rbac l", ["login"]],
    ["explain ESOB-R10", Object.keys(CODES).filter((code) => code.startsWith("ESOB-R10"))],
    ["completion ", ["bash", "zsh", "fish"]],
    ["plan -- --out", []],
  ])("%s", async (typed, expected) => {
    const { names, opened } = await ask(typed.split(" "));
    expect(names).toEqual(expected);
    expect(opened).toEqual([]);
  });

  it("a flag that was given is not offered again", async () => {
    expect((await ask(["plan", "--project", "shop", "--proj"])).names).toEqual([]);
    expect((await ask(["plan", "-n", "shop", "--names"])).names).toEqual([]);
    expect((await ask(["plan", "--proj"])).names).toEqual(["--project"]);
  });

  it.each([
    ["apply --plan ", ":0"],
    ["plan --file=eso", ":0"],
    ["plan --kubeconfig ", ":0"],
    ["render --out ", ":16"],
    ["plan --timeout ", ":4"],
  ])("%s is left to the shell: %s", async (typed, directive) => {
    expect(await ask(typed.split(" "))).toMatchObject({ names: [], directive });
  });
});

describe("names of the kubeconfig and the file", () => {
  it("contexts, also in a list; none that a shell would take for more than a word", async () => {
    const { lines, opened } = await ask(["plan", "--context", ""]);
    expect(lines).toEqual(["prod-eu\tcurrent", "admin@prod:us", ":4"]);
    expect((await ask(["plan", "--context", "prod-eu,"])).names).toEqual(["prod-eu,admin@prod:us"]);
    expect(opened).toEqual([]);
  });

  it.each([
    ["sync ", ["shop-db", "shop-mail"]],
    ["sync shop-db ", ["shop-mail"]],
    ["doctor ", ["shop-db", "shop-mail", "infisical"]],
    ["add-secret ", ["DB_HOST", "DB_PASSWORD", "SMTP_PASSWORD"]],
    ["add-secret --to shop/shop-db ", ["SMTP_PASSWORD"]],
    ["add-secret SMTP_PASSWORD DB_", ["DB_HOST", "DB_PASSWORD"]],
  ])("%s: what the file names, and nobody is asked", async (typed, expected) => {
    const { names, opened } = await ask(typed.split(" "), { file: FILE });
    expect(names).toEqual(expected);
    expect(opened).toEqual([]);
  });

  it("a file that cannot be read offers nothing, and says nothing", async () => {
    expect(await ask(["add-secret", ""], { file: "stores: {" })).toMatchObject({ lines: [":4"] });
  });
});

describe("names of the cluster", () => {
  it.each([
    ["plan -n ", ["cart", "default", "kube-system"]],
    ["plan --allowed-namespaces cart,k", ["cart,kube-system"]],
    ["sync -n cart ", ["cart-db"]],
    ["sync cart/", ["cart/cart-db"]],
    ["sync -A ", ["cart/cart-db"]],
    ["doctor -n cart ", ["cart-db", "infisical-cart"]],
    ["plan -n cart --store ", ["infisical-cart"]],
    ["add-secret -n cart --to ", ["cart-db"]],
  ])("%s: what has to do with Infisical", async (typed, expected) => {
    const { names } = await ask(typed.split(" "));
    expect(new Set(names)).toEqual(new Set(expected));
  });

  it("of the context that the line, or the file, means", async () => {
    const { opened } = await ask(["sync", "--kubeconfig", "there", "--context", "prod-eu", "-n", ""]);
    expect(opened).toEqual([{ kubeconfig: "there", context: "prod-eu" }]);
    const file = `${FILE}cluster: {context: admin@prod:us}\n`;
    expect((await ask(["sync", "-n", ""], { file })).opened).toEqual([{ context: "admin@prod:us" }]);
  });

  const never: Deps["openCluster"] = () => new Promise(() => undefined);
  const refusing: Deps["openCluster"] = async () => {
    throw new BootstrapError("ESOB-K101", { message: "secret words of a server" });
  };

  it.each([
    ["does not answer in time", never],
    ["cannot be reached", refusing],
  ])("a cluster that %s: what is known without it, and no word about it", async (_what, openCluster) => {
    expect(await ask(["sync", "-n", ""], { openCluster, ms: 10 })).toMatchObject({ lines: [":4"] });
    const { names, opened } = await ask(["add-secret", "--to", ""], { file: FILE, openCluster, ms: 10 });
    expect(names).toEqual(["shop-db", "shop-mail"]);
    expect(opened).toHaveLength(1);
  });
});
