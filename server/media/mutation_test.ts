/** Packets that are authentic and yet wrong: what a participant could make of their own keys, by chance. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { AssertionFailure, writeU16, writeU32 } from "@fusionmeet/base";
import { writeNack, writeRtp, writeSyncRequest } from "@fusionmeet/protocol";
import { Meeting, type Person, sampleOf } from "./meeting_fixture.ts";

const MUTATIONS = 10_000;

/** Changes, cuts or lengthens some bytes. */
function mutate(meeting: Meeting, bytes: Uint8Array): Uint8Array {
  const { random } = meeting;
  let mutated = bytes.slice();
  for (let change = 0; change <= random.u32() % 4; change++) {
    mutated[random.u32() % mutated.length] = random.u32();
  }
  if (random.u32() % 4 === 0) mutated = mutated.slice(0, 12 + random.u32() % mutated.length);
  return mutated;
}

/** Seals `bytes` as they are, but for what SRTP itself needs; undefined where it cannot. */
function seal(seal: () => Uint8Array): Uint8Array | undefined {
  try {
    return seal();
  } catch (error) {
    if (error instanceof AssertionFailure) return undefined;
    throw error;
  }
}

function mutatedRtp(meeting: Meeting, insider: Person, kind: "voice" | "camera"): Uint8Array {
  const { ssrcs } = insider;
  const ssrc = kind === "voice" ? ssrcs.microphone : ssrcs.camera;
  const sequence = kind === "voice" ? insider.voiceSequence++ : insider.pictureSequence++;
  const rtp = mutate(
    meeting,
    writeRtp({
      payloadType: kind === "voice" ? 111 : 96,
      marker: false,
      sequence: 0,
      timestamp: 0,
      ssrc,
      extensions: new Map([[1, new Uint8Array(1)], [2, new Uint8Array(1)], [4, new Uint8Array(8)]]),
      payload: new Uint8Array(20),
    }),
  );
  rtp[0] = 0x80 | (rtp[0] & 0x3f);
  writeU16(rtp, 2, sequence & 0xffff);
  writeU32(rtp, 8, ssrc);
  return rtp;
}

Deno.test("MediaPlane survives authentic rubbish and lets nobody else notice it", () => {
  const meeting = new Meeting({ seed: 11 });
  const [talker, insider] = [1, 2].map(() => meeting.join({ talks: true }));
  const listener = meeting.join();
  insider.turn("camera", true);
  listener.subscribe(insider.ssrcs.camera);
  talker.turn("camera", true);
  insider.subscribe(talker.ssrcs.camera);
  let sent = 0;
  for (let round = 0; round < MUTATIONS; round++) {
    const { ssrcs, link, pictures } = insider;
    const media = talker.ssrcs.camera;
    const nonce = new Uint8Array(8);
    const packets = [
      seal(() => link.protect(mutatedRtp(meeting, insider, "voice"))),
      seal(() => pictures.protect(mutatedRtp(meeting, insider, "camera"))),
      seal(() => {
        const rtcp = round % 2 === 0
          ? writeNack({ sender: ssrcs.feedback, media, sequences: [1, 5, 300] })
          : writeSyncRequest({ ssrc: ssrcs.feedback, sentAtMs: 0, nonce });
        const mutated = mutate(meeting, rtcp);
        mutated[0] = 0x80 | (mutated[0] & 0x3f);
        writeU32(mutated, 4, ssrcs.feedback);
        return link.protectRtcp(mutated);
      }),
    ];
    for (const packet of packets) {
      if (!packet) continue;
      sent++;
      insider.send(packet);
    }
    if (round % 10 === 9) meeting.talk(1, new Map([[talker, 100]]));
    insider.inbox.length = 0;
  }
  ok(sent > 2 * MUTATIONS, `${sent} of ${3 * MUTATIONS} could be sealed`);
  strictEqual(meeting.plane.statistics.packetsIn > sent, true);
  deepStrictEqual(meeting.astray, []);
  insider.turn("microphone", false);
  meeting.talk(20, new Map([[talker, 100]]));
  listener.takeMix();
  meeting.talk(5, new Map([[talker, 100]]));
  deepStrictEqual([...new Set(listener.takeMix().map(sampleOf))], [100]);
});
