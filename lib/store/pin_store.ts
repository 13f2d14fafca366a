import type { Fingerprint } from "@fusionmeet/protocol";

/** The server keys a client has accepted, by the address (`host:port`) they were seen at. */
export class PinStore {
  /** @throws Error in words when the file is damaged. */
  static open(_path: string): Promise<PinStore> {
    throw new Error("not yet");
  }
  /** `first`: nothing known at that address; `same`; `changed`: another key was accepted there before (see `get`). */
  check(_address: string, _fingerprint: Fingerprint): "first" | "same" | "changed" {
    throw new Error("not yet");
  }
  /** The key accepted at that address. */
  get(_address: string): Fingerprint | undefined {
    throw new Error("not yet");
  }
  /** True when this key was accepted at any address: a known server that moved. */
  knows(_fingerprint: Fingerprint): boolean {
    throw new Error("not yet");
  }
  /** Accepts a key at an address where none is known; written to disk when it returns. @throws AssertionFailure where another is known. */
  accept(_address: string, _fingerprint: Fingerprint): Promise<void> {
    throw new Error("not yet");
  }
}
