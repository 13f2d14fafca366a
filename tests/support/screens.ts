import { Buffer } from "node:buffer";
import type { Page } from "playwright-core";
import type { Display } from "./display.ts";
import { run } from "./programs.ts";
import { until } from "./wait.ts";

/** The pointer is in the corner at the bottom right, and is in what ffmpeg grabs but not in what xwd does. */
const POINTER_SIDE = 32;

/** R, G and B of every pixel of a display, by the X server's own `xwd`; black where the pointer is. */
export async function screenPixels(display: Display): Promise<Buffer> {
  const dump = await Deno.makeTempFile({ suffix: ".xwd" });
  try {
    await run("xwd", ["-silent", "-root", "-display", display.name, "-out", dump]);
    return await pixelsOf(dump, display);
  } finally {
    await Deno.remove(dump);
  }
}

/** The same of a picture of it in a file; `undefined` while there is none. */
export async function stillPixels(path: string, display: Display): Promise<Buffer | undefined> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return isThere ? await pixelsOf(path, display) : undefined;
}

/** The same of what a page shows of it; `undefined` while it shows nothing of that size. */
export async function shownPixels(page: Page, display: Display): Promise<Buffer | undefined> {
  const { width, height } = display;
  // Reading all pixels over and over would leave the page no time to draw them.
  const isExact = await page.evaluate("globalThis.fusionmeetFigures?.().screen?.exact");
  if (!isExact) return undefined;
  const rgb = await page.evaluate(readScreen, { width, height });
  return rgb === null ? undefined : withoutPointer(Uint8Array.fromBase64(rgb), display);
}

/** Runs in the page: the picture with the exact tiles over it, as they are laid over each other. */
// deno-lint-ignore no-explicit-any
function readScreen({ width, height }: any): string | null {
  // deno-lint-ignore no-explicit-any
  const { document } = globalThis as any;
  const layers = [".screen-picture", ".screen-tiles"].map((name) => document.querySelector(name));
  if (layers.some((layer) => layer?.width !== width || layer.height !== height)) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d");
  for (const layer of layers) context.drawImage(layer, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    rgb.set(data.subarray(from, from + 3), to);
    to += 3;
  }
  let binary = "";
  for (let at = 0; at < rgb.length; at += 8_192) {
    binary += String.fromCharCode(...rgb.subarray(at, at + 8_192));
  }
  return btoa(binary);
}

async function pixelsOf(path: string, display: Display): Promise<Buffer> {
  const bytes = await run("ffmpeg", [
    ...["-v", "error", "-i", path, "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"],
  ]);
  return withoutPointer(bytes, display);
}

function withoutPointer(bytes: Uint8Array, { width, height }: Display): Buffer {
  for (let row = height - POINTER_SIDE; row < height; row++) {
    const end = 3 * (row + 1) * width;
    bytes.fill(0, end - 3 * POINTER_SIDE, end);
  }
  return Buffer.from(bytes);
}

/** A terminal that shows what is written to it. */
export interface TextScreen extends AsyncDisposable {
  write(text: string): Promise<void>;
}

/** Opens a terminal on a display, without a cursor that blinks. @param size Columns and lines. */
export async function openTextScreen(display: Display, size = "110x36"): Promise<TextScreen> {
  const fifo = `${await Deno.makeTempDir()}/text`;
  await run("mkfifo", [fifo]);
  const terminal = new Deno.Command("xterm", {
    args: [
      ...["-geometry", `${size}+0+0`, "-fa", "DejaVu Sans Mono", "-fs", "10", "+bc", "-uc"],
      ...["-xrm", "*cursorColor: white", "-e", "cat", fifo],
    ],
    env: display.env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  await display.xdotool("mousemove", String(display.width - 1), String(display.height - 1));
  // Opening waits for the terminal's `cat`.
  const file = await Deno.open(fifo, { write: true });
  await until(
    "the terminal is there",
    () => display.xdotool("search", "--class", "xterm").catch(() => ""),
  );
  return {
    write: async (text) => {
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
    },
    [Symbol.asyncDispose]: async () => {
      file.close();
      terminal.kill("SIGTERM");
      await terminal.status;
      await Deno.remove(fifo);
    },
  };
}
