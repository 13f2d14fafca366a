/** Resume tokens by server key and room, so that a restarted client takes its seat again. Kept 0600. */
export class SeatStore {
  /** @throws Error in words when the file is damaged. */
  static open(_path: string): Promise<SeatStore> {
    throw new Error("not yet");
  }
  get(_seat: SeatKey): Uint8Array | undefined {
    throw new Error("not yet");
  }
  set(_seat: SeatKey, _token: Uint8Array): Promise<void> {
    throw new Error("not yet");
  }
  delete(_seat: SeatKey): Promise<void> {
    throw new Error("not yet");
  }
}

/** Which seat: on which server (its key), in which room, as whom. */
export interface SeatKey {
  readonly fingerprint: string;
  readonly room: string;
  readonly name: string;
}
