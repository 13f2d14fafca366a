/// <reference lib="dom" />
import type { PageDecoders } from "@fusionmeet/bridge";

/** `needs-click`: the browser plays nothing before the user has clicked; call `startVoice` in a click. */
export type VoiceState = "off" | "starting" | "playing" | "needs-click" | "failed";

export interface PageMediaOptions {
  /** The session key out of `ready`. */
  readonly key: string;
  /** `ws://…` with `MEDIA_SOCKET_PATH`. */
  readonly socketUrl: string;
  /** Where the two other entries of the bundle are; beside the page unless said. */
  readonly workerUrl?: string;
  readonly workletUrl?: string;
  /** What does not work, each a whole sentence, for the program's terminal. */
  readonly onProblem?: (message: string) => void;
}

/** Figures of one person's pictures; counts are totals since the page began to show them. */
export interface PictureFigures {
  readonly participant: number;
  readonly codec: string;
  readonly width: number;
  readonly height: number;
  /** Coded pictures that came. */
  readonly received: number;
  readonly drawn: number;
  /** Decoded, but a newer one was there before it could be drawn; or nobody looks. */
  readonly overtaken: number;
  /** Not decoded: the decoder was behind, broken, or still without a keyframe. */
  readonly dropped: number;
  readonly decoderErrors: number;
  readonly decodeQueue: number;
  /** RTP timestamp of the picture on the canvas, 90 kHz; -1 before the first. */
  readonly drawnTimestamp: number;
  /** When it was drawn, ms of `performance.now()`. */
  readonly drawnAtMs: number;
}

/** Figures of the sound since the voice was started; all 0 before. */
export interface VoiceFigures {
  readonly state: VoiceState;
  readonly generation: number;
  readonly playedSamples: number;
  /** Silence that was played because nothing was there. */
  readonly missedSamples: number;
  /** Times it ran dry while playing. */
  readonly underruns: number;
  /** What waits in the worklet now, ms. */
  readonly bufferedMs: number;
  readonly outputLatencyMs: number;
}

export interface PageMediaFigures {
  readonly voice: VoiceFigures;
  readonly pictures: readonly PictureFigures[];
}

/** Decodes a test picture of each codec and looks at its pixels: `isConfigSupported` alone promises too much. */
export function testDecoders(): Promise<PageDecoders> {
  return Promise.resolve({ h264: false });
}

/**
 * Sound and pictures of a page: one per session key, from `ready` to the end of the page. It has no idea of the
 * meeting: it plays what comes, and draws whoever has a canvas.
 */
export class PageMedia {
  constructor(_options: PageMediaOptions) {}

  /** Starts the sound; call it inside the click on Join. Never throws: see `voice`. Idempotent. */
  startVoice(): Promise<void> {
    return Promise.resolve();
  }

  get voice(): VoiceState {
    return "off";
  }

  /** Calls `listener` at each change of `voice`. @returns ends that. */
  onVoice(_listener: (voice: VoiceState) => void): () => void {
    return () => {};
  }

  /**
   * Draws this person's pictures to `canvas`, sized to the picture. The canvas must not have a context yet. Several
   * canvases of one person are fine.
   *
   * @returns ends that; call it when the tile goes or the camera is off, so that the next picture starts anew.
   */
  attach(_participant: number, _canvas: HTMLCanvasElement): () => void {
    return () => {};
  }

  /** A picture of theirs is on their canvas. */
  hasPicture(_participant: number): boolean {
    return false;
  }

  /** Calls `listener` whenever `hasPicture` changes. @returns ends that. */
  onPicture(_listener: (participant: number, hasPicture: boolean) => void): () => void {
    return () => {};
  }

  figures(): PageMediaFigures {
    throw new Error("not there yet");
  }

  /** Ends sound, pictures and the media socket. Idempotent. */
  close(): void {}
}
