import { JsonFile, readTextMap } from "./json_file.ts";

/** Which seat: on which server (its key), in which room, as whom. */
export interface SeatKey {
  readonly fingerprint: string;
  readonly room: string;
  readonly name: string;
}

/** Resume tokens (secret) by seat, so that a client that was ended and started again within the grace time is itself. */
export class SeatStore {
  readonly #file: JsonFile<Record<string, string>>;
  readonly #tokens: Map<string, string>;

  private constructor(file: JsonFile<Record<string, string>>, tokens: Record<string, string>) {
    this.#file = file;
    this.#tokens = new Map(Object.entries(tokens));
  }

  /** @throws Error in words when the file is damaged. */
  static async open(path: string): Promise<SeatStore> {
    const file = new JsonFile(path, { empty: () => ({}), read: readTextMap, secret: true });
    return new SeatStore(file, await file.load());
  }

  get(seat: SeatKey): Uint8Array | undefined {
    const hex = this.#tokens.get(seatKey(seat));
    if (hex === undefined || !/^([0-9a-f]{2})+$/.test(hex)) return undefined;
    return Uint8Array.fromHex(hex);
  }

  /** On the disk when it returns. Over `SEATS_MAX` the oldest goes. */
  async set(seat: SeatKey, token: Uint8Array): Promise<void> {
    const key = seatKey(seat);
    this.#tokens.delete(key);
    this.#tokens.set(key, token.toHex());
    for (const oldest of this.#tokens.keys()) {
      if (this.#tokens.size <= SEATS_MAX) break;
      this.#tokens.delete(oldest);
    }
    await this.#save();
  }

  /** Forgets a seat that was left. */
  async delete(seat: SeatKey): Promise<void> {
    if (this.#tokens.delete(seatKey(seat))) await this.#save();
  }

  #save(): Promise<void> {
    return this.#file.save(Object.fromEntries(this.#tokens));
  }
}

/** Seats a client remembers; the oldest goes. */
const SEATS_MAX = 64;

function seatKey({ fingerprint, room, name }: SeatKey): string {
  return JSON.stringify([fingerprint, room, name]);
}
