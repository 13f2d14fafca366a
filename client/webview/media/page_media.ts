import { type PageDecoders, sinceSentMs } from "@fusionmeet/bridge";
import { drawsFasterInMemory } from "./canvas_probe.ts";
import { type DecodingFigures, PictureStream } from "./picture_stream.ts";
import type { ScreenFigures } from "./screen_stream.ts";
import { SharedScreen } from "./shared_screen.ts";
import { type DrawingFigures, type Painting, TilePainter } from "./tile_painter.ts";
import { VoiceOutput, type VoiceState } from "./voice_output.ts";
import type {
  DuePicture,
  FromMediaWorker,
  ToMediaWorker,
  WorkletReport,
} from "./worker_messages.ts";

export { testDecoders } from "./test_decoders.ts";
export type { VoiceState };

/** Who sends no pictures for so long gets a new decoder with the next one. */
const DECODER_IDLE_MS = 10_000;
const SAMPLES_PER_MS = 48;

const NO_REPORT: WorkletReport = {
  generation: 0,
  playedSamples: 0,
  missedSamples: 0,
  underruns: 0,
  bufferedSamples: 0,
  reserveSamples: 0,
  targetSamples: 0,
};

export interface PageMediaOptions {
  /** The session key out of `ready`. */
  readonly key: string;
  /** `ws://…` with `MEDIA_SOCKET_PATH`. */
  readonly socketUrl: string;
  /** Where the two other entries of the bundle are; beside the page unless said. */
  readonly workerUrl?: string;
  readonly workletUrl?: string;
  /** What `testDecoders` found. */
  readonly decoders: PageDecoders;
  /** What does not work, each a whole sentence, for the program's terminal. */
  readonly onProblem?: (message: string) => void;
}

/** Figures of one person's pictures; counts are totals since the page began to show them. */
export interface PictureFigures extends DecodingFigures, DrawingFigures {
  readonly participant: number;
}

/** Figures of the sound since the voice was started; all 0 before. */
export interface VoiceFigures extends WorkletReport {
  readonly state: VoiceState;
  /** What waits in the worklet, ms. */
  readonly bufferedMs: number;
  readonly outputLatencyMs: number;
}

/** What `fusionmeetFigures()` of the page's window gives, for tests and benches. */
export interface PageMediaFigures {
  readonly voice: VoiceFigures;
  readonly pictures: readonly PictureFigures[];
  /** Null while nobody shares a screen. */
  readonly screen: ScreenFigures | null;
}

declare global {
  /** How sound and pictures do; there while the page has media. */
  var fusionmeetFigures: (() => PageMediaFigures) | undefined;
}

interface Person {
  readonly painter: TilePainter;
  stream: PictureStream | undefined;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * Sound and pictures of a page: one per session key, from `ready` to the end of the page. It has no idea of the
 * meeting: it plays what comes, and draws whoever has a canvas.
 */
export class PageMedia {
  readonly screen: SharedScreen;
  readonly #worker: Worker;
  readonly #voice: VoiceOutput;
  readonly #people = new Map<number, Person>();
  readonly #pictureListeners = new Set<(participant: number, hasPicture: boolean) => void>();
  readonly #painting: Painting = {
    onFrame: (draw) => void requestAnimationFrame(draw),
    nowMs: () => performance.now(),
    inMemory: () => this.#inMemory,
  };
  #inMemory = false;

  constructor(options: PageMediaOptions) {
    const { key, socketUrl, workerUrl = "media.worker.js", workletUrl = "playout.worklet.js" } =
      options;
    const problem = options.onProblem ?? (() => {});
    this.screen = new SharedScreen({
      decodesH264: options.decoders.h264,
      inMemory: () => this.#inMemory,
    });
    this.#worker = new Worker(workerUrl, { type: "module", name: "media" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromMediaWorker>) => {
      if (data.say === "picture") this.#push(data.picture);
      else if (data.say === "screen") this.screen.take(data.frame);
      else if (data.say === "voice") this.#voice.reported(data.report);
      else problem(data.message);
    };
    this.#worker.onerror = ({ message }) =>
      problem(`The page's worker for sound and pictures broke, reload the page: ${message}`);
    this.#voice = new VoiceOutput({ workletUrl, tell: this.#tell, problem });
    this.#tell({ do: "open", socketUrl, key }, []);
    drawsFasterInMemory().then((inMemory) => this.#inMemory = inMemory, () => {});
    globalThis.fusionmeetFigures = () => this.figures();
  }

  /** Starts the sound; call it inside the click on Join. Never throws: see `voice`. Idempotent. */
  startVoice(): Promise<void> {
    return this.#voice.start();
  }

  get voice(): VoiceState {
    return this.#voice.state;
  }

  /** Calls `listener` at each change of `voice`. @returns ends that. */
  onVoice(listener: (voice: VoiceState) => void): () => void {
    return this.#voice.onState(listener);
  }

  /** Takes the media socket back after another page had it. */
  reconnect(): void {
    this.#tell({ do: "reconnect" }, []);
  }

  /**
   * Draws this person's pictures to `canvas`, sized to the picture. The canvas must not have a context yet. Several
   * canvases of one person are fine.
   *
   * @returns ends that; call it when the tile goes or the camera is off, so that the next picture starts anew.
   */
  attach(participant: number, canvas: HTMLCanvasElement): () => void {
    const detach = this.#person(participant).painter.attach(canvas);
    return () => {
      detach();
      this.#forgetIdle(participant);
    };
  }

  /** A picture of theirs is on their canvas. */
  hasPicture(participant: number): boolean {
    return this.#people.get(participant)?.painter.hasPicture ?? false;
  }

  /** Calls `listener` whenever `hasPicture` changes. @returns ends that. */
  onPicture(listener: (participant: number, hasPicture: boolean) => void): () => void {
    this.#pictureListeners.add(listener);
    return () => this.#pictureListeners.delete(listener);
  }

  figures(): PageMediaFigures {
    const report = this.#voice.report ?? NO_REPORT;
    const { state, outputLatencyMs } = this.#voice;
    const bufferedMs = report.bufferedSamples / SAMPLES_PER_MS;
    return {
      voice: { ...report, state, bufferedMs, outputLatencyMs },
      pictures: [...this.#people].flatMap(([participant, { stream, painter }]) =>
        stream ? { participant, ...stream.figures, ...painter.figures } : []
      ),
      screen: this.screen.figures,
    };
  }

  /** Ends sound, pictures and the media socket. Idempotent. */
  close(): void {
    this.#worker.terminate();
    this.screen.close();
    this.#voice.close();
    for (const { painter, stream, idleTimer } of this.#people.values()) {
      clearTimeout(idleTimer);
      stream?.close();
      painter.close();
    }
    this.#people.clear();
    this.#pictureListeners.clear();
    globalThis.fusionmeetFigures = undefined;
  }

  readonly #tell = (message: ToMediaWorker, transfer: Transferable[]): void => {
    this.#worker.postMessage(message, transfer);
  };

  #person(participant: number): Person {
    let person = this.#people.get(participant);
    if (person) return person;
    const painter = new TilePainter(this.#painting, (hasPicture) => {
      for (const listener of this.#pictureListeners) listener(participant, hasPicture);
    });
    person = { painter, stream: undefined, idleTimer: undefined };
    this.#people.set(participant, person);
    return person;
  }

  /** Decoded without a canvas, too: a tile that is only moved goes on without a keyframe. */
  #push(picture: DuePicture): void {
    const { participant } = picture;
    const person = this.#person(participant);
    person.stream ??= new PictureStream((decoded) => person.painter.show(decoded));
    const sinceMs = sinceSentMs(picture.sentAtMs, Date.now());
    person.stream.push(picture, sinceMs - picture.waitMs);
    clearTimeout(person.idleTimer);
    person.idleTimer = setTimeout(() => {
      person.stream?.close();
      person.stream = undefined;
      this.#forgetIdle(participant);
    }, DECODER_IDLE_MS);
  }

  #forgetIdle(participant: number): void {
    const person = this.#people.get(participant);
    if (person && !person.stream && !person.painter.hasCanvas) this.#people.delete(participant);
  }
}
