import {
  createCipheriv,
  createHash,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  sign,
} from "node:crypto";
import { Buffer } from "node:buffer";
import { concatBytes, readU16, writeU16 } from "@fusionmeet/base";

const HANDSHAKE = 22;
const X25519 = 0x001d;
/** DER of an X25519 public key up to its 32 bytes. */
const X25519_PREFIX = Uint8Array.fromHex("302a300506032b656e032100");
const ASCII = new TextEncoder();

/**
 * The server's half of one TLS 1.3 handshake (X25519, AES-128-GCM, SHA-256), which shows `certificate` (DER) and signs with
 * `privateKey` (PEM), whether they belong together or not: no real TLS library agrees to that. For tests.
 *
 * Source: RFC 8446 sections 4 and 7.1.
 */
export async function forgeHandshake(
  connection: Deno.Conn,
  { certificate, privateKey }: { certificate: Uint8Array; privateKey: string },
): Promise<void> {
  const clientHello = await readRecord(connection);
  const { sessionId, share } = readClientHello(clientHello);
  const own = generateKeyPairSync("x25519");
  const secret = diffieHellman({
    privateKey: own.privateKey,
    publicKey: createPublicKey({
      key: Buffer.from(concatBytes(X25519_PREFIX, share)),
      format: "der",
      type: "spki",
    }),
  });
  const ownShare = own.publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const serverHello = message(
    2,
    u16(0x0303),
    crypto.getRandomValues(new Uint8Array(32)),
    new Uint8Array([sessionId.length]),
    sessionId,
    u16(0x1301),
    new Uint8Array(1),
    sized(u16(43), sized(u16(0x0304)), u16(51), sized(u16(X25519), sized(ownShare))),
  );
  const transcript = [clientHello, serverHello];
  const traffic = serverTrafficSecret(secret, transcript);
  const encrypted = [
    message(8, sized()),
    message(11, new Uint8Array([0]), sized24(sized24(certificate), sized())),
  ];
  const signed = concatBytes(
    new Uint8Array(64).fill(0x20),
    ASCII.encode("TLS 1.3, server CertificateVerify\0"),
    hash(...transcript, ...encrypted),
  );
  const signature = sign("sha256", signed, privateKey);
  encrypted.push(message(15, u16(0x0403), sized(signature)));
  const finishedKey = expandLabel(traffic, "finished", new Uint8Array(0), 32);
  encrypted.push(message(20, hmac(finishedKey, hash(...transcript, ...encrypted))));
  await writeAll(connection, record(HANDSHAKE, serverHello));
  await writeAll(connection, seal(traffic, concatBytes(...encrypted)));
}

function readClientHello(hello: Uint8Array): { sessionId: Uint8Array; share: Uint8Array } {
  let at = 4 + 2 + 32;
  const sessionId = hello.subarray(at + 1, at + 1 + hello[at]);
  at += 1 + hello[at];
  at += 2 + readU16(hello, at);
  at += 1 + hello[at] + 2;
  while (readU16(hello, at) !== 51) at += 4 + readU16(hello, at + 2);
  at += 6;
  while (readU16(hello, at) !== X25519) at += 4 + readU16(hello, at + 2);
  return { sessionId, share: hello.subarray(at + 4, at + 36) };
}

function serverTrafficSecret(shared: Uint8Array, transcript: Uint8Array[]): Uint8Array {
  const zeros = new Uint8Array(32);
  const early = hmac(zeros, zeros);
  const derived = expandLabel(early, "derived", hash(), 32);
  return expandLabel(hmac(derived, shared), "s hs traffic", hash(...transcript), 32);
}

/** The first record sent under a traffic secret. */
function seal(traffic: Uint8Array, content: Uint8Array): Uint8Array {
  const key = expandLabel(traffic, "key", new Uint8Array(0), 16);
  const nonce = expandLabel(traffic, "iv", new Uint8Array(0), 12);
  const plain = concatBytes(content, new Uint8Array([HANDSHAKE]));
  const header = concatBytes(new Uint8Array([23, 3, 3]), u16(plain.length + 16));
  const cipher = createCipheriv("aes-128-gcm", key, nonce);
  cipher.setAAD(header);
  const sealed = concatBytes(cipher.update(plain), cipher.final());
  return concatBytes(header, sealed, cipher.getAuthTag());
}

function expandLabel(
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  size: number,
): Uint8Array {
  const name = ASCII.encode(`tls13 ${label}`);
  const info = concatBytes(
    u16(size),
    new Uint8Array([name.length]),
    name,
    new Uint8Array([context.length]),
    context,
    new Uint8Array([1]),
  );
  return hmac(secret, info).subarray(0, size);
}

function hash(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(createHash("sha256").update(concatBytes(...parts)).digest());
}

function hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(bytes).digest());
}

function message(type: number, ...parts: Uint8Array[]): Uint8Array {
  return concatBytes(new Uint8Array([type]), sized24(...parts));
}

function record(type: number, content: Uint8Array): Uint8Array {
  return concatBytes(new Uint8Array([type, 3, 3]), sized(content));
}

function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeU16(bytes, 0, value);
  return bytes;
}

/** The parts behind their size in two bytes. */
function sized(...parts: Uint8Array[]): Uint8Array {
  const all = concatBytes(...parts);
  return concatBytes(u16(all.length), all);
}

/** The parts behind their size in three bytes. */
function sized24(...parts: Uint8Array[]): Uint8Array {
  const all = concatBytes(...parts);
  return concatBytes(new Uint8Array([all.length >>> 16]), u16(all.length & 0xffff), all);
}

async function readRecord(connection: Deno.Conn): Promise<Uint8Array> {
  let bytes = new Uint8Array(0);
  const piece = new Uint8Array(4096);
  while (bytes.length < 5 || bytes.length < 5 + readU16(bytes, 3)) {
    const size = await connection.read(piece);
    if (size === null) throw new Error("closed before its first record");
    bytes = concatBytes(bytes, piece.subarray(0, size));
  }
  return bytes.subarray(5, 5 + readU16(bytes, 3));
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
