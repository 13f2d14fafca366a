import { type Counters, timestampDistance } from "@fusionmeet/base";
import { MixReceiver, Reception, type VoiceCodecs, type VoiceStatistics } from "@fusionmeet/media";
import {
  type Cryptography,
  decodeAudioLevel,
  decodeCaptureTime,
  decodeMixLevels,
  EXTENSION,
  FRAME_SAMPLES,
  type MasterKey,
  parseRtp,
  PAYLOAD_TYPE,
  type ReportBlock,
  SAMPLE_RATE,
  SrtpReceiver,
  VOICE_REPLAY_WINDOW,
} from "@fusionmeet/protocol";
import type { StreamStatistics } from "./commands.ts";

/** Lists of talkers kept until their samples are played: longer than any jitter buffer. */
const TALKER_LISTS_MAX = 128;
/** After this much mix without a packet (DTX) nobody talks. */
const TALKERS_VALID_SAMPLES = SAMPLE_RATE / 5;

/** What sound is late after encoding and decoding, ms: Opus looks 312 samples ahead, and so twice on this way. */
const CODEC_DELAY_MS = { opus: 2 * 312 * 1000 / SAMPLE_RATE, l16: 0 } as const;

export interface MixListenerOptions {
  readonly cryptography: Cryptography;
  readonly codecs: VoiceCodecs;
  readonly voice: "opus" | "l16";
  readonly counters: Counters;
}

/** A talker in the mix: the ssrc of their microphone, and their level in it, -127..0 dBov. */
export interface Talker {
  readonly ssrc: number;
  readonly level: number;
}

/** The two mixes of one connection (shared, own): one key, one timestamp line, one sound. */
export class MixListener {
  readonly #options: MixListenerOptions;
  readonly #srtp: SrtpReceiver;
  readonly #mix: MixReceiver;
  readonly #layers = new Map<number, "own" | "shared">();
  readonly #receptions = new Map<number, Reception>();
  #talkers: { timestamp: number; list: Talker[] }[] = [];
  /** Which timestamp is heard when; `undefined` before the first packet. */
  #played: { timestamp: number; atMs: number } | undefined;
  #latestSsrc = 0;

  constructor(options: MixListenerOptions) {
    const { cryptography, codecs, voice } = options;
    this.#options = options;
    this.#srtp = new SrtpReceiver({ cryptography, windowPackets: VOICE_REPLAY_WINDOW });
    this.#mix = new MixReceiver({ codecs, voice });
  }

  open(
    stream: { ssrc: number; layer: string; roc: number; sequence: number },
    keys: ReadonlyMap<number, MasterKey>,
  ): void {
    for (const [epoch, key] of keys) this.#srtp.addKey(epoch, key);
    const { ssrc, roc, sequence } = stream;
    const layer = stream.layer === "own" ? "own" : "shared";
    this.#srtp.forget(ssrc);
    this.#srtp.seed(ssrc, roc, sequence);
    this.#layers.set(ssrc, layer);
    this.#receptions.set(ssrc, new Reception());
    this.#latestSsrc ||= ssrc;
    this.#mix.open(ssrc, layer);
  }

  close(ssrc: number): void {
    this.#srtp.forget(ssrc);
    this.#layers.delete(ssrc);
    this.#receptions.delete(ssrc);
    this.#mix.close(ssrc);
  }

  has(ssrc: number): boolean {
    return this.#layers.has(ssrc);
  }

  addKey(epoch: number, key: MasterKey): void {
    this.#srtp.addKey(epoch, key);
  }

  removeKey(epoch: number): void {
    this.#srtp.removeKey(epoch);
  }

  /** Takes a packet from the server; what is wrong with it is counted. */
  receive(packet: Uint8Array, nowMs: number): void {
    const { counters, voice } = this.#options;
    const opened = this.#srtp.open(packet);
    if (typeof opened === "string") return counters.add(opened);
    const rtp = parseRtp(opened.rtp);
    if (typeof rtp === "string") return counters.add(rtp);
    if (rtp.payloadType !== PAYLOAD_TYPE[voice]) return counters.add("mix-payload-type");
    const { ssrc, timestamp, csrcs, extensions, payload, marker } = rtp;
    this.#count(ssrc, opened.index);
    const levels = decodeMixLevels(extensions.get(EXTENSION.mixLevels) ?? new Uint8Array());
    const list = csrcs.map((csrc, index) => ({ ssrc: csrc, level: levels[index] ?? -127 }));
    this.#talkers.push({ timestamp, list });
    if (this.#talkers.length > TALKER_LISTS_MAX) this.#talkers.shift();
    const level = extensions.get(EXTENSION.audioLevel);
    const stamp = extensions.get(EXTENSION.captureTime);
    this.#mix.push(ssrc, {
      index: opened.index,
      timestamp,
      payload,
      marker,
      ...(level && decodeAudioLevel(level)),
      ...(stamp && { capturedAtMs: decodeCaptureTime(stamp) }),
    }, nowMs);
  }

  /** What came of the mixes since the last call, for the server. */
  reports(): ReportBlock[] {
    const { jitterMs } = this.#mix.statistics;
    return [...this.#receptions].flatMap(([ssrc, each]) => each.block({ ssrc, jitterMs }) ?? []);
  }

  /** Fills `out` (480 or 960 samples) with what is due at local time `nowMs` and heard from `heardAtMs` on. */
  play(nowMs: number, out: Int16Array, heardAtMs = nowMs): void {
    const { timestamp } = this.#mix.pull(nowMs, out);
    if (timestamp !== undefined) this.#played = { timestamp, atMs: heardAtMs };
  }

  /**
   * Local time at which what a microphone captured for that place of the mix is (or was) heard, ms, the codecs' own
   * delay included; `undefined` before the first packet.
   */
  heardAtMs(timestamp: number): number | undefined {
    if (!this.#played) return undefined;
    const samples = timestampDistance(this.#played.timestamp, timestamp);
    const codecMs = CODEC_DELAY_MS[this.#options.voice];
    return this.#played.atMs + samples * 1000 / SAMPLE_RATE + codecMs;
  }

  /** Who is heard at this moment. */
  talkers(): Talker[] {
    if (!this.#played) return [];
    const { timestamp } = this.#played;
    const heard = this.#talkers.filter((each) => {
      const behind = timestampDistance(each.timestamp, timestamp);
      return behind >= 0 && behind < TALKERS_VALID_SAMPLES;
    });
    const newest = heard.reduce<typeof heard[number] | undefined>(
      (best, each) => !best || timestampDistance(best.timestamp, each.timestamp) >= 0 ? each : best,
      undefined,
    );
    return newest?.list ?? [];
  }

  /** Both mixes as one line; `layer` and `ssrc` are those of the newest packet. */
  statistics(): StreamStatistics {
    const own = this.#mix.statistics;
    return {
      participant: 0,
      kind: "mix",
      layer: this.#layers.get(this.#latestSsrc) ?? "shared",
      codec: this.#options.voice,
      ssrc: this.#latestSsrc,
      packets: own.packets,
      bytes: own.bytes,
      lost: own.lostPackets,
      late: own.latePackets,
      repaired: own.fecPackets,
      concealed: concealedFrames(own),
      fps: 0,
      width: 0,
      height: 0,
      jitterMs: own.jitterMs,
      playoutDelayMs: own.playoutDelayMs,
      freezes: 0,
      longestFreezeMs: 0,
    };
  }

  /** The shared mix went on without us while we had the own one; that one is sent to nobody else. */
  #count(ssrc: number, index: number): void {
    const reception = this.#receptions.get(ssrc);
    if (ssrc !== this.#latestSsrc && this.#layers.get(ssrc) === "shared") reception?.pause();
    reception?.arrived(index);
    this.#latestSsrc = ssrc;
  }

  /** Gives the decoders back. */
  free(): void {
    this.#mix.free();
  }
}

/** In audio frames of 20 ms; silence by DTX is not concealment. */
function concealedFrames(statistics: VoiceStatistics): number {
  return Math.round(statistics.concealedSamples / FRAME_SAMPLES);
}
