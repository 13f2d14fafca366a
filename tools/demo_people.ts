import { decibelToGain } from "@fusionmeet/base";
import { addInto, tone } from "../tests/support/audio.ts";
import { speech, writeWav } from "../tests/support/audio_files.ts";
import type { TestVideo } from "../tests/support/picture.ts";
import { writeTestVideo } from "../tests/support/picture_files.ts";
import { run } from "../tests/support/programs.ts";

/** Somebody in the demo: what they say over a soft tone that only they have, and their test picture. */
export interface DemoPerson {
  readonly name: string;
  readonly voice: string;
  readonly words: string;
  /** Below the speech of all of them, so that each is found in a mix of everybody. */
  readonly pilotHz: number;
  readonly video: TestVideo;
  /** When in the cycle their turn starts. */
  readonly turnAtSeconds: number;
}

export const PILOT_DBFS = -28;
/** Everybody speaks once in a cycle, for `TURN_SECONDS`, and is then silent. */
export const CYCLE_SECONDS = 6;
export const TURN_SECONDS = 3.5;
export const DEMO_FPS = 30;
const SPEECH_PEAK_DBFS = -16;
/** Longer videos than this repeat their first `REPEATED_SECONDS`. */
const VIDEO_SECONDS_MAX = 60;
const REPEATED_SECONDS = 18;

const WORDS = [
  ["Ann", "en-us", "Good morning. Shall we begin with the harbour lights and the new timetable?"],
  ["Ben", "en-gb", "The second ferry was late again, so we moved the boxes by the old bridge."],
  [
    "Cleo",
    "en-gb-scotland",
    "Nobody asked me, but seven windows are open and it is raining outside.",
  ],
  ["Dan", "en-gb-x-rp", "I have counted the chairs twice. There are forty, and one is broken."],
] as const;

export const DEMO_PEOPLE: readonly DemoPerson[] = WORDS.map(([name, voice, words], index) => ({
  name,
  voice,
  words,
  pilotHz: [211, 263, 331, 397][index],
  video: { width: 320, height: 240, source: index + 1, seed: 2 },
  turnAtSeconds: index * CYCLE_SECONDS / 4,
}));

/** One cycle of what a person sends, and of their words in it without the tone. */
export interface Said {
  readonly cycle: Int16Array;
  readonly words: Int16Array;
}

export async function sayCycle(
  { voice, words, pilotHz, turnAtSeconds }: DemoPerson,
): Promise<Said> {
  const spoken = await speech(words, {
    voice,
    filter: "highpass=f=600:poles=2,highpass=f=600:poles=2",
    peakDbfs: SPEECH_PEAK_DBFS,
  });
  const turn = spoken.slice(0, TURN_SECONDS * 48_000);
  const pilot = faded(tone({ hz: pilotHz, dbfs: PILOT_DBFS, seconds: TURN_SECONDS }));
  const both = pilot.slice();
  addInto(both, turn);
  const at = turnAtSeconds * 48_000;
  return { cycle: onCycle(both, at), words: onCycle(turn, at) };
}

/** 20 ms in and out. */
function faded(samples: Int16Array): Int16Array {
  const size = 960;
  for (let index = 0; index < size; index++) {
    samples[index] = samples[index] * index / size;
    samples[samples.length - 1 - index] = samples[samples.length - 1 - index] * index / size;
  }
  return samples;
}

function onCycle(turn: Int16Array, at: number): Int16Array {
  const cycle = new Int16Array(CYCLE_SECONDS * 48_000);
  turn.forEach((sample, index) => cycle[(at + index) % cycle.length] = sample);
  return cycle;
}

/** Writes `seconds` of `cycle` over and over, `gainDb` louder. */
export async function writeVoice(
  path: string,
  cycle: Int16Array,
  options: { seconds: number; gainDb?: number },
): Promise<void> {
  const gain = decibelToGain(options.gainDb ?? 0);
  const samples = new Int16Array(options.seconds * 48_000);
  for (let index = 0; index < samples.length; index++) {
    samples[index] = Math.round(cycle[index % cycle.length] * gain);
  }
  await writeWav(path, samples);
}

/** Writes that person's pictures; those of more than a minute repeat themselves. */
export async function writePictures(
  path: string,
  person: DemoPerson,
  seconds: number,
): Promise<void> {
  if (seconds <= VIDEO_SECONDS_MAX) {
    const frames = seconds * DEMO_FPS;
    return await writeTestVideo(path, person.video, { frames, fps: DEMO_FPS });
  }
  const frames = REPEATED_SECONDS * DEMO_FPS;
  const once = `${path}.once.mkv`;
  await writeTestVideo(once, person.video, { frames, fps: DEMO_FPS });
  const repeats = String(Math.ceil(seconds / REPEATED_SECONDS) - 1);
  await run("ffmpeg", [
    ...["-v", "error", "-y", "-stream_loop", repeats, "-i", once],
    ...["-c", "copy", "-f", "matroska", path],
  ]);
  await Deno.remove(once);
}
