import { type Random, Refusal } from "@fusionmeet/base";
import { ConnectFailure, type Timers } from "@fusionmeet/net";
import {
  type ClientMessage,
  type TicketPurpose,
  TICKETS_PER_PARTICIPANT_MAX,
} from "@fusionmeet/protocol";

/** A server that does not answer a question of ours in this time is not waited for: an honest one takes a few ms. */
export const ANSWER_MS_MAX = 20_000;

/** That refusal. */
export function noAnswerYet(): Refusal {
  return new Refusal("no-answer", `The server did not answer in ${ANSWER_MS_MAX / 1000} s`);
}

/** Tickets that were asked for, until the server answers or the connection is gone. */
export class TicketRequests {
  readonly #send: (message: ClientMessage) => void;
  readonly #random: Random;
  readonly #timers: Timers;
  readonly #waiting = new Map<string, PromiseWithResolvers<Uint8Array>>();

  constructor({ send, random, timers }: {
    send: (message: ClientMessage) => void;
    random: Random;
    timers: Timers;
  }) {
    this.#send = send;
    this.#random = random;
    this.#timers = timers;
  }

  /** @throws Refusal with the server's sentence, `not-connected`, `no-answer` or `too-many-tickets`. @throws ConnectFailure `aborted` */
  async ask(
    purpose: TicketPurpose,
    subject: number,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<Uint8Array> {
    if (this.#waiting.size >= TICKETS_PER_PARTICIPANT_MAX) {
      throw new Refusal("too-many-tickets", "Too many connections are being opened already");
    }
    const mark = this.#random.fill(new Uint8Array(8)).toHex();
    const answer = Promise.withResolvers<Uint8Array>();
    const giveUp = () => this.#take(mark)?.reject(new ConnectFailure("aborted", "Given up"));
    this.#waiting.set(mark, answer);
    this.#send({ type: "ticket.get", mark, purpose, subject });
    const cancel = this.#timers.after(ANSWER_MS_MAX, () => this.#take(mark)?.reject(noAnswerYet()));
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    try {
      return await answer.promise;
    } finally {
      cancel();
      signal?.removeEventListener("abort", giveUp);
    }
  }

  given(mark: string, ticket: Uint8Array): void {
    this.#take(mark)?.resolve(ticket);
  }

  /** @returns false when none of these is meant. */
  declined(mark: string, { code, message }: { code: string; message: string }): boolean {
    const answer = this.#take(mark);
    answer?.reject(new Refusal(code, message));
    return answer !== undefined;
  }

  disconnected(): void {
    for (const mark of [...this.#waiting.keys()]) {
      this.declined(mark, { code: "not-connected", message: "The connection was lost" });
    }
  }

  #take(mark: string): PromiseWithResolvers<Uint8Array> | undefined {
    const answer = this.#waiting.get(mark);
    this.#waiting.delete(mark);
    return answer;
  }
}
