import type { ScreenFrame } from "@fusionmeet/bridge";
import { decodeScreenMessage } from "@fusionmeet/protocol";
import { BROWSER_CODECS } from "./picture_stream.ts";
import { ScreenCanvases } from "./screen_canvases.ts";
import { type ScreenFigures, type ScreenState, ScreenStream } from "./screen_stream.ts";

/** The screen that is shared in the meeting, one at a time. It has no idea of the meeting: it paints what comes. */
export class SharedScreen {
  readonly #options: { readonly decodesH264: boolean; readonly inMemory: () => boolean };
  readonly #listeners = new Set<() => void>();
  #shown: { readonly stream: ScreenStream; readonly canvases: ScreenCanvases } | undefined;

  constructor(options: { decodesH264: boolean; inMemory: () => boolean }) {
    this.#options = options;
  }

  /** Undefined while nothing is shared. */
  get state(): ScreenState | undefined {
    return this.#shown?.stream.state;
  }

  get figures(): ScreenFigures | null {
    return this.#shown?.stream.figures ?? null;
  }

  /** What it is painted on: the picture, and the exact tiles, which belong right over it. New ones for each share. */
  get canvases(): readonly HTMLCanvasElement[] {
    return this.#shown ? [this.#shown.canvases.picture, this.#shown.canvases.tiles] : [];
  }

  /** Calls `listener` whenever `state` is another. @returns ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  take({ share, serverMinusLocalMs, message }: ScreenFrame): void {
    if (this.#shown?.stream.state.share !== share) {
      // Late news of a share that is over opens nothing.
      if (!isFormat(message)) return;
      this.#open(share);
    }
    this.#shown!.stream.take(message, serverMinusLocalMs);
  }

  /** That share is over, or is not to be seen any more. */
  end(share: number): void {
    if (this.#shown?.stream.state.share === share) this.close();
  }

  close(): void {
    this.#shown?.stream.close();
    this.#shown = undefined;
    this.#tell();
  }

  #open(share: number): void {
    this.#shown?.stream.close();
    const { decodesH264, inMemory } = this.#options;
    const canvases = new ScreenCanvases(inMemory);
    const stream = new ScreenStream(share, {
      surface: canvases,
      codecs: BROWSER_CODECS,
      decodesH264,
      onFrame: (draw) => void requestAnimationFrame(draw),
      nowMs: () => Date.now(),
      changed: this.#tell,
    });
    this.#shown = { stream, canvases };
  }

  readonly #tell = (): void => {
    for (const listener of this.#listeners) listener();
  };
}

function isFormat(message: Uint8Array): boolean {
  try {
    return decodeScreenMessage(message).type === "format";
  } catch {
    return false;
  }
}
