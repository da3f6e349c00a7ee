import { at, isRecord, jsonOf, recordOf, recordsAt, textOf } from "../../data.ts";
import type { Client } from "./client.ts";
import { NoSecret, type Scope } from "./infisical.ts";

/** Where a key is looked for: `FOO`, `/a/b/FOO`, `sub/FOO` (eso.md 2.2). */
function placeOf(scope: Scope, key: string): readonly [Scope, string] {
  const cut = key.lastIndexOf("/");
  if (cut < 0) return [scope, key];
  const folder = key.startsWith("/")
    ? key.slice(0, cut) || "/"
    : `${scope.path.replace(/\/$/, "")}/${key.slice(0, cut)}`;
  return [{ ...scope, path: folder }, key.slice(cut + 1)];
}

async function one({ provider, scope }: Client, ref: Record<string, unknown>): Promise<string> {
  const key = textOf(ref["key"]) ?? "";
  const value = await provider.get(...placeOf(scope, key));
  const property = textOf(ref["property"]);
  if (property === undefined) return value;
  const found = at(jsonOf(value), ...property.split("."));
  if (found === undefined) throw new Error(`property ${property} does not exist in secret ${key}`);
  // The provider takes gjson's `.Str`, which is empty for everything but texts.
  return typeof found === "string" ? found : "";
}

function decoded(value: string, strategy: unknown): string {
  const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(value);
  if (strategy === "Base64" && !isBase64) throw new Error(`failed to decode secret: illegal base64 data`);
  if (strategy === "Base64" || (strategy === "Auto" && isBase64))
    return Buffer.from(value, "base64").toString("utf8");
  return strategy === "Base64URL" ? Buffer.from(value, "base64url").toString("utf8") : value;
}

const converted = (key: string, strategy: unknown): string =>
  key.replaceAll(/[^-._a-zA-Z0-9]/g, (letter) =>
    strategy === "Unicode" ? `_U${letter.charCodeAt(0).toString(16).padStart(4, "0")}_` : "_",
  );

async function extracted(client: Client, ref: Record<string, unknown>): Promise<Record<string, string>> {
  const value = await one(client, ref);
  const json = jsonOf(value);
  if (!isRecord(json))
    throw new Error(
      `unable to unmarshal secret ${textOf(ref["key"]) ?? ""}: invalid character '${value[0] ?? ""}' looking for beginning of value`,
    );
  return Object.fromEntries(
    Object.entries(json).map(([key, part]) => [key, typeof part === "string" ? part : JSON.stringify(part)]),
  );
}

async function found(
  { provider, scope }: Client,
  find: Record<string, unknown>,
): Promise<Record<string, string>> {
  if (find["tags"] !== undefined) throw new Error("find by tags not supported");
  const pattern = new RegExp(textOf(at(find, "name", "regexp")) ?? "", "u");
  const path = textOf(find["path"]);
  const all = await provider.list(scope, true);
  const chosen = all.filter(
    (secret) => pattern.test(secret.key) && (path === undefined || secret.path.startsWith(path)),
  );
  return Object.fromEntries(chosen.map(({ key, value }) => [key, value]));
}

/** What of the data is missing at Infisical, by the field that names it. */
export interface Gathered {
  readonly data: Readonly<Record<string, string>>;
  readonly missing: readonly string[];
}

/** All that an ExternalSecret asks for; errors begin as ESO's do: `error processing spec.data[0] (key: K), err: …`. */
export async function gather(
  clientFor: (sourceRef: unknown) => Promise<Client>,
  spec: unknown,
): Promise<Gathered> {
  const keepsMissing = (textOf(at(spec, "target", "deletionPolicy")) ?? "Retain") === "Retain";
  const data: Record<string, string> = {};
  const missing: string[] = [];
  const attempt = async (where: string, as: string, work: () => Promise<Record<string, string>>) => {
    try {
      Object.assign(data, await work());
    } catch (error) {
      if (error instanceof NoSecret && !keepsMissing) missing.push(as);
      else
        throw new Error(
          `error processing ${where}, err: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        );
    }
  };
  for (const [index, from] of recordsAt(spec, "dataFrom").entries()) {
    const { find, extract } = from;
    const kind = isRecord(find) ? "find" : "extract";
    await attempt(`spec.dataFrom[${index}].${kind}`, `spec.dataFrom[${index}]`, async () => {
      const client = await clientFor(from["sourceRef"]);
      const ref = recordOf(find ?? extract);
      const values = isRecord(find) ? await found(client, ref) : await extracted(client, ref);
      return Object.fromEntries(
        Object.entries(rewritten(values, from)).map(([key, value]) => [
          converted(key, ref["conversionStrategy"]),
          decoded(value, ref["decodingStrategy"]),
        ]),
      );
    });
  }
  for (const [index, entry] of recordsAt(spec, "data").entries()) {
    const ref = recordOf(entry["remoteRef"]);
    const key = textOf(ref["key"]) ?? "";
    await attempt(`spec.data[${index}] (key: ${key})`, `spec.data[${index}] (key=${key})`, async () => {
      const value = await one(await clientFor(entry["sourceRef"]), ref);
      return { [textOf(entry["secretKey"]) ?? ""]: decoded(value, ref["decodingStrategy"]) };
    });
  }
  return { data, missing };
}

/** `rewrite[].regexp`: one after the other. */
function rewritten(values: Record<string, string>, from: unknown): Record<string, string> {
  return recordsAt(from, "rewrite").reduce<Record<string, string>>((now, rule) => {
    const source = textOf(at(rule, "regexp", "source"));
    if (source === undefined) return now;
    const target = textOf(at(rule, "regexp", "target")) ?? "";
    return Object.fromEntries(
      Object.entries(now).map(([key, value]) => [key.replaceAll(new RegExp(source, "gu"), target), value]),
    );
  }, values);
}
