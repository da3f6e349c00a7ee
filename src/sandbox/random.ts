/** Ids and tokens: random by default, or the same on every run when a seed is given. */

import { createHash, randomBytes } from "node:crypto";

/** A source of ids and secrets. */
export interface RandomSource {
  bytes(length: number): Buffer;
  uuid(): string;
  hex(length: number): string;
}

/** A stream of bytes: the hashes of `seed`, counted up. */
function seededBytes(seed: string): (length: number) => Buffer {
  let counter = 0;
  return (length) => {
    const chunks: Buffer[] = [];
    for (let size = 0; size < length; size += 32) {
      chunks.push(createHash("sha256").update(`${seed}:${counter}`).digest());
      counter += 1;
    }
    return Buffer.concat(chunks).subarray(0, length);
  };
}

function uuidFrom(bytes: Buffer): string {
  const hex = Buffer.from(bytes).toString("hex");
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0x3) | 0x8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}

/** Makes a source; the same seed gives the same ids in the same order. */
export function createRandomSource(seed?: string): RandomSource {
  const bytes = seed === undefined ? randomBytes : seededBytes(seed);
  return {
    bytes,
    uuid: () => uuidFrom(bytes(16)),
    hex: (length) =>
      bytes(Math.ceil(length / 2))
        .toString("hex")
        .slice(0, length),
  };
}

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu;

/** Is the text something Postgres takes for a uuid column? */
export const isUuid = (text: string): boolean => uuidPattern.test(text);
