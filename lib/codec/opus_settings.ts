import { Application, type EncoderOptions } from "libopus-wasm";

/** Bits per second of a voice and of a mix. Measured, with what else could have been, in docs/adr/0002-opus-settings.md. */
export const OPUS_BITRATE = 48_000;

/** How every encoder is made. Redundancy (in-band FEC) is switched on where a path loses packets. */
export const OPUS_ENCODER: EncoderOptions = {
  channels: 1,
  sampleRate: 48_000,
  application: Application.Audio,
  complexity: 5,
  vbr: true,
  vbrConstraint: true,
  dtx: true,
  fec: false,
};

/** The loss an encoder is told to protect against once redundancy is on, percent. */
export const OPUS_FEC_LOSS_PERCENT = 10;
