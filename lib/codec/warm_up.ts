import { MixReceiver, VoiceReceiver, VoiceSender } from "@fusionmeet/media";
import { Limiter, mixMinus } from "@fusionmeet/mixer";
import { FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { OpusPool } from "./opus_pool.ts";

const FRAMES = 50;
const LOST_FRAME = 40;
const MIX_SSRC = 1;

/**
 * Sends a second of sound the whole way of a voice, so that all of it is compiled before the first word: left to the
 * first second of a meeting, on a busy machine that costs more than the jitter buffers hold. Takes 50 to 100 ms.
 *
 * @param pool Is full again afterwards.
 */
export async function warmUpVoice(pool: OpusPool): Promise<void> {
  const voice = { codecs: pool, voice: "opus" } as const;
  const [microphone, mixSender] = [0, 1].map(() =>
    new VoiceSender({ ...voice, sequence: 0, timestamp: 0 })
  );
  const talker = new VoiceReceiver(voice);
  const limiter = new Limiter();
  const mix = new MixReceiver(voice);
  mix.open(MIX_SSRC, "own");
  const silent = new Int16Array(FRAME_SAMPLES);
  const heard = new Int16Array(FRAME_SAMPLES), out = new Int16Array(FRAME_SAMPLES);
  const mixes = [new Int32Array(FRAME_SAMPLES), new Int32Array(FRAME_SAMPLES)];
  const sum = new Int32Array(FRAME_SAMPLES);
  for (let frame = 0; frame < FRAMES; frame++) {
    const nowMs = frame * FRAME_MS;
    for (const packet of microphone.frame(vowel(frame))) {
      if (frame !== LOST_FRAME) talker.push({ ...packet, index: packet.sequence }, nowMs);
    }
    talker.pull(nowMs, heard);
    mixMinus([heard, silent], mixes, sum);
    limiter.apply(mixes[1], heard);
    for (const packet of mixSender.frame(heard)) {
      mix.push(MIX_SSRC, { ...packet, index: packet.sequence }, nowMs);
    }
    mix.pull(nowMs, out);
  }
  for (const sender of [microphone, mixSender]) sender.close();
  talker.close();
  mix.free();
  await pool.refill();
}

/** Something like a voice, so that the encoder takes the ways it takes with one. */
function vowel(frame: number): Int16Array {
  return Int16Array.from({ length: FRAME_SAMPLES }, (_, index) => {
    const seconds = (frame * FRAME_SAMPLES + index) / SAMPLE_RATE;
    const phase = (seconds * (110 + frame)) % 1;
    return 6_000 * (1 - phase) ** 3 * Math.sin(2 * Math.PI * 700 * seconds);
  });
}
