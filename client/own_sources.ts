import { type Rate, Refusal, TokenBucket } from "@fusionmeet/base";
import type { Timers } from "@fusionmeet/net";
import type { CameraCodec, ClientMessage } from "@fusionmeet/protocol";
import { checkQuality, codedQuality, type Quality } from "./capture/sources.ts";
import type { CaptureKind, EngineCommand, EngineEvent } from "./media/commands.ts";
import type { CameraFormat } from "./meeting_types.ts";

type CaptureEvent = Extract<EngineEvent, { kind: CaptureKind; event: `capture.${string}` }>;

/**
 * Changes of the camera's codec, each of which starts it anew; beyond it, the last one wanted comes when it is its turn. A
 * server that is right changes it twice within `CAMERA_CODEC_KEPT_MS` at most.
 */
export const CODEC_CHANGES: Rate = { perSecond: 1, burst: 4 };

export interface OwnSourcesOptions {
  readonly microphone: boolean;
  readonly camera?: CameraFormat;
  readonly startsOff: readonly CaptureKind[];
  readonly timers: Timers;
  readonly command: (command: EngineCommand) => void;
  readonly send: (message: ClientMessage) => void;
}

/**
 * One's own microphone and camera: what the user wants, and whether it delivers. The engine is told first and the
 * others second; they see a placeholder, not a frozen picture, while a source does not deliver.
 */
export class OwnSources {
  readonly #options: OwnSourcesOptions;
  #camera: CameraFormat | undefined;
  #cameraCodec: CameraCodec = "h264";
  readonly #codecChanges: TokenBucket;
  /** Takes back the change that waits. */
  #cancelChange = () => {};
  /** Of the latest `muted`. */
  #mutes = 0;
  readonly #states: Record<CaptureKind, { exists: boolean; isWanted: boolean; isBroken: boolean }>;

  constructor(options: OwnSourcesOptions) {
    this.#options = options;
    this.#camera = options.camera;
    this.#codecChanges = new TokenBucket({ ...CODEC_CHANGES, nowMs: options.timers.nowMs() });
    const state = (kind: CaptureKind, exists: boolean) => ({
      exists,
      isWanted: exists && !options.startsOff.includes(kind),
      isBroken: false,
    });
    this.#states = {
      microphone: state("microphone", options.microphone),
      camera: state("camera", options.camera !== undefined),
    };
  }

  /** What the others are told: wanted, and it delivers. */
  isOn(kind: CaptureKind): boolean {
    return this.#states[kind].isWanted && !this.#states[kind].isBroken;
  }

  /** @returns whether that changes anything. @throws Refusal when there is no such source. */
  set(kind: CaptureKind, on: boolean): boolean {
    const state = this.#states[kind];
    if (on && !state.exists) {
      const flag = kind === "microphone" ? "--mic" : "--camera";
      throw new Refusal(
        "no-source",
        `There is no ${kind} to switch on: start the program with ${flag} device`,
      );
    }
    // Switching on what gave up tries it again.
    if (state.isWanted === on && !state.isBroken) return false;
    state.isWanted = on;
    state.isBroken = false;
    this.#options.command({ do: kind, on });
    this.#tell(kind);
    return true;
  }

  /** The camera sends another size and rate from now on. @throws Refusal when there is no camera, or no such quality. */
  setQuality(quality: Quality): void {
    checkQuality(quality);
    if (this.#camera === undefined) throw new Refusal("no-source", "There is no camera");
    const { width, height, framesPerSecond: fps } = quality;
    const { width: oldWidth, height: oldHeight, fps: oldFps } = this.#camera;
    if (width === oldWidth && height === oldHeight && fps === oldFps) return;
    this.#camera = { ...this.#camera, width, height, fps };
    this.#options.command({ do: "quality", quality: { width, height, framesPerSecond: fps } });
    if (this.isOn("camera")) this.#tell("camera");
  }

  /** What the camera sends from now on. @param options.tell The others are told; else `connected` does. */
  setCameraCodec(codec: CameraCodec, { tell }: { tell: boolean }): void {
    this.#cancelChange();
    if (codec === this.#cameraCodec) return;
    const { timers } = this.#options;
    if (!this.#codecChanges.take(timers.nowMs())) {
      const again = () => this.setCameraCodec(codec, { tell: true });
      this.#cancelChange = timers.after(1_000 / CODEC_CHANGES.perSecond, again);
      return;
    }
    this.#cameraCodec = codec;
    this.#options.command({ do: "camera.codec", codec });
    if (tell && this.isOn("camera")) this.#tell("camera");
  }

  /** The first connection of the meeting is there. */
  start(): void {
    for (const kind of ["microphone", "camera"] as const) {
      if (this.#states[kind].isWanted) this.#options.command({ do: kind, on: true });
    }
  }

  /** A new connection is there: the server knows nothing yet. */
  connected(): void {
    this.#tell("microphone");
    this.#tell("camera");
  }

  /** The connection is lost: the next one says what the room needs. */
  disconnected(): void {
    this.#cancelChange();
  }

  /** The host has switched the microphone off, for that time by the server's count. */
  muted(mutes: number): void {
    this.#mutes = mutes;
  }

  /** A device fails or works again. */
  capture({ kind, event }: CaptureEvent): void {
    const isBroken = event !== "capture.running";
    if (this.#states[kind].isBroken === isBroken) return;
    this.#states[kind].isBroken = isBroken;
    this.#tell(kind);
  }

  #tell(kind: CaptureKind): void {
    const on = this.isOn(kind);
    const format = kind === "camera" && on ? this.#cameraFormat() : undefined;
    const mutes = kind === "microphone" && on ? this.#mutes : undefined;
    this.#options.send({ type: "source", kind, on, ...format, ...(mutes && { mutes }) });
  }

  #cameraFormat() {
    if (this.#camera === undefined) return undefined;
    const { width, height, fps: framesPerSecond } = this.#camera;
    const codec = this.#cameraCodec;
    const coded = codedQuality({ width, height, framesPerSecond }, codec);
    return { codec, width: coded.width, height: coded.height, fps: framesPerSecond };
  }
}
