/** One line of the room's chat as the server stored it. */
export interface ChatLine {
  /** 1, 2, 3… in the room, without gaps. */
  readonly id: number;
  /** Epoch ms at the server. */
  readonly at: number;
  readonly from: string;
  readonly text: string;
  /** The sender's own mark for the line. */
  readonly mark: string;
}

interface ChatLogOptions {
  /** Asks the server for the lines after an id; the answer goes to `page`. */
  readonly fetch: (after: number) => void;
  /** @param isPast It was said before one came in; what was said while one was cut off is news. */
  readonly show: (line: ChatLine, isPast: boolean) => void;
}

/**
 * The room's lines, each once and in order, whatever connections come and go: a line that does not continue the
 * log is not shown but asked for, with all before it, so nothing has to wait in memory.
 */
export class ChatLog {
  readonly #fetch: (after: number) => void;
  readonly #show: ChatLogOptions["show"];
  #shown = 0;
  /** The highest id known to exist. */
  #highest = 0;
  /** The id after which lines are being asked for, while they are. */
  #askedAfter: number | undefined;

  /** The last one that was said before one came in. */
  #past: number | undefined;

  constructor(options: ChatLogOptions) {
    this.#fetch = options.fetch;
    this.#show = options.show;
  }

  /** The id of the last line shown. */
  get shown(): number {
    return this.#shown;
  }

  /**
   * A (new) connection is there, and the room has lines up to `latest`.
   *
   * @returns false when the room has fewer lines than were shown: its history began anew, and all of it follows.
   */
  connected(latest: number): boolean {
    const goesOn = latest >= this.#shown;
    if (!goesOn) this.#shown = 0;
    this.#highest = latest;
    this.#past = goesOn ? this.#past ?? latest : 0;
    this.#askedAfter = undefined;
    this.#fill();
    return goesOn;
  }

  /** A line that was just said. */
  live(line: ChatLine): void {
    this.#highest = Math.max(this.#highest, line.id);
    this.#take(line);
    this.#fill();
  }

  /** The answer to `fetch`: lines in order; `more` when the server has later ones. One that was not asked for is none. */
  page(lines: readonly ChatLine[], more: boolean): void {
    if (this.#askedAfter === undefined) return;
    for (const line of lines) this.#take(line);
    const goesOn = this.#shown > this.#askedAfter;
    this.#askedAfter = undefined;
    // A server that does not have what it announced is not asked for ever; a later line may bring it along.
    if (!goesOn) this.#highest = this.#shown;
    else if (more) this.#highest = Math.max(this.#highest, this.#shown + 1);
    this.#fill();
  }

  #take(line: ChatLine): void {
    if (line.id !== this.#shown + 1) return;
    this.#shown = line.id;
    this.#show(line, line.id <= (this.#past ?? 0));
  }

  #fill(): void {
    if (this.#askedAfter !== undefined || this.#shown >= this.#highest) return;
    this.#askedAfter = this.#shown;
    this.#fetch(this.#shown);
  }
}
