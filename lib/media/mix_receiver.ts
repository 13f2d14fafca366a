import { Limiter } from "@fusionmeet/mixer";
import { L16Source } from "./l16.ts";
import { OpusMixSource } from "./opus_source.ts";
import { Playout } from "./playout.ts";
import type { Decision } from "./playout_log.ts";
import type { PlayoutSource } from "./sound_line.ts";
import type { VoiceCodecs } from "./types.ts";
import type { ArrivedVoicePacket, PullResult, VoiceStatistics } from "./voice_packet.ts";

/**
 * The mix at the client: two ssrcs (shared and own) that take turns on one timestamp line. A change of ssrc is
 * crossfaded from the old decoder into a fresh one (L16 is switched as it is); the ssrc that is not being sent is not
 * loss. No sample above -1 dBFS comes out.
 */
export class MixReceiver {
  readonly #source: PlayoutSource;
  readonly #playout: Playout;
  readonly #open = new Set<number>();
  /** Opus may overshoot what the server has limited to -1.5 dBFS. */
  readonly #guard = new Limiter({ kneeDbfs: -1.3, ceilingDbfs: -1.01 });

  constructor(options: { codecs: VoiceCodecs; voice: "opus" | "l16" }) {
    const lossless = options.voice === "l16";
    this.#source = lossless ? new L16Source() : new OpusMixSource(options.codecs);
    this.#playout = new Playout(this.#source, { usesRedundancy: !lossless });
  }

  /** From now on packets of `ssrc` are taken. An own mix is sent to nobody else: a gap in its numbers is loss. */
  open(ssrc: number, layer: "shared" | "own"): void {
    this.#open.add(ssrc);
    if (layer === "own") this.#playout.expectContiguous(ssrc);
  }

  /** Packets of `ssrc` are refused from now on; what is buffered plays. */
  close(ssrc: number): void {
    this.#open.delete(ssrc);
  }

  /** @param arrivalMs When it came, on the clock of `pull`. Packets of an unopened ssrc are ignored. */
  push(ssrc: number, packet: ArrivedVoicePacket, arrivalMs: number): void {
    if (this.#open.has(ssrc)) this.#playout.push(ssrc, packet, arrivalMs);
  }

  /** Writes the next `out.length` samples (480 or 960); see `VoiceReceiver.pull`. */
  pull(nowMs: number, out: Int16Array): PullResult {
    const result = this.#playout.pull(nowMs, out);
    this.#guard.apply(out, out);
    return result;
  }

  /** A copy of the totals, of both ssrcs together. */
  get statistics(): VoiceStatistics {
    return this.#playout.statistics;
  }

  /** The last ten seconds of arrivals and decisions, oldest first. */
  decisions(): Decision[] {
    return this.#playout.decisions();
  }

  /** Gives the decoder back; a fresh receiver follows a reconnection. */
  free(): void {
    this.#source.idle();
  }
}
