import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { TilePainter } from "./tile_painter.ts";

/** A screen whose frames the test makes, and pictures that are counted while they are open. */
class Screen {
  readonly drawn: number[] = [];
  readonly changes: boolean[] = [];
  openPictures = 0;
  #frames: (() => void)[] = [];
  readonly painter = new TilePainter({
    onFrame: (draw) => void this.#frames.push(draw),
    nowMs: () => 5,
    inMemory: () => true,
  }, (hasPicture) => this.changes.push(hasPicture));

  canvas(): HTMLCanvasElement {
    const drawImage = ({ name }: { name: number }) => this.drawn.push(name);
    return { width: 0, height: 0, getContext: () => ({ drawImage }) } as never;
  }

  show(name: number): void {
    this.openPictures++;
    const image = { name, width: 320, height: 240, close: () => this.openPictures-- };
    this.painter.show({ image: image as never, timestamp: name });
  }

  frame(): void {
    for (const draw of this.#frames.splice(0)) draw();
  }
}

Deno.test("TilePainter draws the newest picture once per frame of the screen and closes every picture", () => {
  const screen = new Screen();
  const canvas = screen.canvas();
  screen.painter.attach(canvas);
  for (const name of [1, 2, 3]) screen.show(name);
  strictEqual(screen.painter.hasPicture, false);
  screen.frame();
  screen.frame();
  deepStrictEqual([screen.drawn, screen.openPictures, screen.changes], [[3], 0, [true]]);
  deepStrictEqual([canvas.width, canvas.height], [320, 240]);
  const { drawn, overtaken, drawnTimestamp, drawnAtMs } = screen.painter.figures;
  deepStrictEqual([drawn, overtaken, drawnTimestamp, drawnAtMs], [1, 2, 3, 5]);
});

Deno.test("TilePainter has no picture without a canvas, and none of before with the next one", () => {
  const screen = new Screen();
  screen.show(1);
  strictEqual(screen.openPictures, 0);
  const detach = screen.painter.attach(screen.canvas());
  screen.show(2);
  screen.frame();
  screen.show(3);
  detach();
  screen.painter.attach(screen.canvas());
  screen.frame();
  deepStrictEqual([screen.drawn, screen.openPictures], [[2], 0]);
  deepStrictEqual(screen.changes, [true, false]);
  screen.show(4);
  screen.frame();
  deepStrictEqual([screen.drawn, screen.changes], [[2, 4], [true, false, true]]);
});
