import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The one place on the disk that a demo touches. */
export interface Folder {
  readonly path: string;
  /** Writes a file that only this user may read; answers with its path. */
  write(name: string, text: string): Promise<string>;
  /** A command of ours for other shells, in `bin`. */
  writeProgram(name: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

/** A new folder below the system's temp folder that only this user may enter. */
export async function createFolder(): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "eso-bootstrap-demo-")));
  return {
    path,
    async write(name, text) {
      await writeFile(join(path, name), text, { mode: 0o600 });
      return join(path, name);
    },
    async writeProgram(name, text) {
      await mkdir(join(path, "bin"), { recursive: true });
      await writeFile(join(path, "bin", name), text, { mode: 0o700 });
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
