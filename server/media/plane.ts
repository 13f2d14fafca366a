import { assert, Counters, type NowMs, type Random, TokenBucket } from "@fusionmeet/base";
import type { Datagram, MediaAddress, VoiceCodecs } from "@fusionmeet/media";
import {
  type Cryptography,
  FRAME_MS,
  isRtcp,
  type Nack,
  RETIRED_KEY_MS,
  rtcpSsrc,
  rtpSsrc,
} from "@fusionmeet/protocol";
import type { CameraStream } from "./camera_stream.ts";
import type { PlaneCommand, PlaneEvent, PlaneStatistics } from "./commands.ts";
import { type MixJob, Room } from "./room.ts";
import { Seat } from "./seat.ts";
import { LatestFigures } from "./tick_statistics.ts";

/** Pieces of a tick (a room's sums, or one encode) in one `step()`: between two steps packets are taken. */
const PIECES_PER_STEP = 2;
/** Rooms' ticks are spread over the frame by the golden ratio: any number of them lies evenly. */
const STAGGER = 0.618034;

/** What a media plane is given. */
export interface MediaPlaneOptions {
  readonly cryptography: Cryptography;
  readonly codecs: VoiceCodecs;
  readonly random: Random;
  /** Measures what ticks cost; without it the cost is reported as 0. */
  readonly costClock?: NowMs;
  /** Our own mistakes become `fault` events and cost the packet, command or piece of work; else they are thrown. */
  readonly tolerant?: boolean;
}

type CommandOf<Do extends PlaneCommand["do"]> = Extract<PlaneCommand, { do: Do }>;
type CommandHandlers = {
  readonly [Do in PlaneCommand["do"]]: (command: CommandOf<Do>) => void;
};

/** Who a stream's packets come from, by ssrc. */
type Source = { seat: Seat; camera: CameraStream | undefined };

/**
 * The server's media: binds addresses, relays pictures, mixes voices. Synchronous and without a clock of its own: a
 * driver hands it what came and the time, and sends what `takeOutgoing()` gives. Whoever drives it calls `step()` at
 * `nextDueMs()` at the latest, in pieces until that is later than now.
 */
export class MediaPlane {
  readonly #options: MediaPlaneOptions;
  readonly #counters = new Counters();
  readonly #rooms = new Map<number, Room>();
  readonly #seats = new Map<number, Seat>();
  readonly #sources = new Map<number, Source>();
  readonly #feedback = new Map<number, Seat>();
  /** Seats with packets to spread over time, and cameras with packets to ask for. */
  readonly #spreading = new Set<Seat>();
  readonly #gaps = new Map<CameraStream, Seat>();
  #retired: { room: Room; epoch: number; atMs: number }[] = [];
  #jobs: MixJob[] = [];
  #outgoing: Datagram[] = [];
  #events: PlaneEvent[] = [];
  #nowMs = 0;
  #placeCount = 0;
  readonly #lateness = new LatestFigures();
  readonly #cost = new LatestFigures();
  #tickCostMs = 0;
  #ticks = 0;
  /** Faults that are told, not only counted: a log must not grow by what somebody sends. */
  readonly #faults = new TokenBucket({ perSecond: 1, burst: 10, nowMs: 0 });
  readonly #traffic = { packetsIn: 0, packetsOut: 0, bytesIn: 0, bytesOut: 0 };

  constructor(options: MediaPlaneOptions) {
    this.#options = options;
  }

  /** Takes effect at once; answers are among the events. */
  command(command: PlaneCommand, nowMs = this.#nowMs): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    this.#guard(() => this.#obey(command));
  }

  /**
   * Takes what came in, then does a piece of what is due.
   *
   * @param batch Its bytes belong to the plane from here on.
   * @param nowMs The media clock: never goes back.
   */
  step(batch: readonly Datagram[], nowMs: number): void {
    this.#nowMs = nowMs;
    for (const datagram of batch) this.#guard(() => this.#receive(datagram));
    for (let piece = 0; piece < PIECES_PER_STEP; piece++) {
      if (!this.#guard(() => this.#work())) break;
    }
    this.#guard(() => {
      this.#sendSpread();
      this.#askForMissing();
      this.#removeRetired();
    });
  }

  /** When `step()` has something to do though nothing came; in the past: now. Infinity: not before something comes. */
  nextDueMs(): number {
    if (this.#jobs.length > 0) return this.#nowMs;
    let due = Infinity;
    for (const room of this.#rooms.values()) due = Math.min(due, room.nextDueMs ?? Infinity);
    for (const seat of this.#spreading) due = Math.min(due, seat.outlet.nextDueMs ?? Infinity);
    for (const camera of this.#gaps.keys()) due = Math.min(due, camera.nextDueMs ?? Infinity);
    return due;
  }

  /** What is to be sent, in order; each is given once. Mixes share their bytes among listeners. */
  takeOutgoing(): Datagram[] {
    if (this.#outgoing.length === 0) return this.#outgoing;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  /** What the control plane should know, in order; each is given once. */
  takeEvents(): PlaneEvent[] {
    if (this.#events.length === 0) return this.#events;
    const events = this.#events;
    this.#events = [];
    return events;
  }

  get statistics(): PlaneStatistics {
    const totals = new Counters();
    for (const [name, count] of Object.entries(this.#counters.snapshot())) totals.add(name, count);
    for (const room of this.#rooms.values()) room.addVoiceTotals(totals);
    return {
      counters: totals.snapshot(),
      tickLatenessMs: this.#lateness.percentiles(),
      tickCostMs: this.#cost.percentiles(),
      ticks: this.#ticks,
      ...this.#traffic,
    };
  }

  /** Gives all codecs back. */
  close(): void {
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    this.#seats.clear();
    this.#sources.clear();
    this.#feedback.clear();
    this.#jobs = [];
  }

  readonly #handlers: CommandHandlers = {
    "room.open": (command) => {
      assert(!this.#rooms.has(command.room), "a room is opened once");
      this.#rooms.set(
        command.room,
        new Room({ ...this.#options, ...command, counters: this.#counters }),
      );
    },
    "room.close": ({ room: id }) => {
      const room = this.#room(id);
      for (const seat of [...room.seats]) this.#remove(seat);
      room.close();
      this.#rooms.delete(id);
    },
    "participant.add": (command) => this.#add(command),
    "participant.remove": ({ participant }) => {
      const seat = this.#seats.get(participant);
      if (seat) this.#remove(seat);
    },
    "source": ({ participant, kind, on }) => {
      const seat = this.#seats.get(participant);
      if (!seat) return this.#counters.add("command.gone");
      if (kind === "microphone") this.#room(seat.room).turnMicrophone(seat, on);
      else for (const camera of seat.cameras) this.#turnCamera(camera, { seat, on });
    },
    "stream.query": ({ request, ssrc }) => {
      const state = this.#stateOf(ssrc);
      if (state) this.#events.push({ event: "stream.state", request, ssrc, ...state });
      else this.#events.push({ event: "stream.unknown", request, ssrc });
    },
    "subscribe": ({ viewer, ssrc }) => {
      const seat = this.#seats.get(viewer);
      if (!seat) return this.#counters.add("command.gone");
      const room = this.#room(seat.room);
      if (ssrc === room.shared.ssrc || ssrc === seat.ssrcs.ownMix) {
        seat.mixes.add(ssrc);
        return;
      }
      const source = this.#sources.get(ssrc);
      if (!source) return this.#counters.add("command.gone");
      assert(source.camera && source.seat.room === seat.room, "people see cameras of their room");
      seat.watched.add(source.camera);
      if (seat.binding.address) this.#show(source.camera, seat);
    },
    "unsubscribe": ({ viewer, ssrc }) => {
      const seat = this.#seats.get(viewer);
      const camera = this.#sources.get(ssrc)?.camera;
      seat?.mixes.delete(ssrc);
      if (!seat || !camera) return;
      seat.watched.delete(camera);
      camera.unsubscribe(seat.outlet);
    },
    "room.rekey": ({ room: id, epoch, mixKey, pictureKeys }) => {
      this.#room(id).sender.addKey(epoch, mixKey);
      for (const { participant, key } of pictureKeys) {
        this.#seats.get(participant)?.pictures.addKey(epoch, key);
      }
    },
    "room.rekey.use": ({ room: id, epoch }) => {
      const room = this.#room(id);
      this.#retired.push({ room, epoch: room.sender.epoch, atMs: this.#nowMs });
      room.sender.use(epoch);
    },
    "statistics": () => {
      this.#events.push({ event: "statistics", statistics: this.statistics });
      this.#lateness.clear();
      this.#cost.clear();
    },
    "decisions": ({ room }) => {
      const list = this.#room(room).decisions(this.#nowMs);
      this.#events.push({ event: "decisions", room, list });
    },
  };

  #obey<Do extends PlaneCommand["do"]>(command: CommandOf<Do>): void {
    (this.#handlers[command.do] as (command: CommandOf<Do>) => void)(command);
  }

  #add(command: CommandOf<"participant.add">): void {
    assert(!this.#seats.has(command.participant), "a participant is removed before added again");
    const room = this.#room(command.room);
    const seat = new Seat({
      ...this.#options,
      ...command,
      counters: this.#counters,
      nowMs: this.#nowMs,
      post: (datagram) => this.#post(datagram),
      onBound: (seat, address) => this.#bound(seat, address),
      onNack: (seat, nack) => this.#repair(seat, nack),
      reportOn: (seat) => this.#room(seat.room).reportOn(seat),
    });
    this.#seats.set(command.participant, seat);
    this.#feedback.set(seat.ssrcs.feedback, seat);
    this.#sources.set(seat.ssrcs.microphone, { seat, camera: undefined });
    for (const camera of seat.cameras) this.#sources.set(camera.ssrc, { seat, camera });
    if (room.seats.size === 0) this.#placeCount++;
    room.join(seat, this.#nowMs + (this.#placeCount * STAGGER) % 1 * FRAME_MS);
  }

  #remove(seat: Seat): void {
    const room = this.#room(seat.room);
    room.leave(seat);
    for (const camera of seat.watched) camera.unsubscribe(seat.outlet);
    for (const camera of seat.cameras) {
      this.#turnCamera(camera, { seat, on: false });
      this.#sources.delete(camera.ssrc);
    }
    this.#sources.delete(seat.ssrcs.microphone);
    this.#feedback.delete(seat.ssrcs.feedback);
    this.#seats.delete(seat.participant);
    this.#spreading.delete(seat);
  }

  /** Off ends what viewers were promised: they ask anew when it comes back. */
  #turnCamera(camera: CameraStream, { seat, on }: { seat: Seat; on: boolean }): void {
    camera.turn(on);
    if (on) return;
    this.#gaps.delete(camera);
    for (const viewer of this.#room(seat.room).seats) viewer.watched.delete(camera);
  }

  #stateOf(ssrc: number): { epoch: number; roc: number; sequence: number } | undefined {
    const source = this.#sources.get(ssrc);
    if (source?.camera) {
      return { epoch: this.#room(source.seat.room).sender.epoch, ...source.camera.position };
    }
    for (const room of this.#rooms.values()) {
      const mix = room.mixOf(ssrc);
      if (mix) return { epoch: room.sender.epoch, ...room.positionOf(mix) };
    }
    return undefined;
  }

  /** A bound viewer is sent the GOP, then what comes. */
  #show(camera: CameraStream, seat: Seat): void {
    const room = this.#room(seat.room);
    const retired = this.#retired.filter((each) => each.room === room).map(({ epoch }) => epoch);
    camera.subscribe(seat.outlet, [room.sender.epoch, ...retired]);
    this.#spreading.add(seat);
  }

  #bound(seat: Seat, { hostname, port }: MediaAddress): void {
    const { participant } = seat;
    this.#events.push({ event: "bound", participant, hostname, port });
    this.#counters.add("bound");
    for (const camera of seat.watched) if (!camera.has(seat.outlet)) this.#show(camera, seat);
  }

  #repair(seat: Seat, { media, sequences }: Nack): void {
    const camera = this.#sources.get(media)?.camera;
    if (!camera) return this.#counters.add("nack.unknown-ssrc");
    const may = (): boolean => seat.repairs.take(this.#nowMs);
    camera.repair(seat.outlet, { sequences, may });
    this.#spreading.add(seat);
  }

  #post(datagram: Datagram): void {
    this.#traffic.packetsOut++;
    this.#traffic.bytesOut += datagram.bytes.length;
    this.#outgoing.push(datagram);
  }

  #receive(datagram: Datagram): void {
    const { bytes } = datagram;
    this.#traffic.packetsIn++;
    this.#traffic.bytesIn += bytes.length;
    if (isRtcp(bytes)) {
      const seat = this.#feedback.get(rtcpSsrc(bytes));
      const reason = seat ? seat.acceptFeedback(datagram, this.#nowMs) : "unknown-ssrc";
      if (reason) this.#counters.add(`rtcp.${reason}`);
      return;
    }
    const source = this.#sources.get(rtpSsrc(bytes));
    if (!source) return this.#counters.add("rtp.unknown-ssrc");
    const { seat, camera } = source;
    const reason = this.#acceptRtp(datagram, source);
    if (reason) this.#counters.add(`${camera ? "camera" : "voice"}.${reason}`);
    if (camera && camera.nextDueMs !== undefined) this.#gaps.set(camera, seat);
  }

  #acceptRtp({ address, bytes }: Datagram, { seat, camera }: Source): string | undefined {
    if (!seat.binding.isAt(address)) return "other-address";
    if (!seat.mayReceive(this.#nowMs)) return "too-fast";
    if (camera) return camera.accept(bytes, this.#nowMs);
    return this.#room(seat.room).acceptVoice(seat, bytes, this.#nowMs);
  }

  /** One piece of the ticks' work, oldest first; false when nothing is due. */
  #work(): boolean {
    const startedMs = this.#options.costClock?.() ?? 0;
    const job = this.#jobs.shift();
    if (job) job.run();
    else if (!this.#tick()) return false;
    this.#tickCostMs += (this.#options.costClock?.() ?? 0) - startedMs;
    if (this.#jobs.length === 0) {
      this.#cost.add(this.#tickCostMs);
      this.#tickCostMs = 0;
    }
    return true;
  }

  #tick(): boolean {
    let next: Room | undefined;
    for (const room of this.#rooms.values()) {
      if ((room.nextDueMs ?? Infinity) < (next?.nextDueMs ?? Infinity)) next = room;
    }
    if (!next || next.nextDueMs! > this.#nowMs) return false;
    const { latenessMs, jobs, map } = next.tick(this.#nowMs);
    this.#ticks++;
    this.#lateness.add(latenessMs);
    this.#jobs.push(...jobs);
    if (map) this.#events.push(map);
    return true;
  }

  #sendSpread(): void {
    for (const seat of this.#spreading) {
      seat.outlet.flush(this.#nowMs);
      if (seat.outlet.nextDueMs === undefined) this.#spreading.delete(seat);
    }
  }

  #askForMissing(): void {
    for (const [camera, seat] of this.#gaps) {
      const missing = camera.missing(this.#nowMs);
      if (missing.length > 0) {
        this.#counters.add("nack.sent", missing.length);
        seat.askAgain(camera.ssrc, missing);
      }
      if (camera.nextDueMs === undefined) this.#gaps.delete(camera);
    }
  }

  #removeRetired(): void {
    while (this.#retired.length > 0 && this.#nowMs - this.#retired[0].atMs >= RETIRED_KEY_MS) {
      const { room, epoch } = this.#retired.shift()!;
      if (room.sender.epoch === epoch) continue;
      for (const seat of room.seats) seat.pictures.removeKey(epoch);
    }
  }

  #room(id: number): Room {
    const room = this.#rooms.get(id);
    assert(room, "the room is open");
    return room;
  }

  #guard<Result>(run: () => Result): Result | undefined {
    if (!this.#options.tolerant) return run();
    try {
      return run();
    } catch (error) {
      this.#counters.add("fault");
      if (!this.#faults.take(this.#nowMs)) return undefined;
      const message = error instanceof Error ? error.stack ?? error.message : String(error);
      this.#events.push({ event: "fault", message });
      return undefined;
    }
  }
}
