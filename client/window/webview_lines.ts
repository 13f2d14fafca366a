/** What the program and its window's process say to each other: one JSON object a line, on stdin and stdout. */

/** Of the page's area, in the system's own pixels per point. */
export interface WindowSize {
  readonly width: number;
  readonly height: number;
}

/** The page is laid out for this size and more. */
export const WINDOW_SIZE_MIN: WindowSize = { width: 800, height: 500 };
/** More than any desktop has: a larger one is a mistake or a damaged file. */
export const WINDOW_SIZE_MAX: WindowSize = { width: 16_384, height: 16_384 };
/** Code points of a title that are shown. */
export const TITLE_LENGTH_MAX = 200;
/** Of a link that is opened in the browser. */
export const LINK_LENGTH_MAX = 4_096;

/** The first line: everything that must not stand in an argument list, where all users can read it. */
export interface OpenLine extends WindowSize {
  readonly do: "open";
  /** Path of libwebview. */
  readonly library: string;
  /** Folder with `hicolor/<size>/apps/` in it. */
  readonly icons: string;
  readonly url: string;
  readonly title: string;
}

/** From the program to the window. */
export type ToWindow =
  | OpenLine
  | { readonly do: "title"; readonly title: string }
  | { readonly do: "close" };

/** What a window can fail at: loading libwebview, opening a window, loading the page, keeping it alive. */
export type WindowStep = "library" | "window" | "page" | "process";

/** From the window to the program. */
export type FromWindow =
  /** The page is there. */
  | { readonly event: "ready" }
  | ({ readonly event: "resized" } & WindowSize)
  /** The user wants to close it; it stays open until told to close. */
  | { readonly event: "close-asked" }
  /** The user follows a link that leads elsewhere. */
  | { readonly event: "link"; readonly url: string }
  /** The last line of a window that is of no use any more. */
  | { readonly event: "failed"; readonly step: WindowStep; readonly detail: string }
  /** The last line of a window that is gone because it was closed. */
  | { readonly event: "closed" };

type Raw = Readonly<Record<string, unknown>>;

/** @returns what a line says; `undefined` for anything else. */
export function parseToWindow(line: string): ToWindow | undefined {
  const raw = parseObject(line);
  if (raw?.do === "close") return { do: "close" };
  if (raw === undefined || typeof raw.title !== "string") return undefined;
  const title = Array.from(raw.title).slice(0, TITLE_LENGTH_MAX).join("");
  if (raw.do === "title") return { do: "title", title };
  const { library, icons, url } = raw;
  const size = parseSize(raw);
  const isOpen = raw.do === "open" && size !== undefined;
  if (!isOpen || ![library, icons, url].every((each) => typeof each === "string")) return undefined;
  return { do: "open", library, icons, url, title, ...size } as OpenLine;
}

/** @returns what a line says; `undefined` for anything else. */
export function parseFromWindow(line: string): FromWindow | undefined {
  const raw = parseObject(line);
  switch (raw?.event) {
    case "ready":
    case "close-asked":
    case "closed":
      return { event: raw.event };
    case "resized": {
      const size = parseSize(raw);
      return size && { event: "resized", ...size };
    }
    case "link":
      return isLink(raw.url) ? { event: "link", url: raw.url } : undefined;
    case "failed": {
      const { step, detail } = raw;
      if (!STEPS.includes(step as WindowStep) || typeof detail !== "string") return undefined;
      return { event: "failed", step: step as WindowStep, detail };
    }
  }
  return undefined;
}

/** @returns the size; `undefined` where it is none or out of bounds. */
export function parseSize(raw: Raw): WindowSize | undefined {
  const { width, height } = raw;
  const fits = isWithin(width, WINDOW_SIZE_MIN.width, WINDOW_SIZE_MAX.width) &&
    isWithin(height, WINDOW_SIZE_MIN.height, WINDOW_SIZE_MAX.height);
  return fits ? { width, height } : undefined;
}

const STEPS: readonly WindowStep[] = ["library", "window", "page", "process"];

/** What a browser is asked to open: nothing but the web and mail, and no odd characters. */
function isLink(url: unknown): url is string {
  return typeof url === "string" && url.length <= LINK_LENGTH_MAX &&
    /^(https?:\/\/|mailto:)[\x21-\x7e]+$/i.test(url);
}

function isWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
}

function parseObject(line: string): Raw | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? value as Raw : undefined;
  } catch {
    return undefined;
  }
}
