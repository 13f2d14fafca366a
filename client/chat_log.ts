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

/**
 * The room's lines, each once and in order, whatever connections come and go: a line that does not continue the
 * log is not shown but asked for, with all before it, so nothing has to wait in memory.
 */
export class ChatLog {
  readonly #fetch: (after: number) => void;
  readonly #show: (line: ChatLine) => void;
  #shown = 0;
  /** The highest id known to exist. */
  #highest = 0;
  #fetching = false;

  /** @param options.fetch asks the server for the lines after an id; the answer goes to `page`. */
  constructor(options: { fetch: (after: number) => void; show: (line: ChatLine) => void }) {
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
    this.#fetching = false;
    this.#fill();
    return goesOn;
  }

  /** A line that was just said. */
  live(line: ChatLine): void {
    this.#highest = Math.max(this.#highest, line.id);
    this.#take(line);
    this.#fill();
  }

  /** The answer to `fetch`: lines in order; `more` when the server has later ones. */
  page(lines: readonly ChatLine[], more: boolean): void {
    const before = this.#shown;
    for (const line of lines) this.#take(line);
    this.#fetching = false;
    if (more) this.#highest = Math.max(this.#highest, this.#shown + 1);
    // A server that does not have what it announced is not asked for ever.
    else if (this.#shown === before) this.#highest = this.#shown;
    this.#fill();
  }

  #take(line: ChatLine): void {
    if (line.id !== this.#shown + 1) return;
    this.#shown = line.id;
    this.#show(line);
  }

  #fill(): void {
    if (this.#fetching || this.#shown >= this.#highest) return;
    this.#fetching = true;
    this.#fetch(this.#shown);
  }
}
