import { isRecord, jsonOf } from "../../data.ts";
import { badRequest } from "./errors.ts";
import type { Json } from "./json.ts";
import { isIntOrString, namedType, resolve, type Schema } from "./schema.ts";

export const PROTOBUF = "application/vnd.kubernetes.protobuf";
const MAGIC = "k8s\0";

type Wire = { readonly number: number; readonly value: bigint | Buffer };

/** An object in Kubernetes' protobuf envelope (apimachinery, serializer/protobuf), as kubectl's typed clients send it, as JSON. */
export function fromProtobuf(body: Buffer): Json {
  if (body.subarray(0, 4).toString("latin1") !== MAGIC)
    throw badRequest(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  const envelope = new Map([...fieldsOf(body.subarray(4))].map(({ number, value }) => [number, value]));
  const typeMeta = new Map(
    [...fieldsOf(bytes(envelope.get(1)))].map(({ number, value }) => [number, bytes(value).toString("utf8")]),
  );
  const kind = typeMeta.get(2) ?? "";
  return { apiVersion: typeMeta.get(1) ?? "", kind, ...message(bytes(envelope.get(2)), namedType(kind)) };
}

const bytes = (value: bigint | Buffer | undefined): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.alloc(0);

/** The fields of a message in wire order. */
function* fieldsOf(buffer: Buffer): Generator<Wire> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = buffer[at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < buffer.length) {
    const tag = Number(varint());
    const number = tag >> 3;
    const kind = tag & 7;
    if (kind === 0) yield { number, value: BigInt.asIntN(64, varint()) };
    else {
      const length = kind === 2 ? Number(varint()) : kind === 1 ? 8 : 4;
      yield { number, value: buffer.subarray(at, at + length) };
      at += length;
    }
  }
}

/** Fields that are pointers in Go, where zero says something. */
const POINTERS = new Set(["replicas", "automountServiceAccountToken", "immutable", "optional"]);
const isNothing = (name: string, value: unknown): boolean =>
  value === "" || value === undefined || (!POINTERS.has(name) && (value === 0 || value === false));

function message(buffer: Buffer, given: Schema): Json {
  const schema = resolve(given);
  const byNumber = new Map(
    Object.entries(schema.properties ?? {}).map(([name, one]) => [one["x-protobuf"], { name, one }]),
  );
  const result: Json = {};
  for (const { number, value } of fieldsOf(buffer)) {
    const found = byNumber.get(number);
    if (!found) {
      // `name` of an embedded LocalObjectReference.
      if (number === 1 && schema.properties?.["name"])
        Object.assign(result, message(bytes(value), namedType("LocalObjectReference")));
      continue;
    }
    const { name, one } = found;
    const field = resolve(one);
    if (field.type === "array")
      result[name] = [...((result[name] ?? []) as unknown[]), single(value, field.items ?? {})];
    else if (isRecord(field.additionalProperties))
      result[name] = {
        ...(result[name] as Json),
        ...entry(bytes(value), field.additionalProperties),
      };
    else {
      const read = single(value, field);
      if (!isNothing(name, read)) result[name] = read;
    }
  }
  return result;
}

function entry(buffer: Buffer, schema: Schema): Json {
  const [key, value] = [1, 2].map(
    (wanted) => [...fieldsOf(buffer)].find(({ number }) => number === wanted)?.value,
  );
  return { [bytes(key).toString("utf8")]: single(value ?? Buffer.alloc(0), schema) };
}

function single(value: bigint | Buffer, given: Schema): unknown {
  const schema = resolve(given);
  const { type, format } = schema;
  if (isIntOrString(schema)) {
    const parts = new Map([...fieldsOf(bytes(value))].map((one) => [one.number, one.value]));
    return parts.get(1) === 1n ? bytes(parts.get(3)).toString("utf8") : Number(parts.get(2) ?? 0n);
  }
  if (type === "boolean") return value === 1n;
  if (typeof value === "bigint") return Number(value);
  if (format === "byte") return value.toString("base64");
  if (format === "date-time" || format === "micro-time") return timeOf(value);
  if (format === "quantity") return bytes([...fieldsOf(value)][0]?.value).toString("utf8");
  if (type === "string") return value.toString("utf8");
  if (schema.properties) return message(value, schema);
  return jsonOf(bytes([...fieldsOf(value)][0]?.value).toString("utf8"));
}

function timeOf(buffer: Buffer): string | undefined {
  const seconds = [...fieldsOf(buffer)].find(({ number }) => number === 1)?.value;
  return typeof seconds === "bigint"
    ? new Date(Number(seconds) * 1000).toISOString().replace(/\.\d+Z$/, "Z")
    : undefined;
}
