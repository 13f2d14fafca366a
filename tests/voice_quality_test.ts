/** What is left of a voice after the whole path between the real programs: on a good network, a bad one, and in L16. */
import { ok } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { OPUS_BITRATE } from "@fusionmeet/codec";
import { locate, rmsDbfs, siSdr } from "./support/audio.ts";
import { opusTwice, speech, writeWav } from "./support/audio_files.ts";
import { startServer } from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { Ear, median, Voices } from "./support/voices.ts";
import { passRealTime, TemporaryDirectory } from "./support/wait.ts";

/** Over 8 s. */
const WORDS =
  "Good morning everybody. Shall we begin with the first point? The price went up by seventeen " +
  "percent, and nobody here was surprised. Send me the figures.";
/** Said so often; a machine that was held up during one of them says nothing by it. */
const TIMES = 3;
const PAUSE_SAMPLES = 24_000;

const BAD_NETWORK = { loss: 0.05, jitterMs: 100, reorder: 0.02, reorderMs: 30 };
const BAD_MS = 9_000;
const WHOLE_MS = 25_000;
/** How late a sound is looked for. */
const REACH_SAMPLES = 33_600;
/** Speech is looked for in pieces of 300 ms; a quieter one is a pause. */
const PIECE_SAMPLES = 14_400;
const SPEECH_DBFS = -30;

/** Of the pieces said on the bad network; measured 0.9 and more, 90 % and more. */
const LIKENESS_MIN = 0.8;
const WHOLE_SHARE_MIN = 0.75;
/** The jitter buffer's 400 ms and the rest of the path. */
const LATEST_MS_MAX = 600;
const BACK_MS = 30;
/** A machine that is never held up gives the whole recording. */
const EXACT_SECONDS_MIN = 3;

/** Somebody's recording, and where in it the microphone of who spoke to them began if nothing took time. */
interface Heard {
  readonly ear: Ear;
  readonly startAt: number;
}

/** Three pairs, each alone in a room: a good network, one that gets good after a while, and L16. */
async function meet() {
  const seed = testSeed("voice quality");
  const spoken = await speech(WORDS);
  const said = new Int16Array(TIMES * (spoken.length + PAUSE_SAMPLES));
  for (let time = 0; time < TIMES; time++) {
    said.set(spoken, PAUSE_SAMPLES + time * (spoken.length + PAUSE_SAMPLES));
  }
  const random = seededRandom(seed);
  const noise = Int16Array.from(
    { length: WHOLE_MS * 48 },
    () => random.u32() % 16_001 - 8_000,
  );
  await using directory = new TemporaryDirectory();
  await Promise.all([
    writeWav(directory.file("said.wav"), said),
    writeWav(directory.file("noise.wav"), noise),
  ]);
  await using opus = await startServer({ data: directory.file("opus") });
  await using l16 = await startServer({ data: directory.file("l16"), args: ["--voice", "l16"] });
  await using proxy = new Proxy(opus, { seed });
  const person = (name: string, room: string, wav?: string) => ({
    name,
    room,
    server: opus,
    mic: wav && directory.file(wav),
    record: directory.file(name),
  });
  await using voices = await Voices.gather([
    person("Ada", "Good", "said.wav"),
    person("Bob", "Good"),
    { ...person("Cy", "Bad", "said.wav"), server: proxy },
    person("Dan", "Bad"),
    { ...person("Eve", "Exact", "noise.wav"), server: l16 },
    { ...person("Flo", "Exact"), server: l16 },
  ]);
  proxy.up.impairment = { ...proxy.up.impairment, ...BAD_NETWORK };
  await voices.turn(["Ada", "Cy", "Eve"], true);
  await passRealTime(BAD_MS);
  proxy.up.impairment = { ...proxy.up.impairment, loss: 0, jitterMs: 0, reorder: 0 };
  await passRealTime(WHOLE_MS - BAD_MS);
  const lost = proxy.up.lost;
  await voices.leave();
  const heard = async (speaker: string, listener: string): Promise<Heard> => {
    const { statistics } = await Ear.open(speaker, directory.file(speaker));
    const ear = await Ear.open(listener, directory.file(listener));
    return { ear, startAt: ear.at(statistics.micStartedAt) };
  };
  await opus.stop();
  return {
    spoken,
    said,
    noise,
    lost,
    server: opus.events.findLast(({ event }) => event === "statistics")!,
    good: await heard("Ada", "Bob"),
    bad: await heard("Cy", "Dan"),
    exact: await heard("Eve", "Flo"),
  };
}

let met: ReturnType<typeof meet> | undefined;
const meeting = () => met ??= meet();

/** The SI-SDR of each time the words were said, dB. */
function qualities(spoken: Int16Array, { ear, startAt }: Heard): number[] {
  return Array.from({ length: TIMES }, (_, time) => {
    const from = startAt + PAUSE_SAMPLES + time * (spoken.length + PAUSE_SAMPLES);
    const heard = ear.samples.subarray(from, from + spoken.length + REACH_SAMPLES);
    return siSdr(spoken, heard, { shiftMax: REACH_SAMPLES }).dB;
  });
}

/** What became of a piece of speech: how alike it is (1: the same wave), and how late, ms. */
interface Piece {
  readonly likeness: number;
  readonly delayMs: number;
}

/** The pieces with speech in them that were said in a time, ms since the start of the microphone. */
function pieces(said: Int16Array, { ear, startAt }: Heard, time: [number, number]): Piece[] {
  const found: Piece[] = [];
  for (let at = time[0] * 48; at + PIECE_SAMPLES <= time[1] * 48; at += PIECE_SAMPLES) {
    const piece = said.subarray(at, at + PIECE_SAMPLES);
    if (rmsDbfs(piece) < SPEECH_DBFS) continue;
    const span = { from: startAt + at, count: PIECE_SAMPLES + REACH_SAMPLES };
    const { at: heardAt, score } = locate(piece, ear.samples, span);
    found.push({ likeness: score, delayMs: (heardAt - startAt - at) / 48 });
  }
  return found;
}

/** The delay of the pieces that came through whole, ms. */
function delayMs(found: readonly Piece[]): number {
  return median(found.filter(({ likeness }) => likeness > 0.8).map((piece) => piece.delayMs));
}

/** The longest time in which each sample heard is the one that was said, seconds. */
function exactSeconds(said: Int16Array, { ear, startAt }: Heard): number {
  let longest = 0;
  for (let at = 48_000; at + 2 * 48_000 < said.length; at += 48_000) {
    const key = said.subarray(at, at + 480);
    const place = locate(key, ear.samples, { from: startAt + at, count: REACH_SAMPLES });
    if (place.score < 0.99) continue;
    const same = (step: number) => {
      let count = 0;
      while (said[at + step * count] === ear.samples[place.at + step * count]) {
        if (++count > said.length) break;
      }
      return count;
    };
    longest = Math.max(longest, same(1) + same(-1) - 1);
  }
  return longest / 48_000;
}

Deno.test("Speech through the whole path is at most 1 dB worse than through opusenc and opusdec twice", async () => {
  const { spoken, good } = await meeting();
  const theirs = siSdr(spoken, await opusTwice(spoken, OPUS_BITRATE / 1_000), { shiftMax: 4_800 });
  const ours = qualities(spoken, good);
  const words = `${ours.map((dB) => dB.toFixed(1))} dB against ${theirs.dB.toFixed(1)} dB`;
  console.log(words);
  ok(Math.max(...ours) > theirs.dB - 1, words);
});

Deno.test("In an L16 room each sample of a talker is heard as it was said", async () => {
  const { noise, exact } = await meeting();
  const seconds = exactSeconds(noise, exact);
  console.log(`${seconds.toFixed(1)} s exact`);
  ok(seconds > EXACT_SECONDS_MIN, `exact for ${seconds} s`);
});

Deno.test("With 5 % loss, 100 ms of jitter and reordering speech stays whole, and later the delay is as before", async () => {
  const { said, good, bad, lost, server } = await meeting();
  const during = pieces(said, bad, [0, BAD_MS]);
  const likeness = median(during.map((piece) => piece.likeness));
  const whole = during.filter((piece) => piece.likeness > 0.6).length / during.length;
  const latestMs = Math.max(
    ...during.filter((piece) => piece.likeness > 0.8).map((piece) => piece.delayMs),
  );
  const after: [number, number] = [WHOLE_MS - 4_000, WHOLE_MS - 1_000];
  const [goodMs, badMs] = [good, bad].map((heard) => delayMs(pieces(said, heard, after)));
  const { media } = server;
  const words = `likeness ${likeness.toFixed(2)}, ${(100 * whole).toFixed(0)} % whole, ` +
    `at most ${latestMs.toFixed(0)} ms late, then ${badMs.toFixed(0)} (good: ${
      goodMs.toFixed(0)
    }); ` +
    `lost ${lost}, counted ${media["voice.lostPackets"]}, ` +
    `concealed ${(media["voice.concealedSamples"] / 48).toFixed(0)} ms`;
  console.log(words);
  ok(likeness > LIKENESS_MIN && whole > WHOLE_SHARE_MIN, words);
  ok(latestMs < LATEST_MS_MAX, words);
  ok(Math.abs(badMs - goodMs) < BACK_MS, words);
  ok(media["voice.lostPackets"] > 0 && media["voice.lostPackets"] <= lost, words);
  ok(media["voice.concealedSamples"] > 0, words);
});
