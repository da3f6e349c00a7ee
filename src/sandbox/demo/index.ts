/** What `eso-bootstrap demo` runs in: the sandbox with a sample in it, and a temp folder with the way in. Loaded by that command alone. */

import type { Deps } from "../../deps.ts";
import { type Breakage, createWorld } from "../breakages/index.ts";
import { createStandInHelm, startSandbox, type Sandbox } from "../index.ts";
import { createRandomSource } from "../random.ts";
import { createFolder, type Folder } from "./folder.ts";
import { servePage } from "./page.ts";
import { runSample, sampleObjects, shownOf } from "./sample.ts";
import { openToOthers } from "./others.ts";
import { furnishShop } from "./shop.ts";

export { BREAKAGES } from "../breakages/index.ts";
export { EARLY, LATE, SECRET, SHOP } from "./shop.ts";

export interface Demo {
  readonly folder: string;
  /** As this machine's, but in the folder and with the sandbox for a world. */
  readonly deps: Deps;
  /** Address of the sample's page. */
  readonly page: string;
  /** What the sample's pod was started with: a line for each variable, without its value. */
  variables(): readonly string[];
  /** Breaks it, and waits until ESO has noticed. */
  break(breakage: Breakage): Promise<void>;
  /** Does what no command of ours does: what kubectl would, or a person at Infisical. */
  mendByHand(breakage: Breakage): Promise<void>;
  /** Puts what another shell needs into the folder; answers with what to type there. */
  openToOthers(): Promise<readonly string[]>;
  /** Closes the servers and removes the folder. */
  close(): Promise<void>;
}

/** Variables of this machine that say how to speak to its person; none of the others is any business of a demo. */
const OF_THE_TERMINAL = /^(TERM|COLORTERM|NO_COLOR|FORCE_COLOR|CI|LANG|LC_.*|TZ)$/;

/** This program, as another shell can call it. */
const ITSELF = [process.execPath, ...process.execArgv, process.argv[1] ?? ""];

/**
 * Starts the servers and makes the folder; the same `seed` makes the same ids and values. What a failure leaves behind is taken
 * away. `program`: what other shells call as eso-bootstrap.
 */
export async function openDemo(
  deps: Deps,
  {
    seed,
    program = ITSELF,
  }: { readonly seed?: string | undefined; readonly program?: readonly string[] } = {},
): Promise<Demo> {
  const random = createRandomSource(seed);
  const newValue = () => `demo-${random.hex(18 + ((random.bytes(1)[0] ?? 0) % 12))}`;
  const opened: (() => unknown)[] = [];
  const close = async () => {
    for (const end of opened.toReversed()) await end();
  };
  try {
    const folder = await createFolder();
    opened.push(() => folder.remove());
    const sandbox = await startSandbox({
      infisical: { plan: { rbac: true }, ...(seed !== undefined && { seed }) },
      kubernetes: seed === undefined ? {} : { seed },
    });
    opened.push(() => sandbox.stop());
    const { projectId } = furnishShop(sandbox, newValue);
    const sample = runSample(sandbox.kubernetes.api);
    opened.push(() => sample.stop());
    sandbox.kubernetes.seed(...sampleObjects);
    const page = await servePage(sample, 0);
    opened.push(() => page.stop());
    return {
      folder: folder.path,
      deps: await depsIn(deps, sandbox, folder, newValue()),
      page: page.url,
      variables: () => sample.variables().map((one) => `${one.name.padEnd(12)} ${shownOf(one)}`),
      async break(breakage) {
        await breakage.break(createWorld(sandbox, projectId));
        await sandbox.settled();
      },
      async mendByHand({ byHand }) {
        await byHand?.mend(createWorld(sandbox, projectId));
        await sandbox.settled();
      },
      openToOthers: () => openToOthers(sandbox, folder, { projectId, program }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `value`: what is typed for the key that comes late. */
async function depsIn(deps: Deps, sandbox: Sandbox, folder: Folder, value: string): Promise<Deps> {
  const kept = Object.entries(deps.env).filter(([name]) => OF_THE_TERMINAL.test(name));
  const there = deps.elsewhere({
    cwd: folder.path,
    env: {
      ...Object.fromEntries(kept),
      HOME: folder.path,
      KUBECONFIG: await folder.write("kubeconfig", sandbox.kubeconfig),
      INFISICAL_API_URL: sandbox.infisical.url,
      ...sandbox.env,
    },
  });
  return {
    ...there,
    readStdin: async () => value,
    openHelm: async ({ onWrite, ...options }) =>
      createStandInHelm(await there.openCluster(options), { ...(onWrite && { onWrite }) }),
  };
}
