import { L16_PACKET_SAMPLES } from "@fusionmeet/protocol";
import type { StreamPacket } from "./packet_line.ts";
import type { PlayoutSource } from "./sound_line.ts";
import { bestLag, LAG_SAMPLES_MAX, OVERLAP_SAMPLES } from "./time_stretch.ts";

/** Samples in network byte order. Source: RFC 3551 section 4.5.11. */
export function encodeL16(pcm: Int16Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pcm.length * 2);
  for (let index = 0; index < pcm.length; index++) {
    bytes[2 * index] = pcm[index] >> 8;
    bytes[2 * index + 1] = pcm[index];
  }
  return bytes;
}

/** The samples of an L16 payload; a last odd byte is ignored. */
export function decodeL16(payload: Uint8Array): Int16Array<ArrayBuffer> {
  const pcm = new Int16Array(payload.length >> 1);
  for (let index = 0; index < pcm.length; index++) {
    pcm[index] = (payload[2 * index] << 8) | payload[2 * index + 1];
  }
  return pcm;
}

/** How far back the sound is looked at for something to continue. */
const HISTORY_SAMPLES = 2 * LAG_SAMPLES_MAX;

/** Lossless voice: every packet as it is; conceals by repeating the last pitch period. */
export class L16Source implements PlayoutSource {
  readonly packetSamples = L16_PACKET_SAMPLES;
  readonly seamless = false;
  readonly decoderMisses = 0;
  readonly #history = new Int16Array(HISTORY_SAMPLES);
  /** Samples of one period while concealing, else 0. */
  #period = 0;

  /** @throws RangeError when the packet has another size. */
  decode({ payload }: StreamPacket): Int16Array {
    if (payload.length !== L16_PACKET_SAMPLES * 2) {
      throw new RangeError(`L16 packet of ${payload.length} bytes`);
    }
    const pcm = decodeL16(payload);
    this.#remember(pcm);
    this.#period = 0;
    return pcm;
  }

  decodeFec(): undefined {}

  /** Source: the pitch repetition of ITU-T G.711 Appendix I. */
  conceal(): Int16Array {
    const history = this.#history;
    if (this.#period === 0) {
      const from = HISTORY_SAMPLES - OVERLAP_SAMPLES;
      this.#period = bestLag((place) => history[place], from, { direction: -1 }).samples;
    }
    const lastPeriod = history.slice(HISTORY_SAMPLES - this.#period);
    const pcm = new Int16Array(L16_PACKET_SAMPLES);
    for (let index = 0; index < pcm.length; index++) pcm[index] = lastPeriod[index % this.#period];
    this.#remember(pcm);
    return pcm;
  }

  idle(): void {
    this.#history.fill(0);
  }

  #remember(pcm: Int16Array): void {
    this.#history.copyWithin(0, pcm.length);
    this.#history.set(pcm, HISTORY_SAMPLES - pcm.length);
  }
}
