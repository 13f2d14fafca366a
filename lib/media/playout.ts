import { TimestampLine } from "@fusionmeet/base";
import { SAMPLE_RATE } from "@fusionmeet/protocol";
import { audioLevel, SILENCE_LEVEL } from "./audio_level.ts";
import { DELAY_MS_MAX, DelayTarget } from "./delay_target.ts";
import type { StreamPacket } from "./packet_line.ts";
import { type Decision, PlayoutLog } from "./playout_log.ts";
import { PullClock } from "./pull_clock.ts";
import { type PlayoutSource, SoundLine } from "./sound_line.ts";
import { bestLag, LAG_SAMPLES_MAX, LAG_SAMPLES_MIN, OVERLAP_SAMPLES } from "./time_stretch.ts";
import {
  type ArrivedVoicePacket,
  emptyVoiceStatistics,
  type PullResult,
  type VoiceStatistics,
} from "./voice_packet.ts";

const SAMPLES_PER_MS = SAMPLE_RATE / 1_000;
/** Speech is shortened from this excess of delay on until this little is left, and lengthened from this shortfall on. */
const EXCESS_MS = 15;
const EXCESS_LEFT_MS = 3;
const SHORTFALL_MS = 3;
/** In silence the delay is lowered at once from this excess on. */
const SILENT_EXCESS_MS = 10;
/** One piece is left out or put in per this time; sooner, and wherever it is, when far off. */
const STRETCH_INTERVAL_MS = 100;
const STRETCH_INTERVAL_FAR_MS = 40;
const FAR_MS = 60;
const LIKENESS_MIN = 0.6;
/** After this much silence the source may let go of its decoder. */
const IDLE_SAMPLES = SAMPLE_RATE / 2;

/**
 * The one playout buffer: packets in as they come, samples out as they are pulled. The position on the timestamp line
 * is chosen sample by sample from the arrival times (media time m is played at its fastest arrival plus the delay), so
 * neither the caller's phase nor the packet size matters.
 *
 * A missing packet whose successor waits is lost: redundancy or concealment takes its time. With nothing waiting,
 * concealment takes no time: a late packet is played late, which raises the delay at once; it falls again in silence,
 * or piece by piece in speech. A delay that does is left alone.
 */
export class Playout {
  readonly #source: PlayoutSource;
  readonly #timestamps = new TimestampLine();
  readonly #target: DelayTarget;
  readonly #clock = new PullClock();
  readonly #log = new PlayoutLog();
  readonly #statistics = emptyVoiceStatistics();
  readonly #line: SoundLine;
  readonly #result: PullResult = {
    timestamp: undefined,
    capturedAtMs: undefined,
    level: SILENCE_LEVEL,
    decodedSamples: 0,
    concealedSamples: 0,
    silentSamples: 0,
  };
  #anchored = false;
  /** Next place to be played; beyond the end of the line when samples have run out. */
  #position = 0;
  #nowMs = 0;
  #dueMs = 0;
  /** `#delayMs` of the last pull's first sample. */
  #playedDelayMs = 0;
  #silentRun = 0;
  #shortening = false;
  #stretchedAtMs = -Infinity;
  #loggedTargetMs = 0;

  constructor(source: PlayoutSource, options: { usesRedundancy: boolean }) {
    this.#source = source;
    this.#target = new DelayTarget({ packetSamples: source.packetSamples, ...options });
    this.#line = new SoundLine(source, { statistics: this.#statistics, log: this.#log });
  }

  /** A copy of the totals. */
  get statistics(): VoiceStatistics {
    const { jitterMs, fastestMs, neededMs } = this.#target;
    const { unexplainedSamples } = this.#line;
    const { count, droppedPackets, lostPackets } = this.#line.packets;
    return {
      ...this.#statistics,
      concealedSamples: this.#statistics.concealedSamples - unexplainedSamples,
      silentSamples: this.#statistics.silentSamples + unexplainedSamples,
      waitingPackets: count,
      decoderMisses: this.#source.decoderMisses,
      droppedPackets,
      lostPackets,
      jitterMs,
      playoutDelayMs: this.#anchored ? this.#playedDelayMs - fastestMs : 0,
      targetDelayMs: neededMs - fastestMs,
    };
  }

  /** The last ten seconds, oldest first. */
  decisions(): Decision[] {
    return this.#log.dump();
  }

  /** Every packet of this ssrc is sent here: a gap in its numbers is loss, even after another ssrc has played. */
  expectContiguous(ssrc: number): void {
    this.#line.packets.expectContiguous(ssrc);
  }

  push(ssrc: number, arrived: ArrivedVoicePacket, arrivalMs: number): void {
    const statistics = this.#statistics;
    const place = this.#timestamps.place(arrived.timestamp);
    const packet: StreamPacket = { ...arrived, ssrc, place };
    const fate = this.#line.packets.push(packet);
    statistics.packets++;
    statistics.bytes += arrived.payload.length;
    if (fate === "late") statistics.latePackets++;
    if (fate === "duplicate") statistics.duplicatePackets++;
    this.#log.add(arrivalMs, fate === "late" ? "late" : "arrival", packet.index, packet.timestamp);
    if (fate === "duplicate") return;
    if (this.#target.arrived(packet, arrivalMs)) {
      this.#line.packets.keepAround(place, SAMPLE_RATE);
      this.#anchored = false;
    }
  }

  pull(nowMs: number, out: Int16Array): PullResult {
    this.#nowMs = this.#line.nowMs = nowMs;
    this.#dueMs = this.#clock.pull(nowMs, out.length);
    this.#target.pullSamples = out.length;
    this.#target.sinceLossMs = nowMs - this.#line.lostAtMs;
    this.#result.decodedSamples = this.#result.concealedSamples = 0;
    const waits = this.#line.packets.first !== undefined;
    if (waits && !this.#anchored) this.#anchor();
    if (this.#anchored && (waits || this.#silentRun === 0)) this.#play(out);
    else this.#rest(out);
    return this.#count(out);
  }

  /** Media time to playing of the next sample, ms, on the scale of `DelayTarget`. */
  get #delayMs(): number {
    return this.#dueMs - this.#position / SAMPLES_PER_MS;
  }

  #placeAtDelay(delayMs: number): number {
    return Math.round((this.#dueMs - delayMs) * SAMPLES_PER_MS);
  }

  /** Sets the position by what is known of the arrivals: at first, and where the clocks have jumped. */
  #anchor(): void {
    this.#moveTo(this.#placeAtDelay(this.#target.comfortableMs));
    this.#line.ring.clear();
    this.#anchored = true;
    this.#statistics.anchors++;
    const delayMs = this.#delayMs - this.#target.fastestMs;
    this.#log.add(this.#nowMs, "anchor", this.#position, delayMs);
  }

  #moveTo(place: number): void {
    this.#line.moveTo(place, this.#line.ring.at(this.#position - 1));
    this.#position = place;
    // The next sound is joined to the last; a stretch would tear that join apart.
    this.#stretchedAtMs = this.#nowMs;
  }

  /** Nothing to play: time goes on. */
  #rest(out: Int16Array): void {
    out.fill(0);
    this.#describe(this.#position);
    this.#position += out.length;
  }

  #play(out: Int16Array): void {
    this.#steer();
    const stretch = this.#stretch(out.length);
    const before = this.#position, from = before + stretch;
    this.#describe(from);
    this.#line.fill(from + out.length);
    this.#line.runOut(from, from + out.length);
    this.#read(out, from);
    if (stretch !== 0) this.#crossfade(out, before);
    this.#position = from + out.length;
  }

  #describe(from: number): void {
    this.#playedDelayMs = this.#dueMs - from / SAMPLES_PER_MS;
    const stamp = this.#line.stamp;
    this.#result.timestamp = this.#anchored ? from >>> 0 : undefined;
    this.#result.capturedAtMs = stamp && stamp.capturedAtMs + (from - stamp.place) / SAMPLES_PER_MS;
  }

  #steer(): void {
    const excessMs = this.#delayMs - this.#target.fastestMs - DELAY_MS_MAX;
    if (this.#line.packets.first === undefined) return;
    this.#logTarget();
    if (excessMs > EXCESS_MS) this.#anchor();
    else if (this.#line.end <= this.#position) this.#steerWithoutSound(this.#line.packets.first);
  }

  /** Samples ran out, or silence is playing: the position moves back for a late packet, and freely in silence. */
  #steerWithoutSound(first: StreamPacket): void {
    this.#line.explain(this.#position);
    const place = Math.max(
      this.#placeAtDelay(this.#target.fastestMs + DELAY_MS_MAX),
      Math.min(first.place, this.#silentRun > 0 ? this.#placeInSilence : this.#position),
    );
    const back = this.#position - place;
    if (back > 0) {
      this.#log.add(this.#nowMs, "rewind", back, this.#delayMs - this.#target.fastestMs);
    }
    if (back !== 0 || place !== this.#line.end) this.#moveTo(place);
  }

  /** Where to go on: at the comfortable delay where the present one is off. */
  get #placeInSilence(): number {
    const { comfortableMs, neededMs } = this.#target;
    const fits = this.#delayMs < comfortableMs + SILENT_EXCESS_MS &&
      this.#delayMs > neededMs - SHORTFALL_MS;
    return fits ? this.#position : this.#placeAtDelay(comfortableMs);
  }

  #logTarget(): void {
    const targetMs = this.#target.neededMs - this.#target.fastestMs;
    if (Math.abs(targetMs - this.#loggedTargetMs) < 1) return;
    this.#loggedTargetMs = targetMs;
    this.#log.add(this.#nowMs, "target", targetMs, this.#target.jitterMs);
  }

  /** Samples to leave out now (negative: to put in), 0 for neither. */
  #stretch(pullSamples: number): number {
    const excessMs = this.#delayMs - this.#target.comfortableMs;
    const far = excessMs > FAR_MS;
    const intervalMs = far ? STRETCH_INTERVAL_FAR_MS : STRETCH_INTERVAL_MS;
    if (this.#nowMs - this.#stretchedAtMs < intervalMs) return 0;
    this.#shortening = excessMs > (this.#shortening ? EXCESS_LEFT_MS : EXCESS_MS);
    if (this.#shortening) return this.#shorten(pullSamples, { excessMs, far });
    return this.#target.neededMs - this.#delayMs > SHORTFALL_MS ? this.#lengthen() : 0;
  }

  #shorten(pullSamples: number, options: { excessMs: number; far: boolean }): number {
    const from = this.#position;
    this.#line.decodeWaiting(from + pullSamples + LAG_SAMPLES_MAX);
    const samplesMax = Math.min(
      this.#line.end - from - pullSamples,
      Math.max(LAG_SAMPLES_MIN, Math.floor(options.excessMs * SAMPLES_PER_MS)),
    );
    if (samplesMax < LAG_SAMPLES_MIN) return 0;
    const lag = bestLag((place) => this.#line.ring.at(place), from, { direction: 1, samplesMax });
    if (lag.likeness < LIKENESS_MIN && !options.far) return 0;
    this.#statistics.removedSamples += lag.samples;
    this.#noteStretch("shorten", lag.samples);
    return lag.samples;
  }

  #lengthen(): number {
    const from = this.#position;
    this.#line.decodeWaiting(from + OVERLAP_SAMPLES);
    if (this.#line.end < from + OVERLAP_SAMPLES) return 0;
    const lag = bestLag((place) => this.#line.ring.at(place), from, { direction: -1 });
    if (lag.likeness < LIKENESS_MIN) return 0;
    this.#statistics.insertedSamples += lag.samples;
    this.#noteStretch("lengthen", lag.samples);
    return -lag.samples;
  }

  #noteStretch(kind: "shorten" | "lengthen", samples: number): void {
    this.#stretchedAtMs = this.#nowMs;
    this.#log.add(this.#nowMs, kind, samples, this.#delayMs - this.#target.fastestMs);
  }

  #read(out: Int16Array, from: number): void {
    const { decoded, concealed } = this.#line.ring.read(from, out);
    this.#result.decodedSamples = decoded;
    this.#result.concealedSamples = concealed;
  }

  /** Leads from the sound that would have come at `before` over to what `out` holds. */
  #crossfade(out: Int16Array, before: number): void {
    for (let index = 0; index < OVERLAP_SAMPLES; index++) {
      const share = (index + 1) / (OVERLAP_SAMPLES + 1);
      const old = this.#line.ring.at(before + index);
      out[index] = Math.round(out[index] * share + old * (1 - share));
    }
  }

  #count(out: Int16Array): PullResult {
    const result = this.#result, statistics = this.#statistics;
    result.silentSamples = out.length - result.decodedSamples - result.concealedSamples;
    statistics.decodedSamples += result.decodedSamples;
    statistics.concealedSamples += result.concealedSamples;
    statistics.silentSamples += result.silentSamples;
    result.level = result.silentSamples === out.length && this.#silentRun > 0
      ? SILENCE_LEVEL
      : audioLevel(out);
    const wasSilent = this.#silentRun;
    const sounds = result.level > SILENCE_LEVEL || result.silentSamples < out.length;
    this.#silentRun = sounds ? 0 : wasSilent + out.length;
    if (wasSilent < IDLE_SAMPLES && this.#silentRun >= IDLE_SAMPLES) this.#source.idle();
    return result;
  }
}
