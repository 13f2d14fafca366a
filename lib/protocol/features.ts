/** The codecs a camera may be asked for. */
export const CAMERA_CODECS = ["h264", "jpeg"] as const;
export type CameraCodec = typeof CAMERA_CODECS[number];

export function isCameraCodec(codec: string): codec is CameraCodec {
  return (CAMERA_CODECS as readonly string[]).includes(codec);
}

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
  "jpeg",
  "transfer-taken",
  "file-plan",
];

/** The version of both programs; what they speak to each other is `PROTOCOL_VERSION`. */
export const PROGRAM_VERSION = "0.1.0";

/** `FEATURES` of somebody who can show only these codecs of cameras. */
export function featuresOf(decodes: readonly CameraCodec[]): string[] {
  const undecodable: readonly string[] = CAMERA_CODECS.filter((codec) => !decodes.includes(codec));
  return FEATURES.filter((feature) => !undecodable.includes(feature));
}
