import { BootstrapError } from "../../src/errors.ts";
import type { Files } from "../../src/system/system.ts";

/** Files in memory. `readOnly` paths refuse writes as a full or protected disk would. */
export function createFakeFiles(
  initial: Readonly<Record<string, string>> = {},
  readOnly: readonly string[] = [],
): Files & { readonly content: Map<string, string> } {
  const content = new Map(Object.entries(initial));
  return {
    content,
    async read(path, maxBytes = Infinity) {
      const text = content.get(path);
      if (text !== undefined && Buffer.byteLength(text) > maxBytes)
        throw new BootstrapError("ESOB-L105", { message: `${path} cannot be read.`, reason: "too large" });
      return text;
    },
    async append(path, text) {
      await this.write(path, (content.get(path) ?? "") + text);
    },
    async write(path, text) {
      if (readOnly.includes(path))
        throw new BootstrapError("ESOB-L104", { message: `${path} could not be written.` });
      content.set(path, text);
    },
  };
}
