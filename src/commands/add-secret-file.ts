import { stringify } from "yaml";
import type { CommandDeps } from "../commands.ts";
import type { Change } from "../engine/plan.ts";
import type { Desired, DesiredSecret, DesiredStore } from "../desired/desired.ts";
import { BootstrapError } from "../errors.ts";
import { setInFile } from "../inputs/config-write.ts";
import { FIELDS } from "../inputs/fields.ts";
import { sharedPlace, type SharedPlace } from "../inputs/shared-place.ts";
import type { KeyInput } from "../inputs/inputs.ts";
import type { Goal } from "./add-secret-goal.ts";

/** A change of eso-bootstrap.yaml: told before the plan, written once before the ExternalSecret is. */
export interface Edit {
  /** The whole file as it will be. */
  readonly text: string;
  readonly isChange: boolean;
  /** What it adds, as one of a plan's changes; [] where it is none. */
  readonly changes: readonly Change[];
  tell(): void;
  save(): Promise<void>;
  /** True also where there was nothing to save. */
  isSaved(): boolean;
}

export function createEdit(deps: CommandDeps, file: string, before: string, after: string): Edit {
  const isChange = after !== before;
  let isSaved = !isChange;
  const { line, text } = added(before, after);
  return {
    text: after,
    isChange,
    changes: isChange ? [changeOf(file, `line ${line}: + ${text}`)] : [],
    tell() {
      if (isChange) deps.reporter.event({ type: "note", text: `${file}, line ${line}:  + ${text}` });
    },
    isSaved: () => isSaved,
    async save() {
      if (isSaved) return;
      const files = await deps.files();
      const now = await files.read(file);
      if (now !== before && now !== after)
        throw new BootstrapError("ESOB-C201", {
          message: `${file} was changed by somebody else meanwhile.`,
          fix: { summary: "Run it again: it adds to what is there now." },
        });
      if (now === before) await files.write(file, after);
      isSaved = true;
    },
  };
}

const changeOf = (file: string, summary: string): Change => ({
  step: "secret",
  action: "update",
  target: { system: "kubernetes", kind: "File", name: file },
  summary,
});

/** Line 21: `- API_KEY`. */
function added(before: string, after: string): { line: number; text: string } {
  const [old, lines] = [before.split("\n"), after.split("\n")];
  const first = lines.findIndex((line, index) => line !== old[index]);
  const count = Math.max(1, lines.length - old.length);
  const shown = lines.slice(first, first + count).map((line) => line.trim());
  return { line: first + 1, text: shown.join(" ") };
}

/**
 * The text with these keys: comments, order, quotes and anchors stay. As it is where the goal is in no file, or takes all keys.
 * ESOB-C306 where the list is shared: one more key there is one more key for others.
 */
export function withKeys(
  { text, path }: { readonly text: string; readonly path: string },
  { secret, index }: Goal,
  keys: readonly KeyInput[],
): string {
  if (index === undefined || secret.keys === "all") return text;
  const there = secret.keys;
  const fresh = keys.filter(({ as }) => !there.some((entry) => entry.as === as));
  const written = fresh.map(writtenKey);
  if (there.length === 0 && fresh.length > 0)
    return setInFile(text, ["secrets", index], {
      name: secret.name,
      namespace: secret.namespaces[0],
      store: secret.store.name,
      keys: written,
    });
  const place = ["secrets", index, "keys"];
  const shared = fresh.length > 0 ? sharedPlace(text, place) : undefined;
  if (shared) throw isShared(shared, path, secret.name, written);
  return written.reduce<string>(
    (edited, entry, offset) => setInFile(edited, [...place, there.length + offset], entry),
    text,
  );
}

function isShared(
  { anchor, line, isInline, takenIn }: SharedPlace,
  path: string,
  name: string,
  written: readonly unknown[],
): BootstrapError {
  const entries = written.map((entry) => {
    const text = stringify(entry, { collectionStyle: "flow", lineWidth: 0 }).trim();
    return isInline ? text : `- ${text}`;
  });
  const whose = takenIn === undefined ? `line ${line}` : `line ${takenIn}, which takes it from line ${line}`;
  const here =
    takenIn === undefined ? "give the others a list of their own" : `write the list out in line ${takenIn}`;
  return new BootstrapError("ESOB-C306", {
    message: `The keys of ${name} are shared (${path}, ${whose}): one more for it would be one more for all that use *${anchor}.`,
    reason: "nothing was changed",
    fix: {
      summary: `Add ${entries.join(" and ")} ${isInline ? "to the list in" : "behind"} line ${line} by hand for all of them, or ${here}. Then run it again.`,
    },
  });
}

function writtenKey(key: KeyInput): unknown {
  const list = FIELDS.secret.keys.type.write([key]);
  return Array.isArray(list) ? list[0] : key.key;
}

/** An ExternalSecret that the file does not have yet, with the defaults of the table. */
export function newSecretIn(
  { secrets }: Desired,
  { name, store }: { readonly name: string; readonly store: DesiredStore },
): Goal {
  const allowed = store.allowedNamespaces;
  const first = allowed && "names" in allowed ? allowed.names[0] : store.namespaces[0];
  const secret: DesiredSecret = {
    name,
    namespaces: [first ?? "default"],
    store,
    target: name,
    refreshInterval: String(FIELDS.secret.refreshInterval.default),
    creationPolicy: "Owner",
    deletionPolicy: "Retain",
    keys: [],
    spec: {},
    restart: "auto",
  };
  return { secret, index: secrets.length, isKnown: true };
}
