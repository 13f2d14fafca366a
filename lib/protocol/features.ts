/** What this version's `hello` and `welcome` list: codecs, header extensions and feedback kinds. Unknown ones are ignored. */
export const FEATURES: readonly string[] = [
  "opus",
  "l16",
  "h264",
  "audio-level",
  "frame-marking",
  "mix-levels",
  "capture-time",
  "nack",
  "receiver-report",
];

/** The version of both programs; what they speak to each other is `PROTOCOL_VERSION`. */
export const PROGRAM_VERSION = "0.1.0";
