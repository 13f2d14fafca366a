import { assert, readU16, readU32 } from "@fusionmeet/base";
import type { Cryptography, MasterKey } from "./cryptography.ts";
import { deriveSessionKeys, type SessionKeys } from "./key_derivation.ts";
import { DATAGRAM_BYTES_MAX, RTCP_REPLAY_WINDOW } from "./limits.ts";
import { type ReplayFault, ReplayWindow } from "./replay_window.ts";
import { type RtpFault, rtpHeaderBytes } from "./rtp.ts";
import {
  openRtcp,
  openRtp,
  sealRtcp,
  sealRtp,
  SRTCP_HEADER_BYTES,
  SRTCP_OVERHEAD_BYTES,
  srtcpIndex,
  SRTP_OVERHEAD_BYTES,
} from "./srtp_transform.ts";

export { SRTCP_OVERHEAD_BYTES, SRTP_MKI_BYTES, SRTP_OVERHEAD_BYTES } from "./srtp_transform.ts";

/** Where a stream is: its index is `roc * 65 536 + sequence`. */
export interface StreamPosition {
  /** Rollover counter: how often the sequence number has wrapped, u32. */
  readonly roc: number;
  /** u16 */
  readonly sequence: number;
}

/** Why a packet was not opened; nothing has changed by it. */
export type SrtpFault =
  | RtpFault
  | ReplayFault
  /** Longer than `DATAGRAM_BYTES_MAX`. */
  | "srtp-long"
  /** SRTCP that is too short or not version 2. */
  | "srtcp-header"
  /** SRTCP that is authenticated only; we always encrypt. */
  | "srtcp-clear"
  /** No `expect()` or `seed()` for this SSRC. */
  | "srtp-unknown-ssrc"
  /** No key of this epoch. */
  | "srtp-unknown-key"
  /** The index is past the last one of its kind. */
  | "srtp-exhausted"
  /** The tag is wrong: altered, another key, or another ROC. */
  | "srtp-forged";

/** An RTP packet that was authentic and new. */
export interface OpenedRtp {
  /** The packet as its sender wrote it; a new array. */
  readonly rtp: Uint8Array<ArrayBuffer>;
  /** `roc * 65 536 + sequence` */
  readonly index: number;
  /** Whether the index is above every earlier one of its SSRC. */
  readonly newest: boolean;
}

/** RTCP that was authentic and new. */
export interface OpenedRtcp {
  readonly rtcp: Uint8Array<ArrayBuffer>;
  /** The SRTCP index, 0..2^31-1. */
  readonly index: number;
  /** Whether the index is above every earlier one of its SSRC: only such a packet may move an address. */
  readonly newest: boolean;
}

const SEQUENCES = 0x1_0000;
const RTP_INDEX_MAX = 2 ** 48 - 1;
const RTCP_INDEX_MAX = 2 ** 31 - 1;

/**
 * Seals what one program sends under one line of keys. An index is used once per SSRC in the whole life of the
 * sender, whatever the key, so that no nonce comes twice: new keys go on where the old ones stopped.
 * A new sender needs a new key, or SSRCs that key has never seen.
 */
export class SrtpSender {
  readonly #cryptography: Cryptography;
  readonly #keys = new Map<number, SessionKeys>();
  #epoch: number;
  /** Last index of each SSRC. */
  readonly #rtpIndices = new Map<number, number>();
  readonly #rtcpIndices = new Map<number, number>();

  /** @param options.epoch MKI of `master`, u8. */
  constructor(options: { cryptography: Cryptography; master: MasterKey; epoch: number }) {
    this.#cryptography = options.cryptography;
    this.#epoch = options.epoch;
    this.addKey(options.epoch, options.master);
  }

  /** The epoch packets are sealed with now. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Keeps a key for a later `use()`. */
  addKey(epoch: number, master: MasterKey): void {
    assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= 0xff, "an epoch fits one byte");
    this.#keys.set(epoch, deriveSessionKeys(this.#cryptography, master));
  }

  /** Whether `use(epoch)` may be called. */
  hasKey(epoch: number): boolean {
    return this.#keys.has(epoch);
  }

  /** Seals with `epoch` from now on and forgets the key used so far. Indices go on. */
  use(epoch: number): void {
    assert(this.#keys.has(epoch), `no key of epoch ${epoch} was added`);
    if (epoch === this.#epoch) return;
    this.#keys.delete(this.#epoch);
    this.#epoch = epoch;
  }

  /**
   * Goes on after `position` instead of from the start: the next packet of `ssrc` has a higher index.
   *
   * @throws AssertionFailure when that would be a step back.
   */
  seed(ssrc: number, position: StreamPosition): void {
    this.#advance(this.#rtpIndices, ssrc, indexOf(position));
  }

  /** The same for SRTCP; `index` 0..2^31-1. */
  seedRtcp(ssrc: number, index: number): void {
    this.#advance(this.#rtcpIndices, ssrc, index);
  }

  /**
   * Seals an RTP packet; a new array, `SRTP_OVERHEAD_BYTES` longer. The first packet of an SSRC has ROC 0; each
   * further one must be ahead of the last by less than 2^15 sequence numbers.
   *
   * @throws AssertionFailure on a sequence number that was sealed before, or on bytes that are no RTP.
   */
  protect(rtp: Uint8Array): Uint8Array<ArrayBuffer> {
    const headerBytes = rtpHeaderBytes(rtp, rtp.length);
    assert(typeof headerBytes === "number", `only RTP is sealed: ${headerBytes}`);
    const ssrc = readU32(rtp, 8);
    const sequence = readU16(rtp, 2);
    const last = this.#rtpIndices.get(ssrc);
    const index = last === undefined ? sequence : estimateIndex(last, sequence);
    assert(index <= RTP_INDEX_MAX, "an SSRC has 2^48 packets under its keys");
    this.#advance(this.#rtpIndices, ssrc, index);
    const roc = Math.floor(index / SEQUENCES);
    return sealRtp(this.#session().rtp, rtp, { headerBytes, roc, epoch: this.#epoch });
  }

  /**
   * Seals RTCP under the next SRTCP index of its first SSRC, from 1 on; a new array.
   *
   * @throws AssertionFailure on bytes that are no RTCP.
   */
  protectRtcp(rtcp: Uint8Array): Uint8Array<ArrayBuffer> {
    assert(rtcp.length >= SRTCP_HEADER_BYTES, "RTCP names its sender");
    const ssrc = readU32(rtcp, 4);
    const index = (this.#rtcpIndices.get(ssrc) ?? 0) + 1;
    assert(index <= RTCP_INDEX_MAX, "an SSRC has 2^31 SRTCP packets under its keys");
    this.#advance(this.#rtcpIndices, ssrc, index);
    return sealRtcp(this.#session().rtcp, rtcp, { index, epoch: this.#epoch });
  }

  /** Where `ssrc` is: its last sealed packet; `undefined` before the first. */
  position(ssrc: number): StreamPosition | undefined {
    const index = this.#rtpIndices.get(ssrc);
    return index === undefined ? undefined : positionOf(index);
  }

  #session(): SessionKeys {
    const session = this.#keys.get(this.#epoch);
    assert(session, "the epoch in use has its key");
    return session;
  }

  /** The one place where an index is used up; it comes before the sealing. */
  #advance(indices: Map<number, number>, ssrc: number, index: number): void {
    assert(index > (indices.get(ssrc) ?? -1), "an index is sealed once per SSRC");
    indices.set(ssrc, index);
  }
}

/** What a receiver knows of one SSRC. */
interface ReceivedStream {
  readonly rtp: ReplayWindow;
  readonly rtcp: ReplayWindow;
}

/**
 * Opens what comes under one line of keys, several epochs at once. Only packets of SSRCs that were announced by
 * `expect()` or `seed()` are opened, so that state is bounded by what the caller asked for. Bad input gives a
 * reason and changes nothing; a packet changes state only once its tag was right.
 */
export class SrtpReceiver {
  readonly #cryptography: Cryptography;
  readonly #windowPackets: number;
  readonly #keys = new Map<number, SessionKeys>();
  readonly #streams = new Map<number, ReceivedStream>();

  /** @param options.windowPackets Replay window of RTP, a multiple of 32. SRTCP has `RTCP_REPLAY_WINDOW`. */
  constructor(options: { cryptography: Cryptography; windowPackets: number }) {
    this.#cryptography = options.cryptography;
    this.#windowPackets = options.windowPackets;
  }

  /** Opens packets of `epoch` (their MKI, u8) with this key from now on. */
  addKey(epoch: number, master: MasterKey): void {
    assert(Number.isInteger(epoch) && epoch >= 0 && epoch <= 0xff, "an epoch fits one byte");
    this.#keys.set(epoch, deriveSessionKeys(this.#cryptography, master));
  }

  /** Opens nothing of `epoch` any more. */
  removeKey(epoch: number): void {
    this.#keys.delete(epoch);
  }

  /** Takes packets of `ssrc` from the very start of its life: ROC 0, whichever sequence number comes first. */
  expect(ssrc: number): void {
    if (!this.#streams.has(ssrc)) this.#streams.set(ssrc, this.#newStream(-1));
  }

  /**
   * Takes packets of `ssrc`, which is at (roc, sequence) now: later ones, and once each those inside the replay
   * window before. A stream that is known already moves forward to there, never back: `forget()` it first to let
   * its recent packets in once more.
   */
  seed(ssrc: number, roc: number, sequence: number): void {
    const index = indexOf({ roc, sequence });
    const stream = this.#streams.get(ssrc);
    if (stream) stream.rtp.advance(index);
    else this.#streams.set(ssrc, this.#newStream(index));
  }

  /** Takes no more packets of `ssrc`, and forgets which ones came. */
  forget(ssrc: number): void {
    this.#streams.delete(ssrc);
  }

  /** Where `ssrc` is: the highest index opened or seeded; `undefined` before either. */
  position(ssrc: number): StreamPosition | undefined {
    const highest = this.#streams.get(ssrc)?.rtp.highest ?? -1;
    return highest < 0 ? undefined : positionOf(highest);
  }

  /** Opens an SRTP packet. */
  open(packet: Uint8Array): OpenedRtp | SrtpFault {
    if (packet.length > DATAGRAM_BYTES_MAX) return "srtp-long";
    const headerBytes = rtpHeaderBytes(packet, packet.length - SRTP_OVERHEAD_BYTES);
    if (typeof headerBytes === "string") return headerBytes;
    const stream = this.#streams.get(readU32(packet, 8));
    if (!stream) return "srtp-unknown-ssrc";
    const session = this.#keys.get(packet[packet.length - 1]);
    if (!session) return "srtp-unknown-key";
    const sequence = readU16(packet, 2);
    const { highest } = stream.rtp;
    const index = highest < 0 ? sequence : estimateIndex(highest, sequence);
    if (index > RTP_INDEX_MAX) return "srtp-exhausted";
    const seen = stream.rtp.check(index);
    if (seen) return seen;
    const roc = Math.floor(index / SEQUENCES);
    const rtp = openRtp(session.rtp, packet, { headerBytes, roc });
    if (!rtp) return "srtp-forged";
    stream.rtp.mark(index);
    return { rtp, index, newest: index > highest };
  }

  /** Opens an SRTCP packet. */
  openRtcp(packet: Uint8Array): OpenedRtcp | SrtpFault {
    if (packet.length > DATAGRAM_BYTES_MAX) return "srtp-long";
    if (packet.length < SRTCP_HEADER_BYTES + SRTCP_OVERHEAD_BYTES) return "srtcp-header";
    if (packet[0] >>> 6 !== 2) return "srtcp-header";
    const stream = this.#streams.get(readU32(packet, 4));
    if (!stream) return "srtp-unknown-ssrc";
    const session = this.#keys.get(packet[packet.length - 1]);
    if (!session) return "srtp-unknown-key";
    const { encrypted, index } = srtcpIndex(packet);
    if (!encrypted) return "srtcp-clear";
    const seen = stream.rtcp.check(index);
    if (seen) return seen;
    const { highest } = stream.rtcp;
    const rtcp = openRtcp(session.rtcp, packet);
    if (!rtcp) return "srtp-forged";
    stream.rtcp.mark(index);
    return { rtcp, index, newest: index > highest };
  }

  #newStream(highest: number): ReceivedStream {
    return {
      rtp: new ReplayWindow(this.#windowPackets, highest),
      rtcp: new ReplayWindow(RTCP_REPLAY_WINDOW),
    };
  }
}

/**
 * The index of `sequence` that is nearest to the highest one so far; before index 0 there is none, so there it
 * means ROC 0. May be 2^48 or more at the very end. Source: RFC 3711 section 3.3.1 and appendix A.
 */
function estimateIndex(highest: number, sequence: number): number {
  const last = highest % SEQUENCES;
  const line = highest - last;
  if (last < 0x8000) {
    return sequence - last > 0x8000 && line > 0 ? line - SEQUENCES + sequence : line + sequence;
  }
  return last - 0x8000 > sequence ? line + SEQUENCES + sequence : line + sequence;
}

function indexOf({ roc, sequence }: StreamPosition): number {
  return roc * SEQUENCES + sequence;
}

function positionOf(index: number): StreamPosition {
  return { roc: Math.floor(index / SEQUENCES), sequence: index % SEQUENCES };
}
