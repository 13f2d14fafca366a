/** As many tiles of this size as a page shows, for so many frames of the screen. */
const TILES = 9;
const WIDTH = 640;
const HEIGHT = 360;
const FRAMES = 12;
/** Main memory must be clearly faster: with a GPU both keep up with the screen. */
const FASTER = 0.8;

/**
 * Whether canvases are drawn faster in main memory, by how often the screen is drawn anew with nine tiles of each kind.
 * Without a GPU WebKit draws 17 frames a second in the usual way and 29 in memory. Takes under two seconds.
 */
export async function drawsFasterInMemory(): Promise<boolean> {
  if (!isWebKit(navigator.userAgent)) return false;
  const usualMs = await frameMs(false);
  return await frameMs(true) < usualMs * FASTER;
}

/** WebKit itself, not one of the many browsers that claim to be like it. */
export function isWebKit(userAgent: string): boolean {
  return /AppleWebKit/.test(userAgent) && !/Chrom(e|ium)|Edg\//.test(userAgent);
}

async function frameMs(willReadFrequently: boolean): Promise<number> {
  const picture = testPicture();
  const place = document.createElement("div");
  place.setAttribute("aria-hidden", "true");
  // Seen by the compositor, not by the eye.
  place.style.cssText = "position:fixed;inset:0;overflow:hidden;opacity:0.01;pointer-events:none";
  const contexts = Array.from({ length: TILES }, () => {
    const canvas = place.appendChild(document.createElement("canvas"));
    [canvas.width, canvas.height] = [WIDTH, HEIGHT];
    canvas.style.width = "30%";
    return canvas.getContext("2d", { alpha: false, willReadFrequently });
  });
  document.body.append(place);
  await nextFrame();
  const startMs = performance.now();
  for (let frame = 0; frame < FRAMES; frame++) {
    for (const context of contexts) context?.drawImage(picture, frame, 0);
    await nextFrame();
  }
  const took = performance.now() - startMs;
  place.remove();
  return took / FRAMES;
}

function testPicture(): HTMLCanvasElement {
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [WIDTH, HEIGHT];
  const context = picture.getContext("2d", { willReadFrequently: true });
  for (let x = 0; context && x < WIDTH; x += 8) {
    context.fillStyle = `hsl(${x} 80% 50%)`;
    context.fillRect(x, 0, 8, HEIGHT);
  }
  return picture;
}

function nextFrame(): Promise<unknown> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}
