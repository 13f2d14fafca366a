import { type CameraCodec, SAMPLE_RATE } from "@fusionmeet/protocol";
import { type CameraSource, codedQuality, type MicrophoneSource, type Quality } from "./sources.ts";

/** The operating systems we capture on. */
export type CaptureSystem = "linux" | "windows" | "darwin";

/** The system this program runs on, as far as capturing goes. */
export function captureSystem(os: string = Deno.build.os): CaptureSystem {
  return os === "windows" || os === "darwin" ? os : "linux";
}

/** One ffmpeg encoder with everything that makes its pictures fit the wire. */
export interface VideoEncoder {
  readonly codec: CameraCodec;
  readonly name: string;
  /** Options before the input: the device it runs on. */
  readonly device: readonly string[];
  /** Added to the filters: where its pictures must be. */
  readonly upload: string;
  readonly options: readonly string[];
}

type OpenCameraSource = Exclude<CameraSource, { kind: "off" }>;
type FfmpegMicrophoneSource = Extract<MicrophoneSource, { kind: "file" | "device" }>;

/** The camera of Linux where none is named. */
export const DEFAULT_CAMERA = "/dev/video0";
/** Quiet, and with nothing to type. */
export const GENERAL: readonly string[] = [
  "-hide_banner",
  "-nostdin",
  "-nostats",
  "-loglevel",
  "warning",
];
/** An input that comes as it happens: nothing is read ahead. */
export const LIVE: readonly string[] = [
  "-fflags",
  "nobuffer",
  "-probesize",
  "32",
  "-analyzeduration",
  "0",
];
const GOP_PICTURES_MAX = 30;

/** Zero latency without slices: one thread, or x264 makes a slice or a frame of delay per thread. */
const X264: VideoEncoder = {
  codec: "h264",
  name: "libx264",
  device: [],
  upload: "",
  options: [
    ...["-preset", "ultrafast", "-tune", "zerolatency", "-profile:v", "baseline"],
    ...["-x264-params", "sliced-threads=0:slices=1", "-threads", "1", "-crf", "23"],
  ],
};

/** Every ffmpeg has it. What RFC 2435 carries: 4:2:0 with the typical Huffman tables; a second thread is a picture of delay. */
export const JPEG_ENCODER: VideoEncoder = {
  codec: "jpeg",
  name: "mjpeg",
  device: [],
  upload: "",
  options: [
    ...["-huffman", "default", "-force_duplicated_matrix", "1", "-pix_fmt", "yuvj420p"],
    ...["-threads", "1"],
  ],
};

/** In the order of trying; every one is probed before it is used. Those of hardware are unproven here. */
const ENCODERS: Record<CaptureSystem, readonly VideoEncoder[]> = {
  linux: [
    hardware("h264_nvenc", ["-preset", "p1", "-tune", "ull", "-zerolatency", "1", "-rc", "vbr"]),
    {
      ...hardware("h264_vaapi", ["-async_depth", "1", "-rc_mode", "VBR", "-slices", "1"]),
      device: ["-vaapi_device", "/dev/dri/renderD128"],
      upload: ",format=nv12,hwupload",
    },
    hardware("h264_qsv", ["-preset", "veryfast", "-async_depth", "1", "-slices", "1"]),
  ],
  windows: [
    hardware("h264_nvenc", ["-preset", "p1", "-tune", "ull", "-zerolatency", "1", "-rc", "vbr"]),
    hardware("h264_qsv", ["-preset", "veryfast", "-async_depth", "1", "-slices", "1"]),
    hardware("h264_amf", ["-usage", "ultralowlatency", "-quality", "speed"]),
    hardware("h264_mf", ["-hw_encoding", "1", "-scenario", "video_conference"]),
  ],
  darwin: [hardware("h264_videotoolbox", ["-realtime", "1", "-prio_speed", "1"])],
};

function hardware(name: string, options: readonly string[]): VideoEncoder {
  return {
    codec: "h264",
    name,
    device: [],
    upload: "",
    options: ["-profile:v", "main", ...options, "-bf", "0"],
  };
}

/** The encoders to probe, best first. Without a graphics device only x264 is left. */
export function encoderCandidates(
  system: CaptureSystem,
  hasGraphicsDevice: boolean,
): readonly VideoEncoder[] {
  return hasGraphicsDevice ? [...ENCODERS[system], X264] : [X264];
}

/** The upper bound of the bit rate, kbit/s: 700 at 320x240@30, 4 000 at 1280x720@30. */
export function bitRateMaxKbps({ width, height, framesPerSecond }: Quality): number {
  return 400 + Math.round(0.13 * width * height * framesPerSecond / 1000);
}

/** The same of JPEG: 4 000 at 320x240@30, at most 12 000, which leaves the pacers (19 Mbit/s) room for repairs. */
export function jpegBitRateKbps({ width, height, framesPerSecond }: Quality): number {
  return Math.min(12_000, 1_000 + Math.round(1.3 * width * height * framesPerSecond / 1000));
}

/** Five test pictures through `encoder`, as the camera would: its output shows whether it works here. */
export function probeArguments(encoder: VideoEncoder, quality: Quality): string[] {
  return [
    ...GENERAL,
    ...encoder.device,
    ...["-f", "lavfi", "-i", testPicture(quality), "-frames:v", "5"],
    ...["-vf", `format=yuv420p${encoder.upload}`],
    ...encodingArguments(encoder, quality),
  ];
}

/**
 * What to try in turn to get pictures out of a source, each a whole argument list that writes FLV with H.264, or mpjpeg
 * at the rate asked for, to stdout: first as asked, then with the device's own size and rate.
 *
 * @param source On Windows, which knows no default device, `id` of a device is set.
 */
export function cameraArguments(
  source: OpenCameraSource,
  options: { system: CaptureSystem; quality: Quality; encoder: VideoEncoder },
): string[][] {
  const { system, quality, encoder } = options;
  const coded = codedQuality(quality, encoder.codec);
  const filter = cameraFilter(source, { quality: coded, codec: encoder.codec }) + encoder.upload;
  const asked = source.kind === "device" ? quality : coded;
  return cameraInputs(source, system, asked).map((input) => [
    ...GENERAL,
    ...encoder.device,
    ...input,
    ...["-map", "0:v:0", "-vf", filter],
    ...encodingArguments(encoder, coded),
  ]);
}

/**
 * What to try in turn to get a voice out of a source, each a whole argument list that writes s16le, mono, 48 kHz
 * to stdout. FILE is not held back: its reader's pace is the clock.
 */
export function microphoneArguments(
  source: FfmpegMicrophoneSource,
  system: CaptureSystem,
): string[][] {
  return microphoneInputs(source, system).map((input) => [
    ...GENERAL,
    ...input,
    ...["-map", "0:a:0", "-ac", "1", "-ar", String(SAMPLE_RATE)],
    ...["-f", "s16le", "-flush_packets", "1", "pipe:1"],
  ]);
}

/** Lists the devices of a system: to stdout on Linux, to stderr elsewhere. */
export function deviceListArguments(system: CaptureSystem, kind: "camera" | "microphone") {
  if (system === "windows") {
    return ["-hide_banner", "-f", "dshow", "-list_devices", "true", "-i", "dummy"];
  }
  if (system === "darwin") {
    return ["-hide_banner", "-f", "avfoundation", "-list_devices", "true", "-i", ""];
  }
  return ["-hide_banner", "-sources", kind === "camera" ? "v4l2" : "pulse"];
}

function encodingArguments(encoder: VideoEncoder, quality: Quality): string[] {
  return encoder.codec === "jpeg"
    ? jpegArguments(encoder, quality)
    : h264Arguments(encoder, quality);
}

function jpegArguments(encoder: VideoEncoder, quality: Quality): string[] {
  const rate = `${jpegBitRateKbps(quality)}k`;
  return [
    ...["-c:v", encoder.name, ...encoder.options, "-b:v", rate, "-maxrate", rate],
    ...["-bufsize", rate, "-f", "mpjpeg", "-flush_packets", "1", "pipe:1"],
  ];
}

function h264Arguments(encoder: VideoEncoder, quality: Quality): string[] {
  const gop = Math.max(1, Math.min(GOP_PICTURES_MAX, Math.round(quality.framesPerSecond)));
  const rate = `${bitRateMaxKbps(quality)}k`;
  const average = encoder === X264 ? [] : ["-b:v", rate];
  return [
    ...["-c:v", encoder.name, ...encoder.options, ...average, "-maxrate", rate, "-bufsize", rate],
    ...["-g", String(gop), "-enc_time_base", "1/1000"],
    ...["-f", "flv", "-flvflags", "no_duration_filesize+no_metadata+no_sequence_end"],
    ...["-flush_packets", "1", "pipe:1"],
  ];
}

function testPicture({ width, height, framesPerSecond }: Quality): string {
  return `testsrc2=size=${width}x${height}:rate=${framesPerSecond}`;
}

/** Fits the picture into the quality, with bars where the shape differs. */
function cameraFilter(
  source: OpenCameraSource,
  { quality, codec }: { quality: Quality; codec: CameraCodec },
): string {
  const { width, height, framesPerSecond } = quality;
  const format = codec === "jpeg" ? "format=yuvj420p" : "format=yuv420p";
  if (source.kind === "testsrc") return `${format},realtime`;
  const size = `${width}:${height}`;
  const fitted = [
    `fps=${framesPerSecond}`,
    `scale=${size}:force_original_aspect_ratio=decrease:force_divisible_by=2`,
    `pad=${size}:(ow-iw)/2:(oh-ih)/2`,
    "setsar=1",
    format,
  ].join();
  return source.kind === "file" ? `${fitted},tpad=stop=-1:stop_mode=clone,realtime` : fitted;
}

function cameraInputs(source: OpenCameraSource, system: CaptureSystem, quality: Quality) {
  if (source.kind === "testsrc") return [["-f", "lavfi", "-i", testPicture(quality)]];
  if (source.kind === "file") return [fileInput(source.path)];
  const { width, height, framesPerSecond } = quality;
  const size = ["-framerate", String(framesPerSecond), "-video_size", `${width}x${height}`];
  switch (system) {
    case "linux": {
      const path = ["-i", source.id ?? DEFAULT_CAMERA];
      // Raw pictures above this size do not fit through USB 2 at full rate.
      const format = width * height > 640 * 480 ? ["-input_format", "mjpeg"] : [];
      return [
        ["-f", "v4l2", ...LIVE, ...format, ...size, ...path],
        ["-f", "v4l2", ...LIVE, ...path],
      ];
    }
    case "windows": {
      const input = ["-f", "dshow", ...LIVE, "-rtbufsize", "64M"];
      const device = ["-i", `video=${source.id ?? ""}`];
      return [[...input, ...size, ...device], [...input, ...device]];
    }
    case "darwin": {
      const device = ["-i", `${source.id ?? "default"}:none`];
      return [
        ["-f", "avfoundation", ...LIVE, ...size, ...device],
        ["-f", "avfoundation", ...LIVE, "-framerate", "30", ...device],
      ];
    }
  }
}

function microphoneInputs(source: FfmpegMicrophoneSource, system: CaptureSystem) {
  if (source.kind === "file") return [fileInput(source.path)];
  const { id } = source;
  switch (system) {
    case "linux": {
      const format = ["-sample_rate", String(SAMPLE_RATE), "-channels", "1"];
      const pulse = ["-f", "pulse", ...LIVE, "-name", "FusionMeet", "-fragment_size", "1920"];
      const inputs = [[...pulse, ...format, "-i", id ?? "default"]];
      const alsa = ["-f", "alsa", ...LIVE, ...format, "-i", id ?? "default"];
      return [...inputs, alsa];
    }
    case "windows":
      return [["-f", "dshow", ...LIVE, "-audio_buffer_size", "20", "-i", `audio=${id ?? ""}`]];
    case "darwin":
      return [["-f", "avfoundation", ...LIVE, "-i", `none:${id ?? "default"}`]];
  }
}

/** `file:` keeps ffmpeg from reading options, protocols or patterns into a name. */
export function fileInput(path: string): string[] {
  return ["-i", `file:${path}`];
}
