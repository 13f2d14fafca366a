import { type Browser, chromium, type Page } from "playwright-core";
import type { GreyPicture } from "./picture.ts";

/** Chromium keeps to itself, works as root, and may play sound after a click as for everybody. */
const FLAGS = [
  ...["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
  ...["--disable-background-networking", "--disable-component-update"],
];

/** @param options.env more of the environment: a sound server, a display. Without `display` there is no window. */
export async function startChromium(
  options: { env?: Record<string, string>; display?: boolean; args?: string[] } = {},
): Promise<Browser> {
  return await chromium.launch({
    executablePath: "/usr/bin/chromium",
    headless: !options.display,
    args: [...FLAGS, ...(options.args ?? [])],
    // Headless Chromium is otherwise started without sound.
    ignoreDefaultArgs: ["--mute-audio"],
    env: { ...Deno.env.toObject(), ...options.env },
  });
}

/** What a canvas shows; `undefined` while it has no size or is not there. */
export async function canvasPicture(
  page: Page,
  selector: string,
): Promise<GreyPicture | undefined> {
  const found = await page.evaluate(readCanvas, selector);
  if (found === null) return undefined;
  const { width, height, rgba } = found;
  const bytes = Uint8Array.fromBase64(rgba);
  const grey = Uint8Array.from({ length: width * height }, (_, index) => {
    const [red, green, blue] = bytes.subarray(index * 4, index * 4 + 3);
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  });
  return { width, height, grey };
}

/** Runs in the page. */
// deno-lint-ignore no-explicit-any
function readCanvas(selector: any): { width: number; height: number; rgba: string } | null {
  // deno-lint-ignore no-explicit-any
  const canvas = (globalThis as any).document.querySelector(selector);
  if (!canvas || canvas.width === 0 || canvas.height === 0) return null;
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  let binary = "";
  for (let at = 0; at < data.length; at += 8_192) {
    binary += String.fromCharCode(...data.subarray(at, at + 8_192));
  }
  return { width, height, rgba: btoa(binary) };
}
