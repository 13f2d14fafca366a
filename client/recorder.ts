import { join } from "node:path";
import { messageOf } from "@fusionmeet/base";
import { wavHeader, wavSamples } from "@fusionmeet/media";
import type { Timers } from "@fusionmeet/net";
import { roomSlug, SAMPLE_RATE } from "@fusionmeet/protocol";
import { JsonFile } from "@fusionmeet/store";
import type { ChatLine } from "./chat_log.ts";
import { KnownNames } from "./known_names.ts";
import type { EngineEvent, StreamStatistics } from "./media/commands.ts";
import type { MeetingEvent } from "./meeting_types.ts";
import { RecordFile } from "./record_file.ts";
import { ExactPicture } from "./screen/exact_picture.ts";
import { ScreenRecording } from "./screen/screen_recording.ts";
import type { ScreenArrival } from "./screen/screen_view.ts";

type Mix = Extract<EngineEvent, { event: "mix" }>;
type Picture = Extract<EngineEvent, { event: "picture" }>;
type Statistics = Extract<EngineEvent, { event: "statistics" }>;

const FLUSH_MS = 250;
/** stats.json is written at every so manieth flush. */
const STATISTICS_EVERY = 8;
const SAMPLES_PER_MS = SAMPLE_RATE / 1000;
/** Rounding of times is no gap. */
const GAP_SAMPLES_MIN = 240;

/** People of whose cameras and screens a recording has files: far more than come to one meeting. */
export const RECORDED_PEOPLE_MAX = 1_000;

export interface RecorderOptions {
  /** It exists; see `prepareFolder`. */
  readonly directory: string;
  readonly timers: Timers;
  /** Epoch ms. */
  readonly epochMs: () => number;
  /** Something could not be written; the meeting goes on. */
  readonly trouble: (sentence: string) => void;
}

/** What a file of pictures is called by their codec, each readable on its own: Annex B, JPEGs one after the other. */
const PICTURE_FILE_ENDINGS: Readonly<Record<string, string>> = { h264: "h264", jpeg: "mjpeg" };

/** One camera's file for one codec, over all its times on and off. */
interface PictureFile {
  readonly file: RecordFile;
  awaitsKeyframe: boolean;
}

/**
 * Writes what this participant receives: mix.wav, NAME.camera.h264 or .mjpeg, NAME.screen.h264,
 * NAME.still.png, chat.jsonl, stats.json. The files can be read at any
 * moment, also after a kill -9. Times without a connection are silence in the mix.
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #chat: RecordFile;
  readonly #mix: RecordFile;
  readonly #statisticsFile: JsonFile<unknown>;
  readonly #names = new KnownNames();
  /** What the files of each are called; of at most `RECORDED_PEOPLE_MAX`. */
  readonly #baseNames = new Map<string, string>();
  /** By `pictureKey`. */
  readonly #pictures = new Map<string, PictureFile>();
  /** By the presenter's name. */
  readonly #screens = new Map<string, ScreenRecording>();
  /** The one of them that shows something now. */
  #screenOn: ScreenRecording | undefined;
  readonly #exact = new ExactPicture({ width: 1, height: 1 });
  readonly #troubled = new Set<string>();
  #session: { name: string; room: string; joinedAt: number } | undefined;
  #mixSamples = 0;
  #statistics: Statistics | undefined;
  #statisticsSaved: Promise<void> = Promise.resolve();
  #flushCount = 0;
  #cancelTimer: () => void;
  #isClosed = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#chat = this.#open("chat.jsonl");
    this.#mix = this.#open("mix.wav");
    this.#statisticsFile = new JsonFile(join(options.directory, "stats.json"), {
      empty: () => ({}),
      read: (value) => value,
    });
    this.#cancelTimer = options.timers.after(FLUSH_MS, () => this.#tick());
  }

  meetingEvent(event: MeetingEvent): void {
    if (event.event === "joined") {
      const { name, room } = event;
      this.#session = { name, room, joinedAt: this.#options.epochMs() };
      this.#chat.append(new Uint8Array());
      this.#mix.append(wavHeader({ sampleRate: SAMPLE_RATE, pcmBytes: 0 }));
    } else if (event.event === "participant") {
      this.#names.changed(event.change);
    } else if (event.event === "chat") this.#chatLine(event.line);
    else if (event.event === "stream" && event.stream.kind === "camera") {
      const name = this.#nameOf(event.stream.participant);
      for (const codec of Object.keys(PICTURE_FILE_ENDINGS)) {
        const known = this.#pictures.get(pictureKey(name, codec));
        if (known === undefined) continue;
        known.awaitsKeyframe = true;
        if (event.state === "ended") void known.file.rest();
      }
    }
  }

  engineEvent(event: EngineEvent): void {
    if (this.#isClosed) return;
    if (event.event === "mix") this.#mixBlock(event);
    else if (event.event === "picture") this.#picture(event);
    else if (event.event === "statistics") this.#statistics = event;
  }

  screenArrived(arrival: ScreenArrival): void {
    const name = this.#names.of(arrival.participant);
    if (name === undefined || this.#isClosed) return;
    let screen = this.#screens.get(name);
    if (screen === undefined) {
      const { directory, epochMs } = this.#options;
      const baseName = this.#baseName(name);
      if (baseName === undefined) return;
      screen = new ScreenRecording({
        ...{ directory, epochMs, baseName, exact: this.#exact },
        open: (fileName) => this.#open(fileName),
        tooSlow: (fileName) => this.#tooSlow(fileName),
        trouble: (fileName, sentence) => this.#trouble(fileName, sentence),
      });
      this.#screens.set(name, screen);
    }
    if (screen !== this.#screenOn && arrival.message.type === "format") {
      this.#screenOn?.rest();
      this.#screenOn = screen;
    }
    screen.take(arrival);
  }

  /** When everything of the last flush is on the disk. */
  async flushed(): Promise<void> {
    const files = [this.#mix, this.#chat, ...[...this.#pictures.values()].map(({ file }) => file)];
    const all = [...files, ...this.#screens.values()];
    await Promise.all([this.#statisticsSaved, ...all.map((file) => file.flush())]);
  }

  /** Fills the mix up to now and writes everything. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelTimer();
    if (this.#session === undefined) return;
    this.#silenceUpTo(this.#samplesAt(this.#options.epochMs()));
    await Promise.all([
      this.#mix.close(this.#mixHeader()),
      this.#chat.close(),
      ...[...this.#pictures.values()].map(({ file }) => file.close()),
      ...[...this.#screens.values()].map((screen) => screen.close()),
      this.#writeStatistics(),
    ]);
  }

  #tick(): void {
    this.#cancelTimer = this.#options.timers.after(FLUSH_MS, () => this.#tick());
    if (this.#session === undefined) return;
    void this.#mix.flush(this.#mixHeader());
    void this.#chat.flush();
    for (const { file } of this.#pictures.values()) void file.flush();
    for (const screen of this.#screens.values()) void screen.flush();
    if (this.#flushCount++ % STATISTICS_EVERY === 0) {
      this.#statisticsSaved = this.#writeStatistics();
    }
  }

  #chatLine({ id, at, from, text }: ChatLine): void {
    const line = JSON.stringify({ id, at, from, text });
    if (!this.#chat.append(new TextEncoder().encode(line + "\n"))) this.#tooSlow("chat.jsonl");
  }

  #samplesAt(epochMs: number): number {
    return Math.round((epochMs - this.#session!.joinedAt) * SAMPLES_PER_MS);
  }

  #mixBlock({ pcm, atMs }: Mix): void {
    if (this.#session === undefined) return;
    const at = this.#samplesAt(atMs);
    if (this.#mixSamples === 0 || at - this.#mixSamples >= GAP_SAMPLES_MIN) this.#silenceUpTo(at);
    const overlap = this.#mixSamples - at;
    const fresh = overlap >= GAP_SAMPLES_MIN || at < 0 ? pcm.subarray(overlap) : pcm;
    if (fresh.length === 0) return;
    if (this.#mix.append(wavSamples(fresh))) this.#mixSamples += fresh.length;
    else this.#tooSlow("mix.wav");
  }

  #silenceUpTo(samples: number): void {
    const missing = samples - this.#mixSamples;
    if (missing <= 0) return;
    this.#mix.appendZeros(missing * 2);
    this.#mixSamples = samples;
  }

  #mixHeader(): Uint8Array {
    return wavHeader({ sampleRate: SAMPLE_RATE, pcmBytes: this.#mixSamples * 2 });
  }

  #picture({ participant, codec, keyframe, bytes }: Picture): void {
    const name = this.#names.of(participant);
    const baseName = name && this.#baseName(name);
    if (name === undefined || baseName === undefined) return;
    const ending = PICTURE_FILE_ENDINGS[codec];
    const path = `${baseName}.camera.${ending ?? codec}`;
    if (ending === undefined) {
      const sentence = `The pictures of ${name} are not recorded: ${codec} has no file format here`;
      return this.#trouble(path, sentence);
    }
    const key = pictureKey(name, codec);
    let picture = this.#pictures.get(key);
    if (picture === undefined) {
      picture = { file: this.#open(path), awaitsKeyframe: true };
      this.#pictures.set(key, picture);
    }
    const isFirst = picture.awaitsKeyframe;
    if (isFirst && !keyframe) return;
    picture.awaitsKeyframe = !picture.file.append(bytes);
    if (picture.awaitsKeyframe) this.#tooSlow(path);
    // Who waits for a picture finds it at once.
    else if (isFirst) void picture.file.flush();
  }

  #nameOf(participant: number): string {
    return this.#names.of(participant) ?? `participant-${participant}`;
  }

  /** A person's name made safe for a file; different names never share one, whatever the file system folds. Absent: they are too many. */
  #baseName(name: string): string | undefined {
    const known = this.#baseNames.get(name);
    if (known !== undefined) return known;
    if (this.#baseNames.size >= RECORDED_PEOPLE_MAX) {
      const more =
        `Cameras and screens of more than ${RECORDED_PEOPLE_MAX} people are not recorded`;
      this.#trouble("", `${more}: ${name} is one of them`);
      return undefined;
    }
    const taken = new Set([...this.#baseNames.values()].map((base) => base.toLowerCase()));
    const safe = roomSlug(name);
    let base = safe;
    for (let count = 2; taken.has(base.toLowerCase()); count++) base = `${safe}-${count}`;
    this.#baseNames.set(name, base);
    return base;
  }

  async #writeStatistics(): Promise<void> {
    const { name, room, joinedAt } = this.#session!;
    const statistics = this.#statistics;
    const content = {
      name,
      room,
      joinedAt,
      micStartedAt: statistics?.micStartedAt ?? 0,
      mixStartedAt: joinedAt,
      leftAt: this.#isClosed ? this.#options.epochMs() : undefined,
      rttMs: statistics?.rttMs ?? 0,
      clock: statistics?.clock,
      streams: [
        ...statistics?.streams ?? [],
        ...[...this.#screens.values()].map((screen) => screen.statistics),
      ].map((stream) => this.#streamLine(stream)),
      voices: (statistics?.voices ?? []).map((voice) => ({
        ...voice,
        participant: this.#nameOf(voice.participant),
      })),
      device: statistics?.device,
      counters: statistics?.counters ?? {},
    };
    try {
      await this.#statisticsFile.save(content);
    } catch (thrown) {
      this.#trouble("stats.json", `Cannot write stats.json: ${messageOf(thrown)}`);
    }
  }

  #streamLine(stream: StreamStatistics): Record<string, unknown> {
    const participant = stream.kind === "mix" ? "" : this.#nameOf(stream.participant);
    return { ...stream, participant };
  }

  #open(fileName: string): RecordFile {
    const path = join(this.#options.directory, fileName);
    return new RecordFile(path, { failed: (sentence) => this.#trouble(fileName, sentence) });
  }

  #tooSlow(fileName: string): void {
    const sentence = `The disk is too slow for the recording: parts of ${fileName} are missing`;
    this.#trouble(fileName, sentence);
  }

  /** Says a trouble once per file. */
  #trouble(fileName: string, sentence: string): void {
    if (this.#troubled.has(fileName)) return;
    this.#troubled.add(fileName);
    this.#options.trouble(sentence);
  }
}

function pictureKey(name: string, codec: string): string {
  return `${codec} ${name}`;
}

/**
 * Makes the folder of a recording. What an earlier recording left in it is moved into a folder `before-TIME` inside.
 *
 * @throws Error in words.
 */
export async function prepareFolder(directory: string, epochMs: number): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    const earlier: string[] = [];
    for await (const entry of Deno.readDir(directory)) {
      if (entry.isFile && isRecording(entry.name)) earlier.push(entry.name);
    }
    if (earlier.length === 0) return;
    const time = new Date(epochMs).toISOString().replaceAll(":", "-").replace(/\..*/, "");
    const aside = await Deno.makeTempDir({ dir: directory, prefix: `before-${time}-` });
    for (const name of earlier) await Deno.rename(join(directory, name), join(aside, name));
  } catch (thrown) {
    throw new Error(`Cannot record to ${directory}: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function isRecording(fileName: string): boolean {
  return ["mix.wav", "chat.jsonl", "stats.json"].includes(fileName) ||
    /\.(camera|screen)\.(h264|mjpeg|ivf)$|\.still\.png$/.test(fileName);
}
