import { createInfisical } from "../../src/infisical/client.ts";
import { createNet } from "../../src/system/net.ts";
import type { CheckResult } from "../../src/engine/check.ts";
import type { Deps } from "../../src/deps.ts";
import type { Clock } from "../../src/system/system.ts";
import { createFakeClock } from "../fakes/clock.ts";
import { doctorWorld, realClock, type DoctorWorld, type WorldOptions } from "../helpers/doctor-world.ts";
import { run, type Person, type Ran } from "./person.ts";

type More = Person & { readonly meanwhile?: () => void };

/** A person before a world of `doctor`, with its file and its operator's credential. */
export interface DoctorPerson {
  readonly world: DoctorWorld;
  /** `doctor` with these words. Time passes only by waiting; `meanwhile` hears each pause. `--fix` holds a Lease, in real time. */
  doctor(words: readonly string[], more?: More): Promise<Ran>;
  /** Any command, in real time. */
  cli(words: readonly string[], more?: Person): Promise<Ran>;
}

export async function doctorPerson(options: WorldOptions = {}): Promise<DoctorPerson> {
  const world = await doctorWorld(options);
  const { infisical, cluster, helm } = world;
  const env = {
    INFISICAL_UNIVERSAL_AUTH_CLIENT_ID: infisical.operator.clientId,
    INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: infisical.operator.clientSecret,
  };
  const cli = (words: readonly string[], more: Person = {}, clock: Clock = realClock) => {
    const deps: Partial<Deps> = {
      clock: async () => clock,
      net: async () => createNet(),
      openCluster: async () => cluster,
      openHelm: async () => helm,
      openInfisical: async (opened) => createInfisical({ ...opened, timeoutMs: 2_000 }),
    };
    const files = { "eso-bootstrap.yaml": fileOf(world) };
    return run(words, { files, env, ...more, deps: { ...deps, ...more.deps } });
  };
  return {
    world,
    cli,
    doctor(words, { meanwhile, ...more } = {}) {
      const clock = createFakeClock({ start: Date.now(), onSleep: () => meanwhile?.() });
      return cli(["doctor", ...words], more, words.includes("--fix") ? realClock : clock);
    },
  };
}

/** What the world was made from, as a file. */
export const fileOf = ({ infisical, apiServer }: Pick<DoctorWorld, "infisical" | "apiServer">) =>
  `apiVersion: eso-bootstrap/v1
cluster:
  name: test
  apiServer: ${apiServer.url}
infisical:
  host: ${infisical.url}
  organization: ${infisical.organization.id}
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
    refreshInterval: 60s
    keys: [DB_HOST, DB_PASSWORD]
`;

/** Checks of the report that `-o json` put on stdout. */
export const checksIn = ({ stdout }: Ran) =>
  (JSON.parse(stdout) as { readonly checks: readonly CheckResult[] }).checks;

/** `fail ESOB-R202`, of causes and warnings alone. */
export const troublesIn = (ran: Ran) =>
  checksIn(ran).flatMap(({ status, code, follows }) =>
    (status === "fail" || status === "warn") && !follows ? `${status} ${code}` : [],
  );
