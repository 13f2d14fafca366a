/** What a voice costs per 20 ms frame in Opus, and what the jitter buffer around it costs. */
import { FRAME_SAMPLES } from "@fusionmeet/protocol";
import { OPUS_BITRATE, OpusPool } from "@fusionmeet/codec";
import { encodeL16, VoiceReceiver } from "@fusionmeet/media";
import { seededRandom } from "@fusionmeet/base";
import { microseconds, printTimes } from "./measure.ts";

const FRAMES = 100;
const random = seededRandom(1);
/** A voice-like sound: harmonics of a gliding pitch, in syllables, and some noise. */
const frames = Array.from(
  { length: FRAMES },
  (_, frame) =>
    Int16Array.from({ length: FRAME_SAMPLES }, (_, at) => {
      const seconds = (frame * FRAME_SAMPLES + at) / 48_000;
      const pitch = 2 * Math.PI * 130 * (seconds + 0.02 * Math.sin(3 * seconds));
      let sample = 0;
      for (let harmonic = 1; harmonic < 20; harmonic++) {
        sample += Math.sin(harmonic * pitch) / harmonic;
      }
      return sample * 4_000 * Math.abs(Math.sin(9 * seconds)) + 200 * random.fraction();
    }),
);

const pool = await OpusPool.create({ encoders: 4, decoders: 4 });
const encoder = pool.takeEncoder()!, lossy = pool.takeEncoder()!;
lossy.useFec!(true);
const decoder = pool.takeDecoder()!, lossyDecoder = pool.takeDecoder()!;
const packets = frames.map((pcm) => encoder.encode(pcm));
const lossyPackets = frames.map((pcm) => lossy.encode(pcm));
const bitrate = packets.reduce((sum, { length }) => sum + length, 0) * 8 * 50 / FRAMES;

printTimes(`Opus at ${OPUS_BITRATE / 1_000} kb/s (this sound: ${(bitrate / 1_000).toFixed(1)})`, [
  ["encode", microseconds(500, (nth) => void encoder.encode(frames[nth % FRAMES]))],
  ["encode with redundancy", microseconds(500, (nth) => void lossy.encode(frames[nth % FRAMES]))],
  ["decode", microseconds(500, (nth) => void decoder.decode(packets[nth % FRAMES]))],
  [
    "decode with redundancy",
    microseconds(500, (nth) => void lossyDecoder.decode(lossyPackets[nth % FRAMES])),
  ],
  ["conceal", microseconds(500, () => void decoder.conceal())],
]);

const payloads = frames.map((pcm) => encodeL16(pcm.subarray(0, 480)));
const receiver = new VoiceReceiver({ codecs: pool, voice: "l16" });
const silent = new VoiceReceiver({ codecs: pool, voice: "opus" });
const out = new Int16Array(FRAME_SAMPLES);
let index = 0;
printTimes("Jitter buffer, per tick", [
  [
    "two L16 packets in, 960 samples out",
    microseconds(2_000, (tick) => {
      for (const half of [0, 1]) {
        const timestamp = (tick * 960 + half * 480) >>> 0;
        receiver.push({ index: index++, timestamp, payload: payloads[tick % FRAMES] }, tick * 20);
      }
      receiver.pull(tick * 20 + 1, out);
    }),
  ],
  ["a silent talker", microseconds(2_000, (tick) => void silent.pull(tick * 20, out))],
]);

const startMs = performance.now();
for (let nth = 0; nth < 50; nth++) {
  pool.giveBack(pool.takeEncoder()!);
  pool.giveBack(pool.takeDecoder()!);
  await pool.refill();
}
const perPair = (performance.now() - startMs) * 1_000 / 50;
console.log(`\n  a fresh encoder and decoder: ${perPair.toFixed(0)} µs`);
pool.close();
