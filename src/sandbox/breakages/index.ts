import { ACCESS } from "./access.ts";
import type { Breakage } from "./breakage.ts";
import { ESO } from "./eso.ts";
import { SECRETS } from "./secrets.ts";
import { STORES } from "./stores.ts";

export { createWorld, type Breakage } from "./breakage.ts";

/** Everything that `demo --break` knows, each mended by what doctor prints. */
export const BREAKAGES: readonly Breakage[] = [...STORES, ...SECRETS, ...ACCESS, ...ESO];
