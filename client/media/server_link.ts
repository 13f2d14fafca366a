import { concatBytes, type Counters, equalBytes } from "@fusionmeet/base";
import {
  type Cryptography,
  type MasterKey,
  parseRtcp,
  type ReportBlock,
  SrtpReceiver,
  SrtpSender,
  VOICE_REPLAY_WINDOW,
  writeNack,
  writeReceiverReport,
  writeSyncRequest,
} from "@fusionmeet/protocol";
import { ClockSync } from "./clock_sync.ts";

/** Questions for the time: until the address is bound, and after. Source: docs/PROTOCOL.md, "Binding". */
const UNBOUND_INTERVAL_MS = 200;
const BOUND_INTERVAL_MS = 1_000;
const NO_NONCE = new Uint8Array(8);

export interface ServerLinkOptions {
  readonly cryptography: Cryptography;
  readonly epoch: number;
  readonly linkKey: MasterKey;
  readonly feedbackSsrc: number;
  readonly serverFeedbackSsrc: number;
  readonly counters: Counters;
  readonly nowMs: number;
}

/**
 * What one participant and the server share between them: the link key, the binding of the address and the
 * clock exchange that carries it. One per connection; nothing of it outlives the key.
 */
export class ServerLink {
  readonly clock = new ClockSync();
  readonly #options: ServerLinkOptions;
  readonly #sender: SrtpSender;
  readonly #receiver: SrtpReceiver;
  #nextRequestMs: number;
  #nonce = NO_NONCE;
  /** A fresh nonce is answered at once, but only once per interval: no ping-pong at network speed. */
  #mayAnswerAtOnce = true;
  #bound = false;

  constructor(options: ServerLinkOptions) {
    const { cryptography, epoch, linkKey } = options;
    this.#options = options;
    this.#sender = new SrtpSender({ cryptography, master: linkKey, epoch });
    this.#receiver = new SrtpReceiver({ cryptography, windowPackets: VOICE_REPLAY_WINDOW });
    this.#receiver.addKey(epoch, linkKey);
    this.#receiver.expect(options.serverFeedbackSsrc);
    this.#nextRequestMs = options.nowMs;
  }

  /** Whether the server sends to our address. */
  get bound(): boolean {
    return this.#bound;
  }

  get nextDueMs(): number {
    return this.#nextRequestMs;
  }

  /** Seals a voice packet. */
  protect(rtp: Uint8Array): Uint8Array {
    return this.#sender.protect(rtp);
  }

  /**
   * The next question for the time, when it is due.
   *
   * @param report What came of the mixes since the last call; goes along, once a second while bound.
   */
  step(nowMs: number, report: () => ReportBlock[]): Uint8Array | undefined {
    if (nowMs < this.#nextRequestMs) return undefined;
    this.#nextRequestMs = nowMs + (this.#bound ? BOUND_INTERVAL_MS : UNBOUND_INTERVAL_MS);
    this.#mayAnswerAtOnce = true;
    return this.#request(nowMs, this.#bound ? report() : []);
  }

  /** Asks the server for lost packets of `media`. @param sequences at most `NACK_SEQUENCES_MAX`. */
  nack(media: number, sequences: readonly number[]): Uint8Array {
    const sender = this.#options.feedbackSsrc;
    return this.#sender.protectRtcp(writeNack({ sender, media, sequences }));
  }

  /**
   * Takes an SRTCP datagram; what is wrong with it is counted.
   *
   * @returns what to send at once, the sequence numbers of ours the server misses, by ssrc, and how ours arrive there.
   */
  receive(packet: Uint8Array, nowMs: number): {
    reply?: Uint8Array;
    missing: { ssrc: number; sequences: readonly number[] }[];
    reports: ReportBlock[];
  } {
    const { counters, serverFeedbackSsrc } = this.#options;
    const reports: ReportBlock[] = [];
    const missing: { ssrc: number; sequences: readonly number[] }[] = [];
    const opened = this.#receiver.openRtcp(packet);
    const parsed = typeof opened === "string" ? opened : parseRtcp(opened.rtcp);
    if (typeof parsed === "string") {
      counters.add(parsed);
      return { missing, reports };
    }
    let reply: Uint8Array | undefined;
    for (const each of parsed) {
      if (each.kind === "nack") {
        missing.push({ ssrc: each.media, sequences: each.sequences });
      } else if (each.kind === "syncAnswer") {
        if (!this.clock.answered({ ...each, arrivedAtMs: nowMs })) counters.add("sync-unasked");
        else reply = this.#bind(each.bound, each.nonce, nowMs);
      } else if (each.kind === "receiverReport" && each.ssrc === serverFeedbackSsrc) {
        reports.push(...each.blocks);
      } else counters.add("rtcp-ignored");
    }
    return { reply, missing, reports };
  }

  #bind(bound: boolean, nonce: Uint8Array, nowMs: number): Uint8Array | undefined {
    const lost = this.#bound && !bound;
    this.#bound = bound;
    if (bound) {
      this.#nonce = NO_NONCE;
      return undefined;
    }
    if (lost) this.#nextRequestMs = Math.min(this.#nextRequestMs, nowMs + UNBOUND_INTERVAL_MS);
    if (equalBytes(nonce, this.#nonce)) return undefined;
    this.#nonce = nonce.slice();
    if (!this.#mayAnswerAtOnce) return undefined;
    this.#mayAnswerAtOnce = false;
    return this.#request(nowMs);
  }

  #request(nowMs: number, blocks: readonly ReportBlock[] = []): Uint8Array {
    this.clock.requestSent(nowMs);
    const ssrc = this.#options.feedbackSsrc;
    const report = blocks.length > 0 ? writeReceiverReport({ ssrc, blocks }) : new Uint8Array();
    const request = writeSyncRequest({ ssrc, sentAtMs: nowMs, nonce: this.#nonce });
    return this.#sender.protectRtcp(concatBytes(report, request));
  }
}
