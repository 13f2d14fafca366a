import { strictEqual } from "node:assert/strict";
import { assert, seededRandom } from "@fusionmeet/base";
import { FakeTimers } from "@fusionmeet/net";
import { type ServerMessage, TRANSFERS_PER_PARTICIPANT_MAX } from "@fusionmeet/protocol";
import { MeetingStore } from "@fusionmeet/store";
import { ChatWriter } from "./chat_writer.ts";
import { Shelf, type ShelfLimits } from "./files/shelf.ts";
import { ServerLog } from "./log.ts";
import type { PlaneCommand } from "./media/commands.ts";
import type { StreamState } from "./media/handle.ts";
import type { RoomSettings, ServerParts } from "./parts.ts";
import { type Entrant, Room } from "./room.ts";
import type { MemberLink, Seat } from "./seat.ts";
import { SsrcSource } from "./ssrcs.ts";

/** A media plane that only writes down what it is told. For tests. */
export class FakePlane implements Pick<ServerParts["plane"], "command" | "streamState"> {
  readonly address = { hostname: "127.0.0.1", port: 7 };
  readonly commands: PlaneCommand[] = [];
  /** What it answers about any ssrc. */
  state: { roc: number; sequence: number } | undefined = { roc: 1, sequence: 65_535 };

  command(command: PlaneCommand): void {
    this.commands.push(command);
  }

  streamState(ssrc: number): Promise<StreamState | undefined> {
    const state = this.state &&
      { ...this.state, event: "stream.state" as const, epoch: 0, request: 0, ssrc };
    return Promise.resolve(state);
  }

  /** Takes the commands of that kind given since the last call for any kind. */
  take<Do extends PlaneCommand["do"]>(kind: Do): Extract<PlaneCommand, { do: Do }>[] {
    const all = this.commands.filter((command) => command.do === kind);
    this.commands.length = 0;
    return all as Extract<PlaneCommand, { do: Do }>[];
  }
}

/** A member's connection that keeps what was sent. For tests. */
export class FakeLink implements MemberLink {
  readonly sent: ServerMessage[] = [];
  ended: string | undefined;

  send(message: ServerMessage): void {
    if (this.ended === undefined) this.sent.push(message);
  }

  end(reason: string): void {
    this.ended ??= reason;
  }

  /** Takes everything sent since the last call. */
  takeAll(): ServerMessage[] {
    return this.sent.splice(0);
  }

  /** Takes the messages of that type, and drops the others sent since the last call. */
  take<T extends ServerMessage["type"]>(type: T): Extract<ServerMessage, { type: T }>[] {
    return this.takeAll().filter((message) => message.type === type) as Extract<
      ServerMessage,
      { type: T }
    >[];
  }

  /** Takes the only message of that type. */
  takeOne<T extends ServerMessage["type"]>(type: T): Extract<ServerMessage, { type: T }> {
    const all = this.take(type);
    strictEqual(all.length, 1, `one ${type}`);
    return all[0];
  }
}

/** Of `fakeParts`: besides the settings, where files go (nowhere), and how many. */
export interface FakePartsOptions extends Partial<RoomSettings> {
  readonly uploads?: string;
  readonly shelf?: Partial<ShelfLimits>;
}

const UNLIMITED: ShelfLimits = {
  fileBytesMax: 1e12,
  roomBytesMax: 1e12,
  uploadsBytesMax: 1e12,
  transfersMax: TRANSFERS_PER_PARTICIPANT_MAX,
};

/** Everything the control plane stands on, with time that stands still. For tests. */
export function fakeParts(
  { uploads, shelf: limits, ...settings }: FakePartsOptions = {},
) {
  const timers = new FakeTimers();
  const plane = new FakePlane();
  const mistakes: string[] = [];
  const lines: string[] = [];
  const log = new ServerLog({
    json: true,
    write: (line) => (line.includes('"mistake"') ? mistakes : lines).push(line),
    epochMs: () => timers.nowMs(),
  });
  const store = new MeetingStore(":memory:");
  /** What the server puts off to the next turn of the event loop; `undefined`: it is done at once. */
  const later: { turns: (() => void)[] | undefined } = { turns: undefined };
  const soon = (run: () => void) => later.turns === undefined ? run() : void later.turns.push(run);
  const shelf = new Shelf({
    ...{ store, log },
    folder: uploads ?? "/dev/null/no uploads",
    limits: { ...UNLIMITED, ...limits },
    epochMs: () => 1_000_000 + timers.nowMs(),
  });
  return {
    timers,
    plane,
    shelf,
    later,
    chatWriter: new ChatWriter({ store, log, soon }),
    log,
    mistakes,
    lines,
    store,
    random: seededRandom(1),
    epochMs: () => 1_000_000 + timers.nowMs(),
    ssrcs: new SsrcSource(1),
    settings: { participantsMax: 100, voice: "opus", ...settings } as RoomSettings,
    addresses: () => ["192.0.2.7", "127.0.0.1"],
  };
}

/** A room of its own on such parts. */
export function openRoom(settings: Partial<RoomSettings> = {}) {
  const parts = fakeParts(settings);
  let participants = 0;
  let shares = 0;
  const room = new Room(parts, {
    id: 1,
    name: "Main",
    nextParticipant: () => ++participants,
    nextShare: () => ++shares,
  });
  return { ...parts, parts, room };
}

/** Somebody in a room under test. */
export interface Person {
  readonly seat: Seat;
  readonly link: FakeLink;
}

/** Brings somebody in. */
export function enter(
  room: Room,
  name: string,
  options: Partial<Omit<Entrant, "name" | "link">> = {},
): Person {
  const link = new FakeLink();
  const seat = room.enter({ name, link, microphone: false, ...options });
  return { seat, link };
}

/** Lets answers of the fake plane arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** The ssrcs of the seat as the plane was told them. */
export function ssrcsOf({ seat }: Person) {
  assert(seat.presence !== undefined, "is here");
  return seat.presence.ssrcs;
}

/** A promise that is not settled by then never is: no claim about time, a busy machine takes long. */
const ARRIVAL_MS_MAX = 30_000;

/**
 * Waits for what a broken program would never do: the test then fails in words instead of for ever.
 *
 * @throws Error that names `what`, and what the promise rejects with.
 */
export async function arrival<T>(what: string, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const fail = () => late.reject(new Error(`Waited ${ARRIVAL_MS_MAX} ms for ${what} in vain`));
  const timer = setTimeout(fail, ARRIVAL_MS_MAX);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
