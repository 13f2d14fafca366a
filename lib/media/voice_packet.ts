/** What `VoiceSender` made of an audio frame: everything RTP needs but the ssrc. */
export interface VoicePacket {
  /** u16. */
  readonly sequence: number;
  /** u32, 48 kHz. */
  readonly timestamp: number;
  /** First packet after a silence, a mute or a gap. */
  readonly marker: boolean;
  /** First of a talkspurt, or ten packets since the last one that was: the place for abs-capture-time. */
  readonly stamped: boolean;
  readonly payload: Uint8Array;
  /** RFC 6464: -127..0 dBov, and voice activity. */
  readonly level: number;
  readonly voice: boolean;
  /** When the first sample was captured, ms; as given to `frame`. */
  readonly capturedAtMs?: number;
}

/** A voice packet as it came out of SRTP. */
export interface ArrivedVoicePacket {
  /** The place of the sequence number on a line that never wraps (the SRTP packet index). */
  readonly index: number;
  /** u32, 48 kHz. */
  readonly timestamp: number;
  readonly payload: Uint8Array;
  readonly marker?: boolean;
  /** Claimed by the sender, -127..0 dBov; absent counts as loud. */
  readonly level?: number;
  readonly voice?: boolean;
  /** When its first sample was captured; ms, of whichever clock the sender stamps. */
  readonly capturedAtMs?: number;
}

/** What one pull gave. The object belongs to the receiver and is overwritten by its next pull. */
export interface PullResult {
  /** RTP timestamp (u32) of the first sample, by the playout position; undefined before the first packet. */
  timestamp: number | undefined;
  /** When the first sample was captured, by the sender's last stamp. */
  capturedAtMs: number | undefined;
  /** Measured level of what came out, -127..0 dBov; -127 exactly when all samples are zero. */
  level: number;
  /** How many of the samples are decoded voice (FEC included), concealment and silence; their sum is the pull. */
  decodedSamples: number;
  concealedSamples: number;
  silentSamples: number;
}

/** Totals of one receiver. Every packet that came is in exactly one of the first group, or still waits. */
export interface VoiceStatistics {
  packets: number;
  bytes: number;
  decodedPackets: number;
  /** Came in time, carried no voice, was not decoded. */
  skippedPackets: number;
  latePackets: number;
  duplicatePackets: number;
  /** The codec refused them. */
  invalidPackets: number;
  /** Too many waited. */
  droppedPackets: number;
  waitingPackets: number;

  /** Never came (a packet that comes after it was given up moves from here to late). */
  lostPackets: number;
  /** Lost ones brought back from the redundancy in their successor. */
  fecPackets: number;

  /** Every sample pulled is in one of these. */
  decodedSamples: number;
  concealedSamples: number;
  silentSamples: number;
  /** Samples left out or put in to bring the delay to its target. */
  removedSamples: number;
  insertedSamples: number;

  /** Mean deviation of arrival, ms. Source: RFC 3550 section 6.4.1. */
  jitterMs: number;
  /** From the fastest arrival to being played, now. */
  playoutDelayMs: number;
  /** What that delay should be by the last ten seconds of arrivals. */
  targetDelayMs: number;
  /** No decoder was free when one was needed. */
  decoderMisses: number;
  /** The position was set anew (first packet, long silence, jump of the sender's clock). */
  anchors: number;
  /** Changes between the shared and the own mix. */
  switches: number;
}

/** All zeros. */
export function emptyVoiceStatistics(): VoiceStatistics {
  return {
    packets: 0,
    bytes: 0,
    decodedPackets: 0,
    skippedPackets: 0,
    latePackets: 0,
    duplicatePackets: 0,
    invalidPackets: 0,
    droppedPackets: 0,
    waitingPackets: 0,
    lostPackets: 0,
    fecPackets: 0,
    decodedSamples: 0,
    concealedSamples: 0,
    silentSamples: 0,
    removedSamples: 0,
    insertedSamples: 0,
    jitterMs: 0,
    playoutDelayMs: 0,
    targetDelayMs: 0,
    decoderMisses: 0,
    anchors: 0,
    switches: 0,
  };
}
