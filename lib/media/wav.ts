const HEADER_BYTES = 44;
const PCM = 1, FLOAT = 3, EXTENSIBLE = 0xfffe;
const CHANNELS_MAX = 8;

/** Sound out of a WAV file. */
export interface WavSound {
  readonly sampleRate: number;
  /** All channels mixed to one, s16. */
  readonly pcm: Int16Array<ArrayBuffer>;
}

/** The 44 bytes before `pcmBytes` bytes of s16 mono; sizes beyond 4 GiB are written as 4 GiB. */
export function wavHeader(
  options: { sampleRate: number; pcmBytes: number },
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(HEADER_BYTES);
  const view = new DataView(header.buffer);
  const u32 = (at: number, value: number) => view.setUint32(at, Math.min(value, 0xffff_ffff), true);
  const words: [number, string][] = [[0, "RIFF"], [8, "WAVE"], [12, "fmt "], [36, "data"]];
  for (const [at, word] of words) header.set(new TextEncoder().encode(word), at);
  u32(4, HEADER_BYTES - 8 + options.pcmBytes);
  u32(16, 16);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  u32(24, options.sampleRate);
  u32(28, options.sampleRate * 2);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  u32(40, options.pcmBytes);
  return header;
}

/** The bytes of s16 samples as WAV stores them (little-endian), a copy. */
export function wavSamples(pcm: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pcm.length * 2);
  for (let index = 0; index < pcm.length; index++) {
    bytes[2 * index] = pcm[index];
    bytes[2 * index + 1] = pcm[index] >> 8;
  }
  return bytes;
}

/** A whole s16 mono file. */
export function writeWav(pcm: Int16Array, sampleRate: number): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(HEADER_BYTES + pcm.length * 2);
  file.set(wavHeader({ sampleRate, pcmBytes: pcm.length * 2 }));
  file.set(wavSamples(pcm), HEADER_BYTES);
  return file;
}

/**
 * Counts what is appended to a growing file: append what `append` gives, and write what `header` gives over the first
 * 44 bytes now and at the end.
 */
export class WavWriter {
  #pcmBytes = 0;

  /** @param sampleRate Samples a second. */
  constructor(readonly sampleRate: number) {}

  append(pcm: Int16Array): Uint8Array<ArrayBuffer> {
    this.#pcmBytes += pcm.length * 2;
    return wavSamples(pcm);
  }

  header(): Uint8Array<ArrayBuffer> {
    return wavHeader({ sampleRate: this.sampleRate, pcmBytes: this.#pcmBytes });
  }
}

/**
 * Reads PCM of 8, 16, 24 or 32 bits and 32-bit float, any rate, 1..8 channels, plain or extensible. A data chunk
 * longer than the file (its writer was killed) is read as far as it goes.
 *
 * @returns the sound, or why not.
 */
export function readWav(bytes: Uint8Array): WavSound | "not-wav" | "unsupported" | "empty" {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.length < 12 || word(0) !== "RIFF" || word(8) !== "WAVE") return "not-wav";
  let format: WavFormat | undefined;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    const chunk = new DataView(
      bytes.buffer,
      bytes.byteOffset + at + 8,
      Math.min(size, bytes.length - at - 8),
    );
    if (word(at) === "fmt ") format = readFormat(chunk);
    if (word(at) === "data") return format ? readSamples(chunk, format) : "unsupported";
    at += 8 + size + (size & 1);
  }
  return format ? "empty" : "not-wav";
}

interface WavFormat {
  sampleRate: number;
  channels: number;
  sampleBytes: number;
  read: (view: DataView, at: number) => number;
}

function readFormat(chunk: DataView): WavFormat | undefined {
  if (chunk.byteLength < 16) return undefined;
  const tag = chunk.getUint16(0, true);
  const extended = tag === EXTENSIBLE && chunk.byteLength >= 26;
  const coding = extended ? chunk.getUint16(24, true) : tag;
  const channels = chunk.getUint16(2, true), sampleRate = chunk.getUint32(4, true);
  const sampleBytes = chunk.getUint16(14, true) / 8;
  const read = coding === FLOAT && sampleBytes === 4
    ? (view: DataView, at: number) => view.getFloat32(at, true) * 32_768
    : coding === PCM
    ? READ_PCM[sampleBytes]
    : undefined;
  if (!read || channels < 1 || channels > CHANNELS_MAX || sampleRate === 0) return undefined;
  return { sampleRate, channels, sampleBytes, read };
}

/** One sample as s16, by its size in bytes. */
const READ_PCM: Record<number, (view: DataView, at: number) => number> = {
  1: (view, at) => (view.getUint8(at) - 128) * 256,
  2: (view, at) => view.getInt16(at, true),
  3: (view, at) => view.getInt16(at + 1, true) + view.getUint8(at) / 256,
  4: (view, at) => view.getInt32(at, true) / 65_536,
};

function readSamples(chunk: DataView, format: WavFormat): WavSound | "empty" {
  const { channels, sampleBytes, sampleRate, read } = format;
  const pcm = new Int16Array(Math.floor(chunk.byteLength / (channels * sampleBytes)));
  if (pcm.length === 0) return "empty";
  for (let index = 0; index < pcm.length; index++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      sum += read(chunk, (index * channels + channel) * sampleBytes);
    }
    const mean = Math.round(sum / channels);
    pcm[index] = Math.max(-32_768, Math.min(32_767, mean));
  }
  return { sampleRate, pcm };
}
