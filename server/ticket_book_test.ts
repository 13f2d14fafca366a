import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import {
  TICKET_BYTES,
  TICKET_MS,
  TICKETS_PER_ADDRESS_MAX,
  TICKETS_PER_PARTICIPANT_MAX,
} from "@fusionmeet/protocol";
import { TicketBook } from "./ticket_book.ts";

const ANN = { participant: 1, address: "192.0.2.1" };
const BOB = { participant: 2, address: "192.0.2.2" };

function open() {
  return new TicketBook<typeof ANN>(seededRandom(1));
}

Deno.test("TicketBook.take() gives what a ticket is for, once", () => {
  const book = open();
  const [anns, bobs] = [book.issue(ANN, 0), book.issue(BOB, 0)];
  strictEqual(anns.length, TICKET_BYTES);
  const from = (address: string) => ({ address, nowMs: 1 });
  strictEqual(book.take(bobs, from(BOB.address)), BOB);
  strictEqual(book.take(anns, from(ANN.address)), ANN);
  strictEqual(book.take(anns, from(ANN.address)), "used");
  strictEqual(book.take(anns, from(BOB.address)), "used");
  strictEqual(book.take(new Uint8Array(TICKET_BYTES), from(ANN.address)), "unknown");
  strictEqual(book.waitingCount, 0);
});

Deno.test("TicketBook.take(): somebody else's ticket is not good from another address, and stays good from theirs", () => {
  const book = open();
  const ticket = book.issue(ANN, 0);
  strictEqual(book.take(ticket, { address: BOB.address, nowMs: 1 }), "other-address");
  strictEqual(book.take(ticket, { address: ANN.address, nowMs: 1 }), ANN);
});

Deno.test("TicketBook.take(): a ticket at its age, one under and one over", () => {
  for (
    const [ageMs, expected] of [[TICKET_MS - 1, ANN], [TICKET_MS, "expired"], [
      TICKET_MS + 1,
      "expired",
    ]] as const
  ) {
    const book = open();
    const ticket = book.issue(ANN, 100);
    strictEqual(book.take(ticket, { address: ANN.address, nowMs: 100 + ageMs }), expected);
  }
});

Deno.test("TicketBook.forget() ends the tickets of who is gone, and nobody else's", () => {
  const book = open();
  const [anns, bobs] = [book.issue(ANN, 0), book.issue(BOB, 0)];
  book.forget(ANN.participant);
  strictEqual(book.take(anns, { address: ANN.address, nowMs: 1 }), "gone");
  strictEqual(book.take(bobs, { address: BOB.address, nowMs: 1 }), BOB);
});

Deno.test("TicketBook.issue(): tickets of a participant and of an address at their limits; used and expired ones make place", () => {
  const book = open();
  const tickets = Array.from({ length: TICKETS_PER_PARTICIPANT_MAX }, () => book.issue(ANN, 0));
  throws(() => book.issue(ANN, 1), { name: "Refusal", code: "too-many-tickets" });
  book.take(tickets[0], { address: ANN.address, nowMs: 1 });
  book.issue(ANN, 1);
  throws(() => book.issue(ANN, 1), { code: "too-many-tickets" });
  book.issue(ANN, TICKET_MS);
  strictEqual(book.waitingCount, 2);

  const crowd = open();
  for (let count = 0; count < TICKETS_PER_ADDRESS_MAX; count++) {
    crowd.issue({ participant: count, address: ANN.address }, 0);
  }
  throws(() => crowd.issue({ participant: 999, address: ANN.address }, 0), {
    code: "too-many-tickets",
  });
  crowd.issue(BOB, 0);
});

Deno.test("TicketBook remembers a bounded number of tickets that are no longer good", () => {
  const book = open();
  const first = book.issue(ANN, 0);
  const from = { address: ANN.address, nowMs: 0 };
  book.take(first, from);
  for (let count = 0; count < 1_023; count++) book.take(book.issue(ANN, 0), from);
  const told = [book.take(first, from)];
  book.take(book.issue(ANN, 0), from);
  told.push(book.take(first, from));
  deepStrictEqual(told, ["used", "unknown"]);
});
