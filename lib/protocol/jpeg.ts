import { assert, concatBytes, equalBytes, readU16 } from "@fusionmeet/base";
import { HUFFMAN_TABLES } from "./jpeg_tables.ts";
import { ACCESS_UNIT_BYTES_MAX, JPEG_SIDE_MAX, RTP_PAYLOAD_BYTES_MAX } from "./limits.ts";
import { markFragments, type PictureFragment } from "./picture_fragment.ts";

/** Why bytes are not JPEG we can use. */
export type JpegFault = "empty" | "short" | "too-large" | "malformed" | "unsupported";

/** A JPEG put together from RTP. */
export interface JpegPicture {
  /** A whole file: JFIF, baseline, 4:2:0, from SOI to EOI; a new array. */
  readonly bytes: Uint8Array;
  /** Always: every picture stands alone. */
  readonly keyframe: true;
  readonly width: number;
  readonly height: number;
}

/** What of a JPEG travels: the rest is the same in all of them. */
interface JpegContent {
  readonly width: number;
  readonly height: number;
  /** 64 bytes each, in the zigzag order of DQT. */
  readonly luma: Uint8Array;
  readonly chroma: Uint8Array;
  /** Entropy-coded, without EOI. */
  readonly scan: Uint8Array;
}

const MARKER = { soi: 0xd8, eoi: 0xd9, dqt: 0xdb, dht: 0xc4, sof0: 0xc0, sos: 0xda, dri: 0xdd };
const MARKER_APP0 = 0xe0;
const MARKER_COM = 0xfe;
/** Baseline, 4:2:0, no restart markers: RFC 2435 section 4.1. */
const TYPE_420 = 1;
/** The tables are in the packets, every time: RFC 2435 section 4.2. */
const Q_IN_BAND = 255;
const TABLE_BYTES = 64;
/** RFC 2435 section 3.1. */
const MAIN_HEADER_BYTES = 8;
/** RFC 2435 section 3.1.8: MBZ, precision (0: bytes), length, then both tables. */
const TABLE_HEADER = Uint8Array.of(0, 0, 0, 2 * TABLE_BYTES);
const TABLES_BYTES = TABLE_HEADER.length + 2 * TABLE_BYTES;
/** Of the three components: id, sampling, quantisation table. */
const COMPONENTS = [[1, 0x22, 0], [2, 0x11, 1], [3, 0x11, 1]];
/** Of the three components: Huffman tables (DC, AC); then spectral selection and approximation of baseline. */
const HUFFMAN_CHOICES = [0x00, 0x11, 0x11];
const BASELINE_SCAN = [0, 63, 0];
const JFIF = Uint8Array.of(0x4a, 0x46, 0x49, 0x46, 0, 1, 2, 0, 0, 1, 0, 1, 0, 0);
/** What `writeHeader` writes. */
const HEADER_BYTES = 607;
const EOI_BYTES = 2;

/**
 * Cuts a JPEG into RTP payloads of balanced sizes. It must be baseline with three components in 4:2:0, the typical
 * Huffman tables (T.81 annex K.3.3), no restart markers, and sides that are multiples of 8 up to `JPEG_SIDE_MAX`.
 *
 * Source: RFC 2435 section 3.1, type 1, Q 255.
 */
export function packetizeJpeg(
  jpeg: Uint8Array,
  payloadBytesMax = RTP_PAYLOAD_BYTES_MAX,
): PictureFragment[] | JpegFault {
  const bytesMax = payloadBytesMax - MAIN_HEADER_BYTES;
  assert(bytesMax >= 2 * TABLES_BYTES, "a fragment of balanced size has room for the tables");
  const content = readJpeg(jpeg);
  if (typeof content === "string") return content;
  const { width, height, luma, chroma, scan } = content;
  if (HEADER_BYTES + scan.length + EOI_BYTES > ACCESS_UNIT_BYTES_MAX) return "too-large";
  const body = concatBytes(TABLE_HEADER, luma, chroma, scan);
  const count = Math.ceil(body.length / bytesMax);
  return markFragments(Array.from({ length: count }, (_, index) => {
    const from = Math.floor(body.length * index / count);
    const to = Math.floor(body.length * (index + 1) / count);
    const payload = new Uint8Array(MAIN_HEADER_BYTES + to - from);
    const offset = Math.max(0, from - TABLES_BYTES);
    payload.set([0, offset >> 16, offset >> 8, offset]);
    payload.set([TYPE_420, Q_IN_BAND, width / 8, height / 8], 4);
    payload.set(body.subarray(from, to), MAIN_HEADER_BYTES);
    return payload;
  }));
}

/**
 * Puts the RTP payloads of one picture, complete and in order, together to a JPEG; at most `ACCESS_UNIT_BYTES_MAX`
 * bytes. Takes type 1 with the tables in band, which is what `packetizeJpeg` makes.
 *
 * Source: RFC 2435 section 3.1 and appendix B.
 */
export function depacketizeJpeg(payloads: readonly Uint8Array[]): JpegPicture | JpegFault {
  if (payloads.length === 0) return "empty";
  const [first] = payloads;
  if (first.length < MAIN_HEADER_BYTES + TABLES_BYTES) return "short";
  if (offsetOf(first) !== 0) return "malformed";
  if (first[4] !== TYPE_420 || first[5] !== Q_IN_BAND) return "unsupported";
  const tables = first.subarray(MAIN_HEADER_BYTES, MAIN_HEADER_BYTES + TABLES_BYTES);
  if (!equalBytes(tables.subarray(1, 4), TABLE_HEADER.subarray(1))) return "unsupported";
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (const payload of payloads) {
    if (payload.length <= MAIN_HEADER_BYTES) return "short";
    if (offsetOf(payload) !== offset) return "malformed";
    if (!equalBytes(payload.subarray(4, 8), first.subarray(4, 8))) return "malformed";
    const skipped = MAIN_HEADER_BYTES + (offset === 0 ? TABLES_BYTES : 0);
    if (payload !== first && offset === 0) return "malformed";
    const piece = payload.subarray(skipped);
    offset += piece.length;
    if (HEADER_BYTES + offset + EOI_BYTES > ACCESS_UNIT_BYTES_MAX) return "too-large";
    pieces.push(piece);
  }
  const scan = concatBytes(...pieces);
  if (scan.length === 0) return "empty";
  if (scanEnd(scan, 0) !== undefined) return "malformed";
  const [width, height] = [first[6] * 8, first[7] * 8];
  if (width === 0 || height === 0) return "unsupported";
  const luma = tables.subarray(TABLE_HEADER.length, TABLE_HEADER.length + TABLE_BYTES);
  const chroma = tables.subarray(TABLE_HEADER.length + TABLE_BYTES);
  const bytes = writeJpeg({ width, height, luma, chroma, scan });
  return { bytes, keyframe: true, width, height };
}

/** RFC 2435 section 3.1.2: where in the scan a payload belongs. */
function offsetOf(payload: Uint8Array): number {
  return payload[1] << 16 | readU16(payload, 2);
}

function writeJpeg({ width, height, luma, chroma, scan }: JpegContent): Uint8Array {
  const segment = (marker: number, ...content: Uint8Array[]) => {
    const size = content.reduce((sum, { length }) => sum + length, 2);
    return concatBytes(Uint8Array.of(0xff, marker, size >> 8, size), ...content);
  };
  const huffman = [...HUFFMAN_TABLES].flatMap(([place, table]) => [Uint8Array.of(place), table]);
  const sides = [height >> 8, height, width >> 8, width];
  const frame = Uint8Array.of(8, ...sides, COMPONENTS.length, ...COMPONENTS.flat());
  const choices = COMPONENTS.flatMap(([id], index) => [id, HUFFMAN_CHOICES[index]]);
  const header = concatBytes(
    Uint8Array.of(0xff, MARKER.soi),
    segment(MARKER_APP0, JFIF),
    segment(MARKER.dqt, Uint8Array.of(0), luma, Uint8Array.of(1), chroma),
    segment(MARKER.dht, ...huffman),
    segment(MARKER.sof0, frame),
    segment(MARKER.sos, Uint8Array.of(COMPONENTS.length, ...choices, ...BASELINE_SCAN)),
  );
  assert(header.length === HEADER_BYTES, "a JPEG's header has the size that is counted on");
  return concatBytes(header, scan, Uint8Array.of(0xff, MARKER.eoi));
}

/** Takes a JPEG apart; whatever RFC 2435 cannot carry is refused. */
function readJpeg(jpeg: Uint8Array): JpegContent | JpegFault {
  if (jpeg.length === 0) return "empty";
  if (jpeg.length > ACCESS_UNIT_BYTES_MAX) return "too-large";
  if (jpeg[0] !== 0xff || jpeg[1] !== MARKER.soi) return "malformed";
  const headers = new HeaderReader();
  for (let at = 2;;) {
    if (at + 4 > jpeg.length) return "short";
    if (jpeg[at] !== 0xff) return "malformed";
    const size = readU16(jpeg, at + 2);
    if (size < 2) return "malformed";
    if (at + 2 + size > jpeg.length) return "short";
    const marker = jpeg[at + 1];
    const fault = headers.read(marker, jpeg.subarray(at + 4, at + 2 + size));
    if (fault) return fault;
    at += 2 + size;
    if (marker !== MARKER.sos) continue;
    const end = scanEnd(jpeg, at);
    if (end === undefined) return "short";
    if (jpeg[end + 1] !== MARKER.eoi) return end + 1 < jpeg.length ? "unsupported" : "short";
    if (end === at) return "empty";
    return headers.finish(jpeg.subarray(at, end));
  }
}

/** Where the entropy-coded bytes from `from` on end: at the first marker (a stuffed FF 00 is none). */
function scanEnd(bytes: Uint8Array, from: number): number | undefined {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 2)) {
    if (bytes[at + 1] !== 0) return at;
  }
}

/** Collects what the segments before the scan say; every method gives a fault or what was asked for. */
class HeaderReader {
  readonly #tables = new Map<number, Uint8Array>();
  #frame: { width: number; height: number; luma: number; chroma: number } | undefined;
  #ids: number[] = [];
  #scanFault: JpegFault | undefined = "malformed";

  read(marker: number, content: Uint8Array): JpegFault | undefined {
    if (marker === MARKER.dqt) return this.#readQuantisation(content);
    if (marker === MARKER.dht) return this.#readHuffman(content);
    if (marker === MARKER.sof0) return this.#readFrame(content);
    if (marker === MARKER.sos) return this.#readScan(content);
    if (marker === MARKER.dri) {
      return content.every((byte) => byte === 0) ? undefined : "unsupported";
    }
    const isSkipped = (marker & 0xf0) === MARKER_APP0 || marker === MARKER_COM;
    return isSkipped ? undefined : "unsupported";
  }

  finish(scan: Uint8Array): JpegContent | JpegFault {
    const frame = this.#frame;
    const luma = frame && this.#tables.get(frame.luma);
    const chroma = frame && this.#tables.get(frame.chroma);
    if (luma === undefined || chroma === undefined) return "malformed";
    return this.#scanFault ?? { width: frame!.width, height: frame!.height, luma, chroma, scan };
  }

  #readQuantisation(content: Uint8Array): JpegFault | undefined {
    for (let at = 0; at < content.length; at += 1 + TABLE_BYTES) {
      if (content[at] > 3) return "unsupported";
      if (at + 1 + TABLE_BYTES > content.length) return "short";
      this.#tables.set(content[at], content.subarray(at + 1, at + 1 + TABLE_BYTES));
    }
  }

  #readHuffman(content: Uint8Array): JpegFault | undefined {
    for (let at = 0; at < content.length;) {
      const typical = HUFFMAN_TABLES.get(content[at]);
      if (typical === undefined) return "unsupported";
      const table = content.subarray(at + 1, at + 1 + typical.length);
      if (!equalBytes(table, typical)) return "unsupported";
      at += 1 + typical.length;
    }
  }

  #readFrame(content: Uint8Array): JpegFault | undefined {
    if (content.length < 6) return "short";
    const [precision] = content;
    const height = readU16(content, 1);
    const width = readU16(content, 3);
    if (precision !== 8 || content[5] !== COMPONENTS.length) return "unsupported";
    if (content.length !== 6 + 3 * COMPONENTS.length) return "malformed";
    for (const side of [width, height]) {
      if (side === 0 || side % 8 !== 0 || side > JPEG_SIDE_MAX) return "unsupported";
    }
    const components = COMPONENTS.map((_, index) => content.subarray(6 + 3 * index, 9 + 3 * index));
    const isSampled = components.every(([, sampling], index) => sampling === COMPONENTS[index][1]);
    const [luma, chroma, other] = components.map(([, , table]) => table);
    if (!isSampled || chroma !== other) return "unsupported";
    this.#ids = components.map(([id]) => id);
    this.#frame = { width, height, luma, chroma };
  }

  #readScan(content: Uint8Array): JpegFault | undefined {
    const expected = [
      COMPONENTS.length,
      ...this.#ids.flatMap((id, index) => [id, HUFFMAN_CHOICES[index]]),
      ...BASELINE_SCAN,
    ];
    if (this.#frame === undefined) return "malformed";
    if (!equalBytes(content, Uint8Array.from(expected))) return "unsupported";
    this.#scanFault = undefined;
  }
}
