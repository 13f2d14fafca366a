import { decibelToGain } from "@fusionmeet/base";
import { run } from "./programs.ts";
import { TemporaryDirectory } from "./wait.ts";

/** A mono recording. */
export interface Recording {
  readonly rate: number;
  readonly samples: Int16Array<ArrayBuffer>;
}

/** Reads a mono s16 WAV; one whose writer was killed (sizes 0 or too big) up to its last whole sample. */
export async function readWav(path: string): Promise<Recording> {
  return parseWav(await Deno.readFile(path), path);
}

export function parseWav(bytes: Uint8Array, path = "the WAV"): Recording {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number) => new TextDecoder().decode(bytes.subarray(at, at + 4));
  if (name(0) !== "RIFF" || name(8) !== "WAVE") throw new Error(`Cannot read ${path}: not a WAV`);
  let rate = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = view.getUint32(at + 4, true);
    if (name(at) === "fmt ") {
      const [kind, channels, bits] = [10, 8, 22].map((offset) => view.getUint16(at + offset, true));
      if (channels !== 1 && kind !== 1) {
        throw new Error(`Cannot read ${path}: ${channels} channels`);
      }
      if (bits !== 16) throw new Error(`Cannot read ${path}: ${bits} bits`);
      rate = view.getUint32(at + 12, true);
    }
    if (name(at) === "data") {
      const there = bytes.length - at - 8;
      const count = (size === 0 ? there : Math.min(size, there)) >> 1;
      return { rate, samples: new Int16Array(bytes.slice(at + 8, at + 8 + 2 * count).buffer) };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error(`Cannot read ${path}: no samples`);
}

export function wavBytes(samples: Int16Array, rate = 48_000): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => bytes.set(new TextEncoder().encode(word), at);
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  bytes.set(new Uint8Array(samples.buffer, samples.byteOffset, 2 * samples.length), 44);
  return bytes;
}

export async function writeWav(path: string, samples: Int16Array, rate = 48_000): Promise<void> {
  await Deno.writeFile(path, wavBytes(samples, rate));
}

/**
 * `text` spoken by espeak-ng, 48 kHz mono.
 *
 * @param options.filter of ffmpeg, on top of a low pass.
 * @param options.peakDbfs what its largest sample becomes; -3 dBFS unless said.
 */
export async function speech(
  text: string,
  options: { voice?: string; filter?: string; peakDbfs?: number } = {},
): Promise<Int16Array<ArrayBuffer>> {
  const { voice = "en", filter = "anull", peakDbfs = -3 } = options;
  const spoken = await run("espeak-ng", ["-v", voice, "--stdout", text]);
  const raw = await run("ffmpeg", [
    ..."-v error -f wav -i pipe:0 -af".split(" "),
    `lowpass=7500,${filter}`,
    ..."-ar 48000 -ac 1 -f s16le pipe:1".split(" "),
  ], spoken);
  const samples = new Int16Array(raw.slice(0, raw.length & ~1).buffer);
  const peak = samples.reduce((highest, each) => Math.max(highest, Math.abs(each)), 1);
  return samples.map((each) => Math.round(each * 32_767 * decibelToGain(peakDbfs) / peak));
}

/** What Opus alone makes of `samples` in two passes at `kilobits`/s: opusenc and opusdec, twice. */
export async function opusTwice(
  samples: Int16Array,
  kilobits: number,
): Promise<Int16Array<ArrayBuffer>> {
  await using directory = new TemporaryDirectory();
  const [wav, opus] = [directory.file("a.wav"), directory.file("a.opus")];
  await writeWav(wav, samples);
  for (let pass = 0; pass < 2; pass++) {
    const speechOptions = `--quiet --speech --bitrate ${kilobits} --comp 5 --framesize 20`.split(
      " ",
    );
    await run("opusenc", [...speechOptions, wav, opus]);
    await run("opusdec", ["--quiet", "--rate", "48000", "--no-dither", opus, wav]);
  }
  return (await readWav(wav)).samples;
}
