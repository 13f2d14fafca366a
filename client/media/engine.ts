import type { Random } from "@fusionmeet/base";
import type { Datagram, VoiceCodecs } from "@fusionmeet/media";
import type { Cryptography } from "@fusionmeet/protocol";
import type { EngineCommand, EngineEvent } from "./commands.ts";

export interface ClientEngineOptions {
  readonly cryptography: Cryptography;
  readonly random: Random;
  readonly codecs: VoiceCodecs;
  /** Local time, ms, as in all other calls; its zero does not matter. */
  readonly nowMs: number;
}

/** One coded picture out of the camera. */
export interface CameraPicture {
  /** H.264, Annex B, one access unit; SPS and PPS before every IDR. The engine keeps it: do not write to it again. */
  readonly bytes: Uint8Array;
  readonly keyframe: boolean;
  /** Local time, ms. */
  readonly capturedAtMs: number;
}

/**
 * A participant's whole media path without socket, devices, timers or clocks: voice and pictures out,
 * mix and pictures in. Synchronous and deterministic; the worker (or a simulation) drives it with local time in ms.
 *
 * The driver, at every wake-up: `receive` each datagram, hand in captured frames, `step` when `nextDueMs` is
 * reached, then send `takeDatagrams()` and post `takeEvents()`. Every 10 ms of sound played: `playout`.
 */
export class ClientEngine {
  constructor(_options: ClientEngineOptions) {
  }

  /** `connect`'s hostname must be the numeric address as the socket names it: other sources are ignored. */
  command(_command: EngineCommand, _nowMs: number): void {
  }

  /** A datagram from the socket; its bytes may be kept. Nothing happens unless it comes from the server with a valid tag. */
  receive(_datagram: Datagram, _nowMs: number): void {
  }

  /** @param pcm `FRAME_SAMPLES` samples, s16, 48 kHz mono. @param capturedAtMs local time of the first one. */
  microphoneFrame(_pcm: Int16Array, _capturedAtMs: number): void {
  }

  cameraPicture(_picture: CameraPicture, _nowMs: number): void {
  }

  /** Everything that is due by `nowMs`: binding, clock exchange, NACKs, paced packets, levels, statistics. Cheap when nothing is. */
  step(_nowMs: number): void {
  }

  /** When `step` has something to do next; at most 1 s ahead. */
  get nextDueMs(): number {
    return 0;
  }

  /** Fills `out` with what is heard from local time `nowMs` on: 480 samples each 10 ms; silence where nothing came. */
  playout(_nowMs: number, _out: Int16Array): void {
  }

  /** What is to be sent now, oldest first, and forgets it. */
  takeDatagrams(): Datagram[] {
    return [];
  }

  /** What happened since the last call. `mix` events are the driver's, made of `playout`. */
  takeEvents(): EngineEvent[] {
    return [];
  }
}
