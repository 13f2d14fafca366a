import { FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";
import type { ArrivedVoicePacket, PullResult } from "./voice_packet.ts";
import { VoiceSender } from "./voice_sender.ts";
import type { VoiceCodecs } from "./types.ts";

/** What the network does to one packet: delays in ms, one for each copy that arrives; none: lost. */
export type Network = (packet: { index: number; sentAtMs: number }) => readonly number[];

/** Codecs for simulations: payloads are the samples themselves, s16; concealment repeats the last frame. */
export const plainCodecs: VoiceCodecs = {
  takeEncoder: () => ({ encode: (pcm) => new Uint8Array(pcm.slice().buffer) }),
  takeDecoder: () => {
    let last = new Int16Array(FRAME_SAMPLES);
    const decode = (packet: Uint8Array) => (last = new Int16Array(packet.slice().buffer)).slice();
    return { decode, decodeFec: () => last.slice(), conceal: () => last.slice() };
  },
  giveBack: () => {},
};

export interface Received {
  readonly pcm: Int16Array;
  readonly results: readonly PullResult[];
  /** Packets made by the sender, and copies that reached the receiver. */
  readonly sent: number;
  readonly arrived: number;
}

/** A receiver of either kind. */
export interface PulledReceiver {
  push(packet: ArrivedVoicePacket, arrivalMs: number): void;
  pull(nowMs: number, out: Int16Array): PullResult;
}

/**
 * Runs one voice through a network into a receiver, in virtual time.
 *
 * @param options.sound Sample by sample, by its place in the sender's own time.
 * @param options.frame The same frame again and again, in place of `sound`; quicker.
 * @param options.skewPpm How much faster than the receiver's clock the microphone's runs.
 * @param options.pullSamples Size of a pull; `pullLateMs` says how late the nth one is made.
 * @param options.pullPhaseMs When the first pull is made.
 */
export function simulateVoice(receiver: PulledReceiver, options: {
  codecs?: VoiceCodecs;
  voice: "opus" | "l16";
  sound: (sample: number) => number;
  frame?: Int16Array;
  seconds: number;
  network: Network;
  skewPpm?: number;
  sequence?: number;
  timestamp?: number;
  pullSamples?: number;
  pullPhaseMs?: number;
  pullLateMs?: (nth: number) => number;
  tailSeconds?: number;
  onPull?: (nowMs: number, result: PullResult, pcm: Int16Array) => void;
  keep?: boolean;
}): Received {
  const { codecs = plainCodecs, voice, sequence = 1_000, timestamp = 5_000 } = options;
  const { pullSamples = FRAME_SAMPLES, pullPhaseMs = 3, pullLateMs = () => 0 } = options;
  const sender = new VoiceSender({ codecs, voice, sequence, timestamp });
  const frameMs = 20 / (1 + (options.skewPpm ?? 0) * 1e-6);
  const pullMs = pullSamples * 1_000 / SAMPLE_RATE;
  const flying: { atMs: number; packet: ArrivedVoicePacket }[] = [];
  const pieces: Int16Array[] = [], results: PullResult[] = [];
  let index = sequence, sent = 0, arrived = 0, frame = 0;
  const endMs = (options.seconds + (options.tailSeconds ?? 1)) * 1_000;

  const capture = () => {
    const pcm = options.frame ??
      new Int16Array(FRAME_SAMPLES).map((_, at) =>
        Math.round(options.sound(frame * FRAME_SAMPLES + at))
      );
    const sentAtMs = ++frame * frameMs;
    for (const packet of sender.frame(pcm, sentAtMs - frameMs)) {
      const { payload, level, voice, marker, capturedAtMs } = packet;
      const arrival = {
        index,
        timestamp: packet.timestamp,
        payload,
        level,
        voice,
        marker,
        capturedAtMs,
      };
      for (const delayMs of options.network({ index: index - sequence, sentAtMs })) {
        flying.push({ atMs: sentAtMs + delayMs, packet: arrival });
        arrived++;
      }
      index++;
      sent++;
    }
    if (flying.length > 1) flying.sort((a, b) => a.atMs - b.atMs);
  };

  for (let nth = 0;; nth++) {
    const nowMs = pullPhaseMs + nth * pullMs + pullLateMs(nth);
    if (nowMs > endMs) break;
    while ((frame + 1) * frameMs <= nowMs && frame * frameMs < options.seconds * 1_000) capture();
    while (flying.length > 0 && flying[0].atMs <= nowMs) {
      const { atMs, packet } = flying.shift()!;
      receiver.push(packet, atMs);
    }
    const out = new Int16Array(pullSamples);
    const result = receiver.pull(nowMs, out);
    options.onPull?.(nowMs, result, out);
    if (options.keep !== false) {
      pieces.push(out);
      results.push({ ...result });
    }
  }
  const pcm = new Int16Array(pieces.length * pullSamples);
  pieces.forEach((piece, nth) => pcm.set(piece, nth * pullSamples));
  return { pcm, results, sent, arrived };
}

/** A tone for `sound`; `hz` is whole. */
export function tone(hz: number, amplitude: number): (sample: number) => number {
  const second = Float64Array.from(
    { length: SAMPLE_RATE },
    (_, at) => amplitude * Math.sin(2 * Math.PI * hz * at / SAMPLE_RATE),
  );
  return (sample) => second[sample % SAMPLE_RATE];
}
