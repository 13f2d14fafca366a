/** The least a server must do for one `ClientEngine`: bind its address, tell the time, open what it sends. */
import { equalBytes } from "@fusionmeet/base";
import type { Datagram, MediaAddress, VoiceCodecs } from "@fusionmeet/media";
import { systemCryptography } from "@fusionmeet/net";
import {
  isRtcp,
  type MasterKey,
  parseRtcp,
  parseRtp,
  type ReportBlock,
  type RtpPacket,
  rtpSsrc,
  SrtpReceiver,
  SrtpSender,
  writeSyncAnswer,
} from "@fusionmeet/protocol";
import type { EngineCommand } from "./commands.ts";
import type { ClientEngine } from "./engine.ts";

export const SERVER: MediaAddress = { hostname: "127.0.0.1", port: 65436 };

/** For tests without Opus: nothing can be encoded or decoded. */
export const NO_CODECS: VoiceCodecs = {
  takeEncoder: () => undefined,
  takeDecoder: () => undefined,
  giveBack: () => undefined,
};

export function testKey(seed: number): MasterKey {
  return { key: new Uint8Array(16).fill(seed), salt: new Uint8Array(12).fill(seed + 1) };
}

/** H.264 of the right shape: `size` bytes in one slice, after SPS and PPS where it is a keyframe. */
export function testPicture(
  size: number,
  { keyframe, seed = 1 }: { keyframe: boolean; seed?: number },
): Uint8Array {
  const slice = Uint8Array.from(
    { length: size },
    (_, index) => 1 + (index * 7 + seed * 31) % 255,
  );
  slice[0] = keyframe ? 0x65 : 0x41;
  const nals = keyframe
    ? [[0x67, 0x42, 0xc0, 0x1e, 0xda, 0x05, 0x07, 0x92], [0x68, 0xce, 0x3c, 0x80], slice]
    : [slice];
  return Uint8Array.from(nals.flatMap((nal) => [0, 0, 0, 1, ...nal]));
}

export class FakeServer {
  readonly #connect: Extract<EngineCommand, { do: "connect" }>;
  readonly link: SrtpReceiver;
  readonly pictures: SrtpReceiver;
  readonly sender: SrtpSender;
  readonly nonce = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  /** What came, opened, and when. */
  readonly rtp: { packet: RtpPacket; nowMs: number; bytes: Uint8Array }[] = [];
  readonly questions: { nowMs: number; echoed: boolean }[] = [];
  readonly reports: { nowMs: number; blocks: readonly ReportBlock[] }[] = [];
  readonly nacks: { ssrc: number; sequences: readonly number[] }[] = [];
  /** Server media clock minus the time of the calls. */
  aheadMs = 3_000;
  bound = false;

  constructor(seed: number, options: { voice?: "opus" | "l16"; participant?: number } = {}) {
    const base = seed * 10;
    this.#connect = {
      do: "connect",
      participant: options.participant ?? seed,
      ...SERVER,
      epoch: 0,
      linkKey: testKey(base),
      pictureKey: testKey(base + 1),
      ssrcs: {
        feedback: base + 1,
        serverFeedback: base + 2,
        microphone: base + 3,
        camera: base + 4,
        cameraLow: base + 5,
      },
      voice: options.voice ?? "l16",
    };
    const { linkKey, pictureKey, ssrcs } = this.#connect;
    const cryptography = systemCryptography;
    this.link = new SrtpReceiver({ cryptography, windowPackets: 256 });
    this.link.addKey(0, linkKey);
    this.link.expect(ssrcs.feedback);
    this.link.expect(ssrcs.microphone);
    this.pictures = new SrtpReceiver({ cryptography, windowPackets: 4096 });
    this.pictures.addKey(0, pictureKey);
    this.pictures.expect(ssrcs.camera);
    this.sender = new SrtpSender({ cryptography, master: linkKey, epoch: 0 });
  }

  get connect(): Extract<EngineCommand, { do: "connect" }> {
    return this.#connect;
  }

  /** Takes a datagram and gives the answers. @throws when it does not open: a client sends nothing else. */
  receive(bytes: Uint8Array, nowMs: number): Datagram[] {
    if (isRtcp(bytes)) return this.#receiveRtcp(bytes, nowMs);
    const { ssrcs } = this.#connect;
    const receiver = rtpSsrc(bytes) === ssrcs.camera ? this.pictures : this.link;
    const opened = receiver.open(bytes);
    if (typeof opened === "string") throw new Error(`not opened: ${opened}`);
    const packet = parseRtp(opened.rtp);
    if (typeof packet === "string") throw new Error(`not RTP: ${packet}`);
    this.rtp.push({ packet, nowMs, bytes });
    return [];
  }

  /** Takes everything the engine has to send and hands it the answers, over no distance at all. */
  exchange(engine: ClientEngine, nowMs: number): void {
    for (let datagrams = engine.takeDatagrams(); datagrams.length > 0;) {
      const answers = datagrams.flatMap(({ bytes }) => this.receive(bytes, nowMs));
      for (const answer of answers) engine.receive(answer, nowMs);
      datagrams = engine.takeDatagrams();
    }
  }

  /** Connects the engine and lets it bind. */
  join(engine: ClientEngine, nowMs: number): void {
    engine.command(this.#connect, nowMs);
    engine.step(nowMs);
    this.exchange(engine, nowMs);
  }

  #receiveRtcp(bytes: Uint8Array, nowMs: number): Datagram[] {
    const opened = this.link.openRtcp(bytes);
    if (typeof opened === "string") throw new Error(`not opened: ${opened}`);
    const packets = parseRtcp(opened.rtcp);
    if (typeof packets === "string") throw new Error(`not RTCP: ${packets}`);
    const answers: Datagram[] = [];
    for (const packet of packets) {
      if (packet.kind === "nack") {
        this.nacks.push({ ssrc: packet.media, sequences: packet.sequences });
      } else if (packet.kind === "receiverReport") {
        this.reports.push({ nowMs, blocks: packet.blocks });
      } else if (packet.kind === "syncRequest") {
        const echoed = equalBytes(packet.nonce, this.nonce);
        this.questions.push({ nowMs, echoed });
        this.bound ||= echoed;
        const answer = this.sender.protectRtcp(writeSyncAnswer({
          ssrc: this.#connect.ssrcs.serverFeedback,
          requestSentAtMs: packet.sentAtMs,
          receivedAtMs: nowMs + this.aheadMs,
          sentAtMs: nowMs + this.aheadMs,
          nonce: this.bound ? new Uint8Array(8) : this.nonce,
          bound: this.bound,
        }));
        answers.push({ address: SERVER, bytes: answer });
      }
    }
    return answers;
  }
}
