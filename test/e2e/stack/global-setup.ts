import { ensureBuilt } from "./build.ts";
import { existingCluster } from "./existing.ts";
import { wantsSandbox } from "./sandbox.ts";

/** Before the e2e project: builds what is missing of the stack, or checks that the existing cluster may be used. */
export default async function setup(): Promise<void> {
  const existing = existingCluster();
  await ensureBuilt(undefined, existing || wantsSandbox() ? ["tools", "chart"] : undefined);
}
