/** Judges no real time. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { cameraArguments, encoderCandidates } from "../../client/capture/mod.ts";
import { FlvDemuxer, type FlvPicture } from "@fusionmeet/media";
import {
  depacketizeH264,
  encodeFrameMarking,
  EXTENSION,
  joinAnnexB,
  NAL_TYPE,
  nalType,
  packetizeH264,
  parseRtp,
  PAYLOAD_TYPE,
  type RtpPacket,
  splitAnnexB,
  writeRtp,
} from "@fusionmeet/protocol";
import { pcapBytes } from "../support/pcap.ts";
import { run } from "../support/programs.ts";
import { passRealTime, TemporaryDirectory, until } from "../support/wait.ts";

const PICTURES = 40;
/** What ffmpeg decodes of them: it holds the last ones back until more comes. */
const PLAYED = PICTURES - 2;
const LOOPBACK = "127.0.0.1";
const FIRST_SEQUENCE = 65_500;

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** What our camera sends of the test picture, as fast as it can. */
async function cameraPictures(): Promise<FlvPicture[]> {
  const [args] = cameraArguments({ kind: "testsrc" }, {
    system: "linux",
    quality: { width: 320, height: 240, framesPerSecond: 30 },
    encoder: encoderCandidates("linux", false)[0],
  });
  const bounded = args.map((arg) => arg.replace(",realtime", ""));
  bounded.splice(-1, 0, "-frames:v", String(PICTURES));
  const pictures = new FlvDemuxer().push(await run("ffmpeg", bounded));
  strictEqual(pictures.length, PICTURES);
  return pictures;
}

/** Our RTP of those pictures, not encrypted. */
function rtpOf(pictures: readonly FlvPicture[]): { bytes: Uint8Array; timestampMs: number }[] {
  let sequence = FIRST_SEQUENCE;
  return pictures.flatMap(({ bytes, keyframe, timestampMs }) =>
    packetizeH264(bytes).map(({ payload, start, end }) => {
      const marking = { start, end, independent: keyframe, discardable: false };
      const packet = {
        payloadType: PAYLOAD_TYPE.h264,
        marker: end,
        sequence: sequence++ & 0xffff,
        timestamp: (0xffff_ff00 + timestampMs * 90) >>> 0,
        ssrc: 0x1234_5678,
        extensions: new Map([[EXTENSION.frameMarking, encodeFrameMarking(marking)]]),
        payload,
      };
      return { bytes: writeRtp(packet), timestampMs };
    })
  );
}

/** A UDP socket on loopback. */
class Socket implements Disposable {
  readonly #socket = Deno.listenDatagram({ transport: "udp", hostname: LOOPBACK, port: 0 });
  #closed = false;
  readonly port = (this.#socket.addr as Deno.NetAddr).port;

  async send(bytes: Uint8Array, port: number): Promise<void> {
    await this.#socket.send(bytes, { transport: "udp", hostname: LOOPBACK, port });
  }

  /** Every datagram until the socket closes. */
  async *datagrams(): AsyncGenerator<Uint8Array> {
    for await (const [bytes] of this.#socket) yield bytes;
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.#socket.close();
    this.#closed = true;
  }
}

function freePort(): number {
  using socket = new Socket();
  return socket.port;
}

/** The digest of every picture that ffmpeg decodes from `input`. */
function decodeArguments(...input: string[]): string[] {
  return [
    ...["-v", "error", "-nostdin", "-threads", "1", ...input, "-frames:v", String(PLAYED)],
    ...["-fps_mode", "passthrough", "-f", "framemd5", "pipe:1"],
  ];
}

function digests(framemd5: Uint8Array): string[] {
  return text(framemd5).split("\n").filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(",").at(-1)!.trim());
}

Deno.test("tshark dissects our RTP without a malformed packet", async () => {
  await using directory = new TemporaryDirectory();
  const packets = rtpOf(await cameraPictures());
  const capture = directory.file("camera.pcap");
  await Deno.writeFile(
    capture,
    pcapBytes(packets.map(({ bytes, timestampMs }) => ({
      atMs: timestampMs,
      from: { hostname: LOOPBACK, port: 40_000 },
      to: { hostname: LOOPBACK, port: 5_004 },
      bytes,
    }))),
  );
  const fields = ["rtp.seq", "rtp.marker", "rtp.ext.rfc5285.id", "h264.nal_unit_hdr"];
  const faults = ["_ws.malformed", "_ws.expert.message", "_ws.short"];
  const decodeAs = ["-d", "udp.port==5004,rtp", "-d", "rtp.pt==96,h264"];
  const shown = ["-T", "fields", ...[...fields, ...faults].flatMap((field) => ["-e", field])];
  const rows = text(await run("tshark", ["-r", capture, ...decodeAs, ...shown]))
    .trimEnd().split("\n").map((line) => line.split("\t"));
  strictEqual(rows.length, packets.length);
  const parsed = packets.map(({ bytes }) => parseRtp(bytes) as RtpPacket);
  deepStrictEqual(
    rows.map(([sequence, marker, extension, header]) => [
      Number(sequence),
      Number(marker) === 1,
      Number(extension),
      Number(header.split(",")[0]) & 0x1f,
    ]),
    parsed.map(({ sequence, marker, payload }) => [
      sequence,
      marker,
      EXTENSION.frameMarking,
      payload[0] & 0x1f,
    ]),
  );
  // "Not decoded yet" is what Wireshark says of slice data, which it does not go into.
  const said = rows.map((row) =>
    row.slice(fields.length).join("").replace("[Not decoded yet]", "")
  );
  deepStrictEqual(said.filter((words) => words !== ""), []);
});

Deno.test("ffmpeg plays our RTP from an SDP, picture for picture", async () => {
  await using directory = new TemporaryDirectory();
  const pictures = await cameraPictures();
  const port = freePort();
  const description = directory.file("camera.sdp");
  await Deno.writeTextFile(
    description,
    [
      ...["v=0", `o=- 0 0 IN IP4 ${LOOPBACK}`, "s=camera", `c=IN IP4 ${LOOPBACK}`, "t=0 0"],
      ...[`m=video ${port} RTP/AVP 96`, "a=rtpmap:96 H264/90000"],
      ...["a=fmtp:96 packetization-mode=1", "a=extmap:2 urn:ietf:params:rtp-hdrext:framemarking"],
    ].join("\r\n") + "\r\n",
  );
  const player = new Deno.Command("ffmpeg", {
    args: decodeArguments(
      ...["-analyzeduration", "0", "-probesize", "32", "-protocol_whitelist", "file,udp,rtp"],
      ...["-i", description],
    ),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = player.output();
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  await until(
    "ffmpeg's socket",
    async () => (await Deno.readTextFile("/proc/net/udp")).includes(`:${hexPort} `),
  );
  using socket = new Socket();
  for (const [at, { bytes }] of rtpOf(pictures).entries()) {
    await socket.send(bytes, port);
    if (at % 4 === 3) await passRealTime(2);
  }
  const { success, stdout, stderr } = await output;
  strictEqual(success, true, text(stderr));
  const annexB = directory.file("camera.h264");
  await Deno.writeFile(annexB, joinAnnexB(pictures.flatMap(({ bytes }) => splitAnnexB(bytes))));
  const expected = digests(await run("ffmpeg", decodeArguments("-i", annexB)));
  strictEqual(expected.length, PLAYED);
  deepStrictEqual(digests(stdout), expected);
});

Deno.test("RTP made by ffmpeg comes apart into the access units of the same encode", async () => {
  await using directory = new TemporaryDirectory();
  using socket = new Socket();
  const annexB = directory.file("same.h264");
  const encoding = run("ffmpeg", [
    ...["-v", "error", "-nostdin", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=60"],
    ...["-frames:v", String(PICTURES), "-c:v", "libx264", "-preset", "ultrafast", "-g", "10"],
    ...["-tune", "zerolatency", "-pix_fmt", "yuv420p", "-flags", "-global_header", "-f", "tee"],
    ...["-map", "0", `[f=h264]${annexB}|[f=rtp]rtp://${LOOPBACK}:${socket.port}?pkt_size=1200`],
  ]);
  const packets: RtpPacket[] = [];
  const listening = (async () => {
    for await (const bytes of socket.datagrams()) {
      const packet = parseRtp(bytes);
      if (typeof packet === "object") packets.push(packet);
    }
  })();
  await encoding;
  const pictures = () => packets.filter(({ marker }) => marker).length;
  await until("the last picture", () => pictures() === PICTURES);
  socket[Symbol.dispose]();
  await listening;
  const types = new Set(packets.map(({ payload }) => nalType(payload)));
  strictEqual(types.has(NAL_TYPE.stapA) && types.has(NAL_TYPE.fuA), true);
  const units = [...Map.groupBy(packets, ({ timestamp }) => timestamp).values()]
    .map((unit) => depacketizeH264(unit.map(({ payload }) => payload)))
    .map((unit) => typeof unit === "object" ? unit : { bytes: new Uint8Array(), keyframe: unit });
  const nals = units.flatMap(({ bytes }) => splitAnnexB(bytes));
  deepStrictEqual(nals, splitAnnexB(await Deno.readFile(annexB)));
  deepStrictEqual(units.map(({ keyframe }) => keyframe), units.map((_, at) => at % 10 === 0));
});
