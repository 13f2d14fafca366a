import { OpusTalkerSource } from "./opus_source.ts";
import { L16Source } from "./l16.ts";
import { Playout } from "./playout.ts";
import type { Decision } from "./playout_log.ts";
import type { PlayoutSource } from "./sound_line.ts";
import type { VoiceCodecs } from "./types.ts";
import type { ArrivedVoicePacket, PullResult, VoiceStatistics } from "./voice_packet.ts";

/**
 * One talker at the server: jitter buffer with a sample-granular position, gating by claimed level, decoder,
 * concealment, drift. The caller pulls 960 samples every tick and pushes packets whenever they come.
 *
 * Opus is decoded from claimed voice or more than -50 dBov until 500 ms after; L16 always.
 */
export class VoiceReceiver {
  readonly #source: PlayoutSource;
  readonly #playout: Playout;

  constructor(options: { codecs: VoiceCodecs; voice: "opus" | "l16" }) {
    const lossless = options.voice === "l16";
    this.#source = lossless ? new L16Source() : new OpusTalkerSource(options.codecs);
    this.#playout = new Playout(this.#source, { usesRedundancy: !lossless });
  }

  /** @param arrivalMs When it came, on the clock of `pull`. The packet (its payload too) is kept until played. */
  push(packet: ArrivedVoicePacket, arrivalMs: number): void {
    this.#playout.push(0, packet, arrivalMs);
  }

  /**
   * Writes the next `out.length` samples (a multiple of 480).
   *
   * @param nowMs When the pull is made or due; lateness of single pulls does no harm.
   */
  pull(nowMs: number, out: Int16Array): PullResult {
    return this.#playout.pull(nowMs, out);
  }

  /** A copy of the totals. */
  get statistics(): VoiceStatistics {
    return this.#playout.statistics;
  }

  /** The last ten seconds of arrivals and decisions, oldest first. */
  decisions(): Decision[] {
    return this.#playout.decisions();
  }

  /** Gives the decoder back. */
  close(): void {
    this.#source.idle();
  }
}
