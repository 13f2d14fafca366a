import { FRAME_SAMPLES, SAMPLE_RATE } from "@fusionmeet/protocol";

/** Samples on their way from ffmpeg (s16le bytes in chunks of any size) to whoever takes them. Unbounded: see its users. */
export class PcmQueue {
  #held: Uint8Array = new Uint8Array(SAMPLE_RATE);
  #from = 0;
  #to = 0;

  /** Whole samples held. */
  get samples(): number {
    return (this.#to - this.#from) >> 1;
  }

  /** @param chunk is copied. */
  push(chunk: Uint8Array): void {
    if (this.#to + chunk.length > this.#held.length) this.#makeRoom(chunk.length);
    this.#held.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  /** The next samples, one frame unless said; silence where there are not enough. */
  take(samples: number = FRAME_SAMPLES): Int16Array {
    const pcm = new Int16Array(samples);
    const count = Math.min(samples, this.samples);
    const view = new DataView(this.#held.buffer, this.#from, count * 2);
    for (let index = 0; index < count; index++) pcm[index] = view.getInt16(index * 2, true);
    this.#from += count * 2;
    return pcm;
  }

  /** Drops the next samples; gives how many there were of them. */
  skip(samples: number): number {
    const count = Math.min(samples, this.samples);
    this.#from += count * 2;
    return count;
  }

  #makeRoom(bytes: number): void {
    const held = this.#held.subarray(this.#from, this.#to);
    const target = held.length + bytes > this.#held.length
      ? new Uint8Array(2 * (held.length + bytes))
      : this.#held;
    if (target === this.#held) this.#held.copyWithin(0, this.#from, this.#to);
    else target.set(held);
    this.#held = target;
    this.#to -= this.#from;
    this.#from = 0;
  }
}
