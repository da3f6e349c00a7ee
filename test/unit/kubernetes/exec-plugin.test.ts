import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, test } from "vitest";

import { createCluster } from "../../../src/kubernetes/client.ts";
import { createAuthority } from "../../../src/sandbox/kubernetes/certificates.ts";
import { failure, folder, open, startServer, status, writeKubeconfig } from "./loopback.ts";

const version = { json: { gitVersion: "v1.36.3" } };
const apiVersion = "client.authentication.k8s.io/v1";

/** A plugin that runs `body`; `runs()` says how often it was asked. */
function plugin(body: string, dir: string = folder()) {
  const log = join(dir, "runs");
  const script = join(dir, "plugin.cjs");
  const count = `require("fs").appendFileSync(${JSON.stringify(log)}, "x");`;
  writeFileSync(log, "");
  writeFileSync(script, `#!${process.execPath}\n${count}\n${body}\n`);
  chmodSync(script, 0o755);
  return { dir, script, exec: { apiVersion, command: script }, runs: () => readFileSync(log, "utf8").length };
}

function printing(fields: object): string {
  const credential = JSON.stringify({ apiVersion, kind: "ExecCredential", status: fields });
  return `process.stdout.write(${JSON.stringify(credential)});`;
}

describe("a credential plugin", () => {
  test("gives the token, is asked once, and again when the token has expired", async () => {
    const { exec, runs } = plugin(printing({ token: "from-plugin" }));
    const server = await startServer(() => ({ ...version }));
    const cluster = await open(server.url, { user: { exec } });
    await Promise.all([cluster.version(), cluster.serves("v1", "Pod")]);
    expect(server.seen[0]?.headers.authorization).toBe("Bearer from-plugin");
    expect(runs()).toBe(1);

    const expired = plugin(printing({ token: "short", expirationTimestamp: "2020-01-01T00:00:00Z" }));
    const impatient = await open(server.url, { user: { exec: expired.exec } });
    await impatient.version();
    await impatient.serves("v1", "Pod");
    expect(expired.runs()).toBeGreaterThan(1);
  });

  test("is asked once more when the server refuses its token", async () => {
    const { exec, runs, dir } = plugin("");
    const tokens = join(dir, "next");
    writeFileSync(tokens, "old");
    const body = `
      const fs = require("fs"), token = fs.readFileSync(${JSON.stringify(tokens)}, "utf8");
      console.log(JSON.stringify({ kind: "ExecCredential", status: { token } }));`;
    plugin(body, dir);
    const server = await startServer(({ headers }) => {
      writeFileSync(tokens, "new");
      return headers.authorization === "Bearer new" ? version : status(401);
    });
    expect(await (await open(server.url, { user: { exec } })).version()).toBe("v1.36.3");
    expect(runs()).toBe(2);
  });

  test("that gives refused tokens only is not asked for ever", async () => {
    const { exec, runs } = plugin(printing({ token: "refused" }));
    const server = await startServer(() => status(401));
    const cluster = await open(server.url, { user: { exec } });
    expect(await failure(cluster.version())).toMatchObject({ code: "ESOB-K102" });
    expect(runs()).toBe(2);
  });

  test("gives a client certificate", async () => {
    const authority = createAuthority("test-ca");
    const issued = authority.issue({ commonName: "server", hosts: ["127.0.0.1"] });
    const client = authority.issue({ commonName: "from-plugin" });
    const tls = { cert: issued.certPem, key: issued.keyPem, ca: authority.caPem, requestCert: true };
    const server = await startServer(() => version, tls);
    const { exec } = plugin(
      printing({ clientCertificateData: client.certPem, clientKeyData: client.keyPem }),
    );
    const ca = Buffer.from(authority.caPem).toString("base64");
    await (
      await open(server.url, { user: { exec }, cluster: { "certificate-authority-data": ca } })
    ).version();
    expect(server.seen[0]?.clientCertificate).toBe("from-plugin");
  });

  test("is told of the cluster when it asks, gets its env, and never our Infisical credentials", async () => {
    const { dir, exec } = plugin("");
    const heard = join(dir, "heard");
    plugin(
      `require("fs").writeFileSync(${JSON.stringify(heard)}, JSON.stringify(process.env)); ${printing({ token: "t" })}`,
      dir,
    );
    const server = await startServer(() => version);
    const env = { ...process.env, INFISICAL_UNIVERSAL_AUTH_CLIENT_SECRET: "do-not-tell" };
    const user = { exec: { ...exec, provideClusterInfo: true, env: [{ name: "PROFILE", value: "prod" }] } };
    await (await open(server.url, { user, env })).version();
    const environment = JSON.parse(readFileSync(heard, "utf8"));
    expect(JSON.parse(environment.KUBERNETES_EXEC_INFO)).toMatchObject({
      apiVersion,
      kind: "ExecCredential",
      spec: { interactive: false, cluster: { server: server.url } },
    });
    expect(environment.PROFILE).toBe("prod");
    expect(JSON.stringify(environment)).not.toContain("do-not-tell");
  });

  test("with a relative command starts at its kubeconfig's folder", async () => {
    const { dir } = plugin(printing({ token: "relative" }));
    const server = await startServer(() => version);
    const kubeconfig = writeKubeconfig(
      server.url,
      { exec: { apiVersion, command: "./plugin.cjs" } },
      {},
      dir,
    );
    await (await createCluster({ kubeconfig, env: process.env })).version();
    expect(server.seen[0]?.headers.authorization).toBe("Bearer relative");
  });

  const FAILURES: [string, string, RegExp][] = [
    [
      "exits with an error",
      'console.error("noise\\nToken has expired, run login"); process.exit(3)',
      /exit code 3: Token has expired/,
    ],
    ["says nothing", "process.exit(1)", /^exit code 1$/],
    ["prints something else", 'console.log("do-not-tell")', /not an ExecCredential/],
    ["gives no credential", printing({}), /no credential/],
  ];

  test.each(FAILURES)("that %s is ESOB-K108", async (_title, body, reason) => {
    const { exec } = plugin(body);
    const error = await failure((await open("https://127.0.0.1:1", { user: { exec } })).version());
    expect(error).toMatchObject({ code: "ESOB-K108", reason: expect.stringMatching(reason) });
    expect(String(error) + JSON.stringify(error)).not.toContain("do-not-tell");
  });

  test("that is not installed is ESOB-K108 with its own hint", async () => {
    const exec = { apiVersion, command: "no-such-plugin", installHint: "Get it from\nexample.com." };
    const error = await failure((await open("https://127.0.0.1:1", { user: { exec } })).version());
    expect(error).toMatchObject({ code: "ESOB-K108", fix: { summary: "Get it from example.com." } });
  });

  test("that must ask on the terminal is ESOB-K108", async () => {
    const exec = { apiVersion, command: "asks", interactiveMode: "Always" };
    const error = await failure((await open("https://127.0.0.1:1", { user: { exec } })).version());
    expect(error).toMatchObject({ code: "ESOB-K108", reason: expect.stringContaining("interactiveMode") });
  });
});
