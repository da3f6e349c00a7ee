import { describe, expect, it } from "vitest";
import { parseExternalSecret } from "../../../src/checks/view/external-secret.ts";
import { serverAsker } from "../../../src/commands/sync-server.ts";
import type { InfisicalOptions } from "../../../src/deps.ts";
import { BootstrapError } from "../../../src/errors.ts";
import type { Infisical } from "../../../src/infisical/infisical.ts";
import { inputs } from "../../helpers/inputs.ts";
import { externalSecret, shop } from "../sync/eso.ts";

const secret = parseExternalSecret(externalSecret("db"));

/** Asks about the server that the store names; `status` is what that answers. */
async function ask(host: string, status: () => Promise<unknown>, infisical: object = {}) {
  const opened: InfisicalOptions[] = [];
  let closed = 0;
  const openInfisical = async (options: InfisicalOptions) => {
    opened.push(options);
    return { status, close: async () => void (closed += 1) } as unknown as Infisical;
  };
  const file = { infisical: { ...inputs().infisical, ...infisical } };
  const asker = serverAsker({ openInfisical }, shop(host), file);
  const told = await Promise.all([asker(secret, 2000), asker(secret, 2000)]);
  expect(closed).toBe(opened.length);
  return { told: told[0], opened };
}

describe("asking the server behind an ExternalSecret", () => {
  const refused = async () => {
    throw new BootstrapError("ESOB-I101", { message: "It cannot be reached.", reason: "ECONNREFUSED" });
  };

  it("tells what is wrong with it, asked once at a time and without a credential", async () => {
    const { told, opened } = await ask("https://infisical.example", refused);
    expect(told).toBe("It cannot be reached (ECONNREFUSED; tried from this machine)");
    expect(opened).toEqual([{ host: "https://infisical.example", credential: undefined, timeoutMs: 2000 }]);
  });

  it("has nothing to say of one that answers", async () => {
    expect((await ask("https://infisical.example", async () => ({ date: undefined }))).told).toBeUndefined();
  });

  it("goes to the address that this machine knows where the cluster has another", async () => {
    const own = { host: "https://outside.example", hostFromCluster: "https://inside.example" };
    const { opened } = await ask("https://inside.example/api", refused, own);
    expect(opened.map(({ host }) => host)).toEqual(["https://outside.example"]);
  });

  it("does not judge one that only the cluster can reach", async () => {
    const { told, opened } = await ask("http://infisical.infisical.svc.cluster.local:8080", refused);
    expect([told, opened]).toEqual([undefined, []]);
  });
});
