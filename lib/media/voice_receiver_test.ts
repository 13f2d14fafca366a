import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import { VoiceReceiver } from "./voice_receiver.ts";
import type { VoiceStatistics } from "./voice_packet.ts";
import { type Network, plainCodecs, simulateVoice, tone } from "./voice_network_for_test.ts";

const SOUND = tone(431, 8_000);
const newReceiver = (voice: "opus" | "l16") => new VoiceReceiver({ codecs: plainCodecs, voice });

/** Every packet that arrived is in one class, and every one sent arrived or is lost. */
function checkSums(statistics: VoiceStatistics, run: { arrived: number; sent: number }): void {
  const s = statistics;
  const classes = s.decodedPackets + s.skippedPackets + s.latePackets + s.duplicatePackets +
    s.invalidPackets + s.droppedPackets + s.waitingPackets;
  strictEqual(s.packets, run.arrived);
  strictEqual(classes, s.packets);
  strictEqual(s.packets - s.duplicatePackets + s.lostPackets, run.sent);
}

/** Where `pcm` starts to be SOUND, exactly: the place of its first sample and the delay. */
function findSound(pcm: Int16Array, sound: (sample: number) => number): number {
  const first = pcm.findIndex((sample) => sample !== 0);
  const head = pcm.subarray(first, first + 400);
  for (let back = 0; back < 4; back++) {
    if (head.every((sample, index) => sample === Math.round(sound(index + back)))) {
      return first - back;
    }
  }
  return -1;
}

function largestStep(pcm: Int16Array): number {
  let largest = 0;
  for (let index = 1; index < pcm.length; index++) {
    largest = Math.max(largest, Math.abs(pcm[index] - pcm[index - 1]));
  }
  return largest;
}

const jitterUpTo =
  (random: Random, jitterMs: number): Network => () => [random.fraction() * jitterMs];

Deno.test("VoiceReceiver.pull() is bit-exact while jitter stays under the delay, whatever the tick's phase", () => {
  for (const voice of ["l16", "opus"] as const) {
    for (const pullPhaseMs of [0, 3, 7.3, 11, 19.9]) {
      for (const jitterMs of [0, 6, 13]) {
        const receiver = newReceiver(voice);
        const random = seededRandom(7 + pullPhaseMs * 10 + jitterMs);
        const { pcm } = simulateVoice(receiver, {
          voice,
          sound: SOUND,
          seconds: 20,
          network: jitterUpTo(random, jitterMs),
          pullPhaseMs,
          pullLateMs: () => random.fraction() * 5,
        });
        const seen = JSON.stringify({ voice, pullPhaseMs, jitterMs });
        const start = voice === "l16" ? findSound(pcm, SOUND) : findStart(pcm);
        ok(start > 0, `${seen}: the sound was found`);
        const from = voice === "l16" ? start : start + 96;
        for (let index = from; index < start + 19.9 * 48_000; index++) {
          if (pcm[index] !== Math.round(SOUND(index - start))) {
            throw new Error(
              `${seen}: differs at sample ${index - start} ${JSON.stringify(receiver.statistics)}`,
            );
          }
        }
      }
    }
  }
});

/** As `findSound`, for sound that fades in over 2 ms. */
function findStart(pcm: Int16Array): number {
  for (let start = 0; start < 9_600; start++) {
    let same = true;
    for (let index = 96; index < 400 && same; index++) {
      same = pcm[start + index] === Math.round(SOUND(index));
    }
    if (same) return start;
  }
  return -1;
}
