import type { TileRect } from "@fusionmeet/protocol";
import type { ScreenSurface } from "./screen_stream.ts";

/** Two canvases, one upon the other: the picture, and over it exact tiles. Pixels of tiles are what `putImageData` was given. */
export class ScreenCanvases implements ScreenSurface {
  readonly picture = canvas("screen-picture");
  readonly tiles = canvas("screen-tiles");
  readonly #inMemory: () => boolean;
  #pictureContext: CanvasRenderingContext2D | null = null;
  #tilesContext: CanvasRenderingContext2D | null = null;

  /** @param inMemory Pixels are better kept in main memory. Asked when there is something to paint. */
  constructor(inMemory: () => boolean) {
    this.#inMemory = inMemory;
  }

  resize(width: number, height: number): void {
    const willReadFrequently = this.#inMemory();
    const options = { willReadFrequently, colorSpace: "srgb" } as CanvasRenderingContext2DSettings;
    this.#pictureContext ??= this.picture.getContext("2d", { ...options, alpha: false });
    this.#tilesContext ??= this.tiles.getContext("2d", options);
    for (const element of [this.picture, this.tiles]) {
      // Also empties them.
      element.width = width;
      element.height = height;
    }
  }

  drawPicture(image: VideoFrame | ImageBitmap): void {
    const [width, height] = "displayWidth" in image
      ? [image.displayWidth, image.displayHeight]
      : [image.width, image.height];
    // A coded picture with even sides reaches over the edge by a pixel.
    this.#pictureContext?.drawImage(image, 0, 0, width, height);
  }

  putTile({ x, y, width, height }: TileRect, rgba: Uint8ClampedArray<ArrayBuffer>): void {
    this.#tilesContext?.putImageData(new ImageData(rgba, width, height), x, y);
  }

  clearTile({ x, y, width, height }: TileRect): void {
    this.#tilesContext?.clearRect(x, y, width, height);
  }
}

function canvas(name: string): HTMLCanvasElement {
  const element = document.createElement("canvas");
  element.className = name;
  element.width = element.height = 0;
  return element;
}
