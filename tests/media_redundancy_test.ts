/**
 * In-band FEC over the whole way: reports of loss switch it on where packets get lost, and only there.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { VoiceCodecs } from "@fusionmeet/media";
import { Meeting, Person } from "./support/engine_meeting.ts";
import type { Impairment } from "./support/impairment.ts";

/** Of the talkers' voices, Hz. */
const PITCHES = [110, 190];

/** When somebody speaks: from and to, virtual ms. */
type Turn = readonly [number, number];

/** What two talkers and a listener came to. */
interface Outcome {
  /** Of the talkers' voices at the server. */
  readonly voice: (name: string) => number;
  /** Of the mixes at all three: packets, and frames that were concealed. */
  readonly lost: number;
  readonly repaired: number;
  readonly concealed: number;
  /** How often an encoder was told to use redundancy, and a mix to do so. */
  readonly switchedOn: number;
  readonly mixesSwitchedOn: number;
}

/**
 * @param options.turns Of the two talkers; all the time unless said.
 * @param options.isDeaf Encoders do not hear that redundancy is wanted.
 */
async function talk(options: {
  impairment?: Partial<Impairment>;
  seconds: number;
  voice?: "opus" | "l16";
  turns?: readonly (readonly Turn[])[];
  isDeaf?: boolean;
}): Promise<Outcome> {
  const { impairment, seconds, voice = "opus", turns, isDeaf = false } = options;
  let switchedOn = 0;
  const codecs = (pool: VoiceCodecs): VoiceCodecs => ({
    takeEncoder: () => {
      const encoder = pool.takeEncoder();
      if (!encoder) return undefined;
      const useFec = encoder.useFec!.bind(encoder);
      encoder.useFec = (on) => {
        if (on) switchedOn++;
        if (!isDeaf) useFec(on);
      };
      return encoder;
    },
    takeDecoder: () => pool.takeDecoder(),
    giveBack: (codec) => pool.giveBack(codec),
  });
  const meeting = await Meeting.open({ voice, seed: 3, impairment, codecs });
  const talkers = PITCHES.map((pitch, index) => {
    const person = new Person(meeting, { aheadMs: pitch });
    person.voice = speaks(pitch, turns?.[index] ?? [[0, Infinity]]);
    return person;
  });
  const people = [...talkers, new Person(meeting, { aheadMs: 0 })];
  for (const person of people) person.connect();
  await meeting.run(500);
  for (const talker of talkers) talker.microphone(true);
  await meeting.run(seconds * 1_000);
  const { counters } = meeting.plane.statistics;
  const mixes = people.flatMap(({ statistics }) =>
    statistics!.streams.filter(({ kind }) => kind === "mix")
  );
  const sum = (name: "lost" | "repaired" | "concealed") =>
    mixes.reduce((total, each) => total + each[name], 0);
  meeting.close();
  return {
    voice: (name) => counters[`voice.${name}`],
    lost: sum("lost"),
    repaired: sum("repaired"),
    concealed: sum("concealed"),
    switchedOn,
    mixesSwitchedOn: counters["mix.fec-on"] ?? 0,
  };
}

/** Something like speech, a voiced sound that glides in pitch and loudness: only what is voice carries redundancy. */
function speaks(pitch: number, turns: readonly Turn[]): (atMs: number) => Int16Array {
  return (atMs) => {
    const pcm = new Int16Array(960);
    if (!turns.some(([fromMs, toMs]) => atMs >= fromMs && atMs < toMs)) return pcm;
    return pcm.map((_, index) => {
      const seconds = atMs / 1_000 + index / 48_000;
      const loudness = 0.6 + 0.4 * Math.sin(2 * Math.PI * 3 * seconds);
      const phase = 2 * Math.PI * (pitch * seconds + 8 * Math.sin(2 * Math.PI * 0.7 * seconds));
      let sound = 0;
      for (let harmonic = 1; harmonic <= 12; harmonic++) {
        sound += Math.sin(harmonic * phase) / harmonic;
      }
      return 5_000 * loudness * sound;
    });
  };
}

Deno.test("5 % loss switches redundancy on both ways, and much less is left to conceal", async () => {
  const impairment = { delayMs: 5, jitterMs: 3, loss: 0.05 };
  const deaf = await talk({ impairment, seconds: 12, isDeaf: true });
  const heard = await talk({ impairment, seconds: 12 });
  // Two microphones, two own mixes and the shared one, each once.
  deepStrictEqual([deaf.switchedOn, heard.switchedOn], [5, 5]);
  strictEqual(deaf.repaired + deaf.voice("fecPackets"), 0);
  ok(heard.voice("fecPackets") > 20 && heard.repaired > 30, JSON.stringify(heard));
  ok(heard.concealed < 0.6 * deaf.concealed, `${heard.concealed} of ${deaf.concealed} frames`);
  const [left, before] = [heard, deaf].map(({ voice }) => voice("concealedSamples"));
  ok(left < 0.6 * before, `${left} of ${before} samples`);
});

Deno.test("jitter, duplicates, reordering, pauses and turns switch no redundancy on", async () => {
  const impairment = { delayMs: 5, jitterMs: 10, duplicate: 0.02, reorder: 0.02 };
  const turns: Turn[][] = [[[1_000, 3_000]], [[500, 900], [9_000, 11_000]]];
  const { switchedOn, mixesSwitchedOn } = await talk({ impairment, seconds: 12, turns });
  deepStrictEqual([switchedOn, mixesSwitchedOn], [0, 0]);
});

Deno.test("who was alone in talking has lost nothing of the mix the others heard", async () => {
  const turns: Turn[][] = [[[2_000, 3_000]], [[1_000, 1_500], [9_500, 10_500]]];
  for (const voice of ["l16", "opus"] as const) {
    strictEqual((await talk({ voice, seconds: 12, turns })).lost, 0, voice);
  }
});
