import { signal } from "@preact/signals";

/** `fit`: as large as there is room for, 1 at most. Else pixels of this computer's screen for each that is shared. */
export type Zoom = "fit" | number;

export const SCALE_MIN = 0.1;
export const SCALE_MAX = 4;
/** What the buttons and keys go through. */
export const ZOOM_STEPS = [0.25, 0.33, 0.5, 0.67, 0.75, 1, 1.25, 1.5, 2, 3, 4] as const;
/** A wheel that is turned by so much (a notch or two, CSS px) doubles. */
const WHEEL_DOUBLES = 240;

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The scale at which all of `shared` is seen in `space` (both in pixels of this screen), and nothing is blown up. */
export function fitScale(shared: Size, space: Size): number {
  if (shared.width === 0 || shared.height === 0) return 1;
  return Math.min(1, space.width / shared.width, space.height / shared.height);
}

/** How the share is looked at: by this page alone, and of no concern to anybody else. */
export class ShareView {
  readonly zoom = signal<Zoom>("fit");
  /** A share is on the stage. */
  readonly isShown = signal(false);
  /** Nothing but the share is seen. */
  readonly isFull = signal(false);
  /** The scale of `fit` as things are now. */
  readonly fitted = signal(1);

  get scale(): number {
    return this.zoom.value === "fit" ? this.fitted.value : this.zoom.value;
  }

  /** A share comes onto the stage, as large as it fits. @returns it goes again. */
  begin(): () => void {
    this.zoom.value = "fit";
    this.isShown.value = true;
    return () => {
      this.isShown.value = false;
      this.isFull.value = false;
    };
  }

  /** To the next step, upwards or downwards. */
  step(direction: 1 | -1): void {
    const { scale } = this;
    const isPast = (step: number) => direction * (step / scale - 1) > 0.01;
    const steps = direction === 1 ? ZOOM_STEPS : ZOOM_STEPS.toReversed();
    const next = steps.find(isPast);
    if (next !== undefined) this.zoom.value = next;
  }

  get canStep(): { readonly up: boolean; readonly down: boolean } {
    const { scale } = this;
    return { up: scale < SCALE_MAX, down: scale > ZOOM_STEPS[0] };
  }

  /** A wheel or two fingers. Stops at 1, where pixels are exact, on the way past it. @param delta CSS px, downwards positive. */
  turn(delta: number): void {
    const before = this.scale;
    const after = before * 2 ** (-delta / WHEEL_DOUBLES);
    const isPastOne = before !== 1 && (before < 1) !== (after < 1);
    this.zoom.value = isPastOne ? 1 : Math.min(SCALE_MAX, Math.max(SCALE_MIN, after));
  }
}

export interface Place extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * Where a share lies in its space, CSS px: in the middle, each edge on a pixel of this computer's screen, so that at
 * scale 1 nothing is smoothed.
 *
 * @param space Where it is on the page; may lie between pixels.
 */
export function placeShare(
  shared: Size,
  space: Place,
  { scale, pixelRatio }: { scale: number; pixelRatio: number },
): Place {
  const width = Math.round(shared.width * scale) / pixelRatio;
  const height = Math.round(shared.height * scale) / pixelRatio;
  const margin = (from: number, room: number, size: number) => {
    const at = Math.ceil((from + Math.max(0, room - size) / 2) * pixelRatio - 0.01) / pixelRatio;
    return Math.max(0, at - from);
  };
  return {
    width,
    height,
    left: margin(space.left, space.width, width),
    top: margin(space.top, space.height, height),
  };
}

/** Where the cameras go: beside the share or above it, as many as there is room for. */
export interface StripLayout {
  readonly side: "beside" | "above";
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly count: number;
}

/** Of a tile in the strip, CSS px: the largest, beside and above; and the smallest in which a name can be read. */
const TILE_WIDTH_MAX = { beside: 208, above: 136 } as const;
const TILE_WIDTH_MIN = 96;
/** Tiles are made smaller for all to be there, but not below this: then some are on another page. */
const TILE_WIDTH_FOR_ALL_MIN = 128;
/** The strip takes so much of the width, or of the height. */
const BESIDE_PART = 0.19;
const ABOVE_PART = 0.2;
const TILE_ASPECT = 4 / 3;
/** Beside from this width on, and where the space is wider than high by this. */
const BESIDE_WIDTH_MIN = 640;
const BESIDE_ASPECT_MIN = 1.1;

/** Beside where the space is wide, above where it is not. */
export function stripLayout(people: number, { width, height }: Size, gap: number): StripLayout {
  const isBeside = width >= BESIDE_WIDTH_MIN && width > height * BESIDE_ASPECT_MIN;
  const side = isBeside ? "beside" : "above";
  const room = isBeside ? height : width;
  const part = isBeside ? width * BESIDE_PART : height * ABOVE_PART * TILE_ASPECT;
  const wanted = Math.max(TILE_WIDTH_MIN, Math.min(TILE_WIDTH_MAX[side], part));
  const forAll = ((room + gap) / people - gap) * (isBeside ? TILE_ASPECT : 1);
  const isForAll = forAll >= TILE_WIDTH_FOR_ALL_MIN && forAll < wanted;
  const tileWidth = Math.floor(isForAll ? forAll : wanted);
  const tileHeight = Math.floor(tileWidth / TILE_ASPECT);
  const each = isBeside ? tileHeight : tileWidth;
  const fitting = Math.max(1, Math.floor((room + gap) / (each + gap)));
  return { side, tileWidth, tileHeight, count: Math.min(people, fitting) };
}
