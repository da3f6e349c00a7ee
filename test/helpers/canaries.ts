import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";

/** Enough of a secret to be recognised by; for a JWT it is the head that all of them share. */
const PREFIX = 16;

/** Values that must be nowhere, and every form in which they could be somewhere all the same. */
export interface Canaries {
  plant(name: string, value: string | undefined): void;
  readonly names: readonly string[];
  /** `client secret as base64`: what is in there and must not be. */
  sightings(bytes: Buffer | string): string[];
}

export function createCanaries(): Canaries {
  const planted = new Map<string, Map<string, Buffer>>();
  return {
    plant(name, value) {
      if (value === undefined || value.length < PREFIX) throw new Error(`${name}: too short for a canary`);
      planted.set(name, formsOf(value));
    },
    get names() {
      return [...planted.keys()];
    },
    sightings(given) {
      const bytes = typeof given === "string" ? Buffer.from(given) : given;
      return [...planted].flatMap(([name, forms]) =>
        [...forms].filter(([, form]) => bytes.includes(form)).map(([form]) => `${name} as ${form}`),
      );
    },
  };
}

/** Raw, escaped, and encoded at each of the three places that a value can have in a longer base64 text. */
function formsOf(value: string): Map<string, Buffer> {
  const texts: Record<string, string> = {
    itself: value,
    JSON: JSON.stringify(value).slice(1, -1),
    URL: encodeURIComponent(value),
    hex: Buffer.from(value).toString("hex"),
  };
  for (const shift of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(shift), Buffer.from(value)]);
    // The first group holds what came before, the last one what comes after.
    const inner = (text: string) => text.slice(shift === 0 ? 0 : 4, -4);
    texts[`base64 (${shift})`] = inner(shifted.toString("base64"));
    texts[`base64url (${shift})`] = inner(shifted.toString("base64url").padEnd(8));
  }
  return new Map(
    Object.entries(texts).flatMap(([form, text]) => [
      [form, Buffer.from(text)],
      [`the start of ${form}`, Buffer.from(text.slice(0, PREFIX))],
    ]),
  );
}

/** Everything that a run leaves in some folders, also what it takes away again. */
export interface Trail {
  /** Path and content of every file that was there at any time. */
  end(): [path: string, content: Buffer][];
}

/** Watches while something runs. Files that come and go are read when the kernel says that they came. */
export function followTrail(folders: readonly string[]): Trail {
  const seen = new Map<string, Buffer>();
  const keep = (path: string) => {
    try {
      if (statSync(path).isFile()) seen.set(`${path} (${seen.size})`, readFileSync(path));
    } catch {
      // Gone already: what it was renamed to is read instead.
    }
  };
  const watchers: FSWatcher[] = folders.map((folder) =>
    watch(folder, { recursive: true }, (_event, name) => {
      if (name !== null) keep(join(folder, name));
    }),
  );
  return {
    end() {
      for (const watcher of watchers) watcher.close();
      for (const folder of folders)
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
          keep(join(entry.parentPath, entry.name));
      return [...seen];
    },
  };
}
