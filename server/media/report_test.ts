import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type ReportBlock, writeReceiverReport } from "@fusionmeet/protocol";
import { Meeting, type Person } from "./meeting_fixture.ts";

/** A report from `person` about `ssrc`, sealed. */
function reportFrom(person: Person, ssrc: number, cumulativeLost: number): Uint8Array {
  const block: ReportBlock = {
    ssrc,
    fractionLost: 0,
    cumulativeLost,
    highestSequence: 0,
    jitter: 0,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  };
  return person.link.protectRtcp(
    writeReceiverReport({ ssrc: person.ssrcs.feedback, blocks: [block] }),
  );
}

/** Everybody in `losses` says how much they lost of `ssrc` so far; then a second passes. */
function report(meeting: Meeting, ssrc: number, losses: Map<Person, number>): void {
  for (const [person, lost] of losses) person.send(reportFrom(person, ssrc, lost));
  meeting.advance(1_000);
}

/** What the server reports with its answer to a request for the time. */
function reportTo(person: Person): ReportBlock[] {
  person.inbox.length = 0;
  person.send(person.request());
  const packets = person.takeFeedback();
  strictEqual(packets.at(-1)!.kind, "syncAnswer");
  return packets.flatMap((packet) => packet.kind === "receiverReport" ? packet.blocks : []);
}

const switched = (meeting: Meeting) => [meeting.count("mix.fec-on"), meeting.count("mix.fec-off")];

Deno.test("MediaPlane tells a talker how their voice arrives, with the answer to their request", () => {
  const meeting = new Meeting();
  const talker = meeting.join({ talks: true });
  const first = talker.voiceSequence;
  deepStrictEqual(reportTo(talker), [], "nothing came yet");
  meeting.talk(40, new Map([[talker, 100]]));
  for (let lost = 0; lost < 10; lost++) talker.voice(100);
  meeting.talk(10, new Map([[talker, 100]]));
  const [{ jitter, ...block }, ...others] = reportTo(talker);
  deepStrictEqual([block, others], [{
    ssrc: talker.ssrcs.microphone,
    fractionLost: Math.floor(256 * 10 / 60),
    cumulativeLost: 10,
    highestSequence: first + 59,
    lastSenderReport: 0,
    delaySinceLastSenderReport: 0,
  }, []]);
  strictEqual(jitter > 0, true);
  deepStrictEqual(reportTo(talker), [], "nothing came since");
  meeting.talk(10, new Map([[talker, 100]]));
  const [next] = reportTo(talker);
  deepStrictEqual([next.fractionLost, next.cumulativeLost], [0, 10]);
  talker.turn("microphone", false);
  meeting.advance(100);
  deepStrictEqual(reportTo(talker), []);
});

Deno.test("MediaPlane takes a pause of a voice for no loss", () => {
  const meeting = new Meeting();
  const talker = meeting.join({ talks: true });
  meeting.talk(10, new Map([[talker, 100]]));
  meeting.advance(10_000);
  talker.voiceTimestamp = (talker.voiceTimestamp + 480_000) >>> 0;
  meeting.talk(10, new Map([[talker, 100]]));
  strictEqual(reportTo(talker)[0].cumulativeLost, 0);
});

Deno.test("MediaPlane puts redundancy into the own mix of who loses packets, until 20 s without loss", () => {
  const meeting = new Meeting();
  const [one] = [1, 2, 3].map(() => meeting.join());
  const { ownMix } = one.ssrcs;
  report(meeting, ownMix, new Map([[one, 1]]));
  deepStrictEqual(switched(meeting), [0, 0]);
  report(meeting, ownMix, new Map([[one, 2]]));
  deepStrictEqual(switched(meeting), [1, 0]);
  for (let second = 0; second < 18; second++) report(meeting, ownMix, new Map([[one, 2]]));
  deepStrictEqual(switched(meeting), [1, 0]);
  meeting.advance(2_000);
  deepStrictEqual(switched(meeting), [1, 1]);
});

Deno.test("MediaPlane puts redundancy into the shared mix for two bad paths of many, not for one", () => {
  const meeting = new Meeting();
  const people = [1, 2, 3, 4].map(() => meeting.join());
  const shared = meeting.sharedMixSsrc;
  report(meeting, shared, new Map([[people[0], 50]]));
  deepStrictEqual(switched(meeting), [1, 0], "the own mix of the one");
  report(meeting, shared, new Map([[people[0], 100], [people[1], 5]]));
  deepStrictEqual(switched(meeting), [3, 0], "that of the other, and the shared one");
});

Deno.test("MediaPlane puts redundancy into the shared mix for one of two listeners", () => {
  const meeting = new Meeting();
  const [one] = [1, 2].map(() => meeting.join());
  report(meeting, meeting.sharedMixSsrc, new Map([[one, 5]]));
  deepStrictEqual(switched(meeting), [2, 0]);
});

Deno.test("MediaPlane heeds reports about one's own mixes from one's own address only", () => {
  const meeting = new Meeting();
  const [one, other] = [1, 2].map(() => meeting.join({ talks: true }));
  for (const ssrc of [other.ssrcs.ownMix, other.ssrcs.microphone, one.ssrcs.microphone, 77]) {
    one.send(reportFrom(one, ssrc, 1_000));
  }
  strictEqual(meeting.count("rtcp.report-unknown-ssrc"), 4);
  const stranger = { hostname: "10.9.9.9", port: 9 };
  one.send(reportFrom(one, meeting.sharedMixSsrc, 1_000), stranger);
  strictEqual(meeting.count("rtcp.report-foreign"), 1);
  const replayed = reportFrom(one, 78, 0);
  one.send(replayed);
  one.send(replayed);
  strictEqual(meeting.count("rtcp.report-unknown-ssrc"), 5);
  one.unsubscribe(one.ssrcs.ownMix);
  one.send(reportFrom(one, one.ssrcs.ownMix, 1_000));
  strictEqual(meeting.count("rtcp.report-unknown-ssrc"), 6);
  meeting.advance(2_000);
  deepStrictEqual(switched(meeting), [0, 0]);
});
