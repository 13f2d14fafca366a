import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  CHALLENGE_MS,
  FOREIGN_PACKETS_PER_ADDRESS,
  FOREIGN_PACKETS_PER_SECOND,
  SYNC_NONCE_BYTES,
} from "@fusionmeet/protocol";
import { Meeting, type Person } from "./meeting_fixture.ts";

function boundTo(meeting: Meeting): string[] {
  return meeting.events.flatMap((event) =>
    event.event === "bound" ? [`${event.participant} ${event.hostname}:${event.port}`] : []
  );
}

/** A nonce for `person` at its address. */
function challenge(person: Person): Uint8Array {
  person.send(person.request());
  const { bound, nonce } = person.takeAnswer();
  strictEqual(bound, false);
  return nonce;
}

Deno.test("MediaPlane binds an address that echoes its nonce", () => {
  const meeting = new Meeting();
  const person = meeting.add();
  person.bind();
  deepStrictEqual(boundTo(meeting), ["1 10.0.0.1:40000"]);
  strictEqual(meeting.count("bound"), 1);
});

Deno.test("MediaPlane answers a bound address with times and no nonce", () => {
  const meeting = new Meeting();
  const person = meeting.join();
  meeting.advance(3);
  person.send(person.request());
  const answer = person.takeAnswer();
  strictEqual(answer.requestSentAtMs, meeting.nowMs);
  strictEqual(answer.receivedAtMs, meeting.nowMs);
  strictEqual(answer.ssrc, person.ssrcs.serverFeedback);
  deepStrictEqual([...answer.nonce], [...new Uint8Array(SYNC_NONCE_BYTES)]);
});

Deno.test("MediaPlane does not bind by a wrong or another address's nonce", () => {
  const meeting = new Meeting();
  const person = meeting.add();
  const nonce = challenge(person);
  person.send(person.request(nonce.with(0, nonce[0] ^ 1)));
  strictEqual(person.takeAnswer().bound, false);
  person.move(40_001);
  person.send(person.request(nonce));
  strictEqual(person.takeAnswer().bound, false);
  deepStrictEqual(boundTo(meeting), []);
});

Deno.test("MediaPlane does not bind by a nonce that is too old", () => {
  const meeting = new Meeting();
  const person = meeting.add();
  const nonce = challenge(person);
  meeting.advance(CHALLENGE_MS + 1);
  person.send(person.request(nonce));
  strictEqual(person.takeAnswer().bound, false);
});

Deno.test("MediaPlane keeps the nonce of an address while several requests are on their way", () => {
  const meeting = new Meeting();
  const person = meeting.add();
  const nonce = challenge(person);
  deepStrictEqual(challenge(person), nonce);
  person.send(person.request(nonce));
  strictEqual(person.takeAnswer().bound, true);
});

Deno.test("MediaPlane ignores a replayed request, from any address", () => {
  const meeting = new Meeting();
  const person = meeting.join();
  const request = person.request();
  person.send(request);
  person.takeAnswer();
  const thief = { hostname: "10.6.6.6", port: 1 };
  person.send(request, thief);
  person.send(request);
  deepStrictEqual([person.inbox, meeting.astray], [[], []]);
  strictEqual(meeting.count("rtcp.replay"), 2);
});

Deno.test("MediaPlane moves nobody by a request that was held back, even with a fresh nonce", () => {
  const meeting = new Meeting();
  const person = meeting.join();
  person.move(40_001);
  const nonce = challenge(person);
  const heldBack = person.request(nonce);
  person.send(person.request()); // a newer one comes first
  person.takeAnswer();
  person.send(heldBack);
  strictEqual(person.takeAnswer().bound, false);
  strictEqual(boundTo(meeting).length, 1);
});

Deno.test("MediaPlane moves to a new address after the round trip, and takes media only from there", () => {
  const meeting = new Meeting();
  const [talker, listener] = [meeting.join({ talks: true }), meeting.join()];
  talker.move(40_001);
  for (const packet of talker.voice(1_000)) talker.send(packet);
  strictEqual(meeting.count("voice.other-address"), 1);
  talker.bind();
  deepStrictEqual(boundTo(meeting).at(-1), "1 10.0.0.1:40001");
  for (const packet of talker.voice(1_000)) {
    talker.send(packet, { hostname: "10.0.0.1", port: 40_000 });
  }
  strictEqual(meeting.count("voice.other-address"), 2);
  for (const packet of talker.voice(1_000)) talker.send(packet);
  strictEqual(meeting.count("voice.packets"), 1);
  strictEqual(listener.addresses.size, 1);
});

Deno.test("MediaPlane takes nothing sealed with another key and changes nothing by it", () => {
  const meeting = new Meeting();
  const [person, other] = [meeting.add(), meeting.add()];
  const request = other.request();
  request.set([0, 0, person.ssrcs.feedback >> 8, person.ssrcs.feedback & 255], 4);
  person.send(request);
  strictEqual(meeting.count("rtcp.srtp-forged"), 1);
  deepStrictEqual([meeting.events, person.inbox, meeting.astray], [[], [], []]);
  person.bind();
});

Deno.test("MediaPlane never answers an unproven address with more than came", () => {
  const meeting = new Meeting();
  const person = meeting.add();
  const request = person.request();
  person.send(request);
  strictEqual(person.inbox.reduce((size, { bytes }) => size + bytes.length, 0), request.length);
});

Deno.test("MediaPlane opens at most so much SRTCP from a foreign address, and from all of them together", () => {
  const meeting = new Meeting();
  const person = meeting.join();
  meeting.advance(1_000);
  const forged = person.request();
  forged[20] ^= 1;
  const flood = (addresses: number, each: number) =>
    Array.from({ length: addresses * each }, (_, index) => ({
      address: { hostname: "10.6.6.6", port: 1 + index % addresses },
      bytes: forged,
    }));
  meeting.arrive(...flood(1, FOREIGN_PACKETS_PER_ADDRESS + 7));
  strictEqual(meeting.count("rtcp.srtp-forged"), FOREIGN_PACKETS_PER_ADDRESS);
  strictEqual(meeting.count("rtcp.too-fast-foreign"), 7);
  meeting.advance(10_000);
  meeting.arrive(...flood(500, 10));
  strictEqual(
    meeting.count("rtcp.srtp-forged"),
    FOREIGN_PACKETS_PER_ADDRESS + FOREIGN_PACKETS_PER_SECOND,
  );
  person.send(person.request());
  strictEqual(person.takeAnswer().bound, true);
});

Deno.test("MediaPlane binds a person while somebody floods their ssrc from one address", () => {
  const meeting = new Meeting();
  const person = meeting.add();
  const forged = person.request();
  forged[20] ^= 1;
  const address = { hostname: "10.6.6.6", port: 1 };
  const flood = () => Array.from({ length: 5_000 }, () => ({ address, bytes: forged }));
  meeting.arrive(...flood());
  const nonce = challenge(person);
  meeting.arrive(...flood());
  person.send(person.request(nonce));
  strictEqual(person.takeAnswer().bound, true);
});
