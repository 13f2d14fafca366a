import type { CameraPicture } from "../capture/camera.ts";
import type { EngineEvent } from "./commands.ts";

const VIDEO_TICKS_PER_MS = 90;

/** One's own coded pictures for one's own eyes, while they are wanted: from a keyframe on, so that they can be decoded. */
export class OwnPreview {
  #on = false;
  #waitsForKeyframe = true;

  turn(on: boolean): void {
    if (on && !this.#on) this.restart();
    this.#on = on;
  }

  /** The pictures are broken off. */
  restart(): void {
    this.#waitsForKeyframe = true;
  }

  /** @returns the event with a copy of the picture, where it is wanted. */
  take(
    { codec, bytes, keyframe, capturedAtMs }: CameraPicture,
  ): Extract<EngineEvent, { event: "preview" }> | undefined {
    if (!this.#on || (this.#waitsForKeyframe && !keyframe)) return undefined;
    this.#waitsForKeyframe = false;
    return {
      event: "preview",
      codec,
      keyframe,
      bytes: bytes.slice(),
      timestamp: Math.round(capturedAtMs * VIDEO_TICKS_PER_MS) % 2 ** 32,
    };
  }
}
