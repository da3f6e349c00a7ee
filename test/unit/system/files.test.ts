import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFiles } from "../../../src/system/files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eso files '"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const files = () => createFiles(folder);
const put = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);

describe("read", () => {
  it("gives the text, without a byte order mark", async () => {
    put("a.yaml", "\uFEFFname: ü\n");
    expect(await files().read("a.yaml")).toBe("name: ü\n");
  });

  it("gives an empty file as empty, an absent one as undefined", async () => {
    put("empty", "");
    expect(await files().read("empty")).toBe("");
    expect(await files().read("absent")).toBeUndefined();
    expect(await files().read("no/folder/absent")).toBeUndefined();
  });

  it.each([
    ["a NUL byte", Buffer.from("a\0b"), "it is binary, not text"],
    ["bytes that are not UTF-8", Buffer.from([0x61, 0xff, 0xfe]), "it is not UTF-8 text"],
    ["10 MB", Buffer.alloc(10_000_000, "a"), "it is larger than 1024 KiB"],
  ])("refuses %s", async (_name, content, reason) => {
    put("x", content);
    await expect(files().read("x")).rejects.toMatchObject({ code: "ESOB-L105", exitCode: 2, reason });
  });

  it("keeps to the limit it was given", async () => {
    put("x", "12345");
    expect(await files().read("x", 5)).toBe("12345");
    await expect(files().read("x", 4)).rejects.toMatchObject({ code: "ESOB-L105" });
  });

  it("says what is wrong with a folder", async () => {
    await expect(files().read(".")).rejects.toMatchObject({ code: "ESOB-L105", reason: "it is a folder" });
  });

  it("is not drowned by an endless device", async () => {
    await expect(files().read("/dev/zero")).rejects.toMatchObject({ code: "ESOB-L105" });
  });

  it("reads a pipe, as `-f <(…)` gives one", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const reading = files().read("pipe");
    const writing = import("node:fs/promises").then(({ writeFile }) =>
      writeFile(join(folder, "pipe"), "a: 1"),
    );
    expect(await reading).toBe("a: 1");
    await writing;
  });
});

describe("append", () => {
  it("adds to what is there, and begins a file that is not", async () => {
    await files().append("summary.md", "a\n");
    await files().append("summary.md", "ü\n");
    expect(readFileSync(join(folder, "summary.md"), "utf8")).toBe("a\nü\n");
  });

  it("says why it could not", async () => {
    mkdirSync(join(folder, "folder"));
    await expect(files().append("folder", "a")).rejects.toMatchObject({
      code: "ESOB-L104",
      reason: "it is a folder",
    });
  });
});

describe("write", () => {
  it("makes the file and the folders above it", async () => {
    await files().write("a/b/c.yaml", "x: 1\n");
    expect(readFileSync(join(folder, "a/b/c.yaml"), "utf8")).toBe("x: 1\n");
  });

  it("keeps the mode, follows a link, leaves nothing beside", async () => {
    put("real.yaml", "old");
    chmodSync(join(folder, "real.yaml"), 0o600);
    symlinkSync("real.yaml", join(folder, "link.yaml"));
    await files().write("link.yaml", "new");
    expect(readFileSync(join(folder, "real.yaml"), "utf8")).toBe("new");
    expect(statSync(join(folder, "real.yaml")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).toSorted()).toEqual(["link.yaml", "real.yaml"]);
  });

  it("says why it could not, and leaves the old text and no temp file", async () => {
    mkdirSync(join(folder, "taken"));
    await expect(files().write("taken", "x")).rejects.toMatchObject({ code: "ESOB-L104", exitCode: 1 });
    put("file", "old");
    await expect(files().write("file/below", "x")).rejects.toMatchObject({ code: "ESOB-L104" });
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("old");
    expect(readdirSync(folder).toSorted()).toEqual(["file", "taken"]);
  });

  it("many at once leave one whole text", async () => {
    const texts = ["a", "b", "c", "d"].map((letter) => letter.repeat(200_000));
    await Promise.all(texts.map((text) => files().write("x", text)));
    expect(texts).toContain(readFileSync(join(folder, "x"), "utf8"));
    expect(readdirSync(folder)).toEqual(["x"]);
  });
});
