import { parseConfig } from "./config-file.ts";
import { withEnvironmentHost } from "./environment-host.ts";
import { keyAt } from "./field.ts";
import { ALL_FIELDS } from "./fields.ts";
import { fromFlag, fromVariable, valueAt, type ResolveOptions } from "./given.ts";

/** What flags, variables and the file say already, by dotted key of the table: the wizard neither asks nor overrules it. */
export function givenValues(options: ResolveOptions): Record<string, unknown> {
  const config = options.file === undefined ? undefined : parseConfig(options.file, options.filePath);
  const complete = withEnvironmentHost(options, config);
  const found = ALL_FIELDS.map((field) => {
    const loose = fromFlag(field, complete) ?? fromVariable(field, complete);
    const index = field.scope === "run" ? undefined : 0;
    return [field.key, loose?.value ?? valueAt(config?.values, keyAt(field.key, index))] as const;
  });
  return Object.fromEntries(found.filter(([, value]) => value !== undefined));
}
