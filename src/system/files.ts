import { randomBytes } from "node:crypto";
import {
  appendFile,
  chmod,
  mkdir,
  open,
  realpath,
  rename,
  rm,
  stat,
  type FileHandle,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { BootstrapError, reasonOf } from "../errors.ts";
import type { Files } from "./system.ts";

/** A configuration is a few kilobytes; a megabyte is a mistake. */
const MAX_BYTES = 1024 * 1024;

/** The user's files on disk. Relative paths are taken from `cwd`. */
export function createFiles(cwd: string): Files {
  return {
    async read(path, maxBytes = MAX_BYTES) {
      const bytes = await readLimited(resolve(cwd, path), path, maxBytes);
      return bytes && textOf(bytes, path);
    },
    write: (path, text) => writing(path, () => writeAtomically(resolve(cwd, path), text)),
    append: (path, text) => writing(path, () => appendFile(resolve(cwd, path), text)),
  };
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new BootstrapError("ESOB-L104", {
      message: `${path} could not be written.`,
      reason: reasonWithoutPath(error),
      cause: error,
    });
  }
}

/** Reads piecewise, so that a pipe (`-f <(…)`) works and /dev/zero does not fill the memory. */
async function readLimited(path: string, shown: string, maxBytes: number): Promise<Buffer | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, "r");
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of handle.createReadStream({ end: maxBytes, autoClose: false })) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      chunks.push(bytes);
    }
    if (size > maxBytes) throw unreadable(shown, `it is larger than ${Math.round(maxBytes / 1024)} KiB`);
    return Buffer.concat(chunks);
  } catch (error) {
    if (error instanceof BootstrapError) throw error;
    if (codeOf(error) === "ENOENT") return undefined;
    throw unreadable(shown, reasonWithoutPath(error), error);
  } finally {
    await handle?.close();
  }
}

function textOf(bytes: Buffer, path: string): string {
  if (bytes.includes(0)) throw unreadable(path, "it is binary, not text");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw unreadable(path, "it is not UTF-8 text", error);
  }
}

/** A temp file beside the target, then rename: the target is the old text or the new one, never half of it. */
async function writeAtomically(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const target = await targetOf(path);
  const temporary = join(dirname(target.path), `.${basename(path)}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (target.mode !== undefined) await chmod(temporary, target.mode);
    await rename(temporary, target.path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Where a link points, so that the link stays; the mode of what is there, so that it is kept. */
async function targetOf(path: string): Promise<{ path: string; mode?: number }> {
  try {
    const real = await realpath(path);
    return { path: real, mode: (await stat(real)).mode & 0o777 };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { path };
    throw error;
  }
}

function unreadable(path: string, reason: string, cause?: unknown): BootstrapError {
  return new BootstrapError("ESOB-L105", {
    message: `${path} cannot be read.`,
    reason,
    cause,
    fix: { summary: "Correct the path or the file.", command: `ls -l ${path}` },
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "not permitted",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is not a folder",
  ENOSPC: "no space is left",
  EROFS: "the file system is read-only",
  ELOOP: "its symbolic links go in a circle",
  ENAMETOOLONG: "the name is too long",
};

function reasonWithoutPath(error: unknown): string {
  return REASONS[codeOf(error) ?? ""] ?? reasonOf(error);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}
