import type { GreyPicture } from "./picture.ts";
import { run } from "./programs.ts";

/** A screen without a monitor: an X server of its own, with nothing on it. */
export class Display implements AsyncDisposable {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly #server: Deno.ChildProcess;

  /** @throws Error when there is no Xvfb, or it does not start. */
  static async start(width = 1280, height = 800): Promise<Display> {
    const server = new Deno.Command("Xvfb", {
      args: [
        ...["-displayfd", "1", "-screen", "0", `${width}x${height}x24`, "-nolisten", "tcp"],
        ...["-ac", "-noreset"],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let text = "";
    for await (const part of server.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.includes("\n")) return new Display(server, `:${text.trim()}`, width, height);
    }
    throw new Error(`Cannot start Xvfb: it ended with code ${(await server.status).code}`);
  }

  private constructor(server: Deno.ChildProcess, name: string, width: number, height: number) {
    this.#server = server;
    this.name = name;
    this.width = width;
    this.height = height;
  }

  get pid(): number {
    return this.#server.pid;
  }

  /** What programs on it need to be told. */
  get env(): Record<string, string> {
    return { DISPLAY: this.name, WAYLAND_DISPLAY: "", GDK_BACKEND: "x11" };
  }

  /** What is on it now. */
  async look(): Promise<GreyPicture> {
    const { width, height } = this;
    const bytes = await this.#grab(["-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"]);
    return { width, height, grey: bytes.subarray(0, width * height) };
  }

  async savePng(path: string): Promise<void> {
    await this.#grab(["-y", path]);
  }

  /** Keys, mouse and windows: `xdotool` with these arguments. @returns what it printed. */
  async xdotool(...args: string[]): Promise<string> {
    const bytes = await run("env", [`DISPLAY=${this.name}`, "xdotool", ...args]);
    return new TextDecoder().decode(bytes).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.kill("SIGTERM");
    await this.#server.status;
  }

  async #grab(output: string[]): Promise<Uint8Array> {
    return await run("ffmpeg", [
      ...["-v", "error", "-f", "x11grab", "-draw_mouse", "0"],
      ...["-video_size", `${this.width}x${this.height}`, "-i", this.name],
      ...["-frames:v", "1", ...output],
    ]);
  }
}

/** The part of a picture, scaled to `width` x `height` by the nearest pixel. */
export function cut(
  picture: GreyPicture,
  from: { left: number; top: number; width: number; height: number },
  { width, height }: { width: number; height: number } = from,
): GreyPicture {
  const grey = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(from.top + (y + 0.5) * from.height / height) * picture.width;
    for (let x = 0; x < width; x++) {
      grey[y * width + x] =
        picture.grey[row + Math.floor(from.left + (x + 0.5) * from.width / width)];
    }
  }
  return { width, height, grey };
}
