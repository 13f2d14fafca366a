import { assert } from "@fusionmeet/base";
import { type Fingerprint, isFingerprint } from "@fusionmeet/protocol";
import { JsonFile, readTextMap } from "./json_file.ts";

/** The server keys a client has accepted, by the address (`host:port`, as the user wrote it) they were seen at. */
export class PinStore {
  readonly #file: JsonFile<Record<string, string>>;
  readonly #pins: Map<string, Fingerprint>;

  private constructor(file: JsonFile<Record<string, string>>, pins: Record<string, string>) {
    this.#file = file;
    this.#pins = new Map(Object.entries(pins));
  }

  /** @throws Error in words when the file is damaged: forgetting known servers would let any other pose as them. */
  static async open(path: string): Promise<PinStore> {
    const file = new JsonFile(path, { empty: () => ({}), read: readPins });
    return new PinStore(file, await file.load());
  }

  /** `first`: nothing known at that address; `same`; `changed`: another key was accepted there before (see `get`). */
  check(address: string, fingerprint: Fingerprint): "first" | "same" | "changed" {
    const known = this.get(address);
    return known === undefined ? "first" : known === fingerprint ? "same" : "changed";
  }

  /** The key accepted at that address. */
  get(address: string): Fingerprint | undefined {
    return this.#pins.get(pinKey(address));
  }

  /** True when this key was accepted at any address: a known server that moved. */
  knows(fingerprint: Fingerprint): boolean {
    return this.#pins.values().some((known) => known === fingerprint);
  }

  /** The addresses, as they were written, at which this key was accepted. */
  addressesOf(fingerprint: Fingerprint): string[] {
    return [...this.#pins].filter(([, known]) => known === fingerprint).map(([address]) => address);
  }

  /**
   * Accepts a key at an address where none is known; on the disk when it returns.
   *
   * @throws AssertionFailure where another key is known: a changed key is refused, never replaced.
   */
  async accept(address: string, fingerprint: Fingerprint): Promise<void> {
    const state = this.check(address, fingerprint);
    assert(state !== "changed", "a known server's key is never replaced");
    if (state === "same") return;
    this.#pins.set(pinKey(address), fingerprint);
    // Another client may have used the same file meanwhile.
    for (const [other, known] of Object.entries(await this.#file.load())) {
      if (!this.#pins.has(other)) this.#pins.set(other, known);
    }
    await this.#file.save(Object.fromEntries(this.#pins));
  }
}

function pinKey(address: string): string {
  return address.toLowerCase();
}

function readPins(value: unknown): Record<string, string> {
  const pins = readTextMap(value);
  for (const [address, fingerprint] of Object.entries(pins)) {
    if (!isFingerprint(fingerprint)) throw new Error(`${address} has no SHA-256 fingerprint`);
  }
  return pins;
}
