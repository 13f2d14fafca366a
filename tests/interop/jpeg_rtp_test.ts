/** Judges no real time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cameraArguments, JPEG_ENCODER } from "../../client/capture/mod.ts";
import { concatBytes, writeU16 } from "@fusionmeet/base";
import { MpjpegDemuxer } from "@fusionmeet/media";
import {
  depacketizeJpeg,
  encodeFrameMarking,
  EXTENSION,
  packetizeJpeg,
  parseRtp,
  PAYLOAD_TYPE,
  type RtpPacket,
  writeRtp,
} from "@fusionmeet/protocol";
import { pcapBytes } from "../support/pcap.ts";
import { run } from "../support/programs.ts";
import { TemporaryDirectory, until } from "../support/wait.ts";

const PICTURES = 30;
const LOOPBACK = "127.0.0.1";
const QUALITY = { width: 328, height: 248, framesPerSecond: 30 };

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What our camera sends of the test picture, as fast as it can. Its sides are no multiples of 16. */
async function cameraPictures(): Promise<Uint8Array[]> {
  const [args] = cameraArguments({ kind: "testsrc" }, {
    system: "linux",
    quality: QUALITY,
    encoder: JPEG_ENCODER,
  });
  const bounded = args.map((arg) => arg.replace(",realtime", ""));
  bounded.splice(-1, 0, "-frames:v", String(PICTURES));
  const pictures = new MpjpegDemuxer().push(await run("ffmpeg", bounded));
  strictEqual(pictures.length, PICTURES);
  return pictures;
}

/** Our RTP of those pictures, not encrypted. */
function rtpOf(pictures: readonly Uint8Array[]): Uint8Array[] {
  let sequence = 65_500;
  return pictures.flatMap((bytes, index) => {
    const fragments = packetizeJpeg(bytes);
    ok(typeof fragments !== "string", `${fragments}`);
    return fragments.map(({ payload, start, end }) => {
      const marking = { start, end, independent: true, discardable: false };
      return writeRtp({
        payloadType: PAYLOAD_TYPE.jpeg,
        marker: end,
        sequence: sequence++ & 0xffff,
        timestamp: (0xffff_ff00 + index * 3_000) >>> 0,
        ssrc: 0x1234_5678,
        extensions: new Map([[EXTENSION.frameMarking, encodeFrameMarking(marking)]]),
        payload,
      });
    });
  });
}

/** The digest of every picture that ffmpeg decodes from a file of JPEGs. */
async function digests(path: string): Promise<string[]> {
  const framemd5 = await run("ffmpeg", [
    ...["-v", "error", "-nostdin", "-f", "mjpeg", "-i", path],
    ...["-fps_mode", "passthrough", "-f", "framemd5", "pipe:1"],
  ]);
  return text(framemd5).split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(",").at(-1)!.trim());
}

/** RFC 4571: each packet behind its size. */
function framed(packets: readonly Uint8Array[]): Uint8Array {
  return concatBytes(...packets.flatMap((packet) => {
    const size = new Uint8Array(2);
    writeU16(size, 0, packet.length);
    return [size, packet];
  }));
}

Deno.test("GStreamer plays our JPEG over RTP, picture for picture; so do we", async () => {
  await using directory = new TemporaryDirectory();
  const file = (name: string) => directory.file(name);
  const pictures = await cameraPictures();
  const packets = rtpOf(pictures);
  await Deno.writeFile(file("camera.mjpeg"), concatBytes(...pictures));
  await Deno.writeFile(file("camera.rtp"), framed(packets));
  const caps = `application/x-rtp-stream, media=video, clock-rate=90000, encoding-name=JPEG, ` +
    `payload=${PAYLOAD_TYPE.jpeg}`;
  await run("gst-launch-1.0", [
    ...["-q", "filesrc", `location=${file("camera.rtp")}`, "!", caps, "!", "rtpstreamdepay"],
    ...["!", "rtpjpegdepay", "!", "filesink", `location=${file("played.mjpeg")}`],
  ]);
  const units = [
    ...Map.groupBy(
      packets.map((packet) => parseRtp(packet) as RtpPacket),
      ({ timestamp }) => timestamp,
    ).values(),
  ].map((unit) => depacketizeJpeg(unit.map(({ payload }) => payload)));
  const ours = units.map((unit) => typeof unit === "object" ? unit.bytes : new Uint8Array());
  await Deno.writeFile(file("ours.mjpeg"), concatBytes(...ours));
  const expected = await digests(file("camera.mjpeg"));
  strictEqual(new Set(expected).size, PICTURES);
  deepStrictEqual(await digests(file("played.mjpeg")), expected);
  deepStrictEqual(await digests(file("ours.mjpeg")), expected);
});

Deno.test("tshark dissects our JPEG over RTP without a malformed packet", async () => {
  await using directory = new TemporaryDirectory();
  const packets = rtpOf((await cameraPictures()).slice(0, 3));
  const capture = directory.file("camera.pcap");
  await Deno.writeFile(
    capture,
    pcapBytes(packets.map((bytes, index) => ({
      atMs: index,
      from: { hostname: LOOPBACK, port: 40_000 },
      to: { hostname: LOOPBACK, port: 5_004 },
      bytes,
    }))),
  );
  const fields = ["jpeg.main_hdr.offset", "jpeg.main_hdr.width", "jpeg.main_hdr.height"];
  const faults = ["_ws.malformed", "_ws.expert.message", "_ws.short"];
  const shown = ["-T", "fields", ...[...fields, ...faults].flatMap((field) => ["-e", field])];
  const decodeAs = ["-d", "udp.port==5004,rtp", "-d", "rtp.pt==26,jpeg"];
  const rows = text(await run("tshark", ["-r", capture, ...decodeAs, ...shown]))
    .trimEnd().split("\n").map((line) => line.split("\t"));
  const offsets = packets.map((bytes) => {
    const { payload } = parseRtp(bytes) as RtpPacket;
    return payload[1] << 16 | payload[2] << 8 | payload[3];
  });
  deepStrictEqual(rows.map(([offset]) => Number(offset)), offsets);
  deepStrictEqual([...new Set(rows.map((row) => row.slice(1, 3).join("x")))], ["328x248"]);
  deepStrictEqual(rows.filter((row) => row.slice(3).join("") !== ""), []);
});

Deno.test("JPEG over RTP made by ffmpeg comes apart into the pictures of the same encode", async () => {
  await using directory = new TemporaryDirectory();
  const same = directory.file("same.mjpeg");
  const socket = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK, port: 0 });
  const { port } = socket.addr as Deno.NetAddr;
  const packets: RtpPacket[] = [];
  const pictures = () => packets.filter(({ marker }) => marker).length;
  const listening = (async () => {
    for await (const [bytes] of socket) {
      const packet = parseRtp(bytes.slice());
      if (typeof packet === "object") packets.push(packet);
      if (pictures() === PICTURES) return;
    }
  })();
  await run("ffmpeg", [
    ...["-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=60"],
    ...["-frames:v", String(PICTURES), "-c:v", "mjpeg", ...JPEG_ENCODER.options, "-q:v", "8"],
    ...[
      "-f",
      "tee",
      "-map",
      "0",
      `[f=mjpeg]${same}|[f=rtp]rtp://${LOOPBACK}:${port}?pkt_size=1200`,
    ],
  ]);
  await until("the last picture", () => pictures() === PICTURES);
  await listening;
  socket.close();
  const units = [...Map.groupBy(packets, ({ timestamp }) => timestamp).values()]
    .map((unit) => depacketizeJpeg(unit.map(({ payload }) => payload)));
  deepStrictEqual(units.filter((unit) => typeof unit === "string"), []);
  const ours = directory.file("ours.mjpeg");
  const bytes = units.map((unit) => typeof unit === "object" ? unit.bytes : new Uint8Array());
  await Deno.writeFile(ours, concatBytes(...bytes));
  deepStrictEqual(await digests(ours), await digests(same));
});
