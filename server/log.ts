import { messageOf, TokenBucket } from "@fusionmeet/base";

/** Lines a second on average and at once; the rest is counted. Nobody fills the disk by knocking. */
const LINES_PER_SECOND = 50;
const LINES_BURST = 500;

/** What happens, one line each: for people on stderr, or as JSON on stdout. Never secrets. */
export class ServerLog {
  readonly #write: (line: string) => void;
  readonly #epochMs: () => number;
  readonly #json: boolean;
  readonly #bucket: TokenBucket;
  #suppressedCount = 0;

  constructor(
    options: { json: boolean; write: (line: string) => void; epochMs: () => number },
  ) {
    this.#json = options.json;
    this.#write = options.write;
    this.#epochMs = options.epochMs;
    this.#bucket = new TokenBucket({
      perSecond: LINES_PER_SECOND,
      burst: LINES_BURST,
      nowMs: options.epochMs(),
    });
  }

  /** @param event One word. */
  event(event: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const at = this.#epochMs();
    if (!this.#bucket.take(at)) {
      this.#suppressedCount++;
      return;
    }
    if (this.#suppressedCount > 0) {
      const count = this.#suppressedCount;
      this.#suppressedCount = 0;
      this.#line("suppressed", { count }, at);
    }
    this.#line(event, fields, at);
  }

  /** Our own mistake, with where it happened. */
  mistake(what: string, thrown: unknown): void {
    const stack = thrown instanceof Error ? thrown.stack : undefined;
    this.event("mistake", { what, state: messageOf(thrown), stack });
  }

  #line(event: string, fields: Readonly<Record<string, unknown>>, at: number): void {
    this.#write(
      this.#json ? JSON.stringify({ event, at, ...fields }) : forPeople(event, fields, at),
    );
  }
}

function forPeople(event: string, fields: Readonly<Record<string, unknown>>, at: number): string {
  const words = Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return [new Date(at).toISOString(), event, ...words].join(" ");
}
