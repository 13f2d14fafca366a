import { CAMERA_CODEC_KEPT_MS, type CameraCodec } from "@fusionmeet/protocol";
import type { ServerParts } from "./parts.ts";
import type { Seat } from "./seat.ts";

/**
 * What the cameras of a room send: H.264 as long as everybody can show it, else JPEG. Who is away for a while counts;
 * after the last one who needs JPEG is gone it stays for `CAMERA_CODEC_KEPT_MS`, so that a restart of theirs restarts
 * nobody's camera.
 */
export class RoomCodec {
  readonly #parts: ServerParts;
  readonly #seats: ReadonlyMap<number, Seat>;
  #codec: CameraCodec = "h264";
  #stopWaiting: (() => void) | undefined;

  constructor(parts: ServerParts, options: { seats: ReadonlyMap<number, Seat> }) {
    this.#parts = parts;
    this.#seats = options.seats;
  }

  get codec(): CameraCodec {
    return this.#codec;
  }

  /** Somebody came or is gone: tells those who are here of a change. */
  update(): void {
    const isNeeded = this.#seats.values().some(needsJpeg);
    if (isNeeded || this.#codec === "h264") {
      this.stop();
      this.#use(isNeeded ? "jpeg" : "h264");
    } else {
      this.#stopWaiting ??= this.#parts.timers.after(CAMERA_CODEC_KEPT_MS, () => {
        this.#stopWaiting = undefined;
        this.#use("h264");
      });
    }
  }

  /** Nothing changes any more. */
  stop(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  #use(codec: CameraCodec): void {
    if (this.#codec === codec) return;
    this.#codec = codec;
    for (const { features, presence } of this.#seats.values()) {
      if (features.has("jpeg")) {
        presence?.link.send({ type: "source.codec", kind: "camera", codec });
      }
    }
  }
}

/** Who lists no codec of pictures at all shows none. */
function needsJpeg({ features }: Seat): boolean {
  return features.has("jpeg") && !features.has("h264");
}
