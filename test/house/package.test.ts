import { describe, expect, it } from "vitest";
import { filesBelow, linesThat, textOf } from "./tree.ts";

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies: Record<string, string>;
}

const manifest = JSON.parse(textOf("package.json")) as Manifest;

describe("package.json", () => {
  it("has no runtime dependencies: everything is bundled", () => {
    expect(manifest.dependencies ?? {}).toEqual({});
  });

  it("pins exact versions: newer majors crash on Node 20 (ADR 0001)", () => {
    const loose = Object.entries(manifest.devDependencies).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });
});

describe("what is committed says nothing about the machine it was made on", () => {
  // In a second work tree .git is a file.
  const files = filesBelow(".").filter((file) => file !== ".git" && !/\.(png|ico|gif)$/.test(file));

  it("no folders of a person or a build machine", () => {
    const machine = new RegExp(
      `(^|["'\`\\s(=:])/(${["work", "root", "Users"].join("|")})/|/home/(?!me\\b)\\w`,
    );
    expect(
      linesThat(
        machine,
        files.filter((file) => file !== "test/house/package.test.ts"),
      ),
    ).toEqual([]);
  });

  it("no registry but the public one", () => {
    const resolved = [...textOf("package-lock.json").matchAll(/"resolved": "(https?:\/\/[^/"]+)/g)];
    expect(resolved.map(([, host]) => host).filter((host) => host !== "https://registry.npmjs.org")).toEqual(
      [],
    );
    const registries = /registry\s*[=:]\s*["']?https?:\/\/(?!registry\.npmjs\.org|127\.0\.0\.1)/;
    expect(linesThat(registries, files)).toEqual([]);
  });

  it("no private addresses but in tests and in the tables of private networks", () => {
    const address = /\b(10(\.\d{1,3}){3}|192\.168(\.\d{1,3}){2}|172\.(1[6-9]|2\d|3[01])(\.\d{1,3}){2})\b/;
    const tables = ["src/system/addresses.ts", "src/sandbox/infisical/host-guard.ts", "package-lock.json"];
    const elsewhere = files.filter((file) => !file.startsWith("test/") && !tables.includes(file));
    expect(linesThat(address, elsewhere)).toEqual([]);
  });

  it("nothing that looks like a secret", () => {
    const secret = /-----BEGIN (RSA |EC )?PRIVATE KEY-----\n?[A-Za-z0-9+/]{40}|\bghp_\w{36}\b|\bnpm_\w{36}\b/;
    expect(linesThat(secret, files)).toEqual([]);
  });
});
