/** What a participant with keys of their own may send to harm the others. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { VOICE_GAP_PACKETS_MAX, VOICE_PACKETS_PER_SECOND } from "@fusionmeet/protocol";
import { Meeting, type Person, sampleOf } from "./meeting_fixture.ts";

/** Somebody who talks, somebody who means harm, somebody who listens. */
function room(): { meeting: Meeting; talker: Person; insider: Person; listener: Person } {
  const meeting = new Meeting();
  const [talker, insider] = [1, 2].map(() => meeting.join({ talks: true }));
  return { meeting, talker, insider, listener: meeting.join() };
}

/** What the listener heard last. */
function lastSample(listener: Person): number {
  return sampleOf(listener.takeMix().at(-1)!);
}

Deno.test("MediaPlane gives up no more than a second of a voice whose numbers jump, and hears it on", () => {
  const { meeting, talker, insider, listener } = room();
  const voices = new Map([[talker, 100], [insider, 7]]);
  meeting.talk(15, voices);
  for (let jump = 0; jump < 200; jump++) {
    insider.voiceSequence += 32_000;
    meeting.talk(1, voices);
  }
  strictEqual(meeting.count("voice.jumpedPackets"), 200 * 32_000);
  strictEqual(meeting.count("voice.lostPackets"), 0);
  strictEqual(lastSample(listener), 107);
  insider.voiceSequence += VOICE_GAP_PACKETS_MAX;
  meeting.talk(VOICE_GAP_PACKETS_MAX + 15, voices);
  strictEqual(meeting.count("voice.jumpedPackets"), 200 * 32_000);
  strictEqual(meeting.count("voice.lostPackets"), VOICE_GAP_PACKETS_MAX);
  strictEqual(lastSample(listener), 107);
});

Deno.test("MediaPlane takes at most so many voice packets of one participant", () => {
  const { meeting, insider } = room();
  meeting.advance(1_000);
  for (let packet = 0; packet < VOICE_PACKETS_PER_SECOND + 9; packet++) insider.say(1);
  strictEqual(meeting.count("voice.too-fast"), 9);
  meeting.advance(1_000);
  insider.say(1);
  strictEqual(meeting.count("voice.too-fast"), 9);
});

Deno.test("MediaPlane lets nobody's timestamps or sizes disturb the others", () => {
  const { meeting, talker, insider, listener } = room();
  meeting.talk(15, new Map([[talker, 100]]));
  listener.takeMix();
  for (let frame = 0; frame < 300; frame++) {
    insider.voiceTimestamp = meeting.random.u32();
    insider.say(0);
    insider.voiceSequence += meeting.random.u32() % 60;
    meeting.talk(1, new Map([[talker, 100]]));
  }
  deepStrictEqual([...new Set(listener.takeMix().map(sampleOf))], [100]);
  ok(meeting.count("voice.packets") >= 600);
});
