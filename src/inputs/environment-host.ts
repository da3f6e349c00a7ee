import { BootstrapError } from "../errors.ts";
import type { ConfigFile } from "./config-file.ts";
import { FIELDS } from "./fields.ts";
import { fromFlag, fromVariable, valueAt, type ResolveOptions } from "./given.ts";
import { normaliseHost, readHost } from "./host.ts";

/** Infisical's own names for its address (its CLI's documentation). */
const VARIABLES = ["INFISICAL_DOMAIN", "INFISICAL_API_URL"] as const;

/**
 * The options with INFISICAL_DOMAIN / INFISICAL_API_URL as the host. A credential belongs to one server: where the file, our
 * own variable or the other of the two names another one, that is ESOB-C106. A flag decides.
 */
export function withEnvironmentHost(options: ResolveOptions, config: ConfigFile | undefined): ResolveOptions {
  const { host } = FIELDS.infisical;
  if (fromFlag(host, options)) return options;
  const named = VARIABLES.flatMap((name) => {
    const text = options.env[name]?.trim();
    return text ? [{ name, host: normaliseHost(text, name) }] : [];
  });
  const [first] = named;
  if (!first) return options;
  const others = [...named, ...hostsBeside(options, config)];
  const other = others.find((candidate) => candidate.host !== first.host);
  if (other) throw conflict(first, other);
  return { ...options, env: { ...options.env, [host.variable ?? ""]: first.host } };
}

interface NamedHost {
  readonly name: string;
  readonly host: string;
}

function hostsBeside(options: ResolveOptions, config: ConfigFile | undefined): NamedHost[] {
  const { host } = FIELDS.infisical;
  const line = config?.positions.get(host.key)?.line;
  const candidates = [
    { name: host.variable ?? "", value: fromVariable(host, options)?.value },
    {
      name: `${config?.path}${line === undefined ? "" : `, line ${line}`}`,
      value: valueAt(config?.values, host.key),
    },
  ];
  return candidates.flatMap(({ name, value }) => {
    const read = typeof value === "string" ? readHost(value) : undefined;
    return read && "host" in read ? [{ name, host: read.host }] : [];
  });
}

function conflict(first: NamedHost, other: NamedHost): BootstrapError {
  return new BootstrapError("ESOB-C106", {
    message: `${first.name} and ${other.name} name different Infisical servers.`,
    reason: `${first.name} is ${first.host}, ${other.name} is ${other.host}`,
    fix: { summary: "Unset the variable, or change the other.", command: `unset ${first.name}` },
  });
}
