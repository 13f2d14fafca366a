import { ok } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import { OpusPool } from "@fusionmeet/codec";
import type { Datagram, MediaAddress, VoiceCodecs } from "@fusionmeet/media";
import { systemCryptography } from "@fusionmeet/net";
import {
  type CameraCodec,
  depacketizeJpeg,
  FRAME_SAMPLES,
  type MasterKey,
} from "@fusionmeet/protocol";
import type { EngineEvent } from "../../client/media/commands.ts";
import { ClientEngine } from "../../client/media/engine.ts";
import type { PlaneEvent, SeatSsrcs } from "../../server/media/commands.ts";
import { MediaPlane } from "../../server/media/plane.ts";
import type { Impairment } from "./impairment.ts";
import { SimNetwork, VirtualClock } from "./sim_network.ts";

const SERVER: MediaAddress = { hostname: "10.0.0.1", port: 65436 };
const ROOM = 1;
/** The media clock when a meeting begins: not that of any client. */
export const SERVER_EPOCH_MS = 5_000;

type Picture = Extract<EngineEvent, { event: "picture" }>;
type Statistics = Extract<EngineEvent, { event: "statistics" }>;

export interface MeetingOptions {
  readonly seed?: number;
  readonly voice?: "opus" | "l16";
  readonly impairment?: Partial<Impairment>;
  /** Puts something between the pool and everybody who takes codecs from it. */
  readonly codecs?: (pool: VoiceCodecs) => VoiceCodecs;
}

/** A server with one room. Its control plane has no delay: what it does is done. */
export class Meeting {
  readonly clock = new VirtualClock();
  readonly network: SimNetwork;
  readonly plane: MediaPlane;
  readonly codecs: VoiceCodecs;
  readonly people: Person[] = [];
  readonly random: Random;
  readonly voice: "opus" | "l16";
  readonly mixKey: MasterKey;
  #ssrcs = 1_000;
  #wakesAtMs = Infinity;
  #stepping = false;

  private constructor(readonly pool: OpusPool, options: MeetingOptions) {
    const { seed = 1, voice = "l16", impairment } = options;
    this.network = new SimNetwork(this.clock, { seed, impairment });
    this.random = seededRandom(seed);
    this.voice = voice;
    this.codecs = options.codecs?.(pool) ?? pool;
    this.plane = new MediaPlane({
      cryptography: systemCryptography,
      codecs: this.codecs,
      random: this.random,
    });
    this.mixKey = this.newKey();
    this.plane.command({
      do: "room.open",
      room: ROOM,
      epoch: 0,
      mixKey: this.mixKey,
      sharedMixSsrc: this.newSsrc(),
      voice,
    }, this.mediaMs());
    this.network.attach(SERVER, (bytes, address) => this.wake([{ address, bytes }]));
  }

  static async open(options: MeetingOptions = {}): Promise<Meeting> {
    return new Meeting(await OpusPool.create({ encoders: 16, decoders: 24 }), options);
  }

  mediaMs(): number {
    return this.clock.now() + SERVER_EPOCH_MS;
  }

  newSsrc(): number {
    return this.#ssrcs++;
  }

  newKey(): MasterKey {
    const { random } = this;
    return { key: random.fill(new Uint8Array(16)), salt: random.fill(new Uint8Array(12)) };
  }

  /** Lets the plane work on what came and whatever is due. */
  wake(batch: readonly Datagram[] = []): void {
    if (this.#stepping) return;
    this.#stepping = true;
    let rest = batch;
    do {
      this.plane.step(rest, this.mediaMs());
      rest = [];
      for (const { address, bytes } of this.plane.takeOutgoing()) {
        this.network.send(bytes, SERVER, address);
      }
    } while (this.plane.nextDueMs() <= this.mediaMs());
    for (const event of this.plane.takeEvents()) this.#tell(event);
    this.#stepping = false;
    const dueMs = this.plane.nextDueMs() - SERVER_EPOCH_MS;
    if (dueMs >= this.#wakesAtMs || dueMs === Infinity) return;
    this.#wakesAtMs = dueMs;
    this.clock.at(dueMs, () => {
      if (this.#wakesAtMs === dueMs) this.#wakesAtMs = Infinity;
      this.wake();
    });
  }

  /** Where a stream is now. */
  position(ssrc: number): { epoch: number; roc: number; sequence: number } {
    this.plane.command({ do: "stream.query", request: 1, ssrc }, this.mediaMs());
    const state = this.plane.takeEvents().find((event) => event.event === "stream.state");
    ok(state?.event === "stream.state", `ssrc ${ssrc} is known`);
    return { epoch: state.epoch, roc: state.roc, sequence: state.sequence };
  }

  /** Runs `ms` of virtual time, in pieces between which codecs are made. */
  async run(ms: number): Promise<void> {
    const untilMs = this.clock.now() + ms;
    while (this.clock.now() < untilMs) {
      this.clock.run(Math.min(untilMs, this.clock.now() + 200));
      await this.pool.refill();
    }
  }

  close(): void {
    this.plane.close();
    for (const { engine } of this.people) engine.close();
    this.pool.close();
  }

  #tell(event: PlaneEvent): void {
    if (event.event !== "mix.map") return;
    for (const { engine, nowMs } of this.people) {
      engine.command({ do: "mix.map", list: event.list }, nowMs);
    }
  }
}

/** A client: its engine, a clock of its own, what it says and shows, what it heard and saw. */
export class Person {
  readonly engine: ClientEngine;
  readonly participant: number;
  readonly pictures: Picture[] = [];
  statistics: Statistics | undefined;
  levels: Extract<EngineEvent, { event: "levels" }> | undefined;
  boundCount = 0;
  ssrcs!: SeatSsrcs;
  /** What the microphone hears: sample at a virtual time, ms. */
  voice: (atMs: number) => Int16Array = () => new Int16Array(FRAME_SAMPLES);
  /** Pictures that were handed in. */
  readonly filmed: Uint8Array[] = [];
  films = false;
  cameraCodec: CameraCodec = "h264";
  #pictureKey!: MasterKey;
  #address!: MediaAddress;
  readonly #heard: Int16Array[] = [];
  readonly #watching = new Set<Person>();
  /** Virtual time of the first sample of `heard()`. */
  readonly heardFromMs: number;
  #wakesAtMs = Infinity;

  /** @param options.aheadMs its clock minus the virtual one. */
  constructor(readonly meeting: Meeting, readonly options: { aheadMs: number }) {
    const { clock, random, codecs } = meeting;
    this.participant = meeting.people.push(this);
    this.engine = new ClientEngine({
      cryptography: systemCryptography,
      random,
      codecs,
      nowMs: this.nowMs,
    });
    this.heardFromMs = clock.now() + 3;
    clock.every(20, () => this.#capture(), clock.now() + this.participant * 2.3);
    clock.every(33, () => this.#film(), clock.now() + this.participant * 3.1);
    clock.every(10, () => this.#play(), this.heardFromMs);
  }

  /** Its own clock. */
  get nowMs(): number {
    return this.meeting.clock.now() + this.options.aheadMs;
  }

  /** As after `welcome`; again after a reconnect, with all new. */
  connect(): void {
    const { meeting, participant, engine } = this;
    const { plane, network } = meeting;
    if (this.ssrcs) {
      plane.command({ do: "participant.remove", participant }, meeting.mediaMs());
      network.detach(this.#address);
    }
    const [feedback, serverFeedback, microphone, camera, cameraLow, ownMix] = Array.from(
      { length: 6 },
      () => meeting.newSsrc(),
    );
    this.ssrcs = { feedback, serverFeedback, microphone, camera, cameraLow, ownMix };
    this.#pictureKey = meeting.newKey();
    const linkKey = meeting.newKey();
    this.#address = { hostname: `10.0.1.${participant}`, port: meeting.newSsrc() };
    network.attach(this.#address, (bytes, address) => {
      engine.receive({ address, bytes }, this.nowMs);
      this.#flush();
    });
    const seat = { participant, epoch: 0, linkKey, pictureKey: this.#pictureKey };
    plane.command(
      { do: "participant.add", room: ROOM, ...seat, ssrcs: this.ssrcs },
      meeting.mediaMs(),
    );
    engine.command(
      { do: "connect", ...seat, ...SERVER, ssrcs: this.ssrcs, voice: meeting.voice },
      this.nowMs,
    );
    for (const ssrc of [1_000, ownMix]) {
      const layer = ssrc === ownMix ? "own" : "shared";
      this.#open(
        { participant: 0, kind: "mix", layer, ssrc, codec: meeting.voice },
        meeting.mixKey,
      );
    }
    for (const person of this.#watching) this.watch(person);
    this.#flush();
  }

  microphone(on: boolean): void {
    const { meeting, participant } = this;
    this.engine.command({ do: "microphone", on }, this.nowMs);
    meeting.plane.command(
      { do: "source", participant, kind: "microphone", on },
      meeting.mediaMs(),
    );
  }

  camera(on: boolean): void {
    const { meeting, participant } = this;
    this.films = on;
    this.engine.command({ do: "camera", on }, this.nowMs);
    meeting.plane.command({ do: "source", participant, kind: "camera", on }, meeting.mediaMs());
  }

  /** The camera sends another codec from now on, and the server announces it anew to those who watch. */
  sendCodec(codec: CameraCodec): void {
    const { meeting, participant, ssrcs } = this;
    this.cameraCodec = codec;
    this.engine.command({ do: "camera.codec", codec }, this.nowMs);
    for (const on of [false, true]) {
      meeting.plane.command({ do: "source", participant, kind: "camera", on }, meeting.mediaMs());
    }
    for (const viewer of meeting.people) {
      if (!viewer.#watching.has(this)) continue;
      viewer.engine.command({ do: "stream.close", ssrc: ssrcs.camera }, viewer.nowMs);
      viewer.watch(this);
    }
  }

  /** Asks for somebody's camera as it is now; again when that was off or came back. */
  watch(person: Person): void {
    this.#watching.add(person);
    const { participant, ssrcs, cameraCodec: codec } = person;
    this.#open(
      { participant, kind: "camera", layer: "high", ssrc: ssrcs.camera, codec },
      person.#pictureKey,
    );
  }

  /** Everything that was played, contiguous from `heardFromMs`. */
  heard(): Int16Array {
    const whole = new Int16Array(this.#heard.length * 480);
    this.#heard.forEach((block, index) => whole.set(block, index * 480));
    return whole;
  }

  /** What was played in a span of virtual time. */
  heardBetween(fromMs: number, toMs: number): Int16Array {
    return this.heard().subarray(
      Math.round((fromMs - this.heardFromMs) * 48),
      Math.round((toMs - this.heardFromMs) * 48),
    );
  }

  #open(
    stream: {
      participant: number;
      kind: "camera" | "mix";
      layer: string;
      ssrc: number;
      codec: string;
    },
    key: MasterKey,
  ): void {
    const { meeting, participant: viewer } = this;
    const { ssrc } = stream;
    this.engine.command(
      { do: "stream.open", ...stream, key, ...meeting.position(ssrc) },
      this.nowMs,
    );
    meeting.plane.command({ do: "subscribe", viewer, ssrc }, meeting.mediaMs());
    meeting.wake();
  }

  #capture(): void {
    const atMs = this.meeting.clock.now() - 20;
    this.engine.microphoneFrame(this.voice(atMs), atMs + this.options.aheadMs);
    this.#flush();
  }

  #film(): void {
    if (!this.films) return;
    const index = this.filmed.length;
    const codec = this.cameraCodec;
    const keyframe = codec === "jpeg" || index % 30 === 0;
    const size = keyframe ? 9_000 : 1_500 + 37 * (index % 30);
    const bytes = codec === "jpeg" ? testJpeg(size, index) : testPicture(size, { keyframe, index });
    this.filmed.push(bytes);
    this.engine.cameraPicture({ codec, bytes, keyframe, capturedAtMs: this.nowMs - 4 }, this.nowMs);
    this.#flush();
  }

  #play(): void {
    const block = new Int16Array(480);
    this.engine.playout(this.nowMs, block);
    this.#heard.push(block);
  }

  #flush(): void {
    const { clock, network } = this.meeting;
    if (this.engine.nextDueMs <= this.nowMs) this.engine.step(this.nowMs);
    for (const { address, bytes } of this.engine.takeDatagrams()) {
      network.send(bytes, this.#address, address);
    }
    for (const event of this.engine.takeEvents()) {
      if (event.event === "picture") this.pictures.push(event);
      else if (event.event === "statistics") this.statistics = event;
      else if (event.event === "levels") this.levels = event;
      else if (event.event === "bound") this.boundCount++;
    }
    const dueMs = Math.max(this.engine.nextDueMs - this.options.aheadMs, clock.now() + 0.1);
    if (dueMs >= this.#wakesAtMs) return;
    this.#wakesAtMs = dueMs;
    clock.at(dueMs, () => {
      if (this.#wakesAtMs === dueMs) this.#wakesAtMs = Infinity;
      this.#flush();
    });
  }
}

/** H.264 in its outer form only: nobody decodes it here. */
function testPicture(
  size: number,
  { keyframe, index }: { keyframe: boolean; index: number },
): Uint8Array {
  const slice = Uint8Array.from({ length: size }, (_, at) => 1 + (at * 7 + index * 31) % 255);
  slice[0] = keyframe ? 0x65 : 0x41;
  const head = [0, 0, 0, 1, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x05, 0x07, 0x92, 0, 0, 0, 1, 0x68, 0xce];
  return Uint8Array.from([...keyframe ? head : [], 0, 0, 0, 1, ...slice]);
}

/** A JPEG of 320x240, likewise. */
function testJpeg(size: number, index: number): Uint8Array {
  const payload = Uint8Array.from({ length: size }, (_, at) => (at * 7 + index * 31) % 255);
  payload.set([0, 0, 0, 0, 1, 255, 320 / 8, 240 / 8, 0, 0, 0, 128]);
  const picture = depacketizeJpeg([payload]);
  ok(typeof picture === "object", `${picture}`);
  return picture.bytes;
}
