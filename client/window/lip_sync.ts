import { PICTURE_WAIT_MS_MAX } from "@fusionmeet/bridge";
import type { EngineEvent, VoiceDelay } from "../media/commands.ts";

type Statistics = Pick<
  Extract<EngineEvent, { event: "statistics" }>,
  "voices" | "streams" | "rttMs" | "device"
>;

/**
 * Where the sound is aimed at against its picture, ms: late is less noticed than early (ITU-R BT.1359: -125..+45), and a
 * page that draws without a graphics card shows its pictures up to 90 ms later than `PAGE_DELAY_MS` says.
 */
export const SOUND_LATE_MS = 80;
/** From the end of a picture's wait to the glass: decoding, and the next drawing of the page. */
export const PAGE_DELAY_MS = 20;
/** What the server takes for a voice, until one is heard and measured: its jitter buffer and a tick of the mix. */
const SERVER_DELAY_MS = 60;
/** A picture's delay nears its aim by this share of what is missing, and by no more and no less than so many ms. */
const NEARING_SHARE = 1 / 30;
const NEARING_MS_MIN = 1;
const NEARING_MS_MAX = 10;
/** Share of a new picture in the mean delay that is shown. */
const MEAN_SHARE = 1 / 30;
/** People kept; beyond it who was met first is forgotten. */
const PEOPLE_MAX = 512;

interface Person {
  /** Microphone to ear, ms, as it was last. */
  voiceMs?: number;
  /** Capture to the end of the wait that their pictures are held to, ms. */
  heldToMs?: number;
  /** What it became, in the mean: pictures that come later than that are shown at once. */
  shownMs?: number;
  waitMs: number;
}

/**
 * How long each picture is held back so that it is shown with its sound, 80 ms before it. All pictures of a person are
 * held to one delay since capture, so that they are also as even as they were captured; that delay follows the voice in
 * small steps. Who has not spoken yet is held to the delay of the voice heard last: nothing jumps at the first word.
 */
export class LipSync {
  readonly #people = new Map<number, Person>();
  /** Of the voice that was heard last; an estimate before the first; `undefined` before there is any. */
  #roomVoiceMs: number | undefined;
  #wasHeard = false;

  /** The engine's newest figures. */
  statistics({ voices, streams, rttMs, device }: Statistics): void {
    const shiftMs = this.#shiftMs(voices);
    for (const person of this.#people.values()) {
      if (person.voiceMs !== undefined) person.voiceMs += shiftMs;
    }
    for (const { participant, voiceDelayMs } of voices) {
      this.#person(participant).voiceMs = voiceDelayMs;
    }
    this.#wasHeard ||= voices.length > 0;
    if (voices.length > 0) this.#roomVoiceMs = meanDelayMs(voices);
    const mix = streams.find(({ kind }) => kind === "mix");
    if (this.#wasHeard || !mix || rttMs === 0) return;
    this.#roomVoiceMs = SERVER_DELAY_MS + rttMs + mix.playoutDelayMs + (device?.delayMs ?? 0);
  }

  /**
   * How long this picture waits in the page, ms, 0..`PICTURE_WAIT_MS_MAX`.
   *
   * @param delayMs from its capture to now; `undefined` while the clocks are not synchronised.
   */
  waitMs(participant: number, delayMs: number | undefined): number {
    const person = this.#person(participant);
    const voiceMs = person.voiceMs ?? this.#roomVoiceMs;
    if (voiceMs === undefined || delayMs === undefined) return person.waitMs;
    const aimMs = voiceMs - SOUND_LATE_MS - PAGE_DELAY_MS;
    person.heldToMs = nearer(person.heldToMs ?? delayMs, aimMs);
    person.waitMs = Math.min(PICTURE_WAIT_MS_MAX, Math.max(0, person.heldToMs - delayMs));
    const shownMs = delayMs + person.waitMs;
    person.shownMs = (person.shownMs ?? shownMs) * (1 - MEAN_SHARE) + shownMs * MEAN_SHARE;
    return person.waitMs;
  }

  /** Picture as shown minus voice, ms: positive when the sound is early. @param skewMs the same as it arrived. */
  shownSkewMs(participant: number, skewMs: number): number {
    const { shownMs, voiceMs } = this.#person(participant);
    if (shownMs === undefined || voiceMs === undefined) return skewMs;
    return shownMs + PAGE_DELAY_MS - voiceMs;
  }

  /** How much later voices are heard now than before: so it is for those who say nothing, too. */
  #shiftMs(voices: readonly VoiceDelay[]): number {
    const shifts = voices.flatMap(({ participant, voiceDelayMs }) => {
      const before = this.#people.get(participant)?.voiceMs;
      return before === undefined ? [] : voiceDelayMs - before;
    });
    return shifts.reduce((sum, each) => sum + each, 0) / Math.max(1, shifts.length);
  }

  #person(participant: number): Person {
    let person = this.#people.get(participant);
    if (person) return person;
    person = { waitMs: 0 };
    this.#people.set(participant, person);
    if (this.#people.size > PEOPLE_MAX) this.#people.delete(this.#people.keys().next().value!);
    return person;
  }
}

function meanDelayMs(voices: readonly VoiceDelay[]): number {
  return voices.reduce((sum, { voiceDelayMs }) => sum + voiceDelayMs, 0) / voices.length;
}

/** One picture's step from `fromMs` towards `aimMs`. */
function nearer(fromMs: number, aimMs: number): number {
  const missingMs = Math.abs(aimMs - fromMs);
  const wantedMs = Math.max(NEARING_MS_MIN, missingMs * NEARING_SHARE);
  return fromMs + Math.sign(aimMs - fromMs) * Math.min(missingMs, wantedMs, NEARING_MS_MAX);
}
