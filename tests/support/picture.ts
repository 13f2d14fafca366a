/** Test pictures that say which one they are: a bar of black and white blocks over moving content. */
import { seededRandom } from "@fusionmeet/base";

/** Blocks of the bar: white, black, 16 bits frame number, 6 bits source, 8 bits check. */
const BLOCKS = 32;
const COLUMNS = 16;

/** A grey picture: one byte a pixel, row by row. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
}

/** What the bar says. */
export interface PictureNumber {
  /** 0..65 535 */
  readonly frame: number;
  /** 0..63 */
  readonly source: number;
}

/** Where the blocks are: a picture is 20 x 15 cells, the bar fills columns 2-17 of rows 1 and 2. */
function cell(block: number, width: number, height: number) {
  const column = 2 + block % COLUMNS;
  const row = 1 + Math.floor(block / COLUMNS);
  return {
    left: Math.round(column * width / 20),
    right: Math.round((column + 1) * width / 20),
    top: Math.round(row * height / 15),
    bottom: Math.round((row + 1) * height / 15),
  };
}

function bitsOf({ frame, source }: PictureNumber): boolean[] {
  const value = ((frame & 0xffff) << 6 | source & 63) >>> 0;
  const bits = [true, false];
  for (let bit = 21; bit >= 0; bit--) bits.push((value >>> bit & 1) === 1);
  for (let bit = 7; bit >= 0; bit--) bits.push((checkOf(value) >>> bit & 1) === 1);
  return bits;
}

/** CRC-8 (polynomial 0x07) of three bytes, started at 0x5a so that all black is no number. */
function checkOf(value: number): number {
  let check = 0x5a;
  for (const byte of [value >>> 16, value >>> 8 & 0xff, value & 0xff]) {
    check ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      check = check & 0x80 ? (check << 1 ^ 0x07) & 0xff : check << 1;
    }
  }
  return check;
}

/** Draws the bar into a grey (or luma) plane. */
export function drawNumber(picture: GreyPicture, number: PictureNumber): void {
  const { width, height, grey } = picture;
  bitsOf(number).forEach((white, block) => {
    const { left, right, top, bottom } = cell(block, width, height);
    for (let y = top; y < bottom; y++) {
      grey.fill(white ? 235 : 16, y * width + left, y * width + right);
    }
  });
}

/** Reads the bar; `undefined` where a block is neither black nor white, or the check is wrong. */
export function readNumber({ width, height, grey }: GreyPicture): PictureNumber | undefined {
  let value = 0;
  const bits: number[] = [];
  for (let block = 0; block < BLOCKS; block++) {
    const { left, right, top, bottom } = cell(block, width, height);
    const [insetX, insetY] = [(right - left) >> 2, (bottom - top) >> 2];
    let sum = 0;
    let count = 0;
    for (let y = top + insetY; y < bottom - insetY; y++) {
      for (let x = left + insetX; x < right - insetX; x++, count++) sum += grey[y * width + x];
    }
    const mean = sum / count;
    if (mean > 96 && mean < 160) return undefined;
    bits.push(mean >= 160 ? 1 : 0);
  }
  if (bits[0] !== 1 || bits[1] !== 0) return undefined;
  for (const bit of bits.slice(2, 24)) value = value << 1 | bit;
  const check = bits.slice(24).reduce((sum, bit) => sum << 1 | bit, 0);
  return check === checkOf(value) ? { frame: value >>> 6, source: value & 63 } : undefined;
}

/** What one test video shows; the same everywhere for the same values. */
export interface TestVideo {
  readonly width: number;
  readonly height: number;
  /** 0..63, burnt in with the frame number; also seeds the content. */
  readonly source: number;
  readonly seed: number;
}

/** Draws the pictures of a `TestVideo`: a soft ground of its own and five discs that move. */
export function pictureMaker(
  { width, height, source, seed }: TestVideo,
): (frame: number) => Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed * 64 + source);
  const discs = Array.from({ length: 5 }, () => ({
    x: random.fraction(),
    y: random.fraction(),
    speedX: (random.fraction() - 0.5) / 60,
    speedY: (random.fraction() - 0.5) / 60,
    radius: (0.06 + 0.08 * random.fraction()) * height,
    shade: 40 + Math.floor(random.fraction() * 180),
  }));
  const ground = new Uint8Array(width * height);
  const [waveX, waveY, phase] = [1, 2, 3].map(() => 2 + 4 * random.fraction());
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      ground[y * width + x] = 128 +
        50 * Math.sin(waveX * x / width * 3 + phase) * Math.cos(waveY * y / height * 3);
    }
  }
  const chroma = new Uint8Array(2 * (width >> 1) * (height >> 1));
  chroma.fill(96 + Math.floor(64 * random.fraction()), 0, chroma.length / 2);
  chroma.fill(96 + Math.floor(64 * random.fraction()), chroma.length / 2);
  return (frame) => {
    const luma = ground.slice();
    for (const disc of discs) {
      const centreX = bounce(disc.x + frame * disc.speedX) * width;
      const centreY = (0.25 + 0.75 * bounce(disc.y + frame * disc.speedY)) * height;
      fillDisc({ width, height, grey: luma }, { centreX, centreY, ...disc });
    }
    drawNumber({ width, height, grey: luma }, { frame, source });
    const picture = new Uint8Array(luma.length + chroma.length);
    picture.set(luma);
    picture.set(chroma, luma.length);
    return picture;
  };
}

/** There and back between 0 and 1. */
function bounce(place: number): number {
  const around = ((place % 2) + 2) % 2;
  return around > 1 ? 2 - around : around;
}

function fillDisc(
  { width, height, grey }: GreyPicture,
  disc: { centreX: number; centreY: number; radius: number; shade: number },
): void {
  const { centreX, centreY, radius, shade } = disc;
  for (
    let y = Math.max(0, Math.ceil(centreY - radius));
    y <= Math.min(height - 1, centreY + radius);
    y++
  ) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (y - centreY) ** 2));
    const left = Math.max(0, Math.round(centreX - half));
    const right = Math.min(width, Math.round(centreX + half));
    if (left < right) grey.fill(shade, y * width + left, y * width + right);
  }
}

/**
 * Mean structural similarity of two grey pictures of one size, over 8x8 windows every 4 pixels; 1 is equal.
 *
 * Source: Wang et al., "Image quality assessment", IEEE TIP 13(4), 2004.
 */
export function ssim(a: GreyPicture, b: GreyPicture): number {
  if (a.width !== b.width || a.height !== b.height) {
    throw new Error(`Cannot compare ${a.width}x${a.height} with ${b.width}x${b.height}`);
  }
  const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
  let total = 0;
  let windows = 0;
  for (let top = 0; top + 8 <= a.height; top += 4) {
    for (let left = 0; left + 8 <= a.width; left += 4) {
      let [sumA, sumB, squareA, squareB, product] = [0, 0, 0, 0, 0];
      for (let y = top; y < top + 8; y++) {
        for (let at = y * a.width + left, end = at + 8; at < end; at++) {
          const [p, q] = [a.grey[at], b.grey[at]];
          sumA += p;
          sumB += q;
          squareA += p * p;
          squareB += q * q;
          product += p * q;
        }
      }
      const [meanA, meanB] = [sumA / 64, sumB / 64];
      const varianceA = squareA / 64 - meanA * meanA;
      const varianceB = squareB / 64 - meanB * meanB;
      const covariance = product / 64 - meanA * meanB;
      total += (2 * meanA * meanB + c1) * (2 * covariance + c2) /
        ((meanA * meanA + meanB * meanB + c1) * (varianceA + varianceB + c2));
      windows++;
    }
  }
  return total / windows;
}
