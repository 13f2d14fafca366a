import { Refusal } from "@fusionmeet/base";
import type { ClientMessage } from "@fusionmeet/protocol";
import type { CaptureKind, EngineCommand, EngineEvent } from "./media/commands.ts";
import type { CameraFormat } from "./meeting_types.ts";

type CaptureEvent = Extract<EngineEvent, { kind: CaptureKind; event: `capture.${string}` }>;

export interface OwnSourcesOptions {
  readonly microphone: boolean;
  readonly camera?: CameraFormat;
  readonly startsOff: readonly CaptureKind[];
  readonly command: (command: EngineCommand) => void;
  readonly send: (message: ClientMessage) => void;
}

/**
 * One's own microphone and camera: what the user wants, and whether it delivers. The engine is told first and the
 * others second; they see a placeholder, not a frozen picture, while a source does not deliver.
 */
export class OwnSources {
  readonly #options: OwnSourcesOptions;
  readonly #states: Record<CaptureKind, { exists: boolean; isWanted: boolean; isBroken: boolean }>;

  constructor(options: OwnSourcesOptions) {
    this.#options = options;
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

  /** A device fails or works again. */
  capture({ kind, event }: CaptureEvent): void {
    const isBroken = event !== "capture.running";
    if (this.#states[kind].isBroken === isBroken) return;
    this.#states[kind].isBroken = isBroken;
    this.#tell(kind);
  }

  #tell(kind: CaptureKind): void {
    const on = this.isOn(kind);
    const format = kind === "camera" && on ? this.#options.camera : undefined;
    this.#options.send({ type: "source", kind, on, ...format });
  }
}
