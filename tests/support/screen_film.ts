import { cut, type Display } from "./display.ts";
import { type GreyPicture, type PictureNumber, readNumber } from "./picture.ts";

const PICTURES_PER_SECOND = 60;
/** Burnt-in numbers are read at this size; pictures are 4:3. */
const READ_SIZE = { width: 320, height: 240 };

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A number that was seen on a screen, and where the picture with it is. */
export interface SeenNumber extends PictureNumber {
  readonly place: Place;
}

/** The first burnt-in number on a screen, wherever its picture is, of `source` if that is said. */
export function findNumber(screen: GreyPicture, source?: number): SeenNumber | undefined {
  for (let width = 160; width <= screen.width; width += 8) {
    const height = Math.round(width * 3 / 4);
    for (let top = 0; top + height <= screen.height; top += 4) {
      for (let left = 0; left + width <= screen.width; left += 4) {
        const place = { left, top, width, height };
        if (!looksLikeBar(screen, place)) continue;
        const number = readNumber(cut(screen, place, READ_SIZE));
        if (number && (source ?? number.source) === number.source) {
          return centred(screen, number, place);
        }
      }
    }
  }
  return undefined;
}

/** The middle of all places around `near` where the same number is read: the picture's own, within some px. */
function centred(screen: GreyPicture, number: PictureNumber, near: Place): SeenNumber {
  const places: Place[] = [];
  for (let width = near.width - 24; width <= near.width + 24; width += 4) {
    const height = Math.round(width * 3 / 4);
    for (let top = near.top - 12; top <= near.top + 12; top += 3) {
      for (let left = near.left - 12; left <= near.left + 12; left += 3) {
        const place = { left, top, width, height };
        const isInside = left >= 0 && top >= 0 && left + width <= screen.width &&
          top + height <= screen.height;
        if (!isInside || !looksLikeBar(screen, place)) continue;
        const read = readNumber(cut(screen, place, READ_SIZE));
        if (read?.frame === number.frame && read.source === number.source) places.push(place);
      }
    }
  }
  const mean = (of: keyof Place) =>
    Math.round(places.reduce((sum, place) => sum + place[of], 0) / places.length);
  const place = {
    left: mean("left"),
    top: mean("top"),
    width: mean("width"),
    height: mean("height"),
  };
  return { ...number, place };
}

/** The bar is 2 rows of 16 blocks, clearly black or white, of which the first is white and the second black. */
function looksLikeBar(screen: GreyPicture, { left, top, width, height }: Place): boolean {
  const at = (column: number, row: number) => {
    const y = Math.round(top + (row + 1.5) * height / 15);
    return screen.grey[y * screen.width + Math.round(left + (column + 2.5) * width / 20)];
  };
  if (at(0, 0) < 200 || at(1, 0) > 60) return false;
  for (let block = 2; block < 32; block++) {
    const shade = at(block % 16, block >> 4);
    if (shade > 80 && shade < 180) return false;
  }
  return true;
}

/**
 * Films the bar of a picture on a screen.
 *
 * @returns when each burnt-in number was first seen, epoch ms; up to one picture of the film (17 ms) late.
 */
export async function filmNumbers(
  display: Display,
  place: Place,
  seconds: number,
): Promise<Map<number, number>> {
  const bar = {
    left: place.left,
    top: Math.round(place.top + place.height / 15),
    width: place.width,
    height: Math.round(place.height * 2 / 15),
  };
  const film = new Deno.Command("ffmpeg", {
    args: [
      ...["-v", "fatal", "-f", "x11grab", "-draw_mouse", "0"],
      ...["-framerate", String(PICTURES_PER_SECOND), "-video_size", `${bar.width}x${bar.height}`],
      ...["-i", `${display.name}+${bar.left},${bar.top}`, "-t", String(seconds)],
      ...["-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "pipe:1"],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const seen = new Map<number, number>();
  const grey = new Uint8Array(bar.width * bar.height);
  let filled = 0;
  for await (const bytes of film.stdout) {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + grey.length - filled);
      grey.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < grey.length) break;
      filled = 0;
      const nowMs = performance.timeOrigin + performance.now();
      const number = readBar({ ...bar, grey });
      if (number && !seen.has(number.frame)) seen.set(number.frame, nowMs);
    }
  }
  await film.status;
  return seen;
}

/** Reads a picture of which only the two rows with the bar are there. */
function readBar(bar: GreyPicture): PictureNumber | undefined {
  const { width, height } = READ_SIZE;
  const rows = 2 * height / 15;
  const strip = cut(bar, { left: 0, top: 0, width: bar.width, height: bar.height }, {
    width,
    height: rows,
  });
  const grey = new Uint8Array(width * height);
  grey.set(strip.grey, width * height / 15);
  return readNumber({ width, height, grey });
}
