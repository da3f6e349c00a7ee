import { EXTERNAL_SECRET, STORE, TARGET } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

/** Objects that are not there. */
export const ABSENCES: readonly Breakage[] = [
  {
    code: "ESOB-S227",
    what: "a store of the file that is not in the cluster",
    break: ({ cluster }) => {
      cluster.remove(STORE);
      cluster.remove(EXTERNAL_SECRET);
    },
  },
  {
    code: "ESOB-E229",
    what: "an ExternalSecret of the file that is not in the cluster",
    break: ({ cluster }) => cluster.remove(EXTERNAL_SECRET),
  },
  {
    code: "ESOB-E212",
    what: "a Secret that is gone although ESO calls it synced",
    break: ({ cluster }) => cluster.remove(TARGET),
  },
  {
    code: "ESOB-S101",
    what: "a store that ESO calls invalid in words that we do not know",
    look: { withoutCredential: true, trusted: false },
    break: (world) => {
      world.complain(STORE, { reason: "InvalidProviderConfig", message: "something new" });
    },
  },
];
