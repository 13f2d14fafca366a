/** A packet on its way out of, or into, a media plane. The bytes belong to whoever receives it. */
export interface Datagram {
  readonly address: MediaAddress;
  readonly bytes: Uint8Array;
}

/** An IPv4 or IPv6 address and port, as the socket names it. */
export interface MediaAddress {
  readonly hostname: string;
  readonly port: number;
}

/** `hostname|port`: one string per address, for maps. */
export function addressKey(address: MediaAddress): string {
  return `${address.hostname}|${address.port}`;
}

/** One talker's or one mix's encoder. 48 kHz mono s16. */
export interface VoiceEncoder {
  /**
   * @param pcm `FRAME_SAMPLES` samples.
   * @returns a new array; at most 2 bytes long means DTX: nothing needs to be sent.
   */
  encode(pcm: Int16Array): Uint8Array;
  /** Redundancy for lossy paths (in-band FEC), off at first; it costs bits that are missed elsewhere. */
  useFec?(on: boolean): void;
}

/** A decoder of one ssrc. Every call gives `FRAME_SAMPLES` samples in a new array. */
export interface VoiceDecoder {
  /** @throws when the packet is not decodable; the state stays usable. */
  decode(packet: Uint8Array): Int16Array;
  /** The frame before `next`, out of the redundancy in `next` (in-band FEC); conceals where it holds none. */
  decodeFec(next: Uint8Array): Int16Array;
  /** A concealment frame for a packet that never came. */
  conceal(): Int16Array;
}

/**
 * A pool of fresh codecs, given out synchronously and refilled between ticks (an Opus codec is created
 * asynchronously and cannot be reset). Empty is `undefined`: the caller tries again next tick and counts it.
 */
export interface VoiceCodecs {
  takeEncoder(): VoiceEncoder | undefined;
  takeDecoder(): VoiceDecoder | undefined;
  /** Frees a codec; it is never given out again. */
  giveBack(codec: VoiceEncoder | VoiceDecoder): void;
}

/** One coded picture. */
export interface AccessUnit {
  /** H.264: Annex B, SPS and PPS before every IDR. JPEG: a whole file. */
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
  /** 90 kHz RTP clock, u32. */
  readonly timestamp: number;
  /** When it was captured, ms; of whose clock, the context says. */
  readonly capturedAtMs?: number;
}
