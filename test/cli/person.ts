import { runCli } from "../../src/cli.ts";
import type { Deps } from "../../src/deps.ts";
import { createFakeClock } from "../fakes/clock.ts";
import { createFakeFiles } from "../fakes/files.ts";
import { createFakeNet } from "../fakes/net.ts";
import { createScreen } from "../unit/ui/screen.ts";

/** What a person has at hand; every system outside refuses to be contacted unless a test gives one. */
export interface Person {
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly deps?: Partial<Deps>;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Systems that were opened. */
  readonly contacted: readonly string[];
  /** Every file there is afterwards. */
  readonly files: ReadonlyMap<string, string>;
}

/** Runs the command line in this process, without a terminal and without a network. */
export async function run(
  argv: readonly string[],
  { files = {}, env = {}, deps = {} }: Person = {},
): Promise<Ran> {
  const { terminal, stdout, stderr } = createScreen();
  const contacted: string[] = [];
  const refuse = (system: string) => async (): Promise<never> => {
    contacted.push(system);
    throw new Error(`${system} was contacted`);
  };
  const disk = createFakeFiles(files);
  const code = await runCli(argv, {
    env,
    cwd: "/home/me",
    signal: new AbortController().signal,
    terminal: () => terminal,
    clock: async () => createFakeClock(),
    files: async () => disk,
    net: async () => createFakeNet({}),
    prompt: refuse("a person"),
    interactive: false,
    openCluster: refuse("the cluster"),
    listContexts: async () => [],
    openInfisical: refuse("Infisical"),
    openHelm: refuse("helm"),
    readStdin: async () => "",
    elsewhere: () => {
      throw new Error("another place was gone to");
    },
    ...deps,
  });
  return { code, stdout: stdout(), stderr: stderr(), contacted, files: disk.content };
}

/** The one document on stdout. */
export function documentIn({ stdout }: Ran): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** A shop in prod, as `init` writes it. */
export const SHOP = `apiVersion: eso-bootstrap/v1
infisical:
  host: https://infisical.example
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
    keys: [DB_HOST]
`;
