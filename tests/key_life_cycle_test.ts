/** docs/PROTOCOL.md, "Keys", as a story told from a seed: see key_life_cycle_model.ts. Judges no real time. */
import { ok, strictEqual } from "node:assert/strict";
import { systemCryptography } from "@fusionmeet/net";
import {
  RETIRED_KEY_MS,
  SrtpReceiver,
  SrtpSender,
  VIDEO_REPLAY_WINDOW,
} from "@fusionmeet/protocol";
import { type Connection, Room } from "./key_life_cycle_model.ts";

const TICK_MS = 20;
const TICKS = 750;
const PEOPLE_MAX = 5;

/** Whatever a room may do in one tick. */
function tick(room: Room): void {
  for (const connection of room.connections) {
    if (room.chance(0.3)) room.sendVoice(connection);
    if (room.chance(0.5)) room.sendPicture(connection);
    if (room.chance(0.05)) room.sendFeedback(connection);
    if (room.chance(0.05)) room.repair(connection);
  }
  room.sendMix();
  const one = room.oneOf(room.connections)!;
  const other = room.oneOf(room.connections)!;
  if (room.connections.size < PEOPLE_MAX && room.chance(0.03)) greet(room, room.join());
  if (room.connections.size > 2 && room.chance(0.02)) room.end(one, { forGood: true });
  else if (room.chance(0.01)) room.end(one, { forGood: false });
  else if (one !== other && room.chance(0.1)) room.watch(one, other);
  else if (room.chance(0.02)) room.unwatch(one, other);
  if (room.chance(0.01)) room.leap(one);
  for (let times = 0; times < 3; times++) room.attack();
  room.pass(TICK_MS);
}

function greet(room: Room, newcomer: Connection): void {
  for (const other of room.connections) {
    if (other === newcomer) continue;
    room.watch(newcomer, other);
    room.watch(other, newcomer);
  }
}

function story({ seed, startIndex }: { seed: number; startIndex: number }): Room {
  const room = new Room({ seed, startIndex });
  for (let person = 0; person < 3; person++) greet(room, room.join());
  for (let count = 0; count < TICKS; count++) tick(room);
  return room;
}

for (const [index, edge] of [0, 2 ** 15, 2 ** 16, 2 ** 31].entries()) {
  const seed = 7714 + index;
  const startIndex = edge === 0 ? 0 : edge - 30;
  Deno.test(`no nonce comes twice and every packet opens once, from index ${startIndex}, seed ${seed}`, () => {
    const { counters, cryptography } = story({ seed, startIndex });
    const counts = JSON.stringify(counters.snapshot());
    ok(cryptography.sealedCount > 2_000, counts);
    ok(counters.get("opened") > 5_000, counts);
    ok(counters.get("srtp-unknown-key") < counters.get("opened") / 10, counts);
    ok(counters.get("rekeys") >= 3, counts);
    ok(counters.get("replay") > 50, `doubled packets and repairs: ${counts}`);
    for (const reason of ["replay", "srtp-forged", "srtp-unknown-key", "srtp-unknown-ssrc"]) {
      ok(counters.get(`attack ${reason}`) > 5, `${reason}: ${counts}`);
    }
  });
}

/** Two seconds in which everybody sends and watches. */
function talk(room: Room, ticks = 100): void {
  for (let count = 0; count < ticks; count++) {
    room.sendMix();
    for (const connection of room.connections) {
      room.sendVoice(connection);
      room.sendPicture(connection);
      if (count % 10 === 0) room.sendFeedback(connection);
    }
    room.pass(TICK_MS);
  }
}

Deno.test("a change of keys, a wrap in its middle, costs not one packet", () => {
  for (const edge of [2 ** 15, 2 ** 16, 2 ** 31]) {
    const room = new Room({ seed: edge, startIndex: edge - 150, lossy: false });
    for (let person = 0; person < 4; person++) greet(room, room.join());
    talk(room);
    const before = room.counters.get("opened");
    room.end(room.oneOf(room.connections)!, { forGood: true });
    talk(room, 400);
    room.pass(1_000);
    strictEqual(room.counters.get("rekeys"), 1);
    strictEqual(room.epoch, 0, "after 255 comes 0");
    // Each tick: 3 mixes heard, 3 voices, 3 pictures at the server and each at 2 viewers; each tenth 3 questions
    // and 3 answers. What was on its way to or from who left comes on top.
    const sent = 400 * (3 + 3 + 3 + 3 * 2) + 40 * 6;
    const opened = room.counters.get("opened") - before;
    ok(opened >= sent && opened < sent + 50, `${opened} of ${sent}`);
    strictEqual(room.counters.get("srtp-unknown-key"), 0);
  }
});

Deno.test("who left opens nothing new, and forges nothing once the old epoch is retired", () => {
  const room = new Room({ seed: 4, startIndex: 2 ** 16 - 100 });
  for (let person = 0; person < 4; person++) greet(room, room.join());
  talk(room);
  const [leaver, victim] = room.connections;
  const lines = [room.mixLine, victim.pictures].map((line) => ({
    line,
    ssrc: line === room.mixLine ? room.mixSsrc : victim.ssrcs.camera,
    known: new Map(line.masters),
  }));
  room.end(leaver, { forGood: true });
  room.pass(2_000);
  const since = room.wire.length;
  talk(room);
  room.pass(RETIRED_KEY_MS + 1_000);
  for (const { line, ssrc, known } of lines) {
    const [[epoch, master]] = known;
    const spy = new SrtpReceiver({
      cryptography: systemCryptography,
      windowPackets: VIDEO_REPLAY_WINDOW,
    });
    spy.addKey(epoch, master);
    const { roc, sequence } = (line === room.mixLine ? room.mix : victim.camera).position(ssrc)!;
    spy.seed(ssrc, roc, sequence);
    const sealed = room.wire.slice(since).filter((packet) => packet.line === line);
    ok(sealed.length > 90);
    for (const { bytes } of sealed) {
      strictEqual(spy.open(bytes), "srtp-unknown-key");
      strictEqual(spy.open(withEpoch(bytes, epoch)), "srtp-forged");
    }
    const forger = new SrtpSender({ cryptography: systemCryptography, master, epoch });
    forger.seed(ssrc, { roc, sequence: sequence + 10 });
    const plain = sealed[0].plain.slice();
    new DataView(plain.buffer).setUint16(2, sequence + 11);
    const forged = forger.protect(plain);
    for (const connection of room.connections) {
      for (const ear of connection.ears()) {
        if (ear.line !== line) continue;
        strictEqual(ear.take(sealed[0], forged), "srtp-unknown-key");
        strictEqual(ear.take(sealed[0], withEpoch(forged, room.epoch)), "srtp-forged");
      }
    }
  }
});

function withEpoch(bytes: Uint8Array, epoch: number): Uint8Array {
  const relabelled = bytes.slice();
  relabelled[bytes.length - 1] = epoch;
  return relabelled;
}

Deno.test("a reconnect has new keys and SSRCs, and nothing of before opens on it", () => {
  const room = new Room({ seed: 5, startIndex: 2 ** 31 - 60, lossy: false });
  for (let person = 0; person < 3; person++) greet(room, room.join());
  talk(room);
  const recorded = room.wire.length;
  const [before] = room.connections;
  room.end(before, { forGood: false });
  const back = [...room.connections].at(-1)!;
  greet(room, back);
  talk(room);
  strictEqual(room.counters.get("rekeys"), 0);
  const oldSsrcs = Object.values(before.ssrcs);
  ok(Object.values(back.ssrcs).every((ssrc) => !oldSsrcs.includes(ssrc)));
  for (const packet of room.wire.slice(0, recorded)) {
    if (packet.line !== before.link && packet.line !== before.pictures) continue;
    for (const connection of room.connections) {
      for (const ear of connection.ears()) strictEqual(ear.take(packet), "srtp-unknown-ssrc");
    }
  }
});
