/** Certificates for tests, made on the spot with node:crypto alone: no fixed files, no openssl. */

import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), content]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const utf8 = (text: string) => der(0x0c, Buffer.from(text));
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));
const octets = (content: Buffer) => der(0x04, content);
const time = (date: Date) =>
  der(
    0x17,
    Buffer.from(
      date
        .toISOString()
        .replaceAll(/[-:T]|\.\d+/gu, "")
        .slice(2),
    ),
  );

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));
const nameOf = (commonName: string) => sequence(der(0x31, sequence(oid("550403"), utf8(commonName))));
const extension = (id: string, value: Buffer) => sequence(oid(id), octets(value));
const yes = der(0x01, Buffer.from([0xff]));

/** A certificate with its key, both PEM, and what is needed to sign others with it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

interface Wanted {
  readonly name: string;
  /** IPv4 addresses and DNS names it is for. */
  readonly hosts?: readonly string[];
  readonly isCa?: boolean;
  /** Who signs it; itself when left out. */
  readonly issuer?: Certificate;
  readonly expired?: boolean;
}

function alternativeName(host: string): Buffer {
  return /^[\d.]+$/u.test(host)
    ? der(0x87, Buffer.from(host.split(".").map(Number)))
    : der(0x82, Buffer.from(host));
}

const day = 86_400_000;

/** Makes a certificate for an EC key (P-256), valid for a day. */
export function makeCertificate(wanted: Wanted): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const now = Date.now();
  const until = wanted.expired === true ? now - day : now + day;
  const names = (wanted.hosts ?? []).map(alternativeName);
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    ecdsaWithSha256,
    nameOf(wanted.issuer?.name ?? wanted.name),
    sequence(time(new Date(now - 2 * day)), time(new Date(until))),
    nameOf(wanted.name),
    spki,
    der(
      0xa3,
      sequence(
        extension("551d13", sequence(...(wanted.isCa === true ? [yes] : []))),
        extension("551d0e", octets(createHash("sha1").update(spki).digest())),
        ...(names.length === 0 ? [] : [extension("551d11", sequence(...names))]),
      ),
    ),
  );
  const signature = sign("sha256", body, wanted.issuer?.privateKey ?? privateKey);
  const whole = sequence(body, ecdsaWithSha256, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const base64 = whole.toString("base64").replaceAll(/.{64}/gu, "$&\n").trimEnd();
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    name: wanted.name,
    privateKey,
  };
}

/** A CA and a server certificate of it, for 127.0.0.1 unless told otherwise. */
export function makeLoopbackChain(
  hosts: readonly string[] = ["127.0.0.1"],
  expired = false,
): { readonly ca: Certificate; readonly server: Certificate } {
  const ca = makeCertificate({ name: "test CA", isCa: true });
  return { ca, server: makeCertificate({ name: "test server", hosts, issuer: ca, expired }) };
}
