import { CHAT_PAGE_ENTRIES, type ChatEntry, type ProgramMessage } from "@fusionmeet/bridge";
import type { ChatLine } from "../chat_log.ts";

type Line = Extract<ChatEntry, { kind: "line" }>;
type Notice = Extract<ChatEntry, { kind: "notice" }>;

/** Entries kept for scrolling back; older ones are forgotten here, not on the server. */
export const CHAT_ENTRIES_MAX = 20_000;
/** Text of them, in UTF-16 code units: that many lines of ordinary length, and never more than 32 MiB. */
export const CHAT_ENTRIES_TEXT_MAX = 16 << 20;
/** Text in one message to the page, in UTF-16 code units. */
const MESSAGE_TEXT_MAX = 256 << 10;

/** The chat column of one meeting: stored lines in the room's order, notices where they happened, own lines on their way at the end. */
export class ChatFeed {
  readonly #send: (message: ProgramMessage) => void;
  /** Stored lines and notices. */
  readonly #settled: ChatEntry[] = [];
  #settledText = 0;
  /** Own lines the server has not stored, in the order they were said. */
  readonly #open = new Map<string, Line>();
  /** Entries the page does not know yet; those of one turn go together. */
  #unsent: ChatEntry[] = [];
  #noticeCount = 0;

  constructor(send: (message: ProgramMessage) => void) {
    this.#send = send;
  }

  /** Own lines that the server has not stored. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The newest entries, for a page that knows none. */
  reset(): ProgramMessage {
    this.#unsent = [];
    const { entries, hasOlder } = this.#before(this.#settled.length);
    return { type: "chat.reset", entries: [...entries, ...this.#open.values()], hasOlder };
  }

  /** The entries before the one with that mark. */
  older(mark: string): ProgramMessage {
    const index = this.#settled.findIndex((entry) => entry.mark === mark);
    return { type: "chat.older", ...this.#before(Math.max(0, index)) };
  }

  /** A line as the server stored it. */
  stored(
    { id, at, from, text, mark }: ChatLine,
    { own, past }: { own: boolean; past: boolean },
  ): void {
    this.#open.delete(mark);
    this.#settle({
      ...{ kind: "line", mark, id, at, from, own, text, state: "stored", problem: null },
      ...(past && { past }),
    });
  }

  /** One's own line, said just now. */
  said(line: { mark: string; at: number; from: string; text: string }): void {
    this.#put({
      ...line,
      kind: "line",
      id: null,
      own: true,
      state: "sending",
      problem: null,
    });
  }

  /** The server will not have that line. @returns whether there is such a line. */
  declined(mark: string, problem: string): boolean {
    const line = this.#open.get(mark);
    if (line !== undefined) this.#put({ ...line, state: "unsent", problem });
    return line !== undefined;
  }

  /** An unsent line is sent once more, behind those that were said since. @returns its text; `undefined`: no such line. */
  retried(mark: string): string | undefined {
    const line = this.#open.get(mark);
    if (line?.state !== "unsent") return undefined;
    this.#open.delete(mark);
    this.#put({ ...line, state: "sending", problem: null });
    return line.text;
  }

  /** An unsent line is thrown away. */
  discarded(mark: string): void {
    if (this.#open.get(mark)?.state !== "unsent") return;
    this.#open.delete(mark);
    this.#send({ type: "chat.gone", mark });
  }

  notice(notice: Omit<Notice, "kind" | "mark">): void {
    this.#settle({ kind: "notice", mark: `notice-${++this.#noticeCount}`, ...notice });
  }

  /** The room's history began anew on the server. */
  restart(): void {
    this.#settled.length = this.#settledText = 0;
    this.#send(this.reset());
  }

  #put(line: Line): void {
    this.#open.set(line.mark, line);
    this.#show(line);
  }

  #settle(entry: ChatEntry): void {
    this.#settled.push(entry);
    this.#settledText += textLength(entry);
    if (
      this.#settled.length > CHAT_ENTRIES_MAX || this.#settledText > CHAT_ENTRIES_TEXT_MAX
    ) this.#forgetOldest();
    this.#show(entry);
  }

  #forgetOldest(): void {
    const forgotten = this.#settled.splice(0, Math.floor(this.#settled.length / 10));
    for (const entry of forgotten) this.#settledText -= textLength(entry);
  }

  #before(end: number): { entries: ChatEntry[]; hasOlder: boolean } {
    let start = end;
    for (let length = 0; start > 0 && end - start < CHAT_PAGE_ENTRIES; start--) {
      length += textLength(this.#settled[start - 1]);
      if (length > MESSAGE_TEXT_MAX && start < end) break;
    }
    return { entries: this.#settled.slice(start, end), hasOlder: start > 0 };
  }

  #show(entry: ChatEntry): void {
    if (this.#unsent.push(entry) > 1) return;
    queueMicrotask(() => {
      const entries = this.#unsent;
      this.#unsent = [];
      for (let from = 0; from < entries.length; from += CHAT_PAGE_ENTRIES) {
        this.#send({ type: "chat", entries: entries.slice(from, from + CHAT_PAGE_ENTRIES) });
      }
    });
  }
}

function textLength(entry: ChatEntry): number {
  return entry.kind === "line" ? entry.text.length : 0;
}
