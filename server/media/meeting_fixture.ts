import { deepStrictEqual, ok } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import {
  addressKey,
  type Datagram,
  encodeL16,
  type MediaAddress,
  type VoiceCodecs,
  type VoiceDecoder,
  type VoiceEncoder,
} from "@fusionmeet/media";
import { systemCryptography as cryptography } from "@fusionmeet/net";
import {
  encodeAudioLevel,
  encodeCaptureTime,
  encodeFrameMarking,
  EXTENSION,
  FRAME_SAMPLES,
  isRtcp,
  type MasterKey,
  parseRtcp,
  parseRtp,
  PAYLOAD_TYPE,
  type RtcpPacket,
  type RtpPacket,
  rtpSsrc,
  SrtpReceiver,
  SrtpSender,
  SYNC_NONCE_BYTES,
  writeNack,
  writeRtp,
  writeSyncRequest,
} from "@fusionmeet/protocol";
import type { PlaneCommand, PlaneEvent, SeatSsrcs } from "./commands.ts";
import { MediaPlane } from "./plane.ts";

/** A codec for tests: a frame is its first sample, so that sums are easy to name. Zero is DTX. */
export class FirstSampleCodecs implements VoiceCodecs {
  encodes = 0;
  decodes = 0;
  out = 0;

  takeEncoder(): VoiceEncoder {
    this.out++;
    return {
      encode: (pcm) => {
        this.encodes++;
        return pcm[0] === 0 ? new Uint8Array(1) : new Uint8Array([pcm[0] >> 8, pcm[0], 0]);
      },
    };
  }

  takeDecoder(): VoiceDecoder {
    this.out++;
    const silence = () => new Int16Array(FRAME_SAMPLES);
    return {
      decode: (packet) => {
        this.decodes++;
        return silence().fill((packet[0] << 8) | packet[1]);
      },
      decodeFec: silence,
      conceal: silence,
    };
  }

  giveBack(): void {
    this.out--;
  }
}

/** A media plane with people around it, on a clock the test moves. Packets arrive at once. */
export class Meeting {
  readonly codecs = new FirstSampleCodecs();
  readonly random: Random;
  readonly plane: MediaPlane;
  readonly people: Person[] = [];
  readonly events: PlaneEvent[] = [];
  readonly sharedMixSsrc = 900;
  readonly voice: "opus" | "l16";
  mixKey: MasterKey;
  nowMs = 5_000;
  /** What was sent to nobody we know. */
  astray: Datagram[] = [];

  constructor(options: { voice?: "opus" | "l16"; seed?: number } = {}) {
    this.random = seededRandom(options.seed ?? 1);
    this.voice = options.voice ?? "opus";
    this.mixKey = this.key();
    this.plane = new MediaPlane({ cryptography, codecs: this.codecs, random: this.random });
    this.plane.step([], this.nowMs);
    this.command({
      do: "room.open",
      room: 1,
      epoch: 0,
      mixKey: this.mixKey,
      sharedMixSsrc: this.sharedMixSsrc,
      voice: this.voice,
    });
  }

  key(): MasterKey {
    return {
      key: this.random.fill(new Uint8Array(16)),
      salt: this.random.fill(new Uint8Array(12)),
    };
  }

  command(command: PlaneCommand): void {
    this.plane.command(command, this.nowMs);
    this.#deliver();
  }

  /** A person with a seat, an address that is not bound, everything off. */
  add(epoch = 0): Person {
    const person = new Person(this, this.people.length + 1, epoch);
    this.people.push(person);
    return person;
  }

  /** A person who is bound and hears the mix; the microphone is on when `talks`. */
  join(options: { talks?: boolean } = {}): Person {
    const person = this.add();
    person.bind();
    person.subscribe(this.sharedMixSsrc);
    person.subscribe(person.ssrcs.ownMix);
    if (options.talks) person.turn("microphone", true);
    return person;
  }

  /** Hands datagrams to the plane now. */
  arrive(...batch: Datagram[]): void {
    this.plane.step(
      batch.map(({ address, bytes }) => ({ address, bytes: bytes.slice() })),
      this.nowMs,
    );
    this.#settle();
  }

  /** Lets time pass, doing what falls due at its time. */
  advance(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const dueMs = this.plane.nextDueMs();
      if (dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.plane.step([], this.nowMs);
      this.#deliver();
    }
    this.nowMs = endMs;
  }

  /** Lets everyone in `talkers` say a frame every 20 ms, `frames` times. */
  talk(frames: number, talkers: Map<Person, number>): void {
    for (let frame = 0; frame < frames; frame++) {
      for (const [person, value] of talkers) person.say(value);
      this.advance(20);
    }
  }

  count(name: string): number {
    return this.plane.statistics.counters[name] ?? 0;
  }

  #settle(): void {
    while (this.plane.nextDueMs() <= this.nowMs) this.plane.step([], this.nowMs);
    this.#deliver();
  }

  #deliver(): void {
    this.events.push(...this.plane.takeEvents());
    for (const datagram of this.plane.takeOutgoing()) {
      const key = addressKey(datagram.address);
      const person = this.people.find(({ addresses }) => addresses.has(key));
      if (person) person.inbox.push({ ...datagram, atMs: this.nowMs });
      else this.astray.push(datagram);
    }
  }
}

/** What came, and when. */
export type Received = Datagram & { atMs: number };

/** One of the people: keys, ssrcs and what came in. */
export class Person {
  readonly meeting: Meeting;
  readonly participant: number;
  readonly ssrcs: SeatSsrcs;
  readonly linkKey: MasterKey;
  pictureKey: MasterKey;
  address: MediaAddress;
  /** All addresses this person was ever at. */
  readonly addresses = new Set<string>();
  inbox: Received[] = [];
  readonly link: SrtpSender;
  readonly pictures: SrtpSender;
  /** Opens the server's SRTCP. */
  readonly answers: SrtpReceiver;
  /** Opens both mixes. */
  readonly mixes: SrtpReceiver;
  voiceSequence: number;
  voiceTimestamp: number;
  pictureSequence: number;
  #pictureTimestamp = 0;

  constructor(meeting: Meeting, participant: number, epoch: number) {
    this.meeting = meeting;
    this.participant = participant;
    const base = 1_000 + participant * 10;
    this.ssrcs = {
      feedback: base,
      serverFeedback: base + 1,
      microphone: base + 2,
      camera: base + 3,
      cameraLow: base + 4,
      ownMix: base + 5,
    };
    this.linkKey = meeting.key();
    this.pictureKey = meeting.key();
    this.address = { hostname: `10.0.0.${participant}`, port: 40_000 };
    this.addresses.add(addressKey(this.address));
    this.voiceSequence = meeting.random.u32() & 0x7fff;
    this.pictureSequence = meeting.random.u32() & 0x7fff;
    this.voiceTimestamp = meeting.random.u32();
    this.link = new SrtpSender({ cryptography, master: this.linkKey, epoch });
    this.pictures = new SrtpSender({ cryptography, master: this.pictureKey, epoch });
    this.answers = new SrtpReceiver({ cryptography, windowPackets: 64 });
    this.answers.addKey(epoch, this.linkKey);
    this.answers.expect(this.ssrcs.serverFeedback);
    this.mixes = new SrtpReceiver({ cryptography, windowPackets: 256 });
    this.mixes.addKey(epoch, meeting.mixKey);
    this.mixes.expect(meeting.sharedMixSsrc);
    this.mixes.expect(this.ssrcs.ownMix);
    meeting.command({
      do: "participant.add",
      room: 1,
      participant,
      epoch,
      linkKey: this.linkKey,
      pictureKey: this.pictureKey,
      ssrcs: this.ssrcs,
    });
  }

  turn(kind: "microphone" | "camera", on: boolean): void {
    this.meeting.command({ do: "source", participant: this.participant, kind, on });
  }

  subscribe(ssrc: number): void {
    this.meeting.command({ do: "subscribe", viewer: this.participant, ssrc });
  }

  unsubscribe(ssrc: number): void {
    this.meeting.command({ do: "unsubscribe", viewer: this.participant, ssrc });
  }

  move(port: number): void {
    this.address = { ...this.address, port };
    this.addresses.add(addressKey(this.address));
  }

  send(bytes: Uint8Array, address = this.address): void {
    this.meeting.arrive({ address, bytes });
  }

  request(nonce: Uint8Array = new Uint8Array(SYNC_NONCE_BYTES)): Uint8Array {
    const { feedback } = this.ssrcs;
    return this.link.protectRtcp(
      writeSyncRequest({ ssrc: feedback, sentAtMs: this.meeting.nowMs, nonce }),
    );
  }

  /** Asks, echoes the nonce, and is bound. */
  bind(): void {
    this.send(this.request());
    const challenge = this.takeAnswer();
    ok(!challenge.bound);
    this.send(this.request(challenge.nonce));
    ok(this.takeAnswer().bound);
  }

  /** The one sync answer that came. */
  takeAnswer(): Extract<RtcpPacket, { kind: "syncAnswer" }> {
    const answers = this.takeFeedback().filter((packet) => packet.kind === "syncAnswer");
    deepStrictEqual(answers.length, 1);
    return answers[0];
  }

  /** The RTCP that came, opened. */
  takeFeedback(): RtcpPacket[] {
    return this.#take((bytes) => isRtcp(bytes)).flatMap(({ bytes }) => {
      const opened = this.answers.openRtcp(bytes);
      ok(typeof opened !== "string", `opens: ${opened}`);
      const packets = parseRtcp(opened.rtcp);
      ok(typeof packets !== "string");
      return packets;
    });
  }

  /** The packets of cameras that came, as they are. */
  takePictures(): Received[] {
    return this.#take((bytes) => !isRtcp(bytes) && !this.#isMix(bytes));
  }

  /** The packets of the mixes that came, opened. */
  takeMix(): (RtpPacket & { atMs: number })[] {
    return this.#take((bytes) => this.#isMix(bytes)).map(({ bytes, atMs }) => {
      const opened = this.mixes.open(bytes);
      ok(typeof opened !== "string", `opens: ${opened}`);
      const packet = parseRtp(opened.rtp);
      ok(typeof packet !== "string");
      return { ...packet, atMs };
    });
  }

  #isMix(bytes: Uint8Array): boolean {
    return !isRtcp(bytes) &&
      [this.meeting.sharedMixSsrc, this.ssrcs.ownMix].includes(rtpSsrc(bytes));
  }

  #take(which: (bytes: Uint8Array) => boolean): Received[] {
    const taken = this.inbox.filter(({ bytes }) => which(bytes));
    this.inbox = this.inbox.filter(({ bytes }) => !which(bytes));
    return taken;
  }

  /** Sends 20 ms of voice; see `voice()`. */
  say(pcm: number | Int16Array, options?: Parameters<Person["voice"]>[1]): void {
    for (const packet of this.voice(pcm, options)) this.send(packet);
  }

  /** 20 ms of voice, sealed: of the test codec, or two packets of L16. */
  voice(
    pcm: number | Int16Array,
    options: { level?: number; voice?: boolean; capturedAtMs?: number } = {},
  ): Uint8Array[] {
    const frame = typeof pcm === "number" ? new Int16Array(FRAME_SAMPLES).fill(pcm) : pcm;
    const payloads = this.meeting.voice === "l16"
      ? [encodeL16(frame.subarray(0, 480)), encodeL16(frame.subarray(480))]
      : [new Uint8Array([frame[0] >> 8, frame[0], 0])];
    const samples = FRAME_SAMPLES / payloads.length;
    return payloads.map((payload) => {
      const { level = -20, voice = true, capturedAtMs } = options;
      const extensions = new Map<number, Uint8Array>([
        [EXTENSION.audioLevel, encodeAudioLevel({ voice, level })],
      ]);
      if (capturedAtMs !== undefined) {
        extensions.set(EXTENSION.captureTime, encodeCaptureTime(capturedAtMs));
      }
      const rtp = writeRtp({
        payloadType: PAYLOAD_TYPE[this.meeting.voice],
        marker: false,
        sequence: this.voiceSequence++ & 0xffff,
        timestamp: this.voiceTimestamp,
        ssrc: this.ssrcs.microphone,
        extensions,
        payload,
      });
      this.voiceTimestamp = (this.voiceTimestamp + samples) >>> 0;
      return this.link.protect(rtp);
    });
  }

  /** One sealed picture of `packets` packets with payloads of about `bytes` bytes. */
  picture(packets: number, keyframe: boolean, bytes = 100): Uint8Array[] {
    this.#pictureTimestamp += 3_000;
    return Array.from({ length: packets }, (_, index) =>
      this.pictures.protect(writeRtp({
        payloadType: PAYLOAD_TYPE.h264,
        marker: index === packets - 1,
        sequence: this.pictureSequence++ & 0xffff,
        timestamp: this.#pictureTimestamp,
        ssrc: this.ssrcs.camera,
        extensions: new Map([[
          EXTENSION.frameMarking,
          encodeFrameMarking({
            start: index === 0,
            end: index === packets - 1,
            independent: keyframe,
            discardable: false,
          }),
        ]]),
        payload: this.meeting.random.fill(new Uint8Array(bytes + index)),
      })));
  }

  nack(media: number, sequences: readonly number[]): Uint8Array {
    return this.link.protectRtcp(writeNack({ sender: this.ssrcs.feedback, media, sequences }));
  }
}

/** The sample the test codec carries in a mix packet. */
export function sampleOf({ payload }: RtpPacket): number {
  return ((payload[0] << 8 | payload[1]) << 16) >> 16;
}

/** One short string per datagram, so that lists of them compare readably. */
export function printsOf(packets: readonly { bytes: Uint8Array }[]): string[] {
  return packets.map(({ bytes }) => printOf(bytes));
}

/** Sequence, size and tag: two packets with the same print are the same. */
export function printOf(bytes: Uint8Array): string {
  return `#${(bytes[2] << 8) | bytes[3]} ${bytes.length} ${bytes.subarray(-17).toHex()}`;
}
