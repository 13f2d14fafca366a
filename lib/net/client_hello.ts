/** TLS 1.3 as a ClientHello writes it. */
export const TLS_1_3 = 0x0304;
/** Type, version and size of a TLS record. */
export const TLS_RECORD_HEADER_BYTES = 5;
/** Those of today's programs have 200 to 1900 bytes, with keys against quantum computers. */
export const CLIENT_HELLO_BYTES_MAX = 4096;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RANDOM_BYTES = 32;
const EXTENSION_ALPN = 16;
const EXTENSION_SUPPORTED_VERSIONS = 43;

/** What a TLS client says it can do, before anything is encrypted. */
export interface ClientHello {
  /** Names of what it wants to speak over TLS (ALPN). */
  readonly protocols: readonly string[];
  /** Of TLS, where it says more than one. */
  readonly versions: readonly number[];
}

/** The size of a whole TLS record by its header; 0 where that cannot begin with a ClientHello of a usual size. */
export function clientHelloRecordBytes(header: Uint8Array): number {
  if (header.length < TLS_RECORD_HEADER_BYTES || header[0] !== HANDSHAKE_RECORD) return 0;
  const size = header[3] * 256 + header[4];
  return size > CLIENT_HELLO_BYTES_MAX ? 0 : TLS_RECORD_HEADER_BYTES + size;
}

/**
 * Reads a ClientHello that is whole in one record. It comes from anybody: what is not as it should be gives `undefined`,
 * and what it says is only good for choosing who answers it.
 *
 * Source: RFC 8446 sections 4.1.2, 4.2.1 and 5.1, RFC 7301 section 3.1.
 */
export function readClientHello(record: Uint8Array): ClientHello | undefined {
  try {
    const [type] = record;
    const hello = new Fields(record.subarray(1)).skip(2).part(2);
    if (type !== HANDSHAKE_RECORD || hello.number(1) !== CLIENT_HELLO) return undefined;
    const body = hello.part(3).skip(2 + RANDOM_BYTES);
    for (const sizeBytes of [1, 2, 1]) body.part(sizeBytes); // session, cipher suites, compressions
    const extensions = body.part(2);
    let protocols: string[] = [];
    let versions: number[] = [];
    while (extensions.left > 0) {
      const which = extensions.number(2);
      const extension = extensions.part(2);
      if (which === EXTENSION_ALPN) protocols = namesIn(extension.part(2));
      else if (which === EXTENSION_SUPPORTED_VERSIONS) versions = numbersIn(extension.part(1));
    }
    return { protocols, versions };
  } catch (thrown) {
    if (thrown instanceof RangeError) return undefined;
    throw thrown;
  }
}

function namesIn(list: Fields): string[] {
  const names: string[] = [];
  while (list.left > 0) names.push(String.fromCharCode(...list.part(1).rest()));
  return names;
}

function numbersIn(list: Fields): number[] {
  const numbers: number[] = [];
  while (list.left > 0) numbers.push(list.number(2));
  return numbers;
}

/** Bytes of TLS from the front. Everything throws `RangeError` where too few are left. */
class Fields {
  #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length;
  }

  skip(size: number): this {
    this.#take(size);
    return this;
  }

  /** So many bytes, big-endian. */
  number(size: number): number {
    return this.#take(size).reduce((value, byte) => value * 256 + byte, 0);
  }

  /** What stands behind its own size, which has `sizeBytes`. */
  part(sizeBytes: number): Fields {
    return new Fields(this.#take(this.number(sizeBytes)));
  }

  rest(): Uint8Array {
    return this.#take(this.left);
  }

  #take(size: number): Uint8Array {
    if (size > this.left) throw new RangeError("too short");
    const taken = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return taken;
  }
}
