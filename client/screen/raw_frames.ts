/** Puts the output of an ffmpeg that writes raw frames together, into buffers that are used again. */
export class RawFrames {
  readonly #bytes: number;
  readonly #free: Uint8Array<ArrayBuffer>[] = [];
  #filling: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #beganAtMs = 0;

  /** @param bytes Of one frame. */
  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** @param chunk is copied. @param nowMs When it came. @returns the frames it completes; each has to be given back by `free`. */
  push(chunk: Uint8Array, nowMs: number): { frame: Uint8Array<ArrayBuffer>; atMs: number }[] {
    const frames = [];
    for (let at = 0; at < chunk.length;) {
      if (this.#filling === undefined) {
        this.#filling = this.#free.pop() ?? new Uint8Array(this.#bytes);
        this.#filled = 0;
        this.#beganAtMs = nowMs;
      }
      const taken = Math.min(this.#bytes - this.#filled, chunk.length - at);
      this.#filling.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === this.#bytes) {
        frames.push({ frame: this.#filling, atMs: this.#beganAtMs });
        this.#filling = undefined;
      }
    }
    return frames;
  }

  /** Nobody looks at that frame any more. */
  free(frame: Uint8Array<ArrayBuffer>): void {
    this.#free.push(frame);
  }
}
