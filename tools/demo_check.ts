import { levelAt, locateWords, medianLevelAt } from "../tests/support/audio.ts";
import { readWav, type Recording } from "../tests/support/audio_files.ts";
import { examinePictures } from "../tests/support/picture_files.ts";
import {
  CYCLE_SECONDS,
  DEMO_FPS,
  type DemoPerson,
  PILOT_DBFS,
  type Said,
  TURN_SECONDS,
} from "./demo_people.ts";

/** What a person recorded, and what they said. */
export interface Attendance {
  readonly person: DemoPerson;
  /** From the start of their microphone on, over and over. */
  readonly said: Said;
  /** What their client wrote by `--record`. */
  readonly recordFolder: string;
}

/** One line of the table: what `receiver` got from `sender`. */
export interface Row {
  readonly receiver: string;
  readonly sender: string;
  readonly kind: "voice" | "picture";
  readonly words: string;
  /** What is wrong, if anything. */
  readonly wrong?: string;
}

/** A voice may be this much louder or softer than it was sent, and this late. */
const LEVEL_TOLERANCE_DB = 1.5;
const DELAY_MS_MAX = 400;
/** Below this the pilot tone of a person is not heard. */
const SILENT_DBFS = -56;
/**
 * Of the words in the mix: measured 36 and more, beside others who speak at the same time on a busy computer, and 9 at
 * most for other words. Where computers are held up so much that the delay is over its limit it can be 14.
 */
export const PROMINENCE_MIN = 17;
/** Of a turn, from so far into it. */
const WORDS_FROM_SAMPLES = 12_000;
const WORDS_SAMPLES = 144_000;
/** They are looked for from before they can be there to so much later. */
const EARLY_SAMPLES = 4_800;
const REACH_SAMPLES = 48_000;
const FPS_TOLERANCE = 1.5;
const SSIM_MIN = 0.9;

interface Statistics {
  readonly micStartedAt: number;
  readonly mixStartedAt: number;
  readonly streams: { participant: string; kind: string; fps: number; delayMs?: number }[];
}

interface Ear extends Attendance {
  /** First sample of the mix that is judged. */
  readonly from: number;
  readonly statistics: Statistics;
  readonly mix: Recording;
}

/**
 * Everybody's rows: each hears the others at their level and not themselves, and sees the others.
 *
 * @param fromMs Voices are judged from then on, epoch ms; pictures all.
 */
export async function checkMeeting(people: readonly Attendance[], fromMs: number): Promise<Row[]> {
  const ears = await Promise.all(people.map((attendance) => earOf(attendance, fromMs)));
  const rows: Row[] = [];
  for (const receiver of ears) {
    for (const sender of ears) rows.push(voiceRow(receiver, sender));
    for (const sender of ears) {
      if (sender !== receiver) rows.push(await pictureRow(receiver, sender));
    }
  }
  return rows;
}

async function earOf(attendance: Attendance, fromMs: number): Promise<Ear> {
  const { recordFolder } = attendance;
  const statistics = JSON.parse(await Deno.readTextFile(`${recordFolder}/stats.json`));
  const from = Math.max(0, Math.round((fromMs - statistics.mixStartedAt) * 48));
  return { ...attendance, statistics, from, mix: await readWav(`${recordFolder}/mix.wav`) };
}

/** Where the sender's whole turns lie in the receiver's mix if nothing took time, in samples. */
function turnsOf(receiver: Ear, sender: Ear): number[] {
  const startMs = sender.statistics.micStartedAt || sender.statistics.mixStartedAt;
  const offsetMs = startMs - receiver.statistics.mixStartedAt + sender.person.turnAtSeconds * 1_000;
  const turns: number[] = [];
  const cycle = CYCLE_SECONDS * 48_000;
  const first = Math.round(offsetMs * 48);
  for (
    let at = first;
    at + (TURN_SECONDS + 0.5) * 48_000 < receiver.mix.samples.length;
    at += cycle
  ) {
    if (at >= receiver.from) turns.push(at);
  }
  return turns;
}

function voiceRow(receiver: Ear, sender: Ear): Row {
  const row = {
    receiver: receiver.person.name,
    sender: sender.person.name,
    kind: "voice",
  } as const;
  if (sender === receiver) return ownVoiceRow(receiver, row);
  const turns = turnsOf(receiver, sender);
  if (turns.length === 0) return { ...row, words: "-", wrong: "no whole turn recorded" };
  const inner = { count: (TURN_SECONDS - 1) * 48_000 };
  const levels = turns.map((at) =>
    medianLevelAt(receiver.mix.samples, sender.person.pilotHz, { from: at + 28_800, ...inner })
  );
  const [lowest, highest] = [Math.min(...levels), Math.max(...levels)];
  const level = `${lowest.toFixed(1)}..${highest.toFixed(1)} dBFS`;
  if (highest < SILENT_DBFS) return { ...row, words: level, wrong: "not heard" };
  const found = turns.map((at) => wordsOf(receiver, sender, at));
  const { delayMs, prominence } = found.reduce((best, each) =>
    each.prominence > best.prominence ? each : best
  );
  const words = `${level}, ${delayMs.toFixed(0)} ms`;
  if (lowest < PILOT_DBFS - LEVEL_TOLERANCE_DB) return { ...row, words, wrong: "too soft" };
  if (highest > PILOT_DBFS + LEVEL_TOLERANCE_DB) return { ...row, words, wrong: "too loud" };
  if (prominence < PROMINENCE_MIN) return { ...row, words, wrong: "other words than were said" };
  if (delayMs > DELAY_MS_MAX) return { ...row, words, wrong: "too late" };
  return { ...row, words };
}

/** Nobody hears themselves, at any time. */
function ownVoiceRow({ person, mix, from: start }: Ear, row: Omit<Row, "words">): Row {
  let highest = -Infinity;
  for (let from = start; from + 144_000 <= mix.samples.length; from += 24_000) {
    highest = Math.max(highest, levelAt(mix.samples, person.pilotHz, { from, count: 144_000 }));
  }
  const wrong = highest > SILENT_DBFS ? "hears themselves" : undefined;
  return { ...row, words: `at most ${highest.toFixed(1)} dBFS`, wrong };
}

/** Finds three seconds of the words of that turn. */
function wordsOf(
  { mix }: Ear,
  { person, said: { words } }: Ear,
  turnAt: number,
): { delayMs: number; prominence: number } {
  const at = person.turnAtSeconds * 48_000 + WORDS_FROM_SAMPLES;
  const pattern = Int16Array.from(
    { length: WORDS_SAMPLES },
    (_, index) => words[(at + index) % words.length],
  );
  const heard = new Int16Array(WORDS_SAMPLES + REACH_SAMPLES);
  const from = turnAt + WORDS_FROM_SAMPLES - EARLY_SAMPLES;
  // Before the start of the mix, and after its end, there is silence.
  const there = mix.samples.subarray(Math.max(0, from), Math.max(0, from + heard.length));
  heard.set(there, Math.max(0, -from));
  const found = locateWords(pattern, heard);
  return { delayMs: (found.at - EARLY_SAMPLES) / 48, prominence: found.prominence };
}

async function pictureRow(receiver: Ear, sender: Ear): Promise<Row> {
  const row = {
    receiver: receiver.person.name,
    sender: sender.person.name,
    kind: "picture",
  } as const;
  const path = `${receiver.recordFolder}/${sender.person.name}.camera.h264`;
  const size = await Deno.stat(path).then(({ size }) => size, () => 0);
  if (size === 0) return { ...row, words: "-", wrong: "no pictures" };
  const { numbers, outOfOrder, ssimMean } = await examinePictures(path, sender.person.video, {
    every: 15,
  });
  const frames = numbers.flatMap((number) => number ? [number.frame] : []);
  if (frames.length < DEMO_FPS) {
    return { ...row, words: "-", wrong: `${frames.length} readable pictures` };
  }
  const fps = DEMO_FPS * (frames.length - 1) / (frames.at(-1)! - frames[0]);
  const stream = receiver.statistics.streams.find(({ kind, participant }) =>
    kind === "camera" && participant === sender.person.name
  );
  const delayMs = stream?.delayMs;
  const words = `${fps.toFixed(1)} fps, SSIM ${ssimMean.toFixed(3)}, ${
    delayMs?.toFixed(0) ?? "?"
  } ms`;
  const strange = numbers.find((number) => number && number.source !== sender.person.video.source);
  if (strange) return { ...row, words, wrong: "somebody else's pictures" };
  if (outOfOrder > 0) return { ...row, words, wrong: `${outOfOrder} pictures out of order` };
  if (frames.length < 0.99 * numbers.length) return { ...row, words, wrong: "unreadable pictures" };
  if (Math.abs(fps - DEMO_FPS) > FPS_TOLERANCE) return { ...row, words, wrong: "too few pictures" };
  if (ssimMean < SSIM_MIN) return { ...row, words, wrong: "bad pictures" };
  if (delayMs === undefined || delayMs > DELAY_MS_MAX) return { ...row, words, wrong: "too late" };
  return { ...row, words };
}

/** The rows as a table in plain text. */
export function tableOf(rows: readonly Row[]): string {
  const verb = { voice: "hears", picture: "sees" };
  return rows.map(({ receiver, sender, kind, words, wrong }) => {
    const who = `${receiver} ${verb[kind]} ${sender === receiver ? "themselves" : sender}`;
    return `${wrong ? "WRONG" : "ok   "}  ${who.padEnd(26)} ${words}${
      wrong ? `  <- ${wrong}` : ""
    }`;
  }).join("\n");
}
