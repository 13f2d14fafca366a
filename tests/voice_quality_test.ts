/** What is left of a voice after the whole path between the real programs: on a good network, a bad one, and in L16. */
import { ok } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { OPUS_BITRATE } from "@fusionmeet/codec";
import { bestShift, locate, rmsDbfs } from "./support/audio.ts";
import { opusTwice, speech, writeWav } from "./support/audio_files.ts";
import { startServer } from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { Ear, judge, median, type Verdict, Voices, wasHeldUp } from "./support/voices.ts";
import { passRealTime, TemporaryDirectory } from "./support/wait.ts";

/** Over 8 s. */
const WORDS =
  "Good morning everybody. Shall we begin with the first point? The price went up by seventeen " +
  "percent, and nobody here was surprised. Send me the figures.";
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
const STEADY_SECONDS_MIN = 4;

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
  await Promise.all([opus.stop(), l16.stop()]);
  return {
    spoken,
    noise,
    lost,
    heldUp: wasHeldUp(opus) || wasHeldUp(l16),
    server: opus.events.findLast(({ event }) => event === "statistics")!,
    good: await heard("Ada", "Bob"),
    bad: await heard("Cy", "Dan"),
    exact: await heard("Eve", "Flo"),
  };
}

type Meeting = Awaited<ReturnType<typeof meet>>;

/** Scale-invariant signal-to-distortion ratio of many pieces, each aligned by itself; see `siSdr`. */
class Distortion {
  #dot = 0;
  #reference = 0;
  #degraded = 0;

  add(reference: Int16Array, degraded: Int16Array): void {
    reference.forEach((sample, index) => {
      this.#dot += sample * degraded[index];
      this.#reference += sample ** 2;
      this.#degraded += degraded[index] ** 2;
    });
  }

  get dB(): number {
    const target = this.#dot ** 2 / this.#reference;
    return 10 * Math.log10(target / (this.#degraded - target));
  }
}

/** A piece of speech: where it was said and heard, and how alike it is (1: the same wave). */
interface Piece {
  /** In the words. */
  readonly at: number;
  readonly saidMs: number;
  readonly heardAt: number;
  readonly likeness: number;
  readonly delayMs: number;
}

/** All pieces with speech in them, in order. */
function pieces(spoken: Int16Array, { ear, startAt }: Heard): Piece[] {
  const found: Piece[] = [];
  for (let time = 0; time < TIMES; time++) {
    const begin = PAUSE_SAMPLES + time * (spoken.length + PAUSE_SAMPLES);
    for (let at = 0; at + PIECE_SAMPLES <= spoken.length; at += PIECE_SAMPLES) {
      const piece = spoken.subarray(at, at + PIECE_SAMPLES);
      const from = startAt + begin + at;
      const count = PIECE_SAMPLES + REACH_SAMPLES;
      if (rmsDbfs(piece) < SPEECH_DBFS || from + count > ear.samples.length) continue;
      const { at: heardAt, score: likeness } = locate(piece, ear.samples, { from, count });
      const delayMs = (heardAt - from) / 48;
      found.push({ at, saidMs: (begin + at) / 48, heardAt, likeness, delayMs });
    }
  }
  return found;
}

/** Pieces that are as late as those before and after: nothing was stretched in them. */
function steady(found: readonly Piece[]): Piece[] {
  return found.filter(({ heardAt, delayMs }, nth) => {
    const around = [found[nth - 1], found[nth + 1]];
    return heardAt > 0 && around.every((other) => other?.delayMs === delayMs);
  });
}

/** The delay of the pieces that came through whole, ms. */
function delayMs(found: readonly Piece[]): number {
  return median(found.filter(({ likeness }) => likeness > 0.8).map((piece) => piece.delayMs));
}

/** A meeting, and the pieces as they were heard on the good network: looking for them takes a while. */
interface Judged {
  readonly meeting: Meeting;
  readonly goodPieces: readonly Piece[];
}

async function judgeSpeech(
  { meeting: { spoken, good }, goodPieces }: Judged,
): Promise<Verdict> {
  const twice = await opusTwice(spoken, OPUS_BITRATE / 1_000);
  const shift = bestShift(spoken, twice, 480);
  const [ours, theirs] = [new Distortion(), new Distortion()];
  const found = steady(goodPieces);
  for (const { at, heardAt } of found) {
    const piece = spoken.subarray(at, at + PIECE_SAMPLES);
    const there = Math.max(0, at + shift);
    ours.add(piece, good.ear.samples.subarray(heardAt, heardAt + PIECE_SAMPLES));
    theirs.add(piece.subarray(there - at - shift), twice.subarray(there));
  }
  const seconds = found.length * PIECE_SAMPLES / 48_000;
  return {
    fine: seconds > STEADY_SECONDS_MIN && ours.dB > theirs.dB - 1,
    words: `${ours.dB.toFixed(1)} dB against ${theirs.dB.toFixed(1)} dB in ${seconds} s of speech`,
  };
}

/** The longest time in which each sample heard is the one that was said. */
function judgeExact({ noise: said, exact: { ear, startAt } }: Meeting): Verdict {
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
  const seconds = longest / 48_000;
  return { fine: seconds > EXACT_SECONDS_MIN, words: `exact for ${seconds.toFixed(1)} s` };
}

function judgeBad(
  { meeting: { spoken, bad, lost, server }, goodPieces }: Judged,
): Verdict {
  const found = pieces(spoken, bad);
  const during = found.filter(({ saidMs }) => saidMs < BAD_MS);
  const likeness = median(during.map((piece) => piece.likeness));
  const whole = during.filter((piece) => piece.likeness > 0.6).length / during.length;
  const latestMs = Math.max(
    ...during.filter((piece) => piece.likeness > 0.8).map((piece) => piece.delayMs),
  );
  const isAfter = ({ saidMs }: Piece) => saidMs > WHOLE_MS - 4_000;
  const badMs = delayMs(found.filter(isAfter));
  const goodMs = delayMs(goodPieces.filter(isAfter));
  const counted = server.media["voice.lostPackets"];
  const concealedMs = server.media["voice.concealedSamples"] / 48;
  return {
    fine: likeness > LIKENESS_MIN && whole > WHOLE_SHARE_MIN && latestMs < LATEST_MS_MAX &&
      Math.abs(badMs - goodMs) < BACK_MS && counted > 0 && counted <= lost && concealedMs > 0,
    words:
      `likeness ${likeness.toFixed(2)}, ${(100 * whole).toFixed(0)} % whole, at most ${
        latestMs.toFixed(0)
      } ms late, then ${badMs.toFixed(0)} ms (good network: ${goodMs.toFixed(0)} ms); ` +
      `lost ${lost}, counted ${counted}, concealed ${concealedMs.toFixed(0)} ms`,
  };
}

async function judgeMeeting() {
  const meeting = await meet();
  const judged = { meeting, goodPieces: pieces(meeting.spoken, meeting.good) };
  const verdicts = {
    speech: await judgeSpeech(judged),
    exact: judgeExact(meeting),
    bad: judgeBad(judged),
  };
  return { verdicts, heldUp: meeting.heldUp };
}

let judged: ReturnType<typeof judge<"speech" | "exact" | "bad">> | undefined;

async function check(claim: "speech" | "exact" | "bad"): Promise<void> {
  const { [claim]: { fine, words } } = await (judged ??= judge(judgeMeeting));
  console.log(words);
  ok(fine, words);
}

Deno.test("Speech through the whole path is at most 1 dB worse than through opusenc and opusdec twice", () =>
  check("speech"));

Deno.test("In an L16 room each sample of a talker is heard as it was said", () => check("exact"));

Deno.test("With 5 % loss, 100 ms of jitter and reordering speech stays whole, and later the delay is as before", () =>
  check("bad"));
