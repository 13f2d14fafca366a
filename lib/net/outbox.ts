import { concatBytes } from "@fusionmeet/base";

/** What waits to be written to one peer, oldest first; bounded by its owner, who ends the connection when it is full. */
export class Outbox {
  readonly #bytesMax: number;
  #waiting: Uint8Array[] = [];
  #bytes = 0;

  constructor({ bytesMax }: { bytesMax: number; whenFull: "endConnection" }) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Puts `bytes` last and says true; or, when they would go over the limit, takes nothing and says false. */
  push(bytes: Uint8Array): boolean {
    if (this.#bytes + bytes.length > this.#bytesMax) return false;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    return true;
  }

  /** Takes what waits, in one piece (few TLS records are cheaper than many); `undefined` when there is nothing. */
  takeAll(): Uint8Array | undefined {
    if (this.#waiting.length === 0) return undefined;
    const all = this.#waiting.length === 1 ? this.#waiting[0] : concatBytes(...this.#waiting);
    this.#waiting = [];
    this.#bytes = 0;
    return all;
  }
}
