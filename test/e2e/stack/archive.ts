import { gunzipSync, inflateRawSync } from "node:zlib";

/** One file of a gzipped tar archive, by its exact path. */
export function fileFromTgz(archive: Buffer, path: string): Buffer {
  const tar = gunzipSync(archive);
  for (let at = 0; at + 512 <= tar.length;) {
    const name = text(tar, at, 100);
    const size = Number.parseInt(text(tar, at + 124, 12).trim() || "0", 8);
    if (name === path) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new Error(`the archive has no ${path}`);
}

/** One file of a zip archive, by its exact path: central directory, stored or deflated, no zip64. */
export function fileFromZip(zip: Buffer, path: string): Buffer {
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("not a zip archive");
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0; left -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (zip.toString("utf8", at + 46, at + 46 + nameLength) === path) return zipEntry(zip, at);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  throw new Error(`the zip archive has no ${path}`);
}

function zipEntry(zip: Buffer, central: number): Buffer {
  const local = zip.readUInt32LE(central + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const data = zip.subarray(start, start + zip.readUInt32LE(central + 20));
  return zip.readUInt16LE(central + 10) === 0 ? data : inflateRawSync(data);
}

function text(buffer: Buffer, from: number, length: number): string {
  const field = buffer.subarray(from, from + length);
  const zero = field.indexOf(0);
  return field.toString("utf8", 0, zero < 0 ? length : zero);
}
