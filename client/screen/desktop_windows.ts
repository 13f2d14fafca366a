import { Refusal } from "@fusionmeet/base";
import type { ScreenSource } from "./screen_source.ts";

/** A window of a desktop, as people see them. */
export interface DesktopWindow {
  /** The system's number of it. */
  readonly id: number;
  readonly title: string;
  /** What kind of program it is of; "" where that is not known. */
  readonly program: string;
  readonly pid?: number;
}

/** A source as its window's number: `window:0x…`. */
export function windowId({ id }: { id: number }): string {
  return `0x${id.toString(16)}`;
}

/** The window that is meant. @throws Refusal "no-window" when there is none, or there are several. */
export function findWindow(
  source: Extract<ScreenSource, { kind: "window" }>,
  windows: readonly DesktopWindow[],
): DesktopWindow {
  const { id, name } = source;
  if (id !== undefined) {
    const known = windows.find((window) => window.id === Number(id));
    if (known) return known;
    throw closedWindow(name);
  }
  const wanted = name.toLowerCase();
  const exact = windows.findLast((window) => window.title === name);
  if (exact) return exact;
  const ways: ((window: DesktopWindow) => boolean)[] = [
    ({ title }) => title.toLowerCase() === wanted,
    ({ program }) => program.toLowerCase() === wanted,
    ({ title }) => title.toLowerCase().includes(wanted),
  ];
  for (const isMeant of ways) {
    const found = windows.filter(isMeant);
    if (found.length === 1) return found[0];
    if (found.length > 1) throw severalWindows(name, found);
  }
  throw new Refusal("no-window", noWindow(name, windows));
}

function severalWindows(name: string, found: readonly DesktopWindow[]): Refusal {
  const titles = found.slice(0, 5).map(({ id, title }) =>
    `${JSON.stringify(title)} (window:${windowId({ id })})`
  );
  return new Refusal(
    "no-window",
    `${found.length} windows could be ${JSON.stringify(name)}: ${titles.join(", ")}; say which`,
  );
}

function noWindow(name: string, windows: readonly DesktopWindow[]): string {
  if (windows.length === 0) return `There is no window ${JSON.stringify(name)}, and no other one`;
  const titles = windows.slice(0, 5).map(({ title }) => JSON.stringify(title));
  return `There is no window ${JSON.stringify(name)}; there is ${titles.join(", ")}`;
}

/** What was there is no more. */
export function closedWindow(name: string): Refusal {
  return new Refusal(
    "no-window",
    `The window ${JSON.stringify(name)} was closed: choose another one`,
  );
}

export function hiddenWindow(name: string): Refusal {
  return new Refusal(
    "window-hidden",
    `The window ${
      JSON.stringify(name)
    } is minimised, or on another workspace: show it, and it goes on`,
  );
}

/** @param count how many there are. */
export function noScreen(index: number, count: number): Refusal {
  const known = count === 0
    ? "none that can be shown"
    : count === 1
    ? "one: display:1"
    : `${count}: display:1 to display:${count}`;
  return new Refusal("no-screen", `There is no screen ${index}; this computer has ${known}`);
}
