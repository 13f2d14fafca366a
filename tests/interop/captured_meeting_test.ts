/**
 * A real meeting, captured on the wire and opened by programs we did not write, with the keys that the server gives to
 * everyone in the room: libsrtp and GStreamer play it, tshark dissects it.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes, readU16, writeU16 } from "@fusionmeet/base";
import { masterKeyFromBytes, PAYLOAD_TYPE, rtpSsrc } from "@fusionmeet/protocol";
import { levelAt } from "../support/audio.ts";
import { type CapturedDatagram, pcapBytes } from "../support/pcap.ts";
import { opener, Peer } from "../support/peer.ts";
import { pictureMaker, readNumber, ssim } from "../support/picture.ts";
import { writeTestVideo } from "../support/picture_files.ts";
import { run, startClient, startServer } from "../support/programs.ts";
import { Proxy } from "../support/proxy.ts";
import { TemporaryDirectory, until } from "../support/wait.ts";

const VIDEO = { seed: 7, source: 3, width: 320, height: 240 };
const FRAMES = 90;
const HZ = 617;
const LEVEL_DBFS = -12;
const PICTURES_MIN = 45;
const MIX_PACKETS_MIN = 100;
const CIPHERS =
  "srtp-cipher=aes-128-gcm, srtp-auth=null, srtcp-cipher=aes-128-gcm, srtcp-auth=null";

type Ready = Awaited<ReturnType<Peer["stream"]>>;

/** A captured stream and what the room was told of it. */
interface CapturedStream {
  readonly ready: Ready;
  readonly datagrams: readonly CapturedDatagram[];
}

/** What `srtpdec` is told: what `stream.ready` says. */
function capsOf({ ready: { ssrc, roc, key, epoch } }: CapturedStream, format: string): string {
  const mki = epoch.toString(16).padStart(2, "0");
  return `application/x-srtp-stream, ${format}, ssrc=(uint)${ssrc}, roc=(uint)${roc}, ${CIPHERS}, ` +
    `srtp-key=(buffer)${key.toHex()}, mki=(buffer)${mki}`;
}

const VIDEO_FORMAT =
  `media=video, clock-rate=90000, encoding-name=H264, payload=${PAYLOAD_TYPE.h264}`;
const AUDIO_FORMAT =
  `media=audio, clock-rate=48000, encoding-name=OPUS, payload=${PAYLOAD_TYPE.opus}`;

/** Opens a captured stream, plays it, and keeps both the RTP and what is played. */
async function play(
  stream: CapturedStream,
  options: { folder: TemporaryDirectory; format: string; player: string },
): Promise<{ rtp: Uint8Array[]; played: Uint8Array }> {
  const { folder, format, player } = options;
  const file = (name: string) => folder.file(`${stream.ready.ssrc}.${name}`);
  // Not through pcapparse: its buffers and srtpdec (1.22) disagree about who owns them.
  await Deno.writeFile(file("srtp"), framed(stream.datagrams));
  const pipeline = [
    ...["filesrc", `location=${file("srtp")}`, "!", capsOf(stream, format), "!", "rtpstreamdepay"],
    ...["!", "srtpdec", "!", "tee", "name=opened"],
    ...["opened.", "!", "queue", "!", "rtpstreampay", "!", "filesink", `location=${file("rtp")}`],
    ...["opened.", "!", "queue", "!", ...player.split(" "), "!", "filesink"],
    `location=${file("played")}`,
  ];
  await run("gst-launch-1.0", ["-q", ...pipeline]);
  return {
    rtp: unframed(await Deno.readFile(file("rtp"))),
    played: await Deno.readFile(file("played")),
  };
}

/** RFC 4571: each packet behind its size. */
function framed(datagrams: readonly CapturedDatagram[]): Uint8Array {
  return concatBytes(...datagrams.flatMap(({ bytes }) => {
    const size = new Uint8Array(2);
    writeU16(size, 0, bytes.length);
    return [size, bytes];
  }));
}

function unframed(bytes: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 2 + readU16(bytes, at)) {
    packets.push(bytes.subarray(at + 2, at + 2 + readU16(bytes, at)));
  }
  return packets;
}

/** What our own receiver opens of it. */
function openedByUs({ ready, datagrams }: CapturedStream): Uint8Array[] {
  const receiver = opener(masterKeyFromBytes(ready.key), ready.epoch, ready.ssrc);
  return datagrams.map(({ bytes }) => {
    const opened = receiver.open(bytes);
    ok(typeof opened !== "string", `${opened}`);
    return opened.rtp;
  });
}

/** What tshark finds wrong with each of these packets, and how many it takes for RTP with that payload. */
async function dissect(
  packets: readonly Uint8Array[],
  options: { folder: TemporaryDirectory; payloadType: number; dissector: string },
): Promise<{ understood: number; faults: string[] }> {
  const { folder, payloadType, dissector } = options;
  const capture = folder.file(`${dissector}.pcap`);
  const [from, to] = [40_000, 5_004].map((port) => ({ hostname: "127.0.0.1", port }));
  await Deno.writeFile(
    capture,
    pcapBytes(packets.map((bytes, index) => ({ atMs: 20 * index, from, to, bytes }))),
  );
  const fields = ["rtp.p_type", "frame.protocols", "_ws.malformed", "_ws.expert.message"];
  const output = await run("tshark", [
    ...["-r", capture, "-d", "udp.port==5004,rtp", "-d", `rtp.pt==${payloadType},${dissector}`],
    ...["-T", "fields", ...fields.flatMap((field) => ["-e", field])],
  ]);
  const rows = new TextDecoder().decode(output).trimEnd().split("\n")
    .map((row) => row.split("\t"));
  const understood =
    rows.filter(([type, protocols]) =>
      Number(type) === payloadType && protocols.split(":").includes(dissector)
    ).length;
  // "Not decoded yet" is what Wireshark says of slice data, which it does not go into.
  const faults = rows.map(([, , ...said]) => said.join("").replace("[Not decoded yet]", ""))
    .filter((said) => said !== "");
  return { understood, faults };
}

Deno.test("a captured meeting opens in libsrtp with the room's keys, plays and dissects", async (t) => {
  await using folder = new TemporaryDirectory();
  const film = folder.file("film.mkv");
  const [, server] = await Promise.all([
    writeTestVideo(film, VIDEO, { frames: FRAMES, fps: 30 }),
    startServer({ data: folder.file("server") }),
  ]);
  await using _server = server;
  await using proxy = new Proxy(server);
  proxy.capture = true;
  const { camera, mix } = await meet(proxy, { server, film });

  await t.step("pictures", async () => {
    const { rtp, played } = await play(camera, {
      ...{ folder, format: VIDEO_FORMAT },
      player: "rtph264depay ! avdec_h264 ! videoconvert ! video/x-raw,format=I420",
    });
    deepStrictEqual(rtp, openedByUs(camera));
    checkPictures(played);
    const dissected = await dissect(rtp, {
      ...{ folder, payloadType: PAYLOAD_TYPE.h264, dissector: "h264" },
    });
    deepStrictEqual(dissected, { understood: rtp.length, faults: [] });
  });

  await t.step("the mix", async () => {
    const format = "audio/x-raw,format=S16LE,rate=48000,channels=1";
    const { rtp, played } = await play(mix, {
      ...{ folder, format: AUDIO_FORMAT },
      player: `rtpopusdepay ! opusdec ! audioconvert ! audioresample ! ${format}`,
    });
    deepStrictEqual(rtp, openedByUs(mix));
    const samples = new Int16Array(played.slice().buffer);
    ok(samples.length >= (MIX_PACKETS_MIN - 2) * 960, `${samples.length} samples`);
    const level = levelAt(samples, HZ, { from: samples.length - 48_000, count: 48_000 });
    ok(Math.abs(level - LEVEL_DBFS) < 1, `${HZ} Hz at ${level} dBFS`);
    const dissected = await dissect(rtp, {
      ...{ folder, payloadType: PAYLOAD_TYPE.opus, dissector: "opus" },
    });
    deepStrictEqual(dissected, { understood: rtp.length, faults: [] });
  });
});

/** Two real people meet, a third one gets the keys as everybody does, and the wire is looked at. */
async function meet(
  proxy: Proxy,
  { server, film }: { server: { port: number; fingerprint: string }; film: string },
): Promise<{ camera: CapturedStream; mix: CapturedStream }> {
  await using ada = await startClient({
    ...{ name: "Ada", server: proxy, mic: `tone:${HZ}@${LEVEL_DBFS}`, camera: film },
  });
  await using _bea = await startClient({ name: "Bea", server: proxy });
  await using pia = await Peer.join({ server }, { name: "Pia" });
  pia.send({ type: "watch", participant: ada.joined.participant, layer: "high" });
  const camera = await pia.stream(({ kind }) => kind === "camera");
  const mix = await pia.stream(({ layer }) => layer === "shared");
  const of = ({ ssrc }: Ready, way: "from" | "to") =>
    proxy.captured.filter((each) =>
      each[way === "from" ? "to" : "from"].hostname === proxy.hostname &&
      rtpSsrc(each.bytes) === ssrc
    );
  const pictureCount = () => of(camera, "from").filter(({ bytes }) => bytes[1] & 0x80).length;
  await until(
    "enough of the meeting",
    () => pictureCount() > PICTURES_MIN && of(mix, "to").length > MIX_PACKETS_MIN,
  );
  return {
    camera: { ready: camera, datagrams: of(camera, "from") },
    mix: { ready: mix, datagrams: of(mix, "to") },
  };
}

/** The film's own pictures, in its order, alike. */
function checkPictures(played: Uint8Array): void {
  const { width, height } = VIDEO;
  const size = width * height * 3 / 2;
  strictEqual(played.length % size, 0);
  const draw = pictureMaker(VIDEO);
  const similarities: number[] = [];
  const numbers = Array.from({ length: played.length / size }, (_, index) => {
    const grey = played.slice(index * size, index * size + width * height);
    const number = readNumber({ width, height, grey });
    ok(number, `the number of picture ${index} can be read`);
    if (index % 10 === 0) {
      const sent = draw(number.frame).subarray(0, width * height);
      similarities.push(ssim({ width, height, grey: sent }, { width, height, grey }));
    }
    return number.frame;
  });
  // At its end the film stands still.
  const moving = numbers.slice(0, numbers.indexOf(FRAMES - 1) + 1 || undefined);
  ok(moving.length >= PICTURES_MIN, numbers.join());
  ok(moving.every((each, index) => index === 0 || each > moving[index - 1]), numbers.join());
  ok(numbers.slice(moving.length).every((each) => each === FRAMES - 1), numbers.join());
  ok(Math.min(...similarities) > 0.9, similarities.join());
}
