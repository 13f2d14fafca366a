import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { systemCryptography } from "@fusionmeet/net";
import { decodeCaptureTime, decodeFrameMarking, EXTENSION, writeNack } from "@fusionmeet/protocol";
import type { EngineEvent } from "./commands.ts";
import { ClientEngine } from "./engine.ts";
import { FakeServer, NO_CODECS, SERVER, testKey, testPicture } from "./fake_server_for_test.ts";

function newEngine(nowMs = 0): ClientEngine {
  return new ClientEngine({
    cryptography: systemCryptography,
    random: seededRandom(1),
    codecs: NO_CODECS,
    nowMs,
  });
}

/** Steps an engine from one time to another as its `nextDueMs` asks; gives the events. */
function run(
  engine: ClientEngine,
  options: { fromMs: number; toMs: number; server?: FakeServer },
): EngineEvent[] {
  const events: EngineEvent[] = [];
  for (let nowMs = options.fromMs; nowMs <= options.toMs;) {
    engine.step(nowMs);
    options.server?.exchange(engine, nowMs);
    events.push(...engine.takeEvents());
    const dueMs = engine.nextDueMs;
    ok(dueMs > nowMs || nowMs === options.fromMs, `due at ${dueMs}, stepped at ${nowMs}`);
    nowMs = Math.max(dueMs, nowMs + 0.25);
  }
  return events;
}

const eventsOf = <Name extends EngineEvent["event"]>(events: EngineEvent[], name: Name) =>
  events.filter((event): event is Extract<EngineEvent, { event: Name }> => event.event === name);

Deno.test("ClientEngine asks every 200 ms until bound, echoes the nonce at once, then asks each second", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  engine.command(server.connect, 0);
  const deaf: number[] = [];
  for (let nowMs = 0; nowMs <= 1000; nowMs += 10) {
    engine.step(nowMs);
    for (const { address } of engine.takeDatagrams()) {
      deepStrictEqual(address, SERVER);
      deaf.push(nowMs);
    }
  }
  deepStrictEqual(deaf, [0, 200, 400, 600, 800, 1000]);
  const events = run(engine, { fromMs: 1200, toMs: 4500, server });
  deepStrictEqual(server.questions, [
    { nowMs: 1200, echoed: false },
    { nowMs: 1200, echoed: true },
    ...[1400, 2400, 3400, 4400].map((nowMs) => ({ nowMs, echoed: false })),
  ]);
  strictEqual(eventsOf(events, "bound").length, 1);
  const last = eventsOf(events, "statistics").at(-1);
  deepStrictEqual([last?.clock?.offsetMs, last?.rttMs], [3000, 0]);
});

Deno.test("ClientEngine binds anew when the server says its address is no longer bound", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  server.join(engine, 0);
  server.bound = false;
  const events = run(engine, { fromMs: 1, toMs: 3000, server });
  ok(server.bound);
  strictEqual(eventsOf(events, "bound").length, 2);
});

Deno.test("ClientEngine counts and ignores what is foreign, forged, replayed or unknown", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  engine.receive({ address: SERVER, bytes: new Uint8Array(20) }, 0);
  engine.command(server.connect, 0);
  engine.step(0);
  const [question] = engine.takeDatagrams();
  const [answer] = server.receive(question.bytes, 0);
  engine.receive({ address: { hostname: "127.0.0.1", port: 1 }, bytes: answer.bytes }, 0);
  engine.receive({ address: { hostname: "127.0.0.2", port: 65436 }, bytes: answer.bytes }, 0);
  for (let at = 0; at < answer.bytes.length; at++) {
    const bytes = answer.bytes.slice();
    bytes[at] ^= 0x10;
    engine.receive({ address: SERVER, bytes }, 0);
    engine.receive({ address: SERVER, bytes: answer.bytes.subarray(0, at) }, 0);
  }
  deepStrictEqual(engine.takeDatagrams(), []);
  engine.receive(answer, 0);
  strictEqual(engine.takeDatagrams().length, 1, "only the real answer has an effect");
  engine.receive(answer, 0);
  engine.receive({ address: SERVER, bytes: Uint8Array.of(0x80, 111, ...new Uint8Array(60)) }, 0);
  deepStrictEqual(engine.takeDatagrams(), []);
  const counters = engine.counters.snapshot();
  strictEqual(counters["not-connected"], 1);
  strictEqual(counters["foreign-address"], 2);
  strictEqual(counters["replay"], 1);
  ok(counters["srtp-forged"] > 50 && counters["unknown-ssrc"] > 0);
});

/** Hands in `count` pictures 33 ms apart, the first a keyframe, and drives the engine up to the last. */
function film(
  engine: ClientEngine,
  options: { server: FakeServer; fromMs: number; count: number; size?: number },
): Uint8Array[] {
  const pictures: Uint8Array[] = [];
  for (let index = 0; index < options.count; index++) {
    const nowMs = options.fromMs + index * 33;
    const bytes = testPicture(options.size ?? 3000, { keyframe: index === 0, seed: index });
    pictures.push(bytes);
    engine.cameraPicture(
      { codec: "h264", bytes, keyframe: index === 0, capturedAtMs: nowMs - 5 },
      nowMs,
    );
    run(engine, { fromMs: nowMs, toMs: nowMs + 32, server: options.server });
  }
  return pictures;
}

Deno.test("ClientEngine sends pictures as marked, stamped, contiguous RTP on one 90 kHz line", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  server.join(engine, 0);
  engine.cameraPicture(
    { codec: "h264", bytes: testPicture(10, { keyframe: true }), keyframe: true, capturedAtMs: 0 },
    1,
  );
  deepStrictEqual(engine.takeDatagrams(), [], "the camera is off");
  engine.command({ do: "camera", on: true }, 1);
  film(engine, { server, fromMs: 100, count: 3 });
  engine.command({ do: "camera", on: false }, 300);
  film(engine, { server, fromMs: 400, count: 1 });
  engine.command({ do: "camera", on: true }, 5000);
  film(engine, { server, fromMs: 5095, count: 2 });

  const packets = server.rtp.map(({ packet }) => packet);
  deepStrictEqual(
    packets.map(({ sequence }) => (sequence - packets[0].sequence) & 0xffff),
    packets.map((_, index) => index),
  );
  const first = packets.filter(({ extensions }) =>
    decodeFrameMarking(extensions.get(EXTENSION.frameMarking)!)?.start
  );
  deepStrictEqual(
    first.map(({ timestamp }) => ((timestamp - first[0].timestamp) >>> 0) / 90),
    [0, 33, 66, 4995, 5028],
  );
  deepStrictEqual(
    first.map(({ extensions }) =>
      Math.round(decodeCaptureTime(extensions.get(EXTENSION.captureTime)!)!)
    ),
    [3095, 3128, 3161, 8090, 8123],
  );
  for (const { marker, extensions, payload } of packets) {
    strictEqual(decodeFrameMarking(extensions.get(EXTENSION.frameMarking)!)?.end, marker);
    ok(payload.length <= 1200);
  }
});

Deno.test("ClientEngine paces a large picture: never over 8 packets at once, over 30 ms for 60", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  server.join(engine, 0);
  engine.command({ do: "camera", on: true }, 0);
  film(engine, { server, fromMs: 100, count: 1, size: 72_000 });
  run(engine, { fromMs: 133, toMs: 200, server });
  const times = server.rtp.map(({ nowMs }) => nowMs);
  ok(times.length >= 62);
  ok(times.at(-1)! - times[0] > 25, `${times.at(-1)! - times[0]} ms`);
  for (const time of times) ok(times.filter((each) => each === time).length <= 8);
});

Deno.test("ClientEngine answers the server's NACK with the same bytes, and only its own camera's", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  server.join(engine, 0);
  engine.command({ do: "camera", on: true }, 0);
  film(engine, { server, fromMs: 100, count: 3 });
  const [, second, third] = server.rtp;
  const { ssrcs } = server.connect;
  for (const media of [ssrcs.camera, ssrcs.microphone]) {
    const sequences = [second.packet.sequence, third.packet.sequence, 40_000];
    const nack = writeNack({ sender: ssrcs.serverFeedback, media, sequences });
    engine.receive({ address: SERVER, bytes: server.sender.protectRtcp(nack) }, 210);
  }
  const repairs = engine.takeDatagrams().map(({ bytes }) => bytes);
  deepStrictEqual(repairs, [second.bytes, third.bytes]);
  strictEqual(engine.counters.get("repair-forgotten"), 1);
  strictEqual(engine.counters.get("nack-unknown-ssrc"), 1);
});

/** Two engines; the camera packets of the first are what the server relays to the second. */
class Relay {
  readonly sender = newEngine();
  readonly viewer = newEngine();
  readonly senderServer = new FakeServer(1);
  readonly viewerServer = new FakeServer(2);
  #relayed = 0;

  constructor() {
    this.senderServer.join(this.sender, 0);
    this.viewerServer.join(this.viewer, 0);
    this.sender.command({ do: "camera", on: true }, 0);
  }

  /** `stream.open` of the sender's camera for the viewer, as it is now. */
  open(epoch = 0, key = this.senderServer.connect.pictureKey): void {
    const { ssrcs } = this.senderServer.connect;
    const position = this.senderServer.pictures.position(ssrcs.camera);
    this.viewer.command({
      do: "stream.open",
      participant: 1,
      kind: "camera",
      layer: "high",
      ssrc: ssrcs.camera,
      codec: "h264",
      epoch,
      key,
      roc: position?.roc ?? 0,
      sequence: position?.sequence ?? 0,
    }, 0);
  }

  /** Relays what came since the last call, without the packets whose number (from 0) is in `lost`. */
  relay(nowMs: number, lost: readonly number[] = []): EngineEvent[] {
    const packets = this.senderServer.rtp.slice(this.#relayed);
    this.#relayed = this.senderServer.rtp.length;
    packets.forEach(({ bytes }, index) => {
      if (!lost.includes(index)) this.viewer.receive({ address: SERVER, bytes }, nowMs);
    });
    return this.viewer.takeEvents();
  }
}

Deno.test("ClientEngine hands on another's pictures byte for byte, with their delay by the server's clock", () => {
  const relay = new Relay();
  relay.open();
  const sent = film(relay.sender, { server: relay.senderServer, fromMs: 100, count: 1 });
  const [picture] = eventsOf(relay.relay(150), "picture");
  deepStrictEqual(picture.bytes, sent[0]);
  deepStrictEqual(
    [picture.participant, picture.codec, picture.keyframe, picture.receivedAtMs],
    [1, "h264", true, 150],
  );
  strictEqual(Math.round(picture.delayMs!), 55);
});

Deno.test("ClientEngine asks for lost packets and shows the picture once they come", () => {
  const relay = new Relay();
  relay.open();
  const sent = film(relay.sender, { server: relay.senderServer, fromMs: 100, count: 2 });
  const shown = eventsOf(relay.relay(170, [2]), "picture");
  strictEqual(shown.length, 0);
  run(relay.viewer, { fromMs: 171, toMs: 200, server: relay.viewerServer });
  const lost = relay.senderServer.rtp[2];
  ok(relay.viewerServer.nacks.length > 0);
  deepStrictEqual(relay.viewerServer.nacks[0], {
    ssrc: relay.senderServer.connect.ssrcs.camera,
    sequences: [lost.packet.sequence],
  });
  relay.viewer.receive({ address: SERVER, bytes: lost.bytes }, 200);
  const pictures = eventsOf(relay.viewer.takeEvents(), "picture");
  deepStrictEqual(pictures.map(({ bytes }) => bytes), sent);
  const { streams } = relay.viewer.statistics(201);
  const [line] = streams.filter(({ kind }) => kind === "camera");
  deepStrictEqual([line.lost, line.repaired, line.participant], [0, 1, 1]);
});

Deno.test("ClientEngine goes over to new keys: both epochs open, then the old one is forgotten", () => {
  const relay = new Relay();
  relay.open();
  const keys = [{ participant: 1, key: testKey(200) }, { participant: 2, key: testKey(201) }];
  for (const engine of [relay.sender, relay.viewer]) {
    engine.command({ do: "keys", epoch: 1, list: keys }, 90);
  }
  relay.senderServer.pictures.addKey(1, testKey(200));
  film(relay.sender, { server: relay.senderServer, fromMs: 100, count: 1 });
  const old = relay.senderServer.rtp.at(-1)!.bytes;
  strictEqual(eventsOf(relay.relay(140), "picture").length, 1, "still the old key");
  strictEqual(old.at(-1), 0);
  for (const engine of [relay.sender, relay.viewer]) {
    engine.command({ do: "keys.use", epoch: 1 }, 150);
  }
  film(relay.sender, { server: relay.senderServer, fromMs: 200, count: 1 });
  strictEqual(relay.senderServer.rtp.at(-1)!.bytes.at(-1), 1, "sealed with the new key");
  strictEqual(eventsOf(relay.relay(240), "picture").length, 1);
  run(relay.viewer, { fromMs: 241, toMs: 5200, server: relay.viewerServer });
  relay.viewer.receive({ address: SERVER, bytes: old }, 5201);
  strictEqual(relay.viewer.counters.get("srtp-unknown-key"), 1);
});

Deno.test("ClientEngine opens a stream that was announced between two epochs with both keys", () => {
  const relay = new Relay();
  relay.viewer.command(
    { do: "keys", epoch: 1, list: [{ participant: 1, key: testKey(200) }] },
    10,
  );
  relay.open();
  relay.sender.command(
    { do: "keys", epoch: 1, list: [{ participant: 1, key: testKey(200) }] },
    10,
  );
  relay.sender.command({ do: "keys.use", epoch: 1 }, 20);
  relay.senderServer.pictures.addKey(1, testKey(200));
  film(relay.sender, { server: relay.senderServer, fromMs: 100, count: 1 });
  strictEqual(eventsOf(relay.relay(140), "picture").length, 1);
});

Deno.test("ClientEngine starts anew after a reconnect and keeps the totals of each person", () => {
  const relay = new Relay();
  relay.open();
  film(relay.sender, { server: relay.senderServer, fromMs: 100, count: 2 });
  strictEqual(eventsOf(relay.relay(170), "picture").length, 2);
  const before = relay.viewer.statistics(180).streams[0].packets;
  ok(before > 0);
  relay.viewer.command({ do: "disconnect" }, 190);
  strictEqual(relay.viewer.statistics(200).streams[0].packets, before, "kept while away");
  relay.viewer.step(1000);
  deepStrictEqual(relay.viewer.takeDatagrams(), [], "silent while away");
  const again = new FakeServer(3, { participant: 2 });
  again.join(relay.viewer, 2000);
  ok(again.bound);
  relay.open();
  film(relay.sender, { server: relay.senderServer, fromMs: 2100, count: 1 });
  strictEqual(eventsOf(relay.relay(2140), "picture").length, 1);
  const lines = relay.viewer.statistics(2150).streams.filter(({ kind }) => kind === "camera");
  strictEqual(lines.length, 1);
  ok(lines[0].packets > before);
});

Deno.test("ClientEngine ignores a picture stream under a wrong key", () => {
  const relay = new Relay();
  relay.open(0, testKey(99));
  film(relay.sender, { server: relay.senderServer, fromMs: 100, count: 1 });
  strictEqual(eventsOf(relay.relay(140), "picture").length, 0);
  ok(relay.viewer.counters.get("srtp-forged") > 0);
});

/** Hands in `count` frames of a constant, 20 ms apart; the engine sends what it makes of them. */
function speak(
  engine: ClientEngine,
  options: { server: FakeServer; fromMs: number; count: number },
): void {
  for (let index = 0; index < options.count; index++) {
    const nowMs = options.fromMs + index * 20;
    engine.microphoneFrame(new Int16Array(960).fill(1000), nowMs - 20);
    options.server.exchange(engine, nowMs);
  }
}

Deno.test("ClientEngine sends voice with its level and, at least every tenth packet, its capture time", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  engine.command({ do: "microphone", on: true }, 0);
  speak(engine, { server, fromMs: 0, count: 1 });
  server.join(engine, 0);
  speak(engine, { server, fromMs: 100, count: 30 });
  const packets = server.rtp.map(({ packet }) => packet);
  strictEqual(packets.length, 60, "L16: two packets a frame");
  packets.forEach(({ sequence, timestamp, payload, ssrc, marker, extensions }, index) => {
    strictEqual((sequence - packets[0].sequence) & 0xffff, index);
    strictEqual((timestamp - packets[0].timestamp) >>> 0, index * 480);
    deepStrictEqual([payload.length, ssrc], [960, server.connect.ssrcs.microphone]);
    strictEqual(marker, index === 0);
    ok(extensions.has(EXTENSION.audioLevel));
    const stamp = extensions.get(EXTENSION.captureTime);
    strictEqual(stamp !== undefined, index % 10 === 0);
    if (stamp) strictEqual(Math.round(decodeCaptureTime(stamp)!), 3000 + 80 + index * 10);
  });
  strictEqual(engine.statistics(0).micStartedAt, -20, "the first frame, sent or not");
});

Deno.test("ClientEngine sends one more frame after a mute, then nothing; sequence and line go on after it", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  engine.command({ do: "microphone", on: true }, 0);
  server.join(engine, 0);
  speak(engine, { server, fromMs: 100, count: 5 });
  engine.command({ do: "microphone", on: false }, 200);
  speak(engine, { server, fromMs: 200, count: 10 });
  strictEqual(server.rtp.length, 12);
  const { list, own, speaking } = eventsOf(run(engine, { fromMs: 400, toMs: 400 }), "levels")[0];
  deepStrictEqual([list, own, speaking], [[], -127, false]);
  engine.command({ do: "microphone", on: true }, 400);
  speak(engine, { server, fromMs: 400, count: 1 });
  const [last, next] = server.rtp.slice(11).map(({ packet }) => packet);
  strictEqual((next.sequence - last.sequence) & 0xffff, 1);
  strictEqual((next.timestamp - last.timestamp) >>> 0, 480 + 9 * 960);
  strictEqual(next.marker, true);
});

Deno.test("ClientEngine lets nothing out of a microphone that is muted while it connects again", () => {
  const engine = newEngine();
  engine.command({ do: "microphone", on: true }, 0);
  engine.command({ do: "microphone", on: false }, 0);
  const server = new FakeServer(1);
  server.join(engine, 0);
  speak(engine, { server, fromMs: 100, count: 10 });
  strictEqual(server.rtp.length, 0);
  engine.command({ do: "microphone", on: true }, 300);
  speak(engine, { server, fromMs: 300, count: 2 });
  strictEqual(server.rtp.length, 4);
});

Deno.test("ClientEngine ties the voice to elapsed time again after the device was away", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  engine.command({ do: "microphone", on: true }, 0);
  server.join(engine, 0);
  speak(engine, { server, fromMs: 100, count: 5 });
  speak(engine, { server, fromMs: 3107, count: 2 });
  speak(engine, { server, fromMs: 5002, count: 2 });
  const firsts = server.rtp.filter((_, index) => index % 2 === 0).map(({ packet }) => packet);
  deepStrictEqual(
    firsts.map(({ timestamp }) => ((timestamp - firsts[0].timestamp) >>> 0) / 48),
    [0, 20, 40, 60, 80, 3000, 3020, 4900, 4920],
  );
  deepStrictEqual(
    firsts.map(({ sequence }) => (sequence - firsts[0].sequence) & 0xffff),
    firsts.map((_, index) => 2 * index),
  );
});

Deno.test("ClientEngine answers a fence by its number, behind what it was told before", () => {
  const engine = newEngine();
  const server = new FakeServer(1);
  server.join(engine, 0);
  engine.takeEvents();
  engine.command({ do: "fence", number: 7 }, 0);
  engine.command({ do: "fence", number: 8 }, 0);
  deepStrictEqual(engine.takeEvents(), [7, 8].map((number) => ({ event: "fence", number })));
});
