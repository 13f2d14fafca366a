import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  bitRateMaxKbps,
  cameraArguments,
  type CaptureSystem,
  deviceListArguments,
  encoderCandidates,
  JPEG_ENCODER,
  jpegBitRateKbps,
  microphoneArguments,
  probeArguments,
} from "./ffmpeg_arguments.ts";
import { type CameraSource, QUALITY_DEFAULT } from "./sources.ts";

const [X264] = encoderCandidates("linux", false);
const GENERAL = "-hide_banner -nostdin -nostats -loglevel warning";
const LIVE = "-fflags nobuffer -probesize 32 -analyzeduration 0";
const X264_OUTPUT = "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline " +
  "-x264-params sliced-threads=0:slices=1 -threads 1 -crf 23";
const FLV = "-enc_time_base 1/1000 -f flv -flvflags no_duration_filesize+no_metadata+" +
  "no_sequence_end -flush_packets 1 pipe:1";
const FITTED =
  "fps=30,scale=320:240:force_original_aspect_ratio=decrease:force_divisible_by=2,pad=320:240:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p";
const ENCODED = `${X264_OUTPUT} -maxrate 700k -bufsize 700k -g 30 ${FLV}`;

function camera(
  source: Exclude<CameraSource, { kind: "off" }>,
  system: CaptureSystem = "linux",
  quality = QUALITY_DEFAULT,
): string[] {
  return cameraArguments(source, { system, quality, encoder: X264 }).map((args) => args.join(" "));
}

Deno.test("cameraArguments() of the test picture", () => {
  deepStrictEqual(camera({ kind: "testsrc" }), [
    `${GENERAL} -f lavfi -i testsrc2=size=320x240:rate=30 -map 0:v:0 -vf format=yuv420p,realtime ${ENCODED}`,
  ]);
});

Deno.test("cameraArguments() of a file: in real time, fitted, its last picture stays", () => {
  deepStrictEqual(camera({ kind: "file", path: "-my clip:1.mp4" }), [
    `${GENERAL} -i file:-my clip:1.mp4 -map 0:v:0 -vf ${FITTED},tpad=stop=-1:stop_mode=clone,realtime ${ENCODED}`,
  ]);
});

Deno.test("cameraArguments() of a device on Linux", () => {
  deepStrictEqual(camera({ kind: "device" }), [
    `${GENERAL} -f v4l2 ${LIVE} -framerate 30 -video_size 320x240 -i /dev/video0 -map 0:v:0 -vf ${FITTED} ${ENCODED}`,
    `${GENERAL} -f v4l2 ${LIVE} -i /dev/video0 -map 0:v:0 -vf ${FITTED} ${ENCODED}`,
  ]);
  const [hd] = camera({ kind: "device", id: "/dev/video2" }, "linux", {
    width: 1280,
    height: 720,
    framesPerSecond: 15,
  });
  const fitted = FITTED.replaceAll("320:240", "1280:720").replace("fps=30", "fps=15");
  strictEqual(
    hd,
    `${GENERAL} -f v4l2 ${LIVE} -input_format mjpeg -framerate 15 -video_size 1280x720 -i /dev/video2 ` +
      `-map 0:v:0 -vf ${fitted} ${X264_OUTPUT} -maxrate 2197k -bufsize 2197k -g 15 ${FLV}`,
  );
});

Deno.test("cameraArguments() of a device on Windows", () => {
  deepStrictEqual(camera({ kind: "device", id: "Integrated Camera" }, "windows"), [
    `${GENERAL} -f dshow ${LIVE} -rtbufsize 64M -framerate 30 -video_size 320x240 -i video=Integrated Camera -map 0:v:0 -vf ${FITTED} ${ENCODED}`,
    `${GENERAL} -f dshow ${LIVE} -rtbufsize 64M -i video=Integrated Camera -map 0:v:0 -vf ${FITTED} ${ENCODED}`,
  ]);
});

Deno.test("cameraArguments() of a device on macOS", () => {
  deepStrictEqual(camera({ kind: "device" }, "darwin"), [
    `${GENERAL} -f avfoundation ${LIVE} -framerate 30 -video_size 320x240 -i default:none -map 0:v:0 -vf ${FITTED} ${ENCODED}`,
    `${GENERAL} -f avfoundation ${LIVE} -framerate 30 -i default:none -map 0:v:0 -vf ${FITTED} ${ENCODED}`,
  ]);
  strictEqual(camera({ kind: "device", id: "1" }, "darwin")[0].includes("-i 1:none"), true);
});

Deno.test("cameraArguments() puts pictures where a hardware encoder wants them", () => {
  const vaapi = encoderCandidates("linux", true).find(({ name }) => name === "h264_vaapi")!;
  const [args] = cameraArguments({ kind: "testsrc" }, {
    system: "linux",
    quality: QUALITY_DEFAULT,
    encoder: vaapi,
  });
  strictEqual(
    args.join(" "),
    `${GENERAL} -vaapi_device /dev/dri/renderD128 -f lavfi -i testsrc2=size=320x240:rate=30 -map 0:v:0 ` +
      "-vf format=yuv420p,realtime,format=nv12,hwupload -c:v h264_vaapi -profile:v main -async_depth 1 " +
      `-rc_mode VBR -slices 1 -bf 0 -b:v 700k -maxrate 700k -bufsize 700k -g 30 ${FLV}`,
  );
});

Deno.test("cameraArguments() of JPEG: 4:2:0, typical Huffman tables, sides in eights, at the rate asked for", () => {
  const jpeg = (source: Parameters<typeof camera>[0], quality = QUALITY_DEFAULT) =>
    cameraArguments(source, { system: "linux", quality, encoder: JPEG_ENCODER })
      .map((args) => args.join(" "));
  const coded = (rate: string) =>
    "-c:v mjpeg -huffman default -force_duplicated_matrix 1 -pix_fmt yuvj420p -threads 1 " +
    `-b:v ${rate} -maxrate ${rate} -bufsize ${rate} -f mpjpeg -flush_packets 1 pipe:1`;
  deepStrictEqual(jpeg({ kind: "testsrc" }), [
    `${GENERAL} -f lavfi -i testsrc2=size=320x240:rate=30 -map 0:v:0 -vf format=yuvj420p,realtime ${
      coded("3995k")
    }`,
  ]);
  const odd = { width: 1_022, height: 574, framesPerSecond: 15 };
  const fitted = FITTED.replaceAll("320:240", "1016:568").replace("fps=30", "fps=15")
    .replace("format=yuv420p", "format=yuvj420p");
  deepStrictEqual(jpeg({ kind: "device" }, odd), [
    `${GENERAL} -f v4l2 ${LIVE} -input_format mjpeg -framerate 15 -video_size 1022x574 -i /dev/video0 ` +
    `-map 0:v:0 -vf ${fitted} ${coded("12000k")}`,
    `${GENERAL} -f v4l2 ${LIVE} -i /dev/video0 -map 0:v:0 -vf ${fitted} ${coded("12000k")}`,
  ]);
});

Deno.test("jpegBitRateKbps() grows with the pictures, up to 12 Mbit/s", () => {
  const rate = (width: number, height: number, framesPerSecond: number) =>
    jpegBitRateKbps({ width, height, framesPerSecond });
  deepStrictEqual([rate(320, 240, 15), rate(320, 240, 30), rate(640, 360, 30)], [
    2_498,
    3_995,
    9_986,
  ]);
  strictEqual(rate(1280, 720, 30), 12_000);
});

Deno.test("encoderCandidates() tries hardware only where there is some, and x264 last", () => {
  const names = (system: CaptureSystem, hasGraphicsDevice: boolean) =>
    encoderCandidates(system, hasGraphicsDevice).map(({ name }) => name);
  deepStrictEqual(names("linux", false), ["libx264"]);
  deepStrictEqual(names("linux", true), ["h264_nvenc", "h264_vaapi", "h264_qsv", "libx264"]);
  deepStrictEqual(names("windows", true), [
    "h264_nvenc",
    "h264_qsv",
    "h264_amf",
    "h264_mf",
    "libx264",
  ]);
  deepStrictEqual(names("darwin", true), ["h264_videotoolbox", "libx264"]);
});

Deno.test("probeArguments() encodes five pictures as the camera would", () => {
  strictEqual(
    probeArguments(X264, QUALITY_DEFAULT).join(" "),
    `${GENERAL} -f lavfi -i testsrc2=size=320x240:rate=30 -frames:v 5 -vf format=yuv420p ${ENCODED}`,
  );
});

Deno.test("bitRateMaxKbps() grows with the pictures", () => {
  strictEqual(bitRateMaxKbps(QUALITY_DEFAULT), 700);
  strictEqual(bitRateMaxKbps({ width: 1280, height: 720, framesPerSecond: 30 }), 3_994);
});

const PCM = "-map 0:a:0 -ac 1 -ar 48000 -f s16le -flush_packets 1 pipe:1";

Deno.test("microphoneArguments() on every system", () => {
  const microphone = (system: CaptureSystem, id?: string) =>
    microphoneArguments({ kind: "device", id }, system).map((args) => args.join(" "));
  const format = "-sample_rate 48000 -channels 1";
  deepStrictEqual(microphone("linux"), [
    `${GENERAL} -f pulse ${LIVE} -name FusionMeet -fragment_size 1920 ${format} -i default ${PCM}`,
    `${GENERAL} -f alsa ${LIVE} ${format} -i default ${PCM}`,
  ]);
  deepStrictEqual(microphone("linux", "alsa_input.usb"), [
    `${GENERAL} -f pulse ${LIVE} -name FusionMeet -fragment_size 1920 ${format} -i alsa_input.usb ${PCM}`,
    `${GENERAL} -f alsa ${LIVE} ${format} -i alsa_input.usb ${PCM}`,
  ]);
  deepStrictEqual(microphone("windows", "Microphone (Realtek)"), [
    `${GENERAL} -f dshow ${LIVE} -audio_buffer_size 20 -i audio=Microphone (Realtek) ${PCM}`,
  ]);
  deepStrictEqual(microphone("darwin"), [
    `${GENERAL} -f avfoundation ${LIVE} -i none:default ${PCM}`,
  ]);
  deepStrictEqual(microphoneArguments({ kind: "file", path: "say.wav" }, "linux"), [
    `${GENERAL} -i file:say.wav ${PCM}`.split(" "),
  ]);
});

Deno.test("deviceListArguments() on every system", () => {
  deepStrictEqual(deviceListArguments("linux", "camera").join(" "), "-hide_banner -sources v4l2");
  deepStrictEqual(
    deviceListArguments("linux", "microphone").join(" "),
    "-hide_banner -sources pulse",
  );
  strictEqual(
    deviceListArguments("windows", "camera").join(" "),
    "-hide_banner -f dshow -list_devices true -i dummy",
  );
  deepStrictEqual(deviceListArguments("darwin", "camera").slice(-2), ["-i", ""]);
});
