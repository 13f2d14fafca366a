import { messageOf, Refusal, TokenBucket } from "@fusionmeet/base";
import {
  CHAT_LINES_MAX,
  CHAT_TEXT_LENGTH_MAX,
  CONTROL_MESSAGE_BYTES_MAX,
  ROOM_CHAT_BYTES_BURST,
  ROOM_CHAT_BYTES_PER_SECOND,
} from "@fusionmeet/protocol";
import type { StoredLine, StoredRoom } from "@fusionmeet/store";
import { DISK_ADVICE } from "./chat_writer.ts";
import type { ServerLog } from "./log.ts";
import type { ServerParts } from "./parts.ts";
import type { Seat } from "./seat.ts";

/** What a line takes in a message besides its texts, at most; and a message besides its lines. */
const LINE_OVERHEAD_BYTES = 64;
const MESSAGE_OVERHEAD_BYTES = 64;

/** A disk that is gone (a pulled stick) costs the chat of before, not the meeting. @returns undefined when it says no. */
export function ifReadable<T>(log: ServerLog, read: () => T): T | undefined {
  try {
    return read();
  } catch (thrown) {
    log.event("chat-not-read", { state: messageOf(thrown), advice: DISK_ADVICE });
    return undefined;
  }
}

/**
 * The chat of one room: one order, kept on disk. The room is kept there from its first line on. Without its disk a room
 * goes on, and only what is said in writing is refused.
 */
export class RoomChat {
  readonly #parts: ServerParts;
  readonly #roomName: string;
  readonly #bytes: TokenBucket;
  #stored: StoredRoom | undefined;
  #latestLine = 0;

  constructor(parts: ServerParts, roomName: string) {
    this.#parts = parts;
    this.#roomName = roomName;
    this.#bytes = new TokenBucket({
      perSecond: ROOM_CHAT_BYTES_PER_SECOND,
      burst: ROOM_CHAT_BYTES_BURST,
      nowMs: parts.timers.nowMs(),
    });
    ifReadable(parts.log, () => {
      this.#stored = parts.store.findRoom(roomName);
      if (this.#stored !== undefined) this.#latestLine = parts.store.latestLine(this.#stored.id);
    });
  }

  /** The highest line number; 0 before the first. */
  get latestLine(): number {
    return this.#latestLine;
  }

  /**
   * Takes a line, to be kept or found under the same mark; `done` hears of it once it is on the disk.
   *
   * @throws Refusal `chat-empty`, `chat-too-long`, `chat-bad`, `too-fast`; `done` may get `chat-not-kept`
   */
  post(
    seat: Seat,
    { mark, text }: { mark: string; text: string },
    done: (outcome: { line: StoredLine; isNew: boolean } | Refusal) => void,
  ): void {
    checkText(text);
    const size = utf8Size(text);
    this.#checkRate(seat, size);
    const at = this.#parts.epochMs();
    let kept: { line: StoredLine; isNew: boolean } | undefined;
    let room = this.#stored;
    const write = () => {
      room ??= this.#parts.store.keepRoom(this.#roomName, at);
      kept = this.#parts.store.append(room.id, { at, from: seat.name, text, mark });
    };
    const hear = (isKept: boolean) => {
      if (!isKept || kept === undefined) {
        done(new Refusal("chat-not-kept", "The server cannot keep the line: its disk says no"));
        return;
      }
      this.#stored = room;
      this.#latestLine = Math.max(this.#latestLine, kept.line.id);
      done(kept);
    };
    this.#parts.chatWriter.add(write, { size, done: hear });
  }

  /** Nobody's flood may fill the outbox of somebody who reads as fast as they can. @throws Refusal `too-fast` */
  #checkRate(seat: Seat, size: number): void {
    const nowMs = this.#parts.timers.nowMs();
    const isFine = seat.chatLines.take(nowMs) && seat.chatBytes.take(nowMs, size) &&
      this.#bytes.take(nowMs, size);
    if (!isFine) throw new Refusal("too-fast", "Too much at once: say it again in a moment");
  }

  /**
   * The lines behind `after` that fit one message, oldest first, and whether there are later ones.
   *
   * @throws Refusal `chat-not-read`
   */
  linesAfter(after: number): { lines: StoredLine[]; more: boolean } {
    const { log, store } = this.#parts;
    const { id } = this.#stored ?? {};
    if (id === undefined) return { lines: [], more: false };
    const countMax = CHAT_LINES_MAX + 1;
    const next = ifReadable(log, () => store.linesAfter(id, { after, countMax }));
    if (next === undefined) {
      throw new Refusal(
        "chat-not-read",
        "The server cannot read what was written before: its disk says no",
      );
    }
    let bytes = MESSAGE_OVERHEAD_BYTES;
    const lines = next.slice(0, CHAT_LINES_MAX).filter((line) => {
      bytes += LINE_OVERHEAD_BYTES + utf8Size(line.text) + utf8Size(line.from) +
        utf8Size(line.mark);
      return bytes <= CONTROL_MESSAGE_BYTES_MAX;
    });
    return { lines, more: lines.length < next.length };
  }
}

/** @throws Refusal */
function checkText(text: string): void {
  if (text.trim() === "") throw new Refusal("chat-empty", "The line is empty");
  if (text.length > CHAT_TEXT_LENGTH_MAX) {
    throw new Refusal("chat-too-long", `The line is over ${CHAT_TEXT_LENGTH_MAX} characters`);
  }
  if (text.includes("\0")) {
    throw new Refusal("chat-bad", "The line has a character that cannot be kept (U+0000)");
  }
}

const ENCODER = new TextEncoder();

function utf8Size(text: string): number {
  return ENCODER.encode(text).length;
}
