import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAuthority } from "../../src/sandbox/kubernetes/certificates.ts";
import { clearProxies, writesSeen } from "./driving.ts";
import { settings, startWorld, type World } from "./world.ts";

/** Bad input that shows only while the road is walked: the run stops with its code, and the next one goes on. */

const ARGS = ["init", "-f", "eso-bootstrap.yaml", "--yes"];
let world: World;

beforeAll(async () => {
  world = await startWorld({ infisical: { allowInternalIps: false } });
  await world.config(settings(world));
});

afterAll(async () => {
  await world?.stop();
});

describe("a road with a hole", () => {
  it("a CA for stores of an ESO that knows none is blocked before the first write", async () => {
    await writeFile(join(world.dir, "ca.crt"), createAuthority("Infisical's").caPem);
    clearProxies(world);
    const { code, stderr } = await world.cli([...ARGS, "--infisical-ca-file", "./ca.crt"]);
    expect([code, writesSeen(world)], stderr).toEqual([1, []]);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain("ESO 0.20.4 knows no caProvider");
    expect(stderr).toContain("ESOB-H107");
    if (process.env["SHOW_SCREENS"]) console.error(stderr);
  });

  it("helm fails half-way: its last lines are shown, and Infisical's guard stops the next run with its own code", async () => {
    const shims = join(world.dir, "half");
    await mkdir(shims);
    const script = `#!/bin/sh
if [ "$1" != upgrade ]; then exec "${world.stack.bin.helm}" "$@"; fi
"${world.stack.bin.helm}" "$@" > /dev/null || exit 1
echo "creating 24 resource(s)" >&2
echo "Error: UPGRADE FAILED: the connection was lost half-way" >&2
exit 1
`;
    await writeFile(join(shims, "helm"), script);
    await chmod(join(shims, "helm"), 0o755);
    const broken = await world.cli(ARGS, { env: { PATH: [shims, world.env["PATH"]].join(delimiter) } });
    expect(broken.code, broken.stderr).toBe(1);
    expect(broken.stderr).toContain("ESOB-H103");
    expect(broken.stderr).toContain("the connection was lost half-way");
    expect(broken.stderr).toContain("creating 24 resource(s)");
    if (process.env["SHOW_SCREENS"]) console.error(broken.stderr);

    const guarded = await world.cli(ARGS);
    if (process.env["SHOW_SCREENS"]) console.error(guarded.stderr);
    expect(guarded.code, guarded.stderr).toBe(1);
    expect(guarded.stderr).toContain("ESOB-R105");
    expect(guarded.stderr).toContain("ALLOW_INTERNAL_IP_CONNECTIONS=true");
    const { status } = JSON.parse(
      await world.stack.kubectl([
        "get",
        "deployment",
        "-n",
        "external-secrets",
        "external-secrets",
        "-o",
        "json",
      ]),
    ) as { status: { availableReplicas?: number } };
    expect(status.availableReplicas).toBe(1);
  });
});
