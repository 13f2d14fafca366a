import { concatBytes, seededRandom } from "@fusionmeet/base";
import type { Datagram, MediaAddress, VoiceCodecs } from "@fusionmeet/media";
import { systemCryptography } from "@fusionmeet/net";
import { isRtcp, type MasterKey, masterKeyFromBytes, rtpSsrc } from "@fusionmeet/protocol";
import type { EngineEvent } from "../../client/media/commands.ts";
import { ClientEngine } from "../../client/media/engine.ts";
import type { PlaneEvent, PlaneStatistics } from "../../server/media/commands.ts";
import { MediaPlane } from "../../server/media/plane.ts";
import type { Impairment } from "./impairment.ts";
import { Journey } from "./journey.ts";
import { SimNetwork, VirtualClock } from "./sim_network.ts";

const SERVER: MediaAddress = { hostname: "10.0.0.1", port: 65_436 };
const ROOM = 1;
const EPOCH = 0;
export const SHARED_MIX_SSRC = 1;

export interface SimMeetingOptions {
  readonly seed: number;
  readonly people: number;
  readonly voice: "opus" | "l16";
  readonly codecs: VoiceCodecs;
  readonly impairment?: Partial<Impairment>;
}

/** The server's media plane and the media engines of some people in one room, on a virtual clock, from one seed. */
export class SimMeeting {
  readonly clock = new VirtualClock();
  readonly network: SimNetwork;
  readonly people: readonly SimPerson[];
  readonly events: PlaneEvent[] = [];
  readonly #plane: MediaPlane;
  #planeDueMs = Infinity;

  constructor(options: SimMeetingOptions) {
    const { seed, people, voice, codecs, impairment } = options;
    const random = seededRandom(seed);
    const key = (): MasterKey => masterKeyFromBytes(random.fill(new Uint8Array(28)));
    this.network = new SimNetwork(this.clock, { seed, impairment });
    this.#plane = new MediaPlane({ cryptography: systemCryptography, codecs, random });
    this.network.attach(SERVER, (bytes, address) => this.#stepPlane([{ address, bytes }]));
    const room = { room: ROOM, epoch: EPOCH, mixKey: key(), sharedMixSsrc: SHARED_MIX_SSRC, voice };
    this.#plane.command({ do: "room.open", ...room }, 0);
    this.people = Array.from({ length: people }, (_, index) => {
      const person = new SimPerson({
        index,
        clock: this.clock,
        engine: { cryptography: systemCryptography, random: seededRandom(random.u32()), codecs },
        // Nobody's clock agrees with anybody else's.
        clockOffsetMs: Math.floor(random.fraction() * 1e6),
        send: (bytes, from) => this.network.send(bytes, from, SERVER),
      });
      this.network.attach(person.address, (bytes) => person.receive(bytes));
      this.#admit(person, { linkKey: key(), pictureKey: key(), voice, mixKey: room.mixKey });
      return person;
    });
    this.#stepPlane([]);
  }

  /** What the plane counted until now. */
  get statistics(): PlaneStatistics {
    return this.#plane.statistics;
  }

  /** Lets the meeting go on until `untilMs`; in steps, so that codecs can be made in between. */
  async run(untilMs: number): Promise<void> {
    for (let atMs = this.clock.now(); atMs < untilMs;) {
      atMs = Math.min(untilMs, atMs + 100);
      this.clock.run(atMs);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  close(): void {
    this.#plane.close();
  }

  /** Does what the control plane does between `hello` and `stream.ack`, in no time. */
  #admit(
    person: SimPerson,
    keys: { linkKey: MasterKey; pictureKey: MasterKey; mixKey: MasterKey; voice: "opus" | "l16" },
  ): void {
    const { linkKey, pictureKey, mixKey, voice } = keys;
    const { participant } = person;
    const base = 100 * participant;
    const [feedback, serverFeedback, microphone, camera, cameraLow, ownMix] = [1, 2, 3, 4, 5, 6]
      .map((offset) => base + offset);
    const ssrcs = { feedback, serverFeedback, microphone, camera, cameraLow, ownMix };
    const seat = { participant, epoch: EPOCH, linkKey, pictureKey, ssrcs };
    this.#plane.command({ do: "participant.add", room: ROOM, ...seat }, this.clock.now());
    this.#plane.command({ do: "source", participant, kind: "microphone", on: true });
    person.command({ do: "connect", ...seat, ...SERVER, voice });
    for (const [layer, ssrc] of [["shared", SHARED_MIX_SSRC], ["own", ownMix]] as const) {
      this.#plane.command({ do: "stream.query", request: 0, ssrc });
      const state = this.#plane.takeEvents().find((event) => event.event === "stream.state");
      if (!state) throw new Error(`the plane does not know the ${layer} mix`);
      const { roc, sequence } = state;
      const stream = { participant: 0, kind: "mix" as const, codec: voice, key: mixKey };
      person.command({ do: "stream.open", ...stream, layer, ssrc, epoch: EPOCH, roc, sequence });
      this.#plane.command({ do: "subscribe", viewer: participant, ssrc });
    }
    person.command({ do: "microphone", on: true });
  }

  #personAt({ hostname }: MediaAddress): SimPerson {
    const person = this.people.find(({ address }) => address.hostname === hostname);
    if (!person) throw new Error(`nobody is at ${hostname}`);
    return person;
  }

  #stepPlane(batch: readonly Datagram[]): void {
    const nowMs = this.clock.now();
    this.#plane.step(batch, nowMs);
    while (this.#plane.nextDueMs() <= nowMs) this.#plane.step([], nowMs);
    for (const { address, bytes } of this.#plane.takeOutgoing()) {
      const arrivals = this.network.send(bytes, SERVER, address);
      if (!isRtcp(bytes)) this.#personAt(address).down.note(rtpSsrc(bytes), arrivals);
    }
    this.events.push(...this.#plane.takeEvents());
    const dueMs = this.#plane.nextDueMs();
    if (dueMs >= this.#planeDueMs || dueMs === Infinity) return;
    this.#planeDueMs = dueMs;
    this.clock.at(dueMs, () => {
      this.#planeDueMs = Infinity;
      this.#stepPlane([]);
    });
  }
}

interface SimPersonOptions {
  readonly index: number;
  readonly clock: VirtualClock;
  readonly engine: Omit<ConstructorParameters<typeof ClientEngine>[0], "nowMs">;
  readonly clockOffsetMs: number;
  /** Gives how often it will arrive. */
  readonly send: (bytes: Uint8Array, from: MediaAddress) => number;
}

/** One person: their engine, what they say and what they hear. */
export class SimPerson {
  readonly participant: number;
  readonly address: MediaAddress;
  readonly engine: ClientEngine;
  readonly events: EngineEvent[] = [];
  /** RTP to the server, and from it. */
  readonly up = new Journey();
  readonly down = new Journey();
  readonly #options: SimPersonOptions;
  readonly #heard: Uint8Array[] = [];
  #heardFromMs: number | undefined;
  #dueMs = Infinity;

  constructor(options: SimPersonOptions) {
    const { index, clock } = options;
    this.#options = options;
    this.participant = index + 1;
    this.address = { hostname: `10.0.1.${index + 1}`, port: 40_000 + index };
    this.engine = new ClientEngine({ ...options.engine, nowMs: this.#localMs });
    this.#schedule();
    // Everybody's sound card started at another moment.
    clock.every(10, () => this.#listen(), 500 + index * 0.7);
  }

  command(command: Parameters<ClientEngine["command"]>[0]): void {
    this.engine.command(command, this.#localMs);
    this.#drain();
  }

  receive(bytes: Uint8Array): void {
    this.engine.receive({ address: SERVER, bytes }, this.#localMs);
    this.#drain();
  }

  /** Says what `frame` gives, 960 samples every 20 ms, from `fromMs` on. Silence is said by `undefined`. */
  say(fromMs: number, frame: (index: number) => Int16Array | undefined): void {
    let index = 0;
    this.#options.clock.every(20, () => {
      const pcm = frame(index++) ?? new Int16Array(960);
      this.engine.microphoneFrame(pcm, this.#localMs - 20);
      this.#drain();
    }, fromMs + 20);
  }

  /** The figures now; the mix is the first stream. */
  get statistics(): ReturnType<ClientEngine["statistics"]> {
    return this.engine.statistics(this.#localMs);
  }

  /** What was played so far, from `heardFromMs` (virtual time) on; 48 kHz. */
  get heard(): Int16Array<ArrayBuffer> {
    return new Int16Array(concatBytes(...this.#heard).buffer);
  }

  get heardFromMs(): number {
    return this.#heardFromMs ?? NaN;
  }

  get #localMs(): number {
    return this.#options.clock.now() + this.#options.clockOffsetMs;
  }

  #listen(): void {
    this.#heardFromMs ??= this.#options.clock.now();
    const pcm = new Int16Array(480);
    this.engine.playout(this.#localMs, pcm);
    this.#heard.push(new Uint8Array(pcm.buffer));
  }

  #drain(): void {
    for (const { bytes } of this.engine.takeDatagrams()) {
      const arrivals = this.#options.send(bytes, this.address);
      if (!isRtcp(bytes)) this.up.note(rtpSsrc(bytes), arrivals);
    }
    this.events.push(...this.engine.takeEvents());
    this.#schedule();
  }

  #schedule(): void {
    const { clock, clockOffsetMs } = this.#options;
    const dueMs = this.engine.nextDueMs - clockOffsetMs;
    if (dueMs >= this.#dueMs) return;
    this.#dueMs = dueMs;
    clock.at(dueMs, () => {
      this.#dueMs = Infinity;
      this.engine.step(this.#localMs);
      this.#drain();
    });
  }
}
