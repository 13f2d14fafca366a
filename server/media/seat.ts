import { concatBytes, type Counters, type Random, TokenBucket } from "@fusionmeet/base";
import { type Datagram, type MediaAddress, PathLoss } from "@fusionmeet/media";
import {
  type Cryptography,
  type MasterKey,
  MEDIA_PACKETS_BURST,
  MEDIA_PACKETS_PER_SECOND,
  type Nack,
  parseRtcp,
  type ReceiverReport,
  REPAIRS_BURST,
  REPAIRS_PER_SECOND,
  type ReportBlock,
  SrtpReceiver,
  SrtpSender,
  SYNC_NONCE_BYTES,
  type SyncRequest,
  VIDEO_REPLAY_WINDOW,
  VOICE_REPLAY_WINDOW,
  writeNack,
  writeReceiverReport,
  writeSyncAnswer,
} from "@fusionmeet/protocol";
import { AddressBinding } from "./address_binding.ts";
import { CameraStream } from "./camera_stream.ts";
import type { SeatSsrcs } from "./commands.ts";
import { ForeignLimit } from "./foreign_limit.ts";
import { Outlet } from "./outlet.ts";

const NO_NONCE = new Uint8Array(SYNC_NONCE_BYTES);

/** What a seat is made of and reports to. */
export interface SeatOptions {
  readonly participant: number;
  readonly room: number;
  readonly epoch: number;
  readonly linkKey: MasterKey;
  readonly pictureKey: MasterKey;
  readonly ssrcs: SeatSsrcs;
  readonly cryptography: Cryptography;
  readonly random: Random;
  readonly counters: Counters;
  readonly nowMs: number;
  readonly post: (datagram: Datagram) => void;
  readonly onBound: (seat: Seat, address: MediaAddress) => void;
  /** A bound, authentic participant asks for packets again. */
  readonly onNack: (seat: Seat, nack: Nack) => void;
  /** How the participant's voice arrived since the last call; `undefined` when nothing did. */
  readonly reportOn: (seat: Seat) => ReportBlock | undefined;
}

/** One participant's place in the media plane: keys, address, cameras, limits. A reconnect makes a new one. */
export class Seat {
  readonly participant: number;
  readonly room: number;
  readonly ssrcs: SeatSsrcs;
  /** Opens voice and SRTCP. */
  readonly link: SrtpReceiver;
  /** Opens pictures; kept over several epochs. */
  readonly pictures: SrtpReceiver;
  readonly binding: AddressBinding;
  readonly outlet: Outlet;
  readonly cameras: readonly CameraStream[];
  /** Mix ssrcs the participant has acknowledged. */
  readonly mixes = new Set<number>();
  /** What is lost on the way of the mixes to this listener. */
  readonly loss = new PathLoss();
  /** Camera streams it has asked for. */
  readonly watched = new Set<CameraStream>();
  readonly repairs: TokenBucket;
  readonly #options: SeatOptions;
  readonly #feedback: SrtpSender;
  readonly #packets: TokenBucket;
  readonly #foreign: ForeignLimit;

  constructor(options: SeatOptions) {
    const { cryptography, epoch, ssrcs, counters, nowMs } = options;
    this.#options = options;
    this.participant = options.participant;
    this.room = options.room;
    this.ssrcs = ssrcs;
    this.link = new SrtpReceiver({ cryptography, windowPackets: VOICE_REPLAY_WINDOW });
    this.link.addKey(epoch, options.linkKey);
    this.link.expect(ssrcs.feedback);
    this.link.expect(ssrcs.microphone);
    this.pictures = new SrtpReceiver({ cryptography, windowPackets: VIDEO_REPLAY_WINDOW });
    this.pictures.addKey(epoch, options.pictureKey);
    this.#feedback = new SrtpSender({ cryptography, master: options.linkKey, epoch });
    this.binding = new AddressBinding(options.random);
    this.outlet = new Outlet((bytes) => this.post(bytes), counters);
    this.cameras = [ssrcs.camera, ssrcs.cameraLow]
      .map((ssrc) => new CameraStream(ssrc, { receiver: this.pictures, counters }));
    this.#packets = new TokenBucket({
      perSecond: MEDIA_PACKETS_PER_SECOND,
      burst: MEDIA_PACKETS_BURST,
      nowMs,
    });
    this.#foreign = new ForeignLimit(nowMs);
    this.repairs = new TokenBucket({ perSecond: REPAIRS_PER_SECOND, burst: REPAIRS_BURST, nowMs });
  }

  /** Sends to the bound address; without one it drops. */
  post(bytes: Uint8Array): void {
    const { address } = this.binding;
    if (address) this.#options.post({ address, bytes });
  }

  /** Whether a packet from the bound address may come now. */
  mayReceive(nowMs: number): boolean {
    return this.#packets.take(nowMs);
  }

  /** Takes an SRTCP datagram under this seat's feedback ssrc, from any address, or says why not. */
  acceptFeedback({ address, bytes }: Datagram, nowMs: number): string | undefined {
    const home = this.binding.isAt(address);
    if (home && !this.#packets.take(nowMs)) return "too-fast";
    if (!home && !this.#foreign.take(address, nowMs)) return "too-fast-foreign";
    const opened = this.link.openRtcp(bytes);
    if (typeof opened === "string") return opened;
    const packets = parseRtcp(opened.rtcp);
    if (typeof packets === "string") return packets;
    const { feedback } = this.ssrcs;
    for (const packet of packets) {
      if (packet.kind === "nack" && packet.sender === feedback) {
        if (!home) return "nack-foreign";
        this.#options.onNack(this, packet);
      } else if (packet.kind === "receiverReport" && packet.ssrc === feedback) {
        this.#takeReport(packet, { home, nowMs });
      }
    }
    // One answer a datagram at most: it is never longer than what came.
    const request = packets.find((packet): packet is SyncRequest =>
      packet.kind === "syncRequest" && packet.ssrc === feedback
    );
    if (!request) return undefined;
    return this.#answer(request, { address, size: bytes.length, newest: opened.newest, nowMs });
  }

  /** Asks the participant to send packets of a camera again. */
  askAgain(media: number, sequences: readonly number[]): void {
    const rtcp = writeNack({ sender: this.ssrcs.serverFeedback, media, sequences });
    this.post(this.#feedback.protectRtcp(rtcp));
  }

  /** Only the mixes this listener is sent count, and only from where they are sent to. */
  #takeReport({ blocks }: ReceiverReport, { home, nowMs }: { home: boolean; nowMs: number }): void {
    for (const block of blocks) {
      if (!home) this.#options.counters.add("rtcp.report-foreign");
      else if (!this.mixes.has(block.ssrc)) this.#options.counters.add("rtcp.report-unknown-ssrc");
      else this.loss.report(block, nowMs);
    }
  }

  #answer(
    request: SyncRequest,
    { address, size, newest, nowMs }: {
      address: MediaAddress;
      size: number;
      newest: boolean;
      nowMs: number;
    },
  ): string | undefined {
    if (!this.binding.isAt(address) && newest) {
      if (this.binding.prove(address, request.nonce, nowMs)) this.#options.onBound(this, address);
    }
    const bound = this.binding.isAt(address);
    const { serverFeedback: ssrc } = this.ssrcs;
    const sync = writeSyncAnswer({
      ssrc,
      requestSentAtMs: request.sentAtMs,
      receivedAtMs: nowMs,
      sentAtMs: nowMs,
      nonce: bound ? NO_NONCE : this.binding.challenge(address, nowMs),
      bound,
    });
    const block = bound ? this.#options.reportOn(this) : undefined;
    const report = block ? writeReceiverReport({ ssrc, blocks: [block] }) : new Uint8Array();
    const answer = this.#feedback.protectRtcp(concatBytes(report, sync));
    if (!bound && answer.length > size) return "challenge-too-long";
    this.#options.post({ address, bytes: answer });
    return undefined;
  }
}
