import { EXTERNAL_SECRET, STORE } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

/** Objects that are not there. */
export const ABSENCES: readonly Breakage[] = [
  {
    code: "ESOB-S102",
    what: "a store of the file that is not in the cluster",
    break: ({ cluster }) => {
      cluster.remove(STORE);
      cluster.remove(EXTERNAL_SECRET);
    },
  },
  {
    code: "ESOB-E102",
    what: "an ExternalSecret of the file that is not in the cluster",
    break: ({ cluster }) => cluster.remove(EXTERNAL_SECRET),
  },
];
