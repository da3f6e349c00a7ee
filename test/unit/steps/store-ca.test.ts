import { expect, test } from "vitest";
import { BootstrapError } from "../../../src/errors.ts";
import { doctorWorld } from "../../helpers/doctor-world.ts";

const PEM = "-----BEGIN CERTIFICATE-----";

/** What is planned for the store of a file with a CA of Infisical's and this version of ESO. */
async function planned(version: string) {
  const world = await doctorWorld();
  const { eso, infisical } = world.desired;
  const { changes } = await world.plan("plan", {
    desired: {
      ...world.desired,
      eso: { ...eso, version },
      infisical: { ...infisical, ca: PEM },
    },
  });
  return changes.find(({ target }) => target.kind === "SecretStore");
}

test("a CA is blocked before the first write where ESO's stores cannot take it", async () => {
  expect(await planned("0.20.4")).toMatchObject({
    action: "blocked",
    reason: expect.stringMatching(/^ESO 0\.20\.4 knows no caProvider, .* 1\.2\.1 or newer \(ESOB-H107\)$/),
  });
});

test("and goes into the store of a newer one", async () => {
  expect(await planned("1.2.1")).toMatchObject({ action: "update" });
});

test("store alone needs no helm, also where the chart is a file", async () => {
  const world = await doctorWorld();
  world.helm.localChartVersion = () =>
    Promise.reject(new BootstrapError("ESOB-H101", { message: "There is no helm." }));
  const { eso, infisical } = world.desired;
  const desired = {
    ...world.desired,
    eso: { ...eso, chart: "./external-secrets.tgz" },
    infisical: { ...infisical, ca: PEM },
  };
  const { changes } = await world.plan("store", { desired });
  expect(changes.find(({ target }) => target.kind === "SecretStore")).toMatchObject({ action: "update" });
});
