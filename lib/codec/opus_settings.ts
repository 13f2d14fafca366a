import { Application, type EncoderOptions, Signal } from "libopus-wasm";

/** Bits per second of a voice and of a mix. Why this and not another: docs/adr/0002-opus-settings.md. */
export const OPUS_BITRATE = 48_000;

/**
 * How every encoder is made: the full-band transform codec (CELT), which two passes harm least. Silence is left out by
 * the senders, which know what is heard; libopus would also leave out what is merely quieter than before.
 */
export const OPUS_ENCODER: EncoderOptions = {
  channels: 1,
  sampleRate: 48_000,
  application: Application.Audio,
  signal: Signal.Music,
  complexity: 8,
  vbr: true,
  vbrConstraint: true,
  dtx: false,
  fec: false,
  packetLossPercent: 0,
};

/** What changes where a path loses packets: speech codec (SILK) with in-band redundancy. */
export const OPUS_ENCODER_LOSSY = {
  signal: Signal.Voice,
  complexity: 5,
  packetLossPercent: 10,
} as const;
