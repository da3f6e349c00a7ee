import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A key and the certificate that was issued for it, both PEM. */
interface Certified {
  readonly certPem: string;
  readonly keyPem: string;
}

/** A certificate authority that lives as long as its stack. */
export interface Authority {
  readonly caPem: string;
  issue(options: IssueOptions): Certified;
}

/** What a leaf certificate says. Without `hosts` it is a client certificate. */
export interface IssueOptions {
  commonName: string;
  organizations?: readonly string[];
  hosts?: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
}

const day = 86_400_000;

/** Makes an own CA (P-256). Written as plain DER: Node can sign, but has no API that makes certificates. */
export function createAuthority(commonName: string): Authority {
  const ca = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = distinguishedName(commonName, []);
  const caKeyId = keyId(ca.publicKey);
  const issue = (subject: Buffer, key: KeyObject, extensions: Buffer[], from: Date, to: Date) => {
    const body = tbs(name, subject, key, extensions, from, to);
    const signature = bitString(sign("sha256", body, ca.privateKey));
    return pem("CERTIFICATE", sequence(body, ecdsaWithSha256, signature));
  };
  const caPem = issue(
    name,
    ca.publicKey,
    [
      extension(oids.basicConstraints, sequence(Buffer.from([0x01, 0x01, 0xff])), true),
      extension(oids.keyUsage, bits(0b0000_0110, 1), true),
      extension(oids.subjectKeyId, octets(caKeyId)),
    ],
    new Date(Date.now() - 400 * day),
    new Date(Date.now() + 400 * day),
  );
  return {
    caPem,
    issue({ commonName: cn, organizations = [], hosts, notBefore, notAfter }) {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const extensions = [
        extension(oids.keyUsage, bits(0b1000_0000, 7), true),
        extension(oids.extendedKeyUsage, sequence(oid(hosts ? oids.serverAuth : oids.clientAuth))),
        extension(oids.authorityKeyId, sequence(tagged(0x80, caKeyId))),
        ...(hosts ? [extension(oids.subjectAltName, sequence(...hosts.map(altName)))] : []),
      ];
      const from = notBefore ?? new Date(Date.now() - day);
      const to = notAfter ?? new Date(Date.now() + 30 * day);
      return {
        certPem: issue(distinguishedName(cn, organizations), publicKey, extensions, from, to),
        keyPem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
      };
    },
  };
}

/** The key pair that signs ServiceAccount tokens (RS256, as on the usual cluster), both halves PEM. */
export function createSigningKey(): { privatePem: string; publicPem: string } {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    privatePem: privateKey.export({ type: "pkcs1", format: "pem" }) as string,
    publicPem: publicKey.export({ type: "spki", format: "pem" }) as string,
  };
}

const oids = {
  commonName: "2.5.4.3",
  organization: "2.5.4.10",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
};

const ecdsaWithSha256 = sequence(oid(oids.ecdsaWithSha256));

function tbs(
  issuer: Buffer,
  subject: Buffer,
  key: KeyObject,
  extensions: Buffer[],
  from: Date,
  to: Date,
): Buffer {
  const version3 = tagged(0xa0, Buffer.from([0x02, 0x01, 0x02]));
  const serial = tagged(0x02, Buffer.concat([Buffer.from([0x01]), randomBytes(15)]));
  const validity = sequence(utcTime(from), utcTime(to));
  const spki = key.export({ type: "spki", format: "der" });
  const extra = tagged(0xa3, sequence(...extensions));
  return sequence(version3, serial, ecdsaWithSha256, issuer, validity, subject, spki, extra);
}

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (type: string, value: string) =>
    tagged(0x31, sequence(oid(type), tagged(0x0c, Buffer.from(value))));
  return sequence(
    ...organizations.map((it) => attribute(oids.organization, it)),
    attribute(oids.commonName, commonName),
  );
}

function altName(host: string): Buffer {
  const isIp = /^\d+(\.\d+){3}$/.test(host);
  return isIp ? tagged(0x87, Buffer.from(host.split(".").map(Number))) : tagged(0x82, Buffer.from(host));
}

function extension(type: string, value: Buffer, critical = false): Buffer {
  return sequence(oid(type), ...(critical ? [Buffer.from([0x01, 0x01, 0xff])] : []), octets(value));
}

function keyId(key: KeyObject): Buffer {
  return createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...items: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(items));
}

function octets(content: Buffer): Buffer {
  return tagged(0x04, content);
}

function bitString(content: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), content]));
}

function bits(value: number, unused: number): Buffer {
  return Buffer.from([0x03, 0x02, unused, value]);
}

function utcTime(date: Date): Buffer {
  return tagged(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-T:]/g, "")}Z`));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
  return digits;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
