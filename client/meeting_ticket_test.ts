import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import type { Refusal } from "@fusionmeet/base";
import { type ByteStream, type TicketedOptions, TicketRefused } from "@fusionmeet/net";
import { ANSWER_MS_MAX } from "./ticket_requests.ts";
import { MeetingBench, settle } from "./test_support.ts";

const TICKET = new Uint8Array(16).fill(3);
const STREAM = {} as ByteStream;

async function joined(open: (options: TicketedOptions) => Promise<ByteStream>) {
  const opened: TicketedOptions[] = [];
  const bench = await new MeetingBench({
    openTicketed: (options) => {
      opened.push(options);
      return open(options);
    },
  }).join();
  return { bench, opened };
}

Deno.test("Meeting.openTicketed() asks for a ticket and takes it to the same server", async () => {
  const { bench, opened } = await joined(() => Promise.resolve(STREAM));
  const { link, meeting } = bench;
  const streams = Promise.all([
    meeting.openTicketed("screen.view", 5),
    meeting.openTicketed("file.send", 6),
  ]);
  const asked = link.sentOf("ticket.get");
  deepStrictEqual(asked.map(({ purpose, subject }) => [purpose, subject]), [
    ["screen.view", 5],
    ["file.send", 6],
  ]);
  await link.say(
    { type: "ticket", mark: asked[1].mark, ticket: TICKET.with(0, 9) },
    { type: "ticket", mark: "nobody's", ticket: TICKET },
    { type: "ticket", mark: asked[0].mark, ticket: TICKET },
  );
  deepStrictEqual(await streams, [STREAM, STREAM]);
  deepStrictEqual(opened.map(({ ticket }) => ticket[0]), [9, 3]);
  const { hostname, port, fingerprint } = opened[0];
  deepStrictEqual([hostname, port, fingerprint], ["192.0.2.1", 65_435, "ab".repeat(32)]);
});

Deno.test("Meeting.openTicketed() says why there is none", async () => {
  const { bench } = await joined(() => {
    throw new TicketRefused("ticket-bad", "The ticket is not good");
  });
  const { link, meeting } = bench;
  const declined = meeting.openTicketed("screen.view", 5);
  const [{ mark }] = link.sentOf("ticket.get");
  await link.say({
    ...{ type: "refused", code: "no-such-share", message: "There is no such share" },
    ...{ request: "ticket.get", mark },
  });
  await rejects(declined, { name: "Refusal", code: "no-such-share" });
  deepStrictEqual(bench.eventsOf("refused"), [], "whoever asked was told");
  const refused = meeting.openTicketed("screen.view", 5);
  refused.catch(() => {});
  await link.say({ type: "ticket", mark: link.sentOf("ticket.get")[1].mark, ticket: TICKET });
  await rejects(refused, { name: "Refusal", code: "ticket-bad" });
  const lost = meeting.openTicketed("screen.view", 5);
  lost.catch(() => {});
  await link.breakDown();
  await rejects(lost, { name: "Refusal", code: "not-connected" });
  await settle();
  strictEqual(bench.eventsOf("reconnecting").length, 1);
});

Deno.test("Meeting.openTicketed() waits for no ticket that is not wanted any more, and tells nobody of it", async () => {
  const { bench, opened } = await joined(() => Promise.resolve(STREAM));
  const { link, meeting } = bench;
  const wanted = new AbortController();
  const opening = meeting.openTicketed("screen.view", 5, { signal: wanted.signal });
  opening.catch(() => {});
  wanted.abort();
  await rejects(opening, { name: "ConnectFailure", code: "aborted" });
  const [{ mark }] = link.sentOf("ticket.get");
  await link.say(
    { type: "ticket", mark, ticket: TICKET },
    { type: "refused", request: "ticket.get", mark, code: "no-such-share", message: "It is over" },
  );
  strictEqual(opened.length, 0);
  deepStrictEqual(bench.eventsOf("refused"), []);
  const late = meeting.openTicketed("screen.view", 5, { signal: AbortSignal.abort() });
  await rejects(late, { code: "aborted" });
});

Deno.test("Meeting.openTicketed() tells a server's sentence in one line that steers no terminal", async () => {
  const { bench } = await joined(() => Promise.reject(new TicketRefused("a b", "No\u001b[2J\n.")));
  const opening = bench.meeting.openTicketed("file.fetch", 5)
    .catch(({ code, message }: Refusal) => [code, message]);
  const [{ mark }] = bench.link.sentOf("ticket.get");
  await bench.link.say({ type: "ticket", mark, ticket: TICKET });
  deepStrictEqual(await opening, ["refused", "No\ufffd[2J"]);
});

Deno.test("Meeting.openTicketed() does not wait for ever for a ticket", async () => {
  const { bench, opened } = await joined(() => Promise.resolve(STREAM));
  const failures: string[] = [];
  bench.meeting.openTicketed("file.fetch", 5).catch(({ code }: Refusal) => failures.push(code));
  bench.timers.advance(ANSWER_MS_MAX - 1);
  await settle();
  deepStrictEqual(failures, []);
  bench.timers.advance(1);
  await settle();
  deepStrictEqual(failures, ["no-answer"]);
  const [{ mark }] = bench.link.sentOf("ticket.get");
  await bench.link.say({ type: "ticket", mark, ticket: TICKET });
  deepStrictEqual(opened, []);
});
