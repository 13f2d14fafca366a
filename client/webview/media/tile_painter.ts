import type { DecodedPicture } from "./picture_stream.ts";

/** Totals of what was done with one person's decoded pictures. */
export interface DrawingFigures {
  readonly width: number;
  readonly height: number;
  readonly drawn: number;
  readonly overtaken: number;
  readonly drawnTimestamp: number;
  readonly drawnAtMs: number;
}

/** What the painter has of the browser. */
export interface Painting {
  /** Calls `draw` before the next frame of the screen. */
  onFrame(draw: () => void): void;
  nowMs(): number;
  /** Canvases whose pixels stay in main memory: faster where there is no GPU. */
  readonly inMemory: () => boolean;
}

interface Canvas {
  readonly element: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
}

/** Draws one person's pictures to their canvases, once per frame of the screen and only the newest. */
export class TilePainter {
  readonly #painting: Painting;
  readonly #changed: (hasPicture: boolean) => void;
  readonly #canvases = new Set<Canvas>();
  #next: DecodedPicture | undefined;
  #isAsked = false;
  #hasPicture = false;
  #drawing = { width: 0, height: 0, drawn: 0, overtaken: 0, drawnTimestamp: -1, drawnAtMs: 0 };

  /** @param changed is told when `hasPicture` changes. */
  constructor(painting: Painting, changed: (hasPicture: boolean) => void) {
    this.#painting = painting;
    this.#changed = changed;
  }

  get hasPicture(): boolean {
    return this.#hasPicture;
  }

  get hasCanvas(): boolean {
    return this.#canvases.size > 0;
  }

  get figures(): DrawingFigures {
    return this.#drawing;
  }

  /** @returns takes the canvas away again. */
  attach(element: HTMLCanvasElement): () => void {
    const willReadFrequently = this.#painting.inMemory();
    const context = element.getContext("2d", { alpha: false, willReadFrequently });
    if (!context) return () => {};
    const canvas = { element, context };
    this.#canvases.add(canvas);
    return () => {
      this.#canvases.delete(canvas);
      if (this.#canvases.size === 0) this.#clear();
    };
  }

  /** Takes the picture over: it is drawn, or closed. */
  show(picture: DecodedPicture): void {
    if (this.#next || !this.hasCanvas) this.#drawing.overtaken++;
    if (!this.hasCanvas) return picture.image.close();
    this.#next?.image.close();
    this.#next = picture;
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#painting.onFrame(this.#draw);
  }

  close(): void {
    this.#canvases.clear();
    this.#clear();
  }

  #clear(): void {
    this.#next?.image.close();
    this.#next = undefined;
    this.#setHasPicture(false);
  }

  readonly #draw = (): void => {
    this.#isAsked = false;
    const picture = this.#next;
    if (!picture) return;
    this.#next = undefined;
    const { image, timestamp } = picture;
    const [width, height] = sizeOf(image);
    for (const { element, context } of this.#canvases) {
      if (element.width !== width) element.width = width;
      if (element.height !== height) element.height = height;
      context.drawImage(image, 0, 0, width, height);
    }
    image.close();
    const drawn = this.#drawing.drawn + 1;
    const drawnAtMs = this.#painting.nowMs();
    const { overtaken } = this.#drawing;
    this.#drawing = { width, height, drawn, overtaken, drawnTimestamp: timestamp, drawnAtMs };
    this.#setHasPicture(true);
  };

  #setHasPicture(hasPicture: boolean): void {
    if (hasPicture === this.#hasPicture) return;
    this.#hasPicture = hasPicture;
    this.#changed(hasPicture);
  }
}

function sizeOf(image: VideoFrame | ImageBitmap): [number, number] {
  return "displayWidth" in image
    ? [image.displayWidth, image.displayHeight]
    : [image.width, image.height];
}
