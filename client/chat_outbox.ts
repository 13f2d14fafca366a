import { CHAT_TEXT_LENGTH_MAX } from "@fusionmeet/protocol";
import { Refusal } from "@fusionmeet/base";

/** A line on its way to the server. */
export interface PendingLine {
  /** Unique: the same mark again is the same line, so that a resend never doubles it. */
  readonly mark: string;
  readonly text: string;
}

/** Lines that may wait for the server. */
export const CHAT_PENDING_MAX = 1_000;

/**
 * Lines said here that the server has not stored yet. One is under way at a time, so that they stay in order through
 * reconnects and rate limits; it is sent again on every new connection until the server accepts or refuses it.
 */
export class ChatOutbox {
  readonly #send: (line: PendingLine) => void;
  readonly #pending: PendingLine[] = [];
  #connected = false;

  constructor(options: { send: (line: PendingLine) => void }) {
    this.#send = options.send;
  }

  /** In the order they will be sent. */
  get lines(): readonly PendingLine[] {
    return [...this.#pending];
  }

  /** A line whose mark waits already changes nothing. @throws Refusal when the text cannot be a line, or too many wait. */
  post(line: PendingLine): void {
    checkText(line.text);
    if (this.#pending.some(({ mark }) => mark === line.mark)) return;
    if (this.#pending.length >= CHAT_PENDING_MAX) {
      throw new Refusal("chat-full", `${CHAT_PENDING_MAX} lines wait for the server already`);
    }
    this.#pending.push(line);
    if (this.#pending.length === 1) this.resend();
  }

  connected(): void {
    this.#connected = true;
    this.resend();
  }

  disconnected(): void {
    this.#connected = false;
  }

  /** The server stored or declined that line for good. @returns the line, if it was under way. */
  settled(mark: string): PendingLine | undefined {
    if (this.#pending[0]?.mark !== mark) return undefined;
    const line = this.#pending.shift();
    this.resend();
    return line;
  }

  /**
   * Takes a line back that is not under way. (One that was under way when the connection broke may have got through
   * all the same: then it comes as a line of the room.)
   *
   * @returns false when it is under way, so that its answer comes, and when no such line waits.
   */
  discard(mark: string): boolean {
    const index = this.#pending.findIndex((line) => line.mark === mark);
    if (index < 0 || (index === 0 && this.#connected)) return false;
    this.#pending.splice(index, 1);
    return true;
  }

  /** Sends the line under way (again). */
  resend(): void {
    if (this.#connected && this.#pending.length > 0) this.#send(this.#pending[0]);
  }
}

function checkText(text: string): void {
  if (text.trim() === "") throw new Refusal("chat-empty", "There is nothing in that line");
  if (!text.isWellFormed()) {
    throw new Refusal("chat-bad", "That line has half a character in it (a lone surrogate)");
  }
  if (text.length > CHAT_TEXT_LENGTH_MAX) {
    throw new Refusal(
      "chat-too-long",
      `That line is too long: use at most ${CHAT_TEXT_LENGTH_MAX} characters`,
    );
  }
}
