/** A worker that is the clients of many people for `media_worker_load.ts`: binds them all, then talks and shows pictures. */
import { OpusPool } from "@fusionmeet/codec";
import type { MediaAddress } from "@fusionmeet/media";
import { openDatagramPort, systemCryptography } from "@fusionmeet/net";
import {
  encodeAudioLevel,
  encodeFrameMarking,
  EXTENSION,
  type MasterKey,
  parseRtcp,
  PAYLOAD_TYPE,
  SrtpReceiver,
  SrtpSender,
  SYNC_NONCE_BYTES,
  writeRtp,
  writeSyncRequest,
} from "@fusionmeet/protocol";
import type { SeatSsrcs } from "../../server/media/commands.ts";

/** One of the people. */
export interface CrowdSeat {
  readonly participant: number;
  readonly linkKey: MasterKey;
  readonly pictureKey: MasterKey;
  readonly ssrcs: SeatSsrcs;
}

/** The one message to the worker; it answers when all are bound. The first so many talk, or have a camera on. */
export interface Crowd {
  readonly seats: readonly CrowdSeat[];
  readonly address: MediaAddress;
  readonly talkers: number;
  readonly cameras: number;
}

const worker = self as unknown as {
  onmessage: (event: MessageEvent<Crowd>) => void;
  postMessage(message: unknown): void;
};

worker.onmessage = async ({ data: { seats, address, talkers, cameras } }) => {
  const people = seats.map((seat) => new Client(seat));
  using port = openDatagramPort({ hostname: "127.0.0.1", port: 0 });
  for (const person of people) {
    while (!person.bound) {
      port.send({ address, bytes: person.request() });
      while (!person.takesAnswer((await port.receive())!.bytes));
    }
  }
  worker.postMessage("bound");
  const frames = await voiceFrames();
  const startMs = performance.now();
  for (let tick = 0;; tick++) {
    const dueMs = startMs + tick * 20;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    for (const person of people.slice(0, talkers)) {
      port.send({ address, bytes: person.voice(frames[tick % frames.length]) });
    }
    people.slice(0, cameras).forEach((person, index) => {
      // 30 pictures a second in 50 ticks, everyone's at other ticks.
      if ((tick + index) % 5 >= 3) return;
      for (const bytes of person.picture((tick + index) % 50 === 0)) {
        port.send({ address, bytes });
      }
    });
  }
};

/** A second of a wobbling tone, coded. */
async function voiceFrames(): Promise<Uint8Array[]> {
  const pool = await OpusPool.create({ encoders: 1, decoders: 0 });
  const encoder = pool.takeEncoder()!;
  return Array.from({ length: 50 }, (_, frame) => {
    const pcm = Int16Array.from({ length: 960 }, (_, index) => {
      const at = (frame * 960 + index) / 48_000;
      return 6_000 * Math.sin(2 * Math.PI * (200 + 80 * Math.sin(9 * at)) * at);
    });
    return encoder.encode(pcm).slice();
  });
}

class Client {
  bound = false;
  readonly #seat: CrowdSeat;
  readonly #link: SrtpSender;
  readonly #pictures: SrtpSender;
  readonly #answers = new SrtpReceiver({ cryptography: systemCryptography, windowPackets: 64 });
  #nonce: Uint8Array = new Uint8Array(SYNC_NONCE_BYTES);
  #voiceSequence = 1;
  #pictureSequence = 1;
  #timestamp = 0;

  constructor(seat: CrowdSeat) {
    const { linkKey, pictureKey } = seat;
    const cryptography = systemCryptography;
    this.#seat = seat;
    this.#link = new SrtpSender({ cryptography, master: linkKey, epoch: 0 });
    this.#pictures = new SrtpSender({ cryptography, master: pictureKey, epoch: 0 });
    this.#answers.addKey(0, linkKey);
    this.#answers.expect(seat.ssrcs.serverFeedback);
  }

  request(): Uint8Array {
    const { feedback: ssrc } = this.#seat.ssrcs;
    return this.#link.protectRtcp(writeSyncRequest({ ssrc, sentAtMs: 0, nonce: this.#nonce }));
  }

  /** Whether this is the server's answer, and not a packet of a mix. */
  takesAnswer(bytes: Uint8Array): boolean {
    const opened = this.#answers.openRtcp(bytes);
    if (typeof opened === "string") return false;
    const packets = parseRtcp(opened.rtcp);
    if (typeof packets === "string") return false;
    const answer = packets.find((packet) => packet.kind === "syncAnswer");
    if (!answer) return false;
    this.#nonce = answer.nonce;
    this.bound = answer.bound;
    return true;
  }

  voice(payload: Uint8Array): Uint8Array {
    const sequence = this.#voiceSequence++;
    return this.#link.protect(writeRtp({
      payloadType: PAYLOAD_TYPE.opus,
      marker: false,
      sequence: sequence & 0xffff,
      timestamp: sequence * 960,
      ssrc: this.#seat.ssrcs.microphone,
      extensions: new Map([[EXTENSION.audioLevel, encodeAudioLevel({ voice: true, level: -20 })]]),
      payload,
    }));
  }

  /** One packet, or ten of a keyframe. */
  picture(keyframe: boolean): Uint8Array[] {
    this.#timestamp += 3_000;
    const packets = keyframe ? 10 : 1;
    return Array.from({ length: packets }, (_, index) => {
      const [start, end] = [index === 0, index === packets - 1];
      const marking = { start, end, independent: keyframe, discardable: false };
      return this.#pictures.protect(writeRtp({
        payloadType: PAYLOAD_TYPE.h264,
        marker: end,
        sequence: this.#pictureSequence++ & 0xffff,
        timestamp: this.#timestamp,
        ssrc: this.#seat.ssrcs.camera,
        extensions: new Map([[EXTENSION.frameMarking, encodeFrameMarking(marking)]]),
        payload: new Uint8Array(1_100),
      }));
    });
  }
}
