import { assert, type Counters, FrameClock, type Random } from "@fusionmeet/base";
import type { VoiceCodecs, VoiceStatistics } from "@fusionmeet/media";
import { subtractVoice, TalkerSelection } from "@fusionmeet/mixer";
import {
  type Cryptography,
  DECODED_TALKERS_MAX,
  FRAME_MS,
  FRAME_SAMPLES,
  type MasterKey,
  type ReportBlock,
  SrtpSender,
} from "@fusionmeet/protocol";
import type { PlaneDecision, PlaneEvent } from "./commands.ts";
import { DecisionRing } from "./decision_ring.ts";
import { type ChosenMix, MixChoice } from "./mix_choice.ts";
import { type MixFrame, MixStream } from "./mix_stream.ts";
import type { Seat } from "./seat.ts";
import { Talker } from "./talker.ts";

/** Later than so many ticks is a stall: the clock starts a new line. */
const LATE_TICKS_MAX = 5;
/** Once a second: a map, and a look at what gets lost. */
const SECOND_TICKS = 50;

/** What a room is made of. */
export interface RoomOptions {
  readonly room: number;
  readonly epoch: number;
  readonly mixKey: MasterKey;
  readonly sharedMixSsrc: number;
  readonly voice: "opus" | "l16";
  readonly cryptography: Cryptography;
  readonly codecs: VoiceCodecs;
  readonly random: Random;
  readonly counters: Counters;
}

/** One mix to encode and send: the costly part of a tick, done piece by piece so that packets need not wait. */
export interface MixJob {
  run(): void;
}

/** What a tick left to do. */
export interface Tick {
  readonly latenessMs: number;
  readonly jobs: readonly MixJob[];
  readonly map: Extract<PlaneEvent, { event: "mix.map" }> | undefined;
}

/**
 * One room's voices: every 20 ms those who talk are decoded and summed, and everyone is sent the sum without
 * themselves. Costs what talking costs: one encode for all who are silent and one for each talker.
 */
export class Room {
  readonly id: number;
  readonly seats = new Set<Seat>();
  /** Seals the mixes; keeps the room's epochs. */
  readonly sender: SrtpSender;
  readonly shared: MixStream;
  readonly #options: RoomOptions;
  readonly #counters: Counters;
  readonly #talkers = new Map<Seat, Talker>();
  readonly #ownMixes = new Map<Seat, MixStream>();
  readonly #decoded = new TalkerSelection({ talkersMax: DECODED_TALKERS_MAX });
  readonly #choice = new MixChoice();
  readonly #decisions = new DecisionRing();
  #clock: FrameClock | undefined;
  /** RTP timestamp of all mixes; goes on through silence and stalls. */
  #timestamp: number;
  #tickCount = 0;
  #heard: ReadonlySet<Talker> = new Set();
  #owners: ReadonlySet<number> = new Set();

  constructor(options: RoomOptions) {
    const { cryptography, epoch, mixKey } = options;
    this.id = options.room;
    this.#options = options;
    this.#counters = options.counters;
    this.sender = new SrtpSender({ cryptography, master: mixKey, epoch });
    this.shared = new MixStream(options.sharedMixSsrc, options);
    this.#timestamp = options.random.u32();
  }

  /** @param firstTickMs When the room's ticks begin, if it has none yet. */
  join(seat: Seat, firstTickMs: number): void {
    this.seats.add(seat);
    this.#ownMixes.set(seat, new MixStream(seat.ssrcs.ownMix, this.#options));
    this.#clock ??= new FrameClock({
      frameMs: FRAME_MS,
      lateFramesMax: LATE_TICKS_MAX,
      startMs: firstTickMs - FRAME_MS,
    });
  }

  leave(seat: Seat): void {
    this.seats.delete(seat);
    this.#endTalker(seat);
    this.#ownMixes.get(seat)?.pause();
    this.#ownMixes.delete(seat);
    this.#choice.remove(seat.ssrcs.microphone);
    if (this.seats.size === 0) {
      this.#clock = undefined;
      this.shared.pause();
    }
  }

  close(): void {
    for (const seat of [...this.seats]) this.leave(seat);
  }

  /** The mix with this ssrc, the shared one or somebody's own. */
  mixOf(ssrc: number): MixStream | undefined {
    if (ssrc === this.shared.ssrc) return this.shared;
    for (const mix of this.#ownMixes.values()) if (mix.ssrc === ssrc) return mix;
    return undefined;
  }

  /** Where a mix is: its last packet, or the one to come while there was none. */
  positionOf(mix: MixStream): { roc: number; sequence: number } {
    return this.sender.position(mix.ssrc) ?? { roc: 0, sequence: mix.nextSequence };
  }

  /** A microphone goes on or off. Off fades out within the next tick and forgets what was buffered. */
  turnMicrophone(seat: Seat, on: boolean): void {
    const talker = this.#talkers.get(seat);
    if (!on && talker) talker.ending = true;
    if (!on || (talker && !talker.ending)) return;
    if (talker) this.#endTalker(seat);
    this.#talkers.set(seat, new Talker(seat, this.#options));
  }

  /** Takes a voice packet from a seat's bound address, or says why not. */
  acceptVoice(seat: Seat, bytes: Uint8Array, nowMs: number): string | undefined {
    const talker = this.#talkers.get(seat);
    return talker ? talker.accept(bytes, nowMs) : "microphone-off";
  }

  /** How a seat's voice arrived since the last call. */
  reportOn(seat: Seat): ReportBlock | undefined {
    return this.#talkers.get(seat)?.report();
  }

  /** When the next tick is due; `undefined` in an empty room. */
  get nextDueMs(): number | undefined {
    return this.#clock?.nextDueMs;
  }

  /** Runs one tick, which must be due: decodes, sums, and gives the encoding as jobs, to be run before the next. */
  tick(nowMs: number): Tick {
    const clock = this.#clock;
    assert(clock && clock.nextDueMs <= nowMs, "a tick is due");
    const latenessMs = nowMs - clock.nextDueMs;
    const dueMs = this.#takeFrame(clock, nowMs);
    this.#timestamp = (this.#timestamp + FRAME_SAMPLES) >>> 0;
    this.#gate(dueMs);
    const audible = this.#pull(dueMs);
    const chosen = this.#choice.choose(audible, dueMs);
    this.#note(chosen, dueMs);
    const isSecond = ++this.#tickCount % SECOND_TICKS === 0;
    if (isSecond) this.#expectLosses(dueMs);
    const map = isSecond ? this.#map(chosen) : undefined;
    const jobs = this.#jobs(chosen);
    this.#dropEnded();
    return { latenessMs, jobs, map };
  }

  /** One frame at a time, so that late ticks are made up for piece by piece; after a stall the line jumps. */
  #takeFrame(clock: FrameClock, nowMs: number): number {
    const dueMs = clock.nextDueMs;
    const skippedBefore = clock.skippedFrames;
    // On a clock of many days rounding must not lose a frame.
    const slackMs = 0.1;
    const stalled = nowMs - dueMs > LATE_TICKS_MAX * FRAME_MS + slackMs;
    clock.take(stalled ? nowMs : dueMs + slackMs);
    const skipped = clock.skippedFrames - skippedBefore;
    if (skipped === 0) return dueMs;
    this.#counters.add("tick.stalls");
    this.#counters.add("tick.skipped", skipped);
    this.#decisions.add({ atMs: nowMs, participant: 0, what: `stall of ${skipped} ticks` });
    this.#timestamp = (this.#timestamp + skipped * FRAME_SAMPLES) >>> 0;
    return nowMs;
  }

  /** Of too many who claim to talk, the loudest are decoded. */
  #gate(dueMs: number): void {
    const talkers = [...this.#talkers.values()];
    const claims = talkers
      .map((talker) => ({ id: talker.id, level: talker.claimedLevel(dueMs) }))
      .filter(({ level }) => level > -127);
    const decoded = this.#decoded.select(claims, dueMs).talkers;
    const all = claims.length <= DECODED_TALKERS_MAX;
    for (const talker of talkers) talker.gated = !all && !decoded.includes(talker.id);
  }

  #pull(dueMs: number): Talker[] {
    const audible: Talker[] = [];
    for (const talker of this.#talkers.values()) {
      talker.pull(dueMs);
      if (talker.level > -127) audible.push(talker);
    }
    return audible;
  }

  #jobs({ heard, heardByTalkers, owners }: ChosenMix): MixJob[] {
    const timestamp = this.#timestamp;
    const jobs: MixJob[] = [];
    const sharing: Seat[] = [];
    for (const seat of this.seats) {
      if (!seat.binding.address) continue;
      const own = this.#ownMixes.get(seat);
      const owns = owners.has(seat.ssrcs.microphone);
      const talker = this.#talkers.get(seat);
      const mixed = talker !== undefined && heardByTalkers.includes(talker);
      if (own && owns && seat.mixes.has(own.ssrc)) {
        const others = mixed ? heardByTalkers.filter((one) => one !== talker) : heard;
        if (mixed) subtractVoice(this.#choice.wideSum, talker.pcm, own.sum);
        else own.sum.set(this.#choice.sum);
        jobs.push(this.#job(own, { frame: frameOf(others, timestamp), seats: [seat] }));
      } else if (owns && mixed) {
        this.#counters.add("mix.own-not-acknowledged");
      } else if (seat.mixes.has(this.shared.ssrc)) {
        sharing.push(seat);
      }
    }
    if (sharing.length > 0) {
      this.shared.sum.set(this.#choice.sum);
      jobs.unshift(this.#job(this.shared, { frame: frameOf(heard, timestamp), seats: sharing }));
    } else this.shared.pause();
    return jobs;
  }

  #job(mix: MixStream, { frame, seats }: { frame: MixFrame; seats: readonly Seat[] }): MixJob {
    return {
      run: () => {
        const present = seats.filter((seat) => this.seats.has(seat));
        if (present.length === 0) return;
        for (const rtp of mix.encode(frame)) {
          const bytes = this.sender.protect(rtp);
          for (const seat of present) seat.post(bytes);
        }
      },
    };
  }

  #note({ heard, owners }: ChosenMix, atMs: number): void {
    const now = new Set(heard);
    for (const { seat } of now.difference(this.#heard)) this.#decide(seat, "into the mix", atMs);
    for (const { seat } of this.#heard.difference(now)) this.#decide(seat, "out of the mix", atMs);
    this.#heard = now;
    for (const seat of this.seats) {
      const owns = owners.has(seat.ssrcs.microphone);
      if (owns === this.#owners.has(seat.ssrcs.microphone)) continue;
      if (owns) this.#ownMixes.get(seat)?.announce();
      else this.#ownMixes.get(seat)?.pause();
      this.#counters.add(owns ? "mix.to-own" : "mix.to-shared");
      this.#decide(seat, owns ? "to the own mix" : "to the shared mix", atMs);
    }
    this.#owners = owners;
  }

  /** Mixes carry redundancy where their listeners lose packets. Who talks just now is a listener again in seconds. */
  #expectLosses(nowMs: number): void {
    const shared: number[] = [];
    for (const [seat, own] of this.#ownMixes) {
      const percent = seat.loss.percent(nowMs);
      own.expectLoss(percent);
      if (seat.mixes.has(this.shared.ssrc)) shared.push(percent);
    }
    this.shared.expectLoss(commonLoss(shared));
  }

  #map({ heard }: ChosenMix): Tick["map"] {
    const list = heard.flatMap(({ seat: { participant }, capturedAtMs }) =>
      capturedAtMs === undefined
        ? []
        : [{ participant, capturedAtMs, mixTimestamp: this.#timestamp }]
    );
    return list.length > 0 ? { event: "mix.map", room: this.id, list } : undefined;
  }

  /** What the jitter buffers and the mix decided in the last ten seconds, oldest first. */
  decisions(nowMs: number): PlaneDecision[] {
    const ofTalkers = [...this.#talkers.values()].flatMap(({ seat, receiver }) =>
      receiver.decisions().map(({ atMs, kind, a, b }) => ({
        atMs,
        participant: seat.participant,
        what: `${kind} ${a} ${b}`,
      }))
    );
    return [...this.#decisions.list(nowMs), ...ofTalkers].sort((x, y) => x.atMs - y.atMs);
  }

  /** Adds the totals of the open microphones to `totals`. */
  addVoiceTotals(totals: Counters): void {
    for (const { receiver } of this.#talkers.values()) addTotals(totals, receiver.statistics);
  }

  #dropEnded(): void {
    for (const [seat, { ending }] of this.#talkers) if (ending) this.#endTalker(seat);
  }

  #endTalker(seat: Seat): void {
    const talker = this.#talkers.get(seat);
    if (!talker) return;
    talker.close();
    addTotals(this.#counters, talker.receiver.statistics);
    this.#talkers.delete(seat);
  }

  #decide(seat: Seat, what: string, atMs: number): void {
    this.#decisions.add({ atMs, participant: seat.participant, what });
  }
}

/**
 * The loss a mix for many is made for. Redundancy costs everybody 1 to 3 dB (docs/adr/0002-opus-settings.md), so one bad
 * path of three or more does not buy it, nor does less than a tenth of many; with two listeners the worse one counts.
 */
function commonLoss(percents: readonly number[]): number {
  const spared = percents.length < 3 ? 0 : Math.max(1, Math.floor(percents.length / 10));
  return percents.toSorted((a, b) => b - a)[spared] ?? 0;
}

function frameOf(talkers: readonly Talker[], timestamp: number): MixFrame {
  return {
    timestamp,
    csrcs: talkers.map(({ id }) => id),
    levels: talkers.map(({ level }) => level),
  };
}

/** The counts among a receiver's figures, by name. */
const VOICE_TOTALS = [
  "packets",
  "decodedPackets",
  "skippedPackets",
  "latePackets",
  "duplicatePackets",
  "invalidPackets",
  "droppedPackets",
  "waitingPackets",
  "lostPackets",
  "fecPackets",
  "decodedSamples",
  "concealedSamples",
  "silentSamples",
  "removedSamples",
  "insertedSamples",
  "decoderMisses",
  "anchors",
] as const satisfies readonly (keyof VoiceStatistics)[];

function addTotals(totals: Counters, statistics: VoiceStatistics): void {
  for (const name of VOICE_TOTALS) totals.add(`voice.${name}`, statistics[name]);
}
