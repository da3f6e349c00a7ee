import { BootstrapError } from "../../../../src/errors.ts";
import { makeCertificate } from "../../../contract/sandbox-infisical-certificates.ts";
import { pointStoreAt, tlsServer } from "../../../helpers/doctor-tls.ts";
import { EXTERNAL_SECRET, STORE, type DoctorWorld } from "../../../helpers/doctor-world.ts";
import type { Breakage } from "./breakage.ts";

/** The server that a store names. Without the file: what the store says counts. */
export const SERVERS: readonly Breakage[] = [
  elsewhere("ESOB-I301", "a name that does not resolve", (world) => {
    pointStoreAt(world, "https://infisical.invalid");
  }),
  elsewhere("ESOB-I302", "a port where nobody listens", (world) => pointStoreAt(world, "http://127.0.0.1:1")),
  {
    ...elsewhere("ESOB-I303", "an address that does not answer", (world) => {
      pointStoreAt(world, "https://infisical.example.com");
    }),
    look: {
      ...KUBECONFIG_ONLY(),
      net: { probe: async () => ({ reached: false, at: "timeout", reason: "no answer" }) },
    },
  },
  elsewhere("ESOB-I304", "a certificate of another CA", async (world) => {
    const { url } = await tlsServer();
    pointStoreAt(world, url, makeCertificate({ name: "another CA", isCa: true }).cert);
  }),
  elsewhere("ESOB-I305", "a certificate for another name", async (world) => {
    const { url, ca } = await tlsServer({ hosts: ["infisical.example.com"] });
    pointStoreAt(world, url, ca);
  }),
  elsewhere("ESOB-I306", "a certificate that has expired", async (world) => {
    const { url, ca } = await tlsServer({ expired: true });
    pointStoreAt(world, url, ca);
  }),
  elsewhere("ESOB-I307", "an address without TLS", (world) => {
    pointStoreAt(world, world.infisical.url.replace("http:", "https:"));
  }),
  elsewhere("ESOB-I103", "a login page", async (world) => {
    const { url, ca } = await tlsServer({ body: "<html>Log in</html>" });
    pointStoreAt(world, url, ca);
  }),
  {
    code: "ESOB-I309",
    what: "a certificate that ends tomorrow",
    as: "warn",
    look: KUBECONFIG_ONLY(),
    break: async (world) => {
      const { url, ca } = await tlsServer();
      pointStoreAt(world, url, ca);
    },
  },
  elsewhere("ESOB-I310", "a server whose clock is minutes off", async (world) => {
    const { url, ca } = await tlsServer({ aheadMs: 600_000 });
    pointStoreAt(world, url, ca);
  }),
];

function KUBECONFIG_ONLY() {
  return { withoutFile: true, withoutCredential: true } as const;
}

function elsewhere(
  code: Breakage["code"],
  what: string,
  change: (world: DoctorWorld) => void | Promise<void>,
): Breakage {
  return {
    code,
    what,
    look: KUBECONFIG_ONLY(),
    break: async (world) => {
      await change(world);
      world.complain(STORE, { reason: "InvalidProviderConfig", message: "unable to create client" });
      world.complain(EXTERNAL_SECRET, { reason: "SecretSyncedError", message: "store is not ready" });
    },
  };
}

/** The file's own server, and the operator's login there. */
export const OPERATOR: readonly Breakage[] = [
  {
    code: "ESOB-I302",
    what: "an Infisical that is down",
    break: ({ infisical }) => infisical.stop(),
  },
  {
    code: "ESOB-I105",
    what: "a client secret that is wrong",
    break: ({ operator }) => {
      const error = new BootstrapError("ESOB-I105", { message: "Infisical refused to log in." });
      operator.whoAmI = () => Promise.reject(error);
    },
  },
  {
    code: "ESOB-I106",
    what: "an operator who is locked out after three wrong client secrets",
    look: { newLogin: true },
    break: async ({ infisical }) => {
      const body = JSON.stringify({ clientId: infisical.operator.clientId, clientSecret: "wrong" });
      const headers = { "content-type": "application/json" };
      const url = `${infisical.url}/api/v1/auth/universal-auth/login`;
      for (let attempt = 0; attempt < 3; attempt += 1) await fetch(url, { method: "POST", headers, body });
    },
  },
];
