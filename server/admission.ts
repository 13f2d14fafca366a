import { Refusal } from "@fusionmeet/base";
import type { ServerMessages, ValuesOf } from "@fusionmeet/protocol";
import {
  cleanName,
  type ClientMessage,
  LOBBY_ROOMS_MAX,
  NAME_LENGTH_MAX,
  type NameFault,
  PROTOCOL_VERSION,
  ROOM_LENGTH_MAX,
} from "@fusionmeet/protocol";
import { PinGuard } from "./pin_guard.ts";
import type { ServerParts } from "./parts.ts";
import { otherVersion } from "./refusals.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { MemberLink, Seat } from "./seat.ts";

type Hello = Extract<ClientMessage, { type: "hello" }>;
type Lobby = Extract<ClientMessage, { type: "lobby" }>;

/** Decides about each `hello`, and what whoever only asks may know. About a `hello`: in this order the version, the PINs, the name, the room, and whether there is place. */
export class Admission {
  readonly #parts: ServerParts;
  readonly #rooms: Rooms;
  readonly #pins: PinGuard | undefined;
  readonly #ownerPins: PinGuard | undefined;

  constructor(parts: ServerParts, rooms: Rooms) {
    this.#parts = parts;
    this.#rooms = rooms;
    const { pin, ownerPin } = parts.settings;
    this.#pins = pin === undefined ? undefined : new PinGuard(pin);
    this.#ownerPins = ownerPin === undefined
      ? undefined
      : new PinGuard(ownerPin, { what: "owner PIN", code: "owner-pin-wrong" });
  }

  /**
   * Gives a seat to whoever said `hello`.
   *
   * @throws Refusal with the code and the sentence for the peer
   */
  admit(hello: Hello, { address, link }: { address: string; link: MemberLink }): {
    room: Room;
    seat: Seat;
  } {
    if (hello.version !== PROTOCOL_VERSION) throw otherVersion(hello.version);
    const room = cleanName(hello.room, ROOM_LENGTH_MAX);
    const isKnown = typeof room !== "string" && hello.resume !== undefined &&
      this.#rooms.find(room.name)?.hasSeatFor(hello.resume) === true;
    const isOwner = !isKnown && this.#showsOwnerPin(hello, address);
    if (!isKnown && !isOwner) {
      this.#pins?.check(hello.pin, { address, nowMs: this.#parts.timers.nowMs() });
    }
    const name = cleanName(hello.name, NAME_LENGTH_MAX);
    if (typeof name === "string") throw NAME_REFUSALS[name]();
    if (typeof room === "string") throw new Refusal("room-bad", ROOM_FAULTS[room]);
    return this.#rooms.enter(room.name, {
      name: name.name,
      address,
      link,
      resume: hello.resume,
      person: hello.person,
      microphone: hello.microphone ?? false,
      features: hello.features,
      isOwner,
    });
  }

  /** Where the server has no owner PIN, one that was given counts for nothing. @throws Refusal `owner-pin-wrong`, `too-many-wrong-pins` */
  #showsOwnerPin({ ownerPin }: Hello, address: string): boolean {
    if (this.#ownerPins === undefined || ownerPin === undefined || ownerPin === "") return false;
    this.#ownerPins.check(ownerPin, { address, nowMs: this.#parts.timers.nowMs() });
    return true;
  }

  /** What somebody who has not joined may know. A wrong PIN counts as one in `hello`; none at all does not. */
  lobby(
    { pin }: Pick<Lobby, "pin">,
    { address }: { address: string },
  ): ValuesOf<ServerMessages["lobby"]> {
    const { serverName: name } = this.#parts.settings;
    const answer = { version: PROTOCOL_VERSION, name, needsPin: this.#pins !== undefined };
    const pinAccepted = this.#isRightPin(pin, address);
    const mayKnow = pinAccepted ?? !answer.needsPin;
    return { ...answer, pinAccepted, rooms: mayKnow ? openRooms(this.#rooms) : [] };
  }

  /** `undefined` when none was given, or none is needed. */
  #isRightPin(pin: string | undefined, address: string): boolean | undefined {
    if (this.#pins === undefined || pin === undefined || pin === "") return undefined;
    try {
      this.#pins.check(pin, { address, nowMs: this.#parts.timers.nowMs() });
      return true;
    } catch (thrown) {
      if (thrown instanceof Refusal) return false;
      throw thrown;
    }
  }
}

/** The open rooms with somebody in them, the fullest first. */
function openRooms(rooms: Iterable<Room>): { name: string; people: number }[] {
  return [...rooms]
    .map(({ name, participants }) => ({ name, people: participants.length }))
    .filter(({ people }) => people > 0)
    .sort((one, other) => other.people - one.people)
    .slice(0, LOBBY_ROOMS_MAX);
}

const NAME_REFUSALS: Record<NameFault, () => Refusal> = {
  "empty": () => new Refusal("name-empty", "The name is empty"),
  "too-long": () => new Refusal("name-bad", `The name is over ${NAME_LENGTH_MAX} characters`),
  "bad-characters": () => new Refusal("name-bad", "The name has characters that cannot be seen"),
};

const ROOM_FAULTS: Record<NameFault, string> = {
  "empty": "The room has no name",
  "too-long": `The room's name is over ${ROOM_LENGTH_MAX} characters`,
  "bad-characters": "The room's name has characters that cannot be seen",
};
