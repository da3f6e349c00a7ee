import type { CommandDeps } from "../commands.ts";
import { BootstrapError } from "../errors.ts";
import { FIELDS } from "../inputs/fields.ts";
import type { KeyInput } from "../inputs/inputs.ts";
import type { Invocation } from "../invocation.ts";
import { Secret } from "../secret.ts";

/** What the command line asks for. */
export interface Asked {
  readonly keys: readonly KeyInput[];
  /** `shop-db` or `shop/shop-db`. */
  readonly to: string | undefined;
  /** From stdin. */
  readonly value: Secret | undefined;
}

/** ESOB-C301 for names that are not legal, C302 for a flag that fits one key only, C304 for an empty stdin. */
export async function readAsked({ args, flags }: Invocation, deps: CommandDeps): Promise<Asked> {
  const { as, to, valueStdin } = flags;
  if (args.length !== 1 && (typeof as === "string" || valueStdin === true))
    throw new BootstrapError("ESOB-C302", {
      message: `${typeof as === "string" ? "--as" : "--value-stdin"} is for one key, but ${args.length} are named.`,
      fix: { summary: "Run it once for each key.", command: "eso-bootstrap add-secret KEY --to NAME" },
    });
  const keys = args.map((name) => keyOf(name, typeof as === "string" ? as : undefined));
  const twin = keys.find((key, index) => keys.findIndex((other) => other.as === key.as) < index);
  if (twin)
    throw new BootstrapError("ESOB-C302", {
      message: `${twin.as} is named twice.`,
      fix: { summary: "Two keys cannot have one name in the Secret: add them one by one, with --as." },
    });
  return {
    keys,
    to: typeof to === "string" ? to : undefined,
    value: valueStdin === true ? await readValue(deps) : undefined,
  };
}

/** A name (or /path/name) in Infisical, and what it is called in the Secret. ESOB-C301. */
export function keyOf(name: string, as?: string): KeyInput {
  const problem = problemOf(name);
  const read = FIELDS.secret.keys.type.read([as === undefined ? name : { as, key: name }]);
  if (problem === undefined && "value" in read && read.value !== "all" && read.value[0]) return read.value[0];
  const flaw = problem ?? ("flaws" in read ? read.flaws[0]?.text : undefined) ?? "it is no key";
  throw new BootstrapError("ESOB-C301", {
    message: `"${as ?? name}" is not a legal key.`,
    reason: flaw,
    fix: {
      summary:
        "Keys of a Secret have letters, digits, dashes, dots and underscores; --as gives one another name there.",
    },
  });
}

/** Infisical itself (v4) refuses colons; `all` would be a whole folder (infisical-api.md 1.4). */
function problemOf(name: string): string | undefined {
  if (name.includes(":")) return "a name in Infisical has no colon";
  return name === "" ? "it is empty" : undefined;
}

/** One line feed at the end belongs to the pipe, not to the value. */
async function readValue(deps: CommandDeps): Promise<Secret> {
  const value = new Secret((await deps.readStdin()).replace(/\r?\n$/, ""));
  if (!value.isEmpty) return value;
  throw new BootstrapError("ESOB-C304", { message: "--value-stdin was given, but stdin is empty." });
}
