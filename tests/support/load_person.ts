import { FrameClock, messageOf } from "@fusionmeet/base";
import type { VoiceCodecs } from "@fusionmeet/media";
import {
  connectControl,
  type DatagramPort,
  openDatagramPort,
  systemCryptography,
  systemRandom,
  systemTimers,
} from "@fusionmeet/net";
import { FRAME_MS, FRAME_SAMPLES } from "@fusionmeet/protocol";
import type { EngineEvent } from "../../client/media/commands.ts";
import { ClientEngine } from "../../client/media/engine.ts";
import { PlayoutClock } from "../../client/media/playout_clock.ts";
import { Meeting } from "../../client/meeting.ts";

const nowMs = (): number => performance.now();

export interface LoadPersonOptions {
  readonly name: string;
  readonly server: { readonly port: number; readonly fingerprint: string };
  readonly codecs: VoiceCodecs;
  /** What a talker says over and over, 48 kHz; absent: silent. */
  readonly says?: Int16Array;
  /** Coded pictures a camera shows over and over, 30 a second, 320x240; absent: no camera. */
  readonly shows?: readonly CodedPicture[];
  /** Decodes and keeps what is heard; others only receive. */
  readonly listens?: boolean;
  /** "Load" unless said. */
  readonly room?: string;
}

/** One access unit, Annex B. */
export interface CodedPicture {
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
}

const CAMERA = { codec: "h264", width: 320, height: 240, fps: 30 } as const;

/**
 * One person of a load test: the client's own meeting and media engine on a socket of their own, without devices.
 * Nobody has a timer: whoever holds them calls `step` every few ms.
 */
export class LoadPerson {
  readonly meeting: Meeting;
  readonly engine: ClientEngine;
  readonly joined: Promise<void>;
  /** When the first sample of `says` was said, `performance.now()`. */
  saidFromMs = 0;
  /** 10 ms blocks that were heard, and when the first began. */
  readonly heard: Int16Array[] = [];
  heardFromMs = 0;
  readonly #options: LoadPersonOptions;
  readonly #port: DatagramPort;
  readonly #left: Promise<void>;
  readonly #listeners: ((event: EngineEvent) => void)[] = [];
  #saying: FrameClock | undefined;
  #saidFrames = 0;
  #playout: PlayoutClock | undefined;
  /** When picture 0 was shown; undefined while the camera is off. */
  #shownFromMs: number | undefined;
  #shownPictures = 0;

  constructor(options: LoadPersonOptions) {
    const { name, server, codecs, says } = options;
    this.#options = options;
    this.#port = openDatagramPort({ hostname: "127.0.0.1", port: 0 });
    this.engine = new ClientEngine({
      cryptography: systemCryptography,
      random: systemRandom,
      codecs,
      nowMs: nowMs(),
    });
    this.meeting = new Meeting({
      name,
      room: options.room ?? "Load",
      open: async (signal) => {
        const { port, fingerprint } = server;
        const hostname = "127.0.0.1";
        const acceptKey = (key: string) => key === fingerprint;
        const link = await connectControl({
          hostname,
          port,
          acceptKey,
          signal,
          timers: systemTimers,
        });
        return { link, hostname, port, fingerprint };
      },
      engine: {
        command: (command) => {
          this.engine.command(command, nowMs());
          this.#flush();
        },
        onEvent: (listener) => this.#listeners.push(listener),
      },
      seat: { load: () => Promise.resolve(undefined), save() {}, forget: () => Promise.resolve() },
      microphone: says !== undefined,
      camera: options.shows && CAMERA,
      timers: systemTimers,
      random: systemRandom,
    });
    const joined = Promise.withResolvers<void>();
    this.joined = joined.promise;
    if (!options.says && !options.listens) this.meeting.watchOnly([]);
    this.meeting.onEvent(({ event }) => event === "joined" && joined.resolve());
    this.#left = this.meeting.run().then(
      ({ reason }) => joined.reject(new Error(`${name} left: ${reason}`)),
      (thrown) => joined.reject(new Error(`${name}: ${messageOf(thrown)}`, { cause: thrown })),
    );
    void this.#receive();
  }

  /** Starts talking, showing and listening. */
  start(): void {
    if (this.#options.shows) this.#shownFromMs = nowMs();
    if (this.#options.says) {
      this.saidFromMs = nowMs();
      const options = { frameMs: FRAME_MS, lateFramesMax: 50, startMs: this.saidFromMs };
      this.#saying = new FrameClock(options);
    }
    if (this.#options.listens) {
      this.heardFromMs = nowMs();
      this.#playout = new PlayoutClock(this.heardFromMs);
    }
  }

  /** Does what is due. */
  step(): void {
    const now = nowMs();
    for (let due = this.#saying?.take(now) ?? 0; due > 0; due--) this.#say();
    if (this.#shownFromMs !== undefined) this.#show(this.#shownFromMs, now);
    if (now >= this.engine.nextDueMs) this.engine.step(now);
    if (this.#playout) {
      const { skipped, due, atMs } = this.#playout.take(now);
      for (let block = 0; block < skipped + due; block++) {
        const pcm = new Int16Array(480);
        if (block >= skipped) this.engine.playout(atMs + block * 10, pcm);
        this.heard.push(pcm);
      }
    }
    this.#flush();
  }

  /** Packets and bytes of media received so far. */
  get received(): { packets: number; bytes: number } {
    const { counters } = this.engine;
    return { packets: counters.get("packets-received"), bytes: counters.get("bytes-received") };
  }

  async leave(): Promise<void> {
    this.meeting.leave();
    await this.#left;
    this.#port.close();
  }

  #say(): void {
    const says = this.#options.says!;
    const at = this.#saidFrames * FRAME_SAMPLES % says.length;
    const pcm = says.subarray(at, at + FRAME_SAMPLES);
    this.engine.microphoneFrame(pcm, this.saidFromMs + this.#saidFrames * FRAME_MS);
    this.#saidFrames++;
  }

  #show(fromMs: number, now: number): void {
    const shows = this.#options.shows!;
    for (;; this.#shownPictures++) {
      const capturedAtMs = fromMs + this.#shownPictures * 1_000 / CAMERA.fps;
      if (capturedAtMs > now) return;
      const picture = shows[this.#shownPictures % shows.length];
      this.engine.cameraPicture({ ...picture, codec: "h264", capturedAtMs }, now);
    }
  }

  #flush(): void {
    for (const datagram of this.engine.takeDatagrams()) this.#port.send(datagram);
    for (const event of this.engine.takeEvents()) {
      for (const listener of this.#listeners) listener(event);
    }
  }

  async #receive(): Promise<void> {
    for (let datagram; (datagram = await this.#port.receive());) {
      this.engine.receive(datagram, nowMs());
      this.#flush();
    }
  }
}
