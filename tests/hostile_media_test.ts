/**
 * The media port of a real server against 100 000 datagrams it should not listen to, and some it should: a meeting of
 * real clients beside it goes on, nobody's media is moved, and each drop has a name and a count.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Random, seededRandom } from "@fusionmeet/base";
import {
  encodeAudioLevel,
  encodeFrameMarking,
  EXTENSION,
  isRtcp,
  NACK_SEQUENCES_MAX,
  PAYLOAD_TYPE,
  rtcpSsrc,
  rtpSsrc,
  writeNack,
  writeRtp,
} from "@fusionmeet/protocol";
import { Bystanders } from "./support/bystanders.ts";
import { Ear, Peer } from "./support/peer.ts";
import { type ServerProgram, startServer } from "./support/programs.ts";
import { Proxy } from "./support/proxy.ts";
import { testSeed } from "./support/seed.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

const SOCKETS = 32;
/** Datagrams in one go, and per second in all: what waits in the server's socket until it is read is 92 of them. */
const BURST = 32;
const PER_SECOND = 12_000;
/** Tenths of a second of a voice that may be harmed in all: on two cores the attackers need them, too. */
const HARMED_MAX = 10;
const GROWTH_MIB_MAX = 30;

type Make = (index: number) => Uint8Array;

/** Who sends what does not belong. */
class Attackers implements Disposable {
  readonly #server: ServerProgram;
  readonly #sockets: Deno.DatagramConn[];
  sentCount = 0;

  constructor(server: ServerProgram) {
    this.#server = server;
    this.#sockets = Array.from(
      { length: SOCKETS },
      () => Deno.listenDatagram({ transport: "udp", hostname: "127.0.0.1", port: 0 }),
    );
  }

  /** Sends `count` datagrams, evenly over time, from one socket or from all in turn. */
  async send(count: number, make: Make, { sockets = SOCKETS } = {}): Promise<void> {
    const { mediaPort: port } = this.#server;
    const to = { transport: "udp", hostname: "127.0.0.1", port } as const;
    const startMs = performance.now();
    for (let index = 0; index < count;) {
      const burst = Array.from({ length: Math.min(BURST, count - index) }, () => {
        const socket = this.#sockets[index % sockets];
        return socket.send(make(index++), to);
      });
      await Promise.all(burst);
      this.sentCount += burst.length;
      const aheadMs = startMs + index * 1_000 / PER_SECOND - performance.now();
      if (aheadMs > 1) await passRealTime(aheadMs);
    }
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/** What the bystander behind the proxy has sent so far, by what it is. */
function sentBy(proxy: Proxy): { voice: Uint8Array[]; feedback: Uint8Array[] } {
  const up = proxy.captured.filter(({ to }) => to.hostname === proxy.hostname);
  const all = up.map(({ bytes }) => bytes);
  return { voice: all.filter((bytes) => !isRtcp(bytes)), feedback: all.filter(isRtcp) };
}

/** `header` of a real packet, then rubbish as long as a packet may be. */
function halfRight(header: Uint8Array, random: Random): Uint8Array {
  const bytes = random.fill(new Uint8Array(header.length + 17 + random.u32() % 200));
  bytes.set(header);
  bytes[bytes.length - 1] = 0;
  return bytes;
}

/** SRTCP under somebody's ssrc with an index nobody has used yet, and a tag that does not fit. */
function forgedFeedback(real: Uint8Array, random: Random): Uint8Array {
  const bytes = real.slice();
  bytes[bytes.length - 5] = 0x80 | random.u32();
  bytes[9] ^= 1;
  return bytes;
}

Deno.test("a server under attack on its media port serves the meeting beside", async (t) => {
  await using folder = new TemporaryDirectory();
  await using server = await startServer({ data: folder.path });
  await using proxy = new Proxy(server);
  proxy.capture = true;
  await using meeting = await Bystanders.meet({ server, through: proxy });
  using attackers = new Attackers(server);
  const random = seededRandom(testSeed("hostile media"));
  const { voice: [voice], feedback: [feedback] } = sentBy(proxy);
  const attack = (name: string, run: () => Promise<void>) =>
    t.step(name, async () => {
      await run();
      ok(await meeting.chat() < 2_000, "the meeting beside chats on");
    });

  await attack("25 000 random datagrams of any size", () =>
    attackers.send(25_000, (index) => {
      const bytes = random.fill(new Uint8Array(random.u32() % (index % 100 === 0 ? 3_000 : 1_500)));
      // Half of them look like RTP, and a part of those like RTCP.
      if (bytes.length > 0 && index % 2 === 0) bytes[0] = 0x80 | bytes[0] & 0x3f;
      return bytes;
    }));
  await attack(
    "25 000 with the ssrc of somebody's voice",
    () => attackers.send(25_000, () => halfRight(voice.subarray(0, 12), random)),
  );
  await attack(
    "25 000 with the ssrc of somebody's feedback, from one address and from many",
    async () => {
      const make = () => forgedFeedback(feedback, random);
      await attackers.send(10_000, make, { sockets: 1 });
      await attackers.send(15_000, make);
    },
  );
  await attack("15 000 real packets again, from elsewhere", async () => {
    const real = [...sentBy(proxy).voice, ...sentBy(proxy).feedback];
    await attackers.send(15_000, (index) => real[index % real.length]);
  });
  await attack("real packets again, from where they came", async () => {
    proxy.impair({ duplicate: 1 });
    const before = proxy.passed.up;
    await until("packets to be doubled", () => proxy.passed.up > before + 100);
    proxy.impair({ duplicate: 0 });
  });
  await attack("a participant who seals nonsense", () => sendFromInside(server, random));
  await attack("whoever replays, forges or asks from elsewhere moves nobody", () => stay(server));

  await t.step(
    "the meeting was undisturbed",
    () => meeting.wereUndisturbed({ harmed: HARMED_MAX, growthMiB: GROWTH_MIB_MAX }),
  );
  strictEqual((await server.stop()).code, 0);
  await t.step(
    "everything was counted, nothing was a mistake",
    () => checkCounts(server, attackers.sentCount),
  );
});

/** 10 000 datagrams with all tags right and all else wrong, nearly as fast as one participant may send. */
async function sendFromInside(server: ServerProgram, random: Random): Promise<void> {
  await using insider = await Peer.join({ server }, {
    name: "Insider",
    room: "Beside",
    microphone: true,
  });
  insider.send({ type: "source", kind: "camera", on: true, codec: "h264" });
  await insider.bind();
  await insider.settle();
  const { microphone, camera, feedback } = insider.welcome.ssrcs;
  const { link, pictures } = insider;
  let voices = 0;
  let shots = 0;
  const payload = () => random.fill(new Uint8Array(random.u32() % 1_200));
  const flip = () => random.u32() % 2 === 0;
  const makers: Make[] = [
    () => {
      // However many of them are lost on the way, the next one is within half of the sequence numbers.
      voices += 1 + (flip() ? random.u32() % 700 : 0);
      return link.protect(writeRtp({
        payloadType: flip() ? PAYLOAD_TYPE.opus : PAYLOAD_TYPE.l16,
        marker: flip(),
        sequence: voices & 0xffff,
        timestamp: random.u32(),
        ssrc: microphone,
        extensions: new Map([[EXTENSION.audioLevel, encodeAudioLevel({ voice: true, level: 0 })]]),
        payload: payload(),
      }));
    },
    () => {
      shots += 1 + (flip() ? random.u32() % 700 : 0);
      const marking = { start: flip(), end: flip(), independent: flip(), discardable: flip() };
      return pictures.protect(writeRtp({
        payloadType: PAYLOAD_TYPE.h264,
        marker: flip(),
        sequence: shots & 0xffff,
        timestamp: random.u32(),
        ssrc: camera,
        extensions: new Map([[EXTENSION.frameMarking, encodeFrameMarking(marking)]]),
        payload: payload(),
      }));
    },
    () => {
      const sequences = Array.from({ length: NACK_SEQUENCES_MAX }, () => random.u32() & 0xffff);
      const media = [camera, microphone, random.u32()][random.u32() % 3];
      return link.protectRtcp(writeNack({ sender: feedback, media, sequences }));
    },
    () => {
      const rtcp = random.fill(new Uint8Array(8 + 4 * (random.u32() % 20)));
      rtcp.set(writeNack({ sender: feedback, media: camera, sequences: [1] }).subarray(0, 8));
      return link.protectRtcp(rtcp);
    },
  ];
  const startMs = performance.now();
  for (let sent = 0; sent < 10_000; sent++) {
    await insider.post(makers[sent % makers.length](sent));
    const aheadMs = startMs + sent / 3.5 - performance.now();
    if (aheadMs > 1) await passRealTime(aheadMs);
  }
  await insider.bind();
}

/** One participant's media stays where it is, whoever else sends what; and moves when they have moved themselves. */
async function stay(server: ServerProgram): Promise<void> {
  await using ann = await Peer.join({ server }, { name: "Ann" });
  await ann.stream(({ layer }) => layer === "shared");
  const requests = [ann.request()];
  await ann.post(requests[0]);
  await ann.bind();
  const heard = (peer: { datagrams: Uint8Array[] }) =>
    peer.datagrams.filter((each) => !isRtcp(each));
  await until("the mix to come", () => heard(ann).length > 10);
  using other = new Ear();
  for (const request of requests) await ann.post(request, other.socket);
  const forged = ann.request();
  forged[20] ^= 1;
  await ann.post(forged, other.socket);
  await ann.bind();
  // Ann herself, from another place, without the nonce: told, but not moved.
  await ann.post(ann.request(), other.socket);
  await until("a challenge", () => other.datagrams.length > 0);
  const [challenge] = other.datagrams;
  ok(isRtcp(challenge) && challenge.length <= requests[0].length, "no longer than what asked");
  strictEqual(rtcpSsrc(challenge), ann.welcome.ssrcs.serverFeedback);
  const before = heard(ann).length;
  await until("the mix to go on where it was", () => heard(ann).length > before + 25);
  deepStrictEqual(other.datagrams.length, 1, "one answer to one authentic request");
  // Her network gives her another address: she proves it and is heard from there on.
  ann.move();
  await ann.bind();
  const { ssrc } = await ann.stream(({ layer }) => layer === "shared", { acknowledge: false });
  const moved = heard(ann).length;
  await until("the mix at the new address", () => heard(ann).length > moved + 25);
  strictEqual(rtpSsrc(heard(ann).at(-1)!), ssrc);
}

function checkCounts(server: ServerProgram, sentCount: number): void {
  const { media, packetsIn, tickLatenessMs } = server.events.findLast(({ event }) =>
    event === "statistics"
  )!;
  console.error(JSON.stringify({ sentCount, packetsIn, tickLatenessMs }));
  const names = [
    ...["rtp.unknown-ssrc", "rtcp.unknown-ssrc", "port.receivedOversize", "voice.other-address"],
    ...["rtcp.too-fast-foreign", "rtcp.srtp-forged", "rtcp.replay", "voice.replay"],
    ...["voice.payload-type", "voice.too-fast", "voice.jumpedPackets", "voice.invalidPackets"],
    ...["camera.jump", "nack.notSubscribed", "nack.unknown-ssrc", "rtcp.rtcp-length"],
  ];
  deepStrictEqual(names.filter((name) => !(media[name] > 0)), [], JSON.stringify(media));
  ok(packetsIn > 0.9 * sentCount, `${packetsIn} of ${sentCount} were looked at`);
  const faults = server.events.filter(({ event }) => ["mistake", "media-fault"].includes(event));
  deepStrictEqual(faults, []);
  strictEqual(server.errorText, "");
}
