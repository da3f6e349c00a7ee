import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { startEso } from "../../../src/sandbox/eso/index.ts";
import { startSandbox } from "../../../src/sandbox/index.ts";
import { startKubernetes } from "../../../src/sandbox/kubernetes/index.ts";
import { runShell, type ShellRun } from "./shell.ts";
import { startToolServer } from "./tool-server.ts";

/** What stands behind one page: two clusters, an Infisical with a project, a folder to work in. */
export interface PageWorld {
  /** Runs a script as the page has it; addresses of the page are those of the sandbox. */
  run(script: string): Promise<ShellRun>;
  write(name: string, text: string): Promise<void>;
  read(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** The pages' settings, as `init` writes them. */
export const SHOP = `apiVersion: eso-bootstrap/v1
infisical:
  host: eu
  project: shop
stores:
  - name: infisical
    namespace: shop
    environment: prod
    path: /shop
secrets:
  - name: shop-db
    namespace: shop
    store: infisical
    keys:
      - DB_HOST
      - DB_PASSWORD
      - DB_USER
`;

const CLOUD = "https://eu.infisical.com";

export async function startPageWorld(): Promise<PageWorld> {
  const [sandbox, second] = await Promise.all([
    startSandbox({ kubernetes: { name: "prod-eu" } }),
    startKubernetes({ name: "prod-us" }),
  ]);
  const secondEso = startEso(second.api);
  const { infisical } = sandbox;
  infisical.createProject("shop", "shop");
  infisical.addMember("shop", infisical.operator.identityId, "admin");
  for (const name of ["DB_HOST", "DB_PASSWORD", "DB_USER", "SMTP_PASSWORD"])
    infisical.setSecret("shop", "prod", "/shop", name, `canary-${name}`);
  const dir = await mkdtemp(join(tmpdir(), "eso-bootstrap-pages-"));
  await writeFile(join(dir, "kubeconfig"), merged(sandbox.kubeconfig, second.kubeconfig()));
  const tool = await startToolServer(dir);
  const env = {
    ...sandbox.env,
    INFISICAL_DOMAIN: infisical.url,
    KUBECONFIG: join(dir, "kubeconfig"),
    HOME: dir,
    KEY: "canary-KEY", // what README.md pipes into add-secret
    PATH: `${tool.bin}:/usr/bin:/bin`,
  };
  // The addresses that pages give, and those that answer here. The file comes from `init`, so that it needs the first alone.
  const addresses: readonly (readonly [RegExp, string])[] = [
    [/https:\/\/(app|eu)\.infisical\.com/g, infisical.url],
    [/https:\/\/infisical\.(example\.com|[a-z.-]+\.svc(\.cluster\.local)?)(:\d+)?/g, infisical.url],
    [/(host: |host=|host )(us|eu)$/gm, `$1${infisical.url}`],
    [/https:\/\/k8s\.us\.example\.com(:\d+)?/g, second.url],
    [/https:\/\/(k8s|k8s\.eu)\.example\.com(:\d+)?/g, sandbox.kubernetes.url],
    [/https:\/\/kubernetes\.default\.svc(\.cluster\.local)?/g, sandbox.kubernetes.url],
    [/(INFISICAL_UNIVERSAL_AUTH_CLIENT_ID)=…/g, `$1=${infisical.operator.clientId}`],
    [/(INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET)=…/g, `$1=${infisical.operator.clientSecret}`],
  ];
  const here = (text: string) =>
    addresses.reduce((result, [there, address]) => result.replaceAll(there, address), text);
  const there = (text: string) =>
    text
      .replaceAll(infisical.url, CLOUD)
      .replaceAll(infisical.url.replace("http://", ""), "eu.infisical.com")
      .replaceAll(sandbox.kubernetes.url, "https://k8s.example.com:6443")
      .replaceAll(second.url, "https://k8s.us.example.com:6443");
  return {
    run: async (script) => {
      const ran = await runShell({ script: here(script), dir, env });
      return { ...ran, output: there(ran.output) };
    },
    write: (name, text) => writeFile(join(dir, name), here(text)),
    read: (name) => readFile(join(dir, name), "utf8"),
    stop: async () => {
      await tool.stop();
      await secondEso.stop();
      await Promise.all([sandbox.stop(), second.stop()]);
      await rm(dir, { recursive: true });
    },
  };
}

/** One kubeconfig of two; the users get names of their own. */
function merged(...texts: readonly string[]): string {
  interface Config {
    readonly clusters: readonly object[];
    readonly contexts: readonly { name: string; context: { user: string } }[];
    readonly users: readonly { user: object }[];
  }
  const configs = texts.map((text) => parse(text) as Config);
  const users = configs.flatMap(({ users: [first], contexts: [context] }) => [
    { ...first, name: context?.name },
  ]);
  const contexts = configs.flatMap(({ contexts: all }) =>
    all.map((one) => ({ ...one, context: { ...one.context, user: one.name } })),
  );
  return JSON.stringify({
    ...configs[0],
    clusters: configs.flatMap(({ clusters }) => clusters),
    contexts,
    users,
  });
}
