import { seededRandom, timestampDistance } from "@fusionmeet/base";
import { addInto, clickPattern, locate } from "./audio.ts";
import { writeWav } from "./audio_files.ts";
import { FPS, passing } from "./cameras.ts";
import { writeTestVideo } from "./picture_files.ts";
import { type ClientProgram, launchClient, type ServerProgram } from "./programs.ts";
import { Proxy } from "./proxy.ts";
import type { Listener } from "./sound.ts";
import { type TemporaryDirectory, until } from "./wait.ts";
import { median } from "./voices.ts";

const RATE = 48_000;
/** A click is looked for in so much sound after it was said. */
const REACH_SAMPLES = RATE;
const SCORE_MIN = 0.4;
/** RTP timestamps of pictures count so many a second. */
const VIDEO_CLOCK = 90_000;

export interface WitnessOptions {
  readonly server: ServerProgram;
  readonly directory: TemporaryDirectory;
  readonly name: string;
  /** Burnt into the pictures. */
  readonly source: number;
  readonly seconds: number;
  readonly width: number;
  readonly height: number;
  /** Unless false, this process carries the packets and sees when each picture leaves. */
  readonly isFilmed?: boolean;
}

/**
 * Somebody in a meeting of whom one knows when each picture and each sound was captured: the pictures carry numbers,
 * the voice has clicks over a soft noise. Pictures: when their first packet left; sound: what the program writes down.
 */
export class Witness implements AsyncDisposable {
  readonly #ends = new AsyncDisposableStack();
  readonly name: string;
  readonly program: ClientProgram;
  readonly #proxy: Proxy | undefined;
  readonly #recordFolder: string;
  readonly #pattern: Int16Array;
  readonly #clicksAt: readonly number[];

  static async start(options: WitnessOptions): Promise<Witness> {
    const { directory, name, source, seconds, width, height } = options;
    const video = { width, height, source, seed: 9 };
    await writeTestVideo(directory.file(`${name}.mkv`), video, {
      frames: seconds * FPS,
      fps: FPS,
    });
    const pattern = clickPattern(source);
    const { samples, clicksAt } = clicking(pattern, seconds, source);
    await writeWav(directory.file(`${name}.wav`), samples);
    return new Witness(options, pattern, clicksAt);
  }

  private constructor(options: WitnessOptions, pattern: Int16Array, clicksAt: readonly number[]) {
    const { server, directory, name, width, height, isFilmed = true } = options;
    this.name = name;
    this.#pattern = pattern;
    this.#clicksAt = clicksAt;
    this.#recordFolder = directory.file(`${name}-record`);
    this.#proxy = isFilmed ? this.#ends.use(new Proxy(server)) : undefined;
    if (this.#proxy) this.#proxy.capture = true;
    this.program = this.#ends.use(launchClient({
      name,
      server: this.#proxy ?? server,
      mic: directory.file(`${name}.wav`),
      camera: directory.file(`${name}.mkv`),
      record: this.#recordFolder,
      args: ["--quality", `${width}x${height}@${FPS}`],
    }));
  }

  /**
   * When each picture was captured, epoch ms, by its number; what was not sent has none. Its timestamp tells the number:
   * a busy machine leaves pictures out. @param ssrc that of the camera.
   */
  capturedAtMs(ssrc: number): (number | undefined)[] {
    const atMs: (number | undefined)[] = [];
    let first: number | undefined;
    for (const packet of this.#proxy ? passing(this.#proxy, "up", ssrc) : []) {
      first ??= packet.timestamp;
      const number = Math.round(timestampDistance(first, packet.timestamp) * FPS / VIDEO_CLOCK);
      // Others are of the same picture, or a repair of an earlier one.
      atMs[number] ??= packet.atMs;
    }
    return atMs;
  }

  /** How long after they were said the clicks came out of a speaker: the median, ms; NaN where few are found. */
  async voiceDelayMs(listener: Listener): Promise<number> {
    const path = `${this.#recordFolder}/stats.json`;
    const micStartedAt = await until("the microphone's start", async () => {
      const text = await Deno.readTextFile(path).catch(() => "{}");
      return JSON.parse(text).micStartedAt as number | undefined;
    });
    const samples = listener.newest(listener.count);
    const delays = this.#clicksAt.flatMap((click) => {
      const saidAtMs = micStartedAt! + click * 1_000 / RATE;
      const from = Math.round((saidAtMs - listener.startedAtMs) * RATE / 1_000);
      if (from < 0 || from + REACH_SAMPLES > samples.length) return [];
      const { at, score } = locate(this.#pattern, samples, { from, count: REACH_SAMPLES });
      return score > SCORE_MIN ? [(at - from) * 1_000 / RATE] : [];
    });
    return delays.length >= 3 ? median(delays) : NaN;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends.disposeAsync();
  }
}

/** A click about every second over a noise that keeps the voice going. */
function clicking(pattern: Int16Array, seconds: number, seed: number) {
  const random = seededRandom(seed);
  const samples = new Int16Array(seconds * RATE);
  let low = 0;
  for (let at = 0; at < samples.length; at++) {
    low += 0.1 * (2 * random.fraction() - 1 - low);
    samples[at] = Math.round(1_500 * low);
  }
  const clicksAt: number[] = [];
  for (let at = RATE; at < samples.length - RATE;) {
    clicksAt.push(at);
    addInto(samples, pattern, at);
    at += Math.round((1.1 + 0.3 * random.fraction()) * RATE);
  }
  return { samples, clicksAt };
}
