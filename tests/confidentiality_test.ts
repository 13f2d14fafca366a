/**
 * What somebody sees who has the wire: nothing of what is said, shown or written, and no way in.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { concatBytes, seededRandom } from "@fusionmeet/base";
import { systemCryptography as cryptography, systemRandom } from "@fusionmeet/net";
import {
  isRtcp,
  MASTER_KEY_BYTES,
  type MasterKey,
  masterKeyFromBytes,
  parseRtp,
  PAYLOAD_TYPE,
  rtpSsrc,
  type SrtpReceiver,
  SrtpSender,
  writeRtp,
} from "@fusionmeet/protocol";
import { encodeL16 } from "@fusionmeet/media";
import { writeWav } from "./support/audio_files.ts";
import { Ear, opener, Peer } from "./support/peer.ts";
import { type ClientProgram, startClient, startServer } from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const PIN = "the-pin-of-this-meeting";
/** The frame that was being captured, and the next one; and how long they may take on a busy machine. */
const FRAMES_AFTER_MUTE = 2;
const MUTED_WITHIN_MS = 500;

type Ready = Awaited<ReturnType<Peer["stream"]>>;

/** What `peer` was sent of a stream, opened with the key it was given. */
class Opened {
  readonly #receiver: SrtpReceiver;
  readonly #ssrc: number;
  readonly #payloads: Uint8Array[] = [];
  #seen = 0;

  constructor(readonly peer: Peer, ready: Ready) {
    this.#receiver = opener(masterKeyFromBytes(ready.key), ready.epoch, ready.ssrc, ready);
    this.#ssrc = ready.ssrc;
  }

  payloads(): Uint8Array[] {
    const { datagrams } = this.peer;
    for (; this.#seen < datagrams.length; this.#seen++) {
      const bytes = datagrams[this.#seen];
      if (isRtcp(bytes) || rtpSsrc(bytes) !== this.#ssrc) continue;
      const opened = this.#receiver.open(bytes);
      ok(typeof opened !== "string", `${opened}`);
      const packet = parseRtp(opened.rtp);
      ok(typeof packet !== "string", `${packet}`);
      this.#payloads.push(packet.payload);
    }
    return this.#payloads;
  }
}

/** All that went by, both over UDP and over TCP. */
function wireOf(proxy: Proxy): Buffer {
  const datagrams = proxy.captured.map(({ bytes }) => bytes);
  return Buffer.from(concatBytes(...datagrams, ...proxy.capturedStreams));
}

/** Pieces of a payload long enough not to be there by chance. */
function piecesOf(payloads: readonly Uint8Array[]): Uint8Array[] {
  return payloads.filter(({ length }) => length >= 24)
    .map((payload) => payload.subarray((payload.length >> 1) - 6, (payload.length >> 1) + 6));
}

function assertHidden(wire: Buffer, what: string, pieces: readonly Uint8Array[]): void {
  ok(pieces.length > 0, what);
  const seen = pieces.filter((piece) => wire.includes(Buffer.from(piece)));
  deepStrictEqual(seen.map((piece) => piece.toHex()), [], `${what} in clear`);
}

for (const voice of ["l16", "opus"] as const) {
  Deno.test(`nothing of a meeting is in clear on the wire (${voice})`, async () => {
    const random = seededRandom(testSeed("confidentiality"));
    await using folder = new TemporaryDirectory();
    const noise = Int16Array.from({ length: 48_000 * 8 }, () => random.u32() % 6_000 - 3_000);
    await writeWav(folder.file("noise.wav"), noise);
    const args = ["--pin", PIN];
    await using server = await startServer({
      data: folder.file("server"),
      args: ["--voice", voice, ...args],
    });
    await using proxy = new Proxy(server);
    proxy.capture = true;
    const [room, secret] = [16, 24].map((size) => random.fill(new Uint8Array(size)).toHex());
    const mic = folder.file("noise.wav");
    await using ada = await startClient({
      ...{ name: "Ada", room, mic, camera: "testsrc:160x120@15", args },
      server: proxy,
    });
    await using bea = await startClient({ name: "Bea", room, args, server: proxy });
    await using pia = await Peer.join({ server }, { name: "Pia", room, pin: PIN });
    await pia.bind();
    pia.send({ type: "watch", participant: ada.joined.participant, layer: "high" });
    const mix = await pia.stream(({ layer }) => layer === "shared");
    const camera = await pia.stream(({ kind }) => kind === "camera");
    const [sounds, pictures] = [new Opened(pia, mix), new Opened(pia, camera)];
    await ada.send({ do: "chat", text: secret });
    await bea.waitFor(({ event, text }) => event === "chat" && text === secret);
    await until(
      "enough to look for",
      () => sounds.payloads().length > 60 && pictures.payloads().length > 30,
    );

    const wire = wireOf(proxy);
    const said = piecesOf(sounds.payloads());
    if (voice === "l16") {
      const file = Buffer.from(encodeL16(noise));
      const known = said.filter((piece) => file.includes(Buffer.from(piece)));
      ok(known.length > 30, "the mix is what the file says, sample for sample");
    }
    const text = new TextEncoder();
    assertHidden(wire, "voice", said);
    assertHidden(wire, "pictures", piecesOf(pictures.payloads()));
    assertHidden(wire, "chat and names", [secret, room, PIN].map((each) => text.encode(each)));
    assertHidden(wire, "keys", [mix.key, camera.key].map((key) => key.subarray(0, 16)));
    // What was looked through is what they sent: with the key the pictures are in it.
    const receiver = opener(masterKeyFromBytes(camera.key), camera.epoch, camera.ssrc, camera);
    const sent = proxy.captured.filter(({ bytes }) => rtpSsrc(bytes) === camera.ssrc);
    ok(sent.some(({ bytes }) => typeof receiver.open(bytes) !== "string"));
  });
}

Deno.test("what is altered, repeated, from elsewhere or under another key is refused and counted", async () => {
  await using folder = new TemporaryDirectory();
  await using server = await startServer({ data: folder.file("server") });
  await using proxy = new Proxy(server);
  const record = folder.file("Bea");
  await using bea = await startClient({ name: "Bea", record, server: proxy });
  await using _ada = await startClient({ name: "Ada", mic: "tone:431", server });
  const pia = await Peer.join({ server }, { name: "Pia", room: "Other", microphone: true });
  pia.send({ type: "source", kind: "camera", on: true, codec: "h264" });
  await pia.bind();
  await pia.settle();
  using elsewhere = new Ear();
  const { ssrcs, epoch } = pia.welcome;
  let sequence = 0;
  const rtp = (ssrc = ssrcs.microphone, payloadType: number = PAYLOAD_TYPE.opus) =>
    writeRtp({
      ...{ payloadType, marker: false, sequence: ++sequence, timestamp: 960 * sequence, ssrc },
      payload: systemRandom.fill(new Uint8Array(40)),
    });
  const flipped = (at: number, bytes: Uint8Array = pia.link.protect(rtp())) =>
    bytes.with(at < 0 ? bytes.length + at : at, bytes.at(at)! ^ 1);
  const otherKey = new SrtpSender({ cryptography, master: newKey(), epoch });
  const good = pia.link.protect(rtp());
  await pia.post(good);
  await pia.post(good);
  for (const at of [1, 5, 20, -2, -1]) await pia.post(flipped(at));
  await pia.post(pia.link.protect(rtp()), elsewhere.socket);
  await pia.post(otherKey.protect(rtp()));
  await pia.post(pia.link.protect(rtp(ssrcs.camera, PAYLOAD_TYPE.h264)));
  await pia.post(pia.pictures.protect(rtp(ssrcs.camera, PAYLOAD_TYPE.h264)));
  const request = pia.request();
  await pia.post(request);
  await pia.post(request);
  await pia.post(flipped(20, pia.request()));
  await pia.post(inClear(pia.request()));
  await pia.bind();
  // Towards a client: every seventh packet altered, all of them twice, and some from elsewhere.
  await alterForAWhile(proxy);
  for (let count = 0; count < 5; count++) {
    const { to, bytes } = proxy.captured.find(({ from }) => from.hostname === proxy.hostname)!;
    await elsewhere.socket.send(bytes, { transport: "udp", ...to });
  }
  await pia[Symbol.asyncDispose]();
  await bea.send({ do: "leave" });
  await bea.exit();
  await server.stop();

  const { media } = server.events.findLast(({ event }) => event === "statistics")!;
  const counted = Object.entries({
    "voice.replay": 1,
    // A bit of the payload type, the timestamp, the payload, the tag; another key.
    "voice.srtp-forged": 5,
    "voice.srtp-unknown-key": 1,
    "voice.other-address": 1,
    "camera.srtp-forged": 1,
    "camera.new": 1,
    "rtcp.replay": 1,
    "rtcp.srtp-forged": 1,
    "rtcp.srtcp-clear": 1,
  });
  deepStrictEqual(counted.map(([name]) => [name, media[name]]), counted);
  const { counters } = JSON.parse(await Deno.readTextFile(`${record}/stats.json`));
  strictEqual(counters["foreign-address"], 5);
  ok(counters["replay"] > 0 && counters["srtp-forged"] > 0, JSON.stringify(counters));
});

function newKey(): MasterKey {
  return masterKeyFromBytes(systemRandom.fill(new Uint8Array(MASTER_KEY_BYTES)));
}

/** SRTCP that says it is not encrypted. */
function inClear(bytes: Uint8Array): Uint8Array {
  return bytes.with(bytes.length - 5, bytes[bytes.length - 5] & 0x7f);
}

/** Doubles and alters what goes down until some of it has. */
async function alterForAWhile(proxy: Proxy): Promise<void> {
  let altered = 0;
  proxy.capture = true;
  proxy.down.impairment = { ...proxy.down.impairment, duplicate: 1 };
  proxy.alter = (bytes, way) => {
    if (way === "up" || ++altered % 7 !== 0) return bytes;
    return bytes.with(bytes.length - 5, bytes[bytes.length - 5] ^ 1);
  };
  await until("packets to be altered", () => altered > 60, { timeoutMs: 20_000 });
  proxy.alter = (bytes) => bytes;
}

Deno.test("who is muted sends nothing after the next frame, and goes on with the same numbers", async () => {
  await using folder = new TemporaryDirectory();
  await using server = await startServer({ data: folder.file("server") });
  await using proxy = new Proxy(server);
  proxy.capture = true;
  await using ada = await startClient({ name: "Ada", mic: "tone:431", server: proxy });
  await using bea = await startClient({ name: "Bea", server });
  const voice = () => voiceOf(proxy);
  await until("her voice", () => voice().length > 25);
  const ssrc = rtpSsrc(voice()[0].bytes);
  for (let turn = 0; turn < 2; turn++) {
    const offAtMs = await switchMicrophone(ada, false);
    await bea.waitFor(
      ({ event, name, microphone }) =>
        event === "participant" && name === "Ada" && microphone === false,
    );
    const mutedCount = proxy.captured.length;
    await until("her client to be heard of, muted", () => proxy.captured.length > mutedCount + 2);
    const afterMs = voice().map(({ atMs }) => atMs - offAtMs).filter((ms) => ms > 0);
    ok(afterMs.length <= FRAMES_AFTER_MUTE, `sent after the mute: ${afterMs} ms`);
    ok(afterMs.every((ms) => ms < MUTED_WITHIN_MS), `sent after the mute: ${afterMs} ms`);
    const before = voice().length;
    await switchMicrophone(ada, true);
    await until("her voice again", () => voice().length > before + 10);
  }
  const packets = voice().map(({ bytes }) => bytes);
  deepStrictEqual(new Set(packets.map(rtpSsrc)), new Set([ssrc]));
  const steps = packets.map((bytes) => bytes[2] << 8 | bytes[3])
    .map((each, index, all) => index === 0 ? 1 : (each - all[index - 1]) & 0xffff);
  deepStrictEqual(new Set(steps), new Set([1]), "no number is left out or used twice");
});

/** What went up that is no RTCP. */
function voiceOf(proxy: Proxy): { atMs: number; bytes: Uint8Array }[] {
  return proxy.captured.filter(({ to, bytes }) => to.hostname === proxy.hostname && !isRtcp(bytes));
}

/** @returns when the client said that it did, epoch ms. */
async function switchMicrophone(client: ClientProgram, on: boolean): Promise<number> {
  const after = client.events.length;
  await client.send({ do: "mic", on });
  const event = await client.waitFor(
    ({ event, kind, on: is }) => event === "source" && kind === "microphone" && is === on,
    { after },
  );
  return event.at;
}
