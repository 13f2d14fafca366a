import { Counters, type Random } from "@fusionmeet/base";
import type { Datagram, VoiceCodecs } from "@fusionmeet/media";
import type { CameraCodec, Cryptography } from "@fusionmeet/protocol";
import type { CameraPicture } from "../capture/camera.ts";
import type { CameraReceiver } from "./camera_receiver.ts";
import type { EngineCommand, EngineEvent, StreamStatistics, VoiceDelay } from "./commands.ts";
import { Connection } from "./connection.ts";
import { MixListener } from "./mix_listener.ts";
import { OwnPreview } from "./own_preview.ts";
import { StreamTotals } from "./stream_totals.ts";

const LEVELS_INTERVAL_MS = 200;
const STATISTICS_INTERVAL_MS = 1_000;
/** The microphone's level is of a frame no older than this; after that it is silent. */
const LEVEL_VALID_MS = 300;
/** A `mix.map` comes every second while somebody talks; an older one says nothing any more. */
const MIX_MAP_VALID_MS = 3_000;

export interface ClientEngineOptions {
  readonly cryptography: Cryptography;
  readonly random: Random;
  readonly codecs: VoiceCodecs;
  /** Local time, ms, as in all other calls; its zero does not matter. */
  readonly nowMs: number;
}

/**
 * A participant's whole media path without socket, devices, timers or clocks: voice and pictures out,
 * mix and pictures in. Synchronous and deterministic; the worker (or a simulation) drives it with local time in ms.
 *
 * The driver, at every wake-up: `receive` each datagram, hand in captured frames, `step` when `nextDueMs` is
 * reached, then send `takeDatagrams()` and post `takeEvents()`. Every 10 ms of sound played: `playout`.
 */
export class ClientEngine {
  readonly #options: ClientEngineOptions;
  readonly counters = new Counters();
  readonly #totals = new StreamTotals();
  readonly #preview = new OwnPreview();
  #connection: Connection | undefined;
  /** What is heard: of the connection, or of the one before until the new one has a mix. */
  #mix: MixListener | undefined;
  #microphoneOn = false;
  #cameraOn = false;
  #cameraCodec: CameraCodec = "h264";
  #micStartedAtMs = 0;
  #micLatestMs = -Infinity;
  #wasBound = false;
  #mixMap: Extract<EngineCommand, { do: "mix.map" }>["list"] = [];
  #mixMapAtMs = -Infinity;
  /** Figures of the last clock exchange; they outlive the connection. */
  #latest: Pick<Extract<EngineEvent, { event: "statistics" }>, "rttMs" | "voices" | "clock"> = {
    rttMs: 0,
    voices: [],
  };
  #nextLevelsMs: number;
  #nextStatisticsMs: number;
  #datagrams: Datagram[] = [];
  #events: EngineEvent[] = [];

  constructor(options: ClientEngineOptions) {
    this.#options = options;
    this.#nextLevelsMs = options.nowMs + LEVELS_INTERVAL_MS;
    this.#nextStatisticsMs = options.nowMs + STATISTICS_INTERVAL_MS;
  }

  /** `connect`'s hostname must be the numeric address as the socket names it: other sources are ignored. */
  command(command: EngineCommand, nowMs: number): void {
    switch (command.do) {
      case "connect":
        return this.#connect(command, nowMs);
      case "disconnect":
        return this.#disconnect(nowMs);
      case "microphone":
        this.#microphoneOn = command.on;
        if (this.#connection) this.#connection.microphone.muted = !command.on;
        return;
      case "camera":
        this.#cameraOn = command.on;
        if (command.on) return;
        this.#connection?.camera.stop();
        this.#preview.restart();
        return;
      case "camera.codec":
        if (command.codec === this.#cameraCodec) return;
        this.#cameraCodec = command.codec;
        this.#connection?.camera.stop();
        this.#preview.restart();
        return;
      case "quality": // The camera's matter: whoever drives the engine starts it anew.
      case "played": // The playout clock's, likewise.
        return;
      case "preview":
        return this.#preview.turn(command.on);
      case "stream.open":
        return this.#openStream(command, nowMs);
      case "stream.close":
        return this.#closeStream(command.ssrc);
      case "keys":
        return this.#connection?.addKeys(command.epoch, command.list, nowMs);
      case "keys.use":
        return this.#connection?.useKeys(command.epoch, nowMs);
      case "mix.map":
        this.#mixMap = command.list;
        this.#mixMapAtMs = nowMs;
        return;
      case "fence":
        this.#events.push({ event: "fence", number: command.number });
        return;
      default:
        return command satisfies never;
    }
  }

  /** A datagram from the socket; its bytes may be kept. Nothing happens unless it comes from the server with a valid tag. */
  receive({ address, bytes }: Datagram, nowMs: number): void {
    const connection = this.#connection;
    if (!connection) return this.counters.add("not-connected");
    const { hostname, port } = connection.server;
    if (address.port !== port || address.hostname !== hostname) {
      return this.counters.add("foreign-address");
    }
    this.counters.add("packets-received");
    this.counters.add("bytes-received", bytes.length);
    const camera = connection.receive(bytes, nowMs);
    if (camera) this.#takePictures(camera, nowMs);
    if (connection.link.bound && !this.#wasBound) this.#events.push({ event: "bound" });
    this.#wasBound = connection.link.bound;
  }

  /** @param pcm `FRAME_SAMPLES` samples, s16, 48 kHz mono. @param capturedAtMs local time of the first one. */
  microphoneFrame(pcm: Int16Array, capturedAtMs: number): void {
    this.#micStartedAtMs ||= capturedAtMs;
    this.#micLatestMs = capturedAtMs;
    if (this.#connection) this.#connection.microphoneFrame(pcm, capturedAtMs);
    else this.counters.add("microphone-not-connected");
  }

  cameraPicture(picture: CameraPicture, nowMs: number): void {
    if (!this.#cameraOn) return this.counters.add("camera-off");
    if (picture.codec !== this.#cameraCodec) return this.counters.add("camera-other-codec");
    const preview = this.#preview.take(picture);
    if (preview) this.#events.push(preview);
    if (!this.#connection) this.counters.add("camera-not-connected");
    else this.#connection.cameraPicture(picture, nowMs);
  }

  /** Everything that is due by `nowMs`: binding, clock exchange, NACKs, paced packets, levels, statistics. Cheap when nothing is. */
  step(nowMs: number): void {
    const connection = this.#connection;
    if (connection) {
      for (const camera of connection.cameras.values()) this.#takePictures(camera, nowMs);
      connection.step(nowMs);
    }
    if (nowMs >= this.#nextLevelsMs) {
      this.#nextLevelsMs = nowMs + LEVELS_INTERVAL_MS;
      this.#events.push(this.#levels(nowMs));
    }
    if (nowMs >= this.#nextStatisticsMs) {
      this.#nextStatisticsMs = nowMs + STATISTICS_INTERVAL_MS;
      this.#events.push(this.statistics(nowMs));
    }
  }

  /** When `step` has something to do next; at most 200 ms ahead. */
  get nextDueMs(): number {
    return Math.min(
      this.#nextLevelsMs,
      this.#nextStatisticsMs,
      this.#connection?.nextDueMs ?? Infinity,
    );
  }

  /**
   * Fills `out` with what is played next: 480 samples each 10 ms; silence where nothing came.
   *
   * @param nowMs when they are due. @param heardAtMs when they reach the ear: later where a sound device is between.
   */
  playout(nowMs: number, out: Int16Array, heardAtMs = nowMs): void {
    if (this.#mix) this.#mix.play(nowMs, out, heardAtMs);
    else out.fill(0);
  }

  /** What is to be sent now, oldest first, and forgets it. */
  takeDatagrams(): Datagram[] {
    return this.#datagrams.splice(0);
  }

  /** What happened since the last call. `mix` events are the driver's, made of `playout`. */
  takeEvents(): EngineEvent[] {
    return this.#events.splice(0);
  }

  /** The figures as they are now; `step` makes the same event every second. */
  statistics(nowMs: number): Extract<EngineEvent, { event: "statistics" }> {
    const live: StreamStatistics[] = [];
    for (const camera of this.#connection?.cameras.values() ?? []) live.push(camera.statistics());
    if (this.#mix) live.push(this.#mix.statistics());
    const clock = this.#connection?.link.clock.figures(nowMs);
    if (clock) this.#latest = { rttMs: clock.rttMs, voices: this.#voiceDelays(nowMs), clock };
    return {
      event: "statistics",
      streams: this.#totals.lines(live),
      counters: this.counters.snapshot(),
      micStartedAt: this.#micStartedAtMs,
      ...this.#latest,
    };
  }

  /** Gives the codecs back; nothing is called after it. */
  close(): void {
    this.#connection?.microphone.close();
    if (this.#connection?.mix !== this.#mix) this.#connection?.mix.free();
    this.#mix?.free();
    this.#connection = this.#mix = undefined;
  }

  #connect(connect: Extract<EngineCommand, { do: "connect" }>, nowMs: number): void {
    this.#disconnect(nowMs);
    const { cryptography, random, codecs } = this.#options;
    const server = { hostname: connect.hostname, port: connect.port };
    this.#connection = new Connection({
      connect,
      cryptography,
      random,
      codecs,
      counters: this.counters,
      nowMs,
      post: (bytes) => {
        this.counters.add("packets-sent");
        this.counters.add("bytes-sent", bytes.length);
        this.#datagrams.push({ address: server, bytes });
      },
    });
    this.#connection.microphone.muted = !this.#microphoneOn;
  }

  #disconnect(nowMs: number): void {
    const connection = this.#connection;
    if (!connection) return;
    this.statistics(nowMs); // the last figures of this connection
    for (const camera of connection.cameras.values()) this.#totals.end(camera.statistics());
    connection.microphone.close();
    if (connection.mix !== this.#mix) connection.mix.free();
    this.#connection = undefined;
    this.#wasBound = false;
    this.#datagrams = [];
    this.#mixMap = [];
  }

  #openStream(stream: Extract<EngineCommand, { do: "stream.open" }>, nowMs: number): void {
    const connection = this.#connection;
    if (!connection) return this.counters.add("not-connected");
    this.#endCamera(stream.ssrc);
    connection.openStream(stream, nowMs);
    if (stream.kind !== "mix" || connection.mix === this.#mix) return;
    if (this.#mix) {
      this.#totals.end(this.#mix.statistics());
      this.#mix.free();
    }
    this.#mix = connection.mix;
  }

  #closeStream(ssrc: number): void {
    this.#endCamera(ssrc);
    this.#connection?.mix.close(ssrc);
  }

  #endCamera(ssrc: number): void {
    const camera = this.#connection?.cameras.get(ssrc);
    if (!camera) return;
    this.#totals.end(camera.statistics());
    this.#connection?.cameras.delete(ssrc);
  }

  #takePictures(camera: CameraReceiver, nowMs: number): void {
    const { participant, codec } = camera.options;
    for (const picture of camera.take(nowMs)) {
      const { bytes, keyframe, timestamp, capturedAtMs } = picture;
      const serverNowMs = this.#connection?.link.clock.toServer(nowMs);
      const delayMs = capturedAtMs !== undefined && serverNowMs !== undefined
        ? serverNowMs - capturedAtMs
        : undefined;
      if (delayMs !== undefined) camera.arrivedAfter(delayMs);
      this.#events.push({
        event: "picture",
        participant,
        kind: "camera",
        codec,
        keyframe,
        bytes,
        timestamp,
        receivedAtMs: nowMs,
        ...(delayMs !== undefined && { delayMs }),
      });
    }
  }

  #levels(nowMs: number): EngineEvent {
    const microphone = this.#connection?.microphone;
    const isFresh = nowMs - this.#micLatestMs <= LEVEL_VALID_MS;
    return {
      event: "levels",
      list: this.#connection ? this.#mix?.talkers() ?? [] : [],
      own: isFresh && microphone ? microphone.level : -127,
      speaking: isFresh && (microphone?.voice ?? false),
    };
  }

  #voiceDelays(nowMs: number): VoiceDelay[] {
    const connection = this.#connection;
    if (!connection || nowMs - this.#mixMapAtMs > MIX_MAP_VALID_MS) return [];
    const delays: VoiceDelay[] = [];
    for (const { participant, capturedAtMs, mixTimestamp } of this.#mixMap) {
      const heardAtMs = this.#mix?.heardAtMs(mixTimestamp);
      const serverHeardAtMs = heardAtMs !== undefined
        ? connection.link.clock.toServer(heardAtMs)
        : undefined;
      if (participant === connection.participant || serverHeardAtMs === undefined) continue;
      const voiceDelayMs = serverHeardAtMs - capturedAtMs;
      const camera = [...connection.cameras.values()]
        .find(({ options }) => options.participant === participant);
      const skewMs = camera?.delayMs !== undefined ? camera.delayMs - voiceDelayMs : undefined;
      delays.push({ participant, voiceDelayMs, ...(skewMs !== undefined && { skewMs }) });
    }
    return delays;
  }
}
