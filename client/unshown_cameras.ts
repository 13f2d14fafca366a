import type { Timers } from "@fusionmeet/net";
import { type CameraCodec, isCameraCodec, PARTICIPANTS_MAX } from "@fusionmeet/protocol";
import { requireAtMost } from "./kept.ts";

/** Within this a camera is switched to what everybody can show, where its owner's program can. */
export const UNSHOWN_MS = 5_000;

interface UnshownCamerasOptions {
  readonly decodes: readonly CameraCodec[];
  readonly timers: Timers;
  /** Whether that person is in the room: nobody is told of anybody else's camera. */
  readonly isHere: (participant: number) => boolean;
  /** Called once for each person. */
  readonly unshown: (participant: number, codec: string) => void;
}

/**
 * Cameras that come in a codec nobody can show here. Their streams are not taken; when one stays like that, whose it
 * is is said, once.
 */
export class UnshownCameras {
  readonly #options: UnshownCamerasOptions;
  /** By ssrc: what takes the wait back. */
  readonly #waiting = new Map<number, () => void>();
  readonly #said = new Set<number>();

  constructor(options: UnshownCamerasOptions) {
    this.#options = options;
  }

  canShow(codec: string): boolean {
    return isCameraCodec(codec) && this.#options.decodes.includes(codec);
  }

  /** A camera is there that cannot be shown. @throws ProtocolError when they are more than people can be in the room. */
  announced(
    { ssrc, participant, codec }: { ssrc: number; participant: number; codec: string },
  ): void {
    this.ended(ssrc);
    if (this.#said.has(participant)) return;
    requireAtMost(this.#waiting.size + 1, PARTICIPANTS_MAX, "cameras");
    const cancel = this.#options.timers.after(UNSHOWN_MS, () => {
      this.#waiting.delete(ssrc);
      if (!this.#options.isHere(participant)) return;
      this.#said.add(participant);
      this.#options.unshown(participant, codec);
    });
    this.#waiting.set(ssrc, cancel);
  }

  ended(ssrc: number): void {
    this.#waiting.get(ssrc)?.();
    this.#waiting.delete(ssrc);
  }

  /** Somebody is no longer in the room. */
  left(participant: number): void {
    this.#said.delete(participant);
  }

  /** Streams end with their connection. */
  disconnected(): void {
    for (const ssrc of [...this.#waiting.keys()]) this.ended(ssrc);
  }
}
