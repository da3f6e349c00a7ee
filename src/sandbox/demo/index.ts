/** What `eso-bootstrap demo` runs in: the sandbox with a sample in it, and a temp folder with the way in. Loaded by that command alone. */

import type { Deps } from "../../deps.ts";
import { createStandInHelm, startSandbox, type Sandbox } from "../index.ts";
import { createRandomSource } from "../infisical/random.ts";
import { createFolder, type Folder } from "./folder.ts";
import { furnishShop, LATE } from "./shop.ts";

export { EARLY, SHOP } from "./shop.ts";

export interface Demo {
  readonly folder: string;
  /** As this machine's, but in the folder and with the sandbox for a world. */
  readonly deps: Deps;
  /** Closes the servers and removes the folder. */
  close(): Promise<void>;
}

/** Variables of this machine that say how to speak to its person; none of the others is any business of a demo. */
const OF_THE_TERMINAL = /^(TERM|COLORTERM|NO_COLOR|FORCE_COLOR|CI|LANG|LC_.*|TZ)$/;

/** Starts both servers and makes the folder; what a failure leaves behind is taken away. */
export async function openDemo(deps: Deps): Promise<Demo> {
  const random = createRandomSource();
  const sandbox = await startSandbox({ infisical: { plan: { rbac: true } } });
  const folder = await createFolder();
  const close = async () => {
    await sandbox.stop();
    await folder.remove();
  };
  try {
    const newValue = () => `demo-${random.hex(24)}`;
    furnishShop(sandbox, newValue);
    return { folder: folder.path, deps: await depsIn(deps, sandbox, folder, newValue()), close };
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

/** The command that brings the key that comes late. */
export const addLate = ["add-secret", LATE, "--value-stdin", "--yes"] as const;
