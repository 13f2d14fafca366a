import { Refusal } from "@fusionmeet/base";
import { nameKey, ROOMS_MAX } from "@fusionmeet/protocol";
import type { ServerParts } from "./parts.ts";
import { type Entrant, Room } from "./room.ts";
import { ifReadable } from "./room_chat.ts";
import type { Seat } from "./seat.ts";
import { checkRoomShare, type PeerAddress } from "./shares.ts";

/** The open rooms: one opens when somebody comes, and closes with its last seat. Its chat stays in the store. */
export class Rooms {
  readonly #parts: ServerParts;
  readonly #byKey = new Map<string, Room>();
  readonly #byId = new Map<number, Room>();
  #lastRoom = 0;
  #lastParticipant = 0;
  #lastShare: number;

  constructor(parts: ServerParts) {
    this.#parts = parts;
    // Not one of an earlier run of the server either, which clients may still speak of.
    this.#lastShare = Math.floor(parts.epochMs());
  }

  /** The open rooms, in the order they opened. */
  [Symbol.iterator](): Iterator<Room> {
    return this.#byKey.values();
  }

  /** How many are open. */
  get count(): number {
    return this.#byKey.size;
  }

  /** Seats in all rooms. */
  get seatCount(): number {
    return this.#byKey.values().reduce((count, room) => count + room.seatCount, 0);
  }

  /** The open room of that name, whatever its case. */
  find(name: string): Room | undefined {
    return this.#byKey.get(nameKey(name));
  }

  /** The open room with that number (as the media plane knows it). */
  byId(id: number): Room | undefined {
    return this.#byId.get(id);
  }

  /**
   * Gives a seat in the room of that name, which opens if need be.
   *
   * @param name Cleaned.
   * @throws Refusal `rooms-full`, and those of `Room.enter()`
   */
  enter(name: string, entrant: Entrant): { room: Room; seat: Seat } {
    const room = this.find(name) ?? this.#open(name, entrant.address);
    return { room, seat: room.enter(entrant) };
  }

  /** The server stops. */
  close(reason: string): void {
    for (const room of [...this.#byKey.values()]) room.close(reason);
  }

  #open(name: string, address: PeerAddress): Room {
    if (this.#byKey.size >= ROOMS_MAX) {
      throw new Refusal("rooms-full", `This server has ${ROOMS_MAX} rooms open, its limit`);
    }
    checkRoomShare(address, this.#byKey.values());
    const key = nameKey(name);
    const { log, store } = this.#parts;
    const room = new Room(this.#parts, {
      id: ++this.#lastRoom,
      address,
      name: ifReadable(log, () => store.findRoom(name)?.name) ?? name,
      nextParticipant: () => ++this.#lastParticipant,
      nextShare: () => ++this.#lastShare,
    });
    room.onEmpty = () => {
      this.#byKey.delete(key);
      this.#byId.delete(room.id);
    };
    this.#byKey.set(key, room);
    this.#byId.set(room.id, room);
    return room;
  }
}
