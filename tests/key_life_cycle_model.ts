/**
 * A room of senders and receivers that lives by docs/PROTOCOL.md, "Keys", in virtual time. What the control channel
 * says comes late but in order; what goes by UDP is lost, doubled and reordered, and somebody listens and replays.
 */
import { ok, strictEqual } from "node:assert/strict";
import { Counters, type Random, seededRandom } from "@fusionmeet/base";
import {
  GOP_AGE_MS_MAX,
  type MasterKey,
  PAYLOAD_TYPE,
  REKEY_WAIT_MS,
  RETIRED_KEY_MS,
  SrtpSender,
  type StreamPosition,
  VIDEO_REPLAY_WINDOW,
  VOICE_REPLAY_WINDOW,
  writeRtp,
  writeSyncRequest,
} from "@fusionmeet/protocol";
import { Ear, Line, type Sealed, WatchedCryptography } from "./key_life_cycle_ears.ts";

const UDP_DELAY_MS_MAX = 60;
const CONTROL_DELAY_MS_MAX = 150;

/** A participant on one connection: a reconnect is a new one, with new keys and new SSRCs. */
export class Connection {
  readonly link = new Line();
  readonly pictures = new Line();
  readonly ssrcs: Record<"microphone" | "feedback" | "serverFeedback" | "camera", number>;
  readonly clientLink: SrtpSender;
  readonly serverLink: SrtpSender;
  readonly camera: SrtpSender;
  /** At the server. */
  readonly linkEar: Ear;
  readonly pictureEar: Ear;
  /** At the client. */
  readonly answerEar: Ear;
  mixEar: Ear | undefined;
  readonly views = new Map<Connection, Ear>();
  /** Keys it was given, of lines it may not listen to yet. */
  readonly keys = new Map<Line, Set<number>>();
  /** Whose GOP and live packets the server sends it. */
  readonly watched = new Set<Connection>();
  gop: Sealed[] = [];
  gone = false;
  controlAtMs = 0;

  constructor(room: Room, { epoch, startIndex }: { epoch: number; startIndex: number }) {
    const { cryptography } = room;
    const [microphone, feedback, serverFeedback, camera] = room.newSsrcs(4);
    this.ssrcs = { microphone, feedback, serverFeedback, camera };
    const sender = (line: Line) => {
      const master = line.masters.get(epoch) ?? room.newMaster();
      line.masters.set(epoch, master);
      return new SrtpSender({ cryptography, master, epoch });
    };
    this.clientLink = sender(this.link);
    this.serverLink = sender(this.link);
    this.camera = sender(this.pictures);
    this.linkEar = new Ear(this.link, epoch, VOICE_REPLAY_WINDOW);
    this.answerEar = new Ear(this.link, epoch, VOICE_REPLAY_WINDOW);
    this.pictureEar = new Ear(this.pictures, epoch, VIDEO_REPLAY_WINDOW);
    this.linkEar.expect(feedback);
    this.answerEar.expect(serverFeedback);
    const start = room.start(startIndex);
    this.linkEar.expect(microphone, start);
    this.pictureEar.expect(camera, start);
    if (!start) return;
    this.clientLink.seed(microphone, start);
    this.camera.seed(camera, start);
    this.clientLink.seedRtcp(feedback, Math.min(startIndex, 2 ** 31 - 100_000));
    this.serverLink.seedRtcp(serverFeedback, Math.min(startIndex, 2 ** 31 - 100_000));
  }

  /** Every receiver of its own or at the server for it. */
  ears(): Ear[] {
    const ears = [this.linkEar, this.pictureEar, this.answerEar, ...this.views.values()];
    return this.mixEar ? [...ears, this.mixEar] : ears;
  }
}

/** The server's room with everybody in it, the two networks and their clock. */
export class Room {
  readonly random: Random;
  readonly cryptography = new WatchedCryptography();
  readonly counters = new Counters();
  readonly connections = new Set<Connection>();
  readonly mixLine = new Line();
  readonly mix: SrtpSender;
  readonly mixSsrc: number;
  /** All that ever went over UDP. */
  readonly wire: Sealed[] = [];
  nowMs = 0;
  epoch = 255;
  #pending: { epoch: number; acks: Set<Connection> } | undefined;
  #again = false;
  /** Epochs that came into use before everybody had acknowledged them. */
  readonly #hurried = new Set<number>();
  #nextSsrc = 1;
  #events: { atMs: number; run: () => void }[] = [];
  readonly #startIndex: number;
  readonly #lossy: boolean;

  /**
   * @param options.startIndex Where streams are when the story begins; 0: new ones.
   * @param options.lossy Whether UDP loses and doubles packets; default yes.
   */
  constructor(options: { seed: number; startIndex: number; lossy?: boolean }) {
    this.random = seededRandom(options.seed);
    this.#lossy = options.lossy ?? true;
    this.#startIndex = options.startIndex;
    const master = this.newMaster();
    this.mixLine.masters.set(this.epoch, master);
    this.mix = new SrtpSender({ cryptography: this.cryptography, master, epoch: this.epoch });
    this.mixSsrc = this.newSsrcs(1)[0];
    const start = this.start(options.startIndex);
    if (start) this.mix.seed(this.mixSsrc, start);
  }

  chance(probability: number): boolean {
    return this.random.fraction() < probability;
  }

  oneOf<T>(list: Iterable<T>): T | undefined {
    const all = [...list];
    return all[this.random.u32() % all.length];
  }

  newSsrcs(count: number): number[] {
    return Array.from({ length: count }, () => this.#nextSsrc++);
  }

  newMaster(): MasterKey {
    return {
      key: this.random.fill(new Uint8Array(16)),
      salt: this.random.fill(new Uint8Array(12)),
    };
  }

  start(index: number): StreamPosition | undefined {
    return index === 0
      ? undefined
      : { roc: Math.floor(index / 0x1_0000), sequence: index % 0x1_0000 };
  }

  /** Runs what is due within the next `ms`. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      this.#events.sort((a, b) => a.atMs - b.atMs);
      if (this.#events.length === 0 || this.#events[0].atMs > untilMs) break;
      const { atMs, run } = this.#events.shift()!;
      this.nowMs = atMs;
      run();
    }
    this.nowMs = untilMs;
  }

  #after(ms: number, run: () => void): void {
    this.#events.push({ atMs: this.nowMs + ms, run });
  }

  /** Control channel, either direction: late, in order, only while the connection stands. */
  #say(connection: Connection, run: () => void): void {
    const dueMs = this.nowMs + this.random.u32() % CONTROL_DELAY_MS_MAX;
    connection.controlAtMs = Math.max(connection.controlAtMs, dueMs);
    this.#after(connection.controlAtMs - this.nowMs, () => connection.gone || run());
  }

  /** UDP: lost, doubled, late. `ear` is asked for on arrival. */
  #post(packet: Sealed, ear: () => Ear | undefined, opened = () => {}): void {
    this.wire.push(packet);
    const copies = !this.#lossy ? 1 : this.chance(0.05) ? 0 : this.chance(0.05) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      this.#after(this.random.u32() % UDP_DELAY_MS_MAX, () => {
        const target = ear();
        if (target && this.#arrive(packet, target)) opened();
      });
    }
  }

  /** What the owner of `ear` is meant to get: opens the first time, or there is a reason for not. */
  #arrive(packet: Sealed, ear: Ear): boolean {
    const before = ear.hasOpened(packet);
    const result = ear.take(packet);
    this.counters.add(result);
    if (result === "opened") return true;
    if (before) {
      ok(result === "replay" || result === "old" || result === "srtp-unknown-key", result);
      return false;
    }
    strictEqual(result, "srtp-unknown-key", `a packet of epoch ${packet.epoch} was refused`);
    ok(!ear.epochs.has(packet.epoch));
    const neverGiven = isEarlier(packet.epoch, ear.firstEpoch);
    ok(neverGiven || this.#hurried.has(packet.epoch), "who acknowledged a key has it");
    return false;
  }

  #seal(sender: SrtpSender, line: Line, plain: Uint8Array): Sealed {
    const rtcp = plain[1] >= 192;
    const bytes = rtcp ? sender.protectRtcp(plain) : sender.protect(plain);
    return { line, rtcp, plain, bytes, epoch: sender.epoch, atMs: this.nowMs };
  }

  #nextRtp(sender: SrtpSender, ssrc: number): Uint8Array {
    const last = sender.position(ssrc)?.sequence ?? this.random.u32() % 0x8000;
    return writeRtp({
      payloadType: PAYLOAD_TYPE.h264,
      marker: false,
      sequence: (last + 1) & 0xffff,
      timestamp: this.nowMs,
      ssrc,
      payload: this.random.fill(new Uint8Array(24)),
    });
  }

  sendVoice({ clientLink, link, ssrcs, linkEar }: Connection): void {
    const packet = this.#seal(clientLink, link, this.#nextRtp(clientLink, ssrcs.microphone));
    this.#post(packet, () => linkEar);
  }

  /** The client's question, the server's answer. */
  sendFeedback(connection: Connection): void {
    const { ssrcs, clientLink, serverLink, link } = connection;
    const question = { ssrc: ssrcs.feedback, sentAtMs: this.nowMs, nonce: new Uint8Array(8) };
    const answer = { ...question, ssrc: ssrcs.serverFeedback };
    this.#post(
      this.#seal(clientLink, link, writeSyncRequest(question)),
      () => connection.linkEar,
      () => {
        const packet = this.#seal(serverLink, link, writeSyncRequest(answer));
        this.#post(packet, () => connection.answerEar);
      },
    );
  }

  sendPicture(connection: Connection): void {
    const { camera, pictures, ssrcs, pictureEar } = connection;
    const packet = this.#seal(camera, pictures, this.#nextRtp(camera, ssrcs.camera));
    this.#post(packet, () => pictureEar, () => this.#relay(connection, packet));
  }

  #relay(connection: Connection, packet: Sealed): void {
    if (connection.gone) return;
    if (this.chance(0.03)) connection.gop = [];
    connection.gop = connection.gop.filter(({ atMs }) => atMs > this.nowMs - GOP_AGE_MS_MAX);
    connection.gop.push(packet);
    for (const viewer of this.connections) {
      if (viewer.watched.has(connection)) this.#forward(packet, viewer, connection);
    }
  }

  #forward(packet: Sealed, viewer: Connection, from: Connection): void {
    this.#post(packet, () => viewer.gone ? undefined : viewer.views.get(from));
  }

  /** A repair out of the GOP cache, asked for or not. */
  repair(viewer: Connection): void {
    const from = this.oneOf(viewer.watched);
    const packet = from && this.oneOf(from.gop);
    if (packet) this.#forward(packet, viewer, from);
  }

  sendMix(): void {
    const packet = this.#seal(this.mix, this.mixLine, this.#nextRtp(this.mix, this.mixSsrc));
    for (const { mixEar } of this.connections) this.#post(packet, () => mixEar);
  }

  join(): Connection {
    while (this.#pending) this.#useNext("hurried");
    const connection = new Connection(this, { epoch: this.epoch, startIndex: this.#startIndex });
    this.connections.add(connection);
    const position = this.mix.position(this.mixSsrc);
    const { epoch } = this;
    this.#say(connection, () => {
      connection.mixEar = this.#newEar(connection, this.mixLine, {
        epoch,
        windowPackets: VOICE_REPLAY_WINDOW,
      });
      connection.mixEar.expect(this.mixSsrc, position);
    });
    return connection;
  }

  #newEar(
    connection: Connection,
    line: Line,
    { epoch, windowPackets }: { epoch: number; windowPackets: number },
  ): Ear {
    const ear = new Ear(line, epoch, windowPackets);
    for (const known of connection.keys.get(line) ?? []) ear.addKey(known);
    return ear;
  }

  /** `stream.ready`, seed, `stream.ack`, the GOP, then live. */
  watch(viewer: Connection, from: Connection): void {
    const position = from.pictureEar.position(from.ssrcs.camera) ?? { roc: 0, sequence: 0 };
    const { epoch } = this;
    this.#say(viewer, () => {
      if (from.gone || viewer.watched.has(from)) return;
      const options = { epoch, windowPackets: VIDEO_REPLAY_WINDOW };
      const ear = this.#newEar(viewer, from.pictures, options);
      ear.expect(from.ssrcs.camera, position);
      viewer.views.set(from, ear);
      this.#say(viewer, () => {
        if (from.gone || viewer.watched.has(from)) return;
        viewer.watched.add(from);
        for (const packet of from.gop) this.#forward(packet, viewer, from);
      });
    });
  }

  unwatch(viewer: Connection, from: Connection): void {
    viewer.watched.delete(from);
    viewer.views.delete(from);
  }

  /** Nobody watches while so many packets pass that the sequence number says nothing any more. */
  leap(from: Connection): void {
    this.pass(2 * CONTROL_DELAY_MS_MAX + 2 * UDP_DELAY_MS_MAX);
    for (const viewer of this.connections) this.unwatch(viewer, from);
    from.gop = [];
    const { roc, sequence } = from.camera.position(from.ssrcs.camera) ?? { roc: 0, sequence: 0 };
    const next = roc * 0x1_0000 + sequence + 40_000;
    from.camera.seed(from.ssrcs.camera, this.start(next)!);
    from.pictureEar.expect(from.ssrcs.camera, this.start(next));
  }

  /** The connection ends: for good, or to come back on another one. */
  end(connection: Connection, { forGood }: { forGood: boolean }): void {
    connection.gone = true;
    this.connections.delete(connection);
    for (const viewer of this.connections) this.unwatch(viewer, connection);
    if (forGood) this.#rekey();
    else this.join();
  }

  #rekey(): void {
    if (this.#pending) {
      this.#again = true;
      return;
    }
    const pending = {
      epoch: (this.epoch + 1) & 0xff,
      acks: new Set<Connection>(),
      since: this.nowMs,
    };
    this.#pending = pending;
    const { epoch } = pending;
    const lines = [this.mixLine, ...[...this.connections].map(({ pictures }) => pictures)];
    for (const line of lines) line.masters.set(epoch, this.newMaster());
    this.mix.addKey(epoch, this.mixLine.masters.get(epoch)!);
    for (const connection of this.connections) {
      connection.pictureEar.addKey(epoch);
      this.#say(connection, () => {
        for (const line of lines) {
          connection.keys.set(line, (connection.keys.get(line) ?? new Set()).add(epoch));
        }
        connection.mixEar?.addKey(epoch);
        connection.views.forEach((ear) => ear.addKey(epoch));
        connection.camera.addKey(epoch, connection.pictures.masters.get(epoch)!);
        this.#say(connection, () => {
          pending.acks.add(connection);
          if (this.#pending === pending) this.#useIfAcknowledged();
        });
      });
    }
    this.#after(REKEY_WAIT_MS, () => this.#pending === pending && this.#useNext("hurried"));
  }

  #useIfAcknowledged(): void {
    if ([...this.connections].every((each) => this.#pending?.acks.has(each))) this.#useNext();
  }

  #useNext(how?: "hurried"): void {
    if (!this.#pending) return;
    const last = this.epoch;
    this.epoch = this.#pending.epoch;
    this.#pending = undefined;
    const { epoch } = this;
    this.counters.add("rekeys");
    if (how) this.#hurried.add(epoch);
    this.mix.use(epoch);
    for (const connection of this.connections) {
      this.#after(RETIRED_KEY_MS, () => connection.pictureEar.removeKey(last));
      this.#say(connection, () => {
        connection.camera.use(epoch);
        this.#after(RETIRED_KEY_MS, () => {
          connection.keys.forEach((epochs) => epochs.delete(last));
          connection.mixEar?.removeKey(last);
          connection.views.forEach((ear) => ear.removeKey(last));
        });
      });
    }
    if (this.#again) {
      this.#again = false;
      this.#rekey();
    }
  }

  /** Somebody plays what they recorded, altered or not, to anybody. */
  attack(): void {
    const packet = this.oneOf(this.wire);
    const connection = this.oneOf(this.connections);
    const ear = connection && this.oneOf(connection.ears());
    if (!packet || !ear) return;
    const altered = packet.bytes.slice();
    altered[this.random.u32() % altered.length] ^= 1 << (this.random.u32() % 8);
    this.counters.add(`attack ${ear.take(packet, altered)}`);
    // One of their own that has not come yet may open: that is delivery by other means.
    this.counters.add(`attack ${ear.take(packet)}`);
  }
}

function isEarlier(epoch: number, than: number): boolean {
  const ahead = (than - epoch) & 0xff;
  return ahead > 0 && ahead < 0x80;
}
