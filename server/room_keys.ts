import {
  MASTER_KEY_BYTES,
  masterKeyFromBytes,
  REKEY_WAIT_MS,
  RETIRED_KEY_MS,
  type ServerMessage,
} from "@fusionmeet/protocol";
import type { ServerParts } from "./parts.ts";
import type { Presence, Seat } from "./seat.ts";

/** Epochs travel as the one-byte MKI of SRTP. */
const EPOCHS = 256;
/** Keys in one `keys` message. */
const KEYS_PER_MESSAGE = 100;

interface Member {
  readonly seat: Seat;
  readonly presence: Presence;
}

/** Keys that were in use until lately; packets under them may still come. */
interface RetiredKeys {
  readonly epoch: number;
  readonly pictureKeys: ReadonlyMap<Presence, Uint8Array>;
  readonly atMs: number;
}

/** New keys that are on their way. */
interface KeyChange {
  readonly epoch: number;
  readonly mixKey: Uint8Array;
  readonly pictureKeys: ReadonlyMap<Presence, Uint8Array>;
  readonly waitingFor: Set<Seat>;
  readonly stopTimer: () => void;
}

/**
 * The keys of a room's mixes and pictures. When somebody is removed they change in two phases, so that nobody misses a packet:
 * everybody gets the new keys (`keys`), and only when all have said so, or after `REKEY_WAIT_MS`, they are used (`keys.use`).
 */
export class RoomKeys {
  readonly #parts: ServerParts;
  readonly #room: number;
  readonly #seats: ReadonlyMap<number, Seat>;
  #mixKey: Uint8Array;
  #epoch = 0;
  #change: KeyChange | undefined;
  #isChangeWanted = false;
  #retired: RetiredKeys[] = [];

  constructor(parts: ServerParts, options: { room: number; seats: ReadonlyMap<number, Seat> }) {
    this.#parts = parts;
    this.#room = options.room;
    this.#seats = options.seats;
    this.#mixKey = this.newKey();
  }

  /** What packets carry now. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Key and salt of the mixes in this epoch. */
  get mixKey(): Uint8Array {
    return this.#mixKey;
  }

  /** A key and salt nobody had before. */
  newKey(): Uint8Array {
    return this.#parts.random.fill(new Uint8Array(MASTER_KEY_BYTES));
  }

  /** Keys of `owner`'s pictures that somebody who came lately was never given: the current GOP may begin under one of them. */
  earlierKeys(owner: Presence, newcomer: Presence): { epoch: number; key: Uint8Array }[] {
    this.#forgetRetired();
    return this.#retired.flatMap(({ epoch, pictureKeys }) => {
      const key = pictureKeys.get(owner);
      return key === undefined || pictureKeys.has(newcomer) ? [] : [{ epoch, key }];
    });
  }

  /** Gives everybody here keys that only they know. While a change is under way, the next one follows it. */
  change(): void {
    if (this.#change !== undefined) {
      this.#isChangeWanted = true;
      return;
    }
    const members = this.#members();
    const change = this.#change = {
      epoch: (this.#epoch + 1) % EPOCHS,
      mixKey: this.newKey(),
      pictureKeys: new Map(members.map(({ presence }) => [presence, this.newKey()])),
      waitingFor: new Set(members.map(({ seat }) => seat)),
      stopTimer: this.#parts.timers.after(REKEY_WAIT_MS, () => this.#use()),
    };
    const list = members.map(({ seat, presence }) => ({
      participant: seat.id,
      key: change.pictureKeys.get(presence)!,
    }));
    this.#parts.plane.command({
      do: "room.rekey",
      room: this.#room,
      epoch: change.epoch,
      mixKey: masterKeyFromBytes(change.mixKey),
      pictureKeys: list.map(({ participant, key }) => ({
        participant,
        key: masterKeyFromBytes(key),
      })),
    });
    const messages = keyMessages(change.epoch, [{ participant: 0, key: change.mixKey }, ...list]);
    for (const { presence } of members) {
      for (const message of messages) presence.link.send(message);
    }
  }

  /** A member has the keys of that epoch. */
  acknowledge(seat: Seat, epoch: number): void {
    if (epoch === this.#change?.epoch) this.forget(seat);
  }

  /** A member is gone, or ready: the change no longer waits for them. */
  forget(seat: Seat): void {
    this.#change?.waitingFor.delete(seat);
    if (this.#change?.waitingFor.size === 0) this.#use();
  }

  /** Brings changes under way to their end at once. */
  finish(): void {
    while (this.#change !== undefined) this.#use();
  }

  /** The room is over. */
  stop(): void {
    this.#change?.stopTimer();
    this.#change = undefined;
  }

  #use(): void {
    const change = this.#change;
    if (change === undefined) return;
    this.stop();
    const members = this.#members();
    this.#forgetRetired();
    this.#retired.push({
      epoch: this.#epoch,
      pictureKeys: new Map(members.map(({ presence }) => [presence, presence.pictureKey])),
      atMs: this.#parts.timers.nowMs(),
    });
    this.#epoch = change.epoch;
    this.#mixKey = change.mixKey;
    this.#parts.plane.command({ do: "room.rekey.use", room: this.#room, epoch: this.#epoch });
    for (const { presence } of members) {
      presence.pictureKey = change.pictureKeys.get(presence) ?? presence.pictureKey;
      presence.link.send({ type: "keys.use", epoch: this.#epoch });
    }
    if (!this.#isChangeWanted) return;
    this.#isChangeWanted = false;
    this.change();
  }

  #forgetRetired(): void {
    const nowMs = this.#parts.timers.nowMs();
    this.#retired = this.#retired.filter(({ atMs }) => nowMs - atMs < RETIRED_KEY_MS);
  }

  #members(): Member[] {
    return [...this.#seats.values()].flatMap((seat) =>
      seat.presence === undefined ? [] : [{ seat, presence: seat.presence }]
    );
  }
}

function keyMessages(
  epoch: number,
  all: readonly { participant: number; key: Uint8Array }[],
): ServerMessage[] {
  const messages: ServerMessage[] = [];
  for (let at = 0; at < all.length; at += KEYS_PER_MESSAGE) {
    const list = all.slice(at, at + KEYS_PER_MESSAGE);
    messages.push({ type: "keys", epoch, list, last: at + list.length === all.length });
  }
  return messages;
}
