import { Refusal } from "@fusionmeet/base";
import type { ScreenSource } from "./screen_source.ts";
import type { XConnection, XMonitor } from "./x11_connection.ts";

/** A window of an X desktop. */
export interface XWindow {
  readonly id: number;
  readonly title: string;
  /** WM_CLASS: what kind of program it is of; "" where it does not say. */
  readonly program: string;
  readonly pid?: number;
}

/** How the windows of a desktop are found where no window manager lists them. */
const DEPTH_MAX = 3;
const WINDOWS_MAX = 500;

/**
 * The windows people see as windows, the one in front last; also those that are minimised. Without a window manager:
 * those with a name.
 */
export async function readWindows(connection: XConnection): Promise<XWindow[]> {
  const { root } = connection;
  const [stacked, listed] = await Promise.all([
    connection.numbers(root, "_NET_CLIENT_LIST_STACKING"),
    connection.numbers(root, "_NET_CLIENT_LIST"),
  ]);
  const listing = stacked.length > 0 ? stacked : listed;
  if (listing.length === 0) return await namedWindows(connection, root);
  const windows = await Promise.all(
    listing.slice(0, WINDOWS_MAX).map((id) => readWindow(connection, id)),
  );
  return windows.filter((window) => window !== undefined);
}

/** The name and program of a window; `undefined` when it is gone or has no name. */
export async function readWindow(
  connection: XConnection,
  id: number,
): Promise<XWindow | undefined> {
  try {
    const [netName, name, classes, [pid]] = await Promise.all([
      connection.text(id, "_NET_WM_NAME"),
      connection.text(id, "WM_NAME"),
      connection.text(id, "WM_CLASS"),
      connection.numbers(id, "_NET_WM_PID"),
    ]);
    const title = (netName || name || "").replaceAll("\0", " ").trim();
    // The class comes behind the instance, both end with a zero.
    const program = classes?.split("\0")[1] ?? classes?.split("\0")[0] ?? "";
    return title === "" ? undefined : { id, title, program, pid };
  } catch (thrown) {
    if (connection.isLost) throw thrown;
    return undefined;
  }
}

/** Windows with a name that lie at most `DEPTH_MAX` deep; what lies in such a window is a part of it. */
async function namedWindows(
  connection: XConnection,
  parent: number,
  depth = 1,
): Promise<XWindow[]> {
  const children = await connection.children(parent).catch(() => []);
  const found = await Promise.all(
    children.slice(0, WINDOWS_MAX).map(async (id) => {
      const state = await connection.window(id);
      if (state === undefined || state.isInput) return [];
      const window = await readWindow(connection, id);
      const isThing = state.width > 1 && state.height > 1;
      if (window) return isThing && await isTop(connection, id) ? [window] : [];
      return depth < DEPTH_MAX ? await namedWindows(connection, id, depth + 1) : [];
    }),
  );
  return found.flat();
}

/** Programs hold windows that are never shown (for the clipboard); those have no WM_CLASS. */
async function isTop(connection: XConnection, id: number): Promise<boolean> {
  return await connection.text(id, "WM_CLASS").catch(() => undefined) !== undefined;
}

/** The window that is meant. @throws Refusal "no-window" when there is none, or there are several. */
export function findWindow(
  source: Extract<ScreenSource, { kind: "window" }>,
  windows: readonly XWindow[],
): XWindow {
  const { id, name } = source;
  if (id !== undefined) {
    const known = windows.find((window) => window.id === Number(id));
    if (known) return known;
    throw new Refusal(
      "no-window",
      `There is no window ${name === id ? id : JSON.stringify(name)} any more: choose another one`,
    );
  }
  const wanted = name.toLowerCase();
  const exact = windows.findLast((window) => window.title === name);
  if (exact) return exact;
  const ways: ((window: XWindow) => boolean)[] = [
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

function severalWindows(name: string, found: readonly XWindow[]): Refusal {
  const titles = found.slice(0, 5).map(({ id, title }) =>
    `${JSON.stringify(title)} (window:0x${id.toString(16)})`
  );
  return new Refusal(
    "no-window",
    `${found.length} windows could be ${JSON.stringify(name)}: ${titles.join(", ")}; say which`,
  );
}

function noWindow(name: string, windows: readonly XWindow[]): string {
  if (windows.length === 0) return `There is no window ${JSON.stringify(name)}, and no other one`;
  const titles = windows.slice(0, 5).map(({ title }) => JSON.stringify(title));
  return `There is no window ${JSON.stringify(name)}; there is ${titles.join(", ")}`;
}

/** Of Xwayland, which shows windows to X programs and never the screen. */
export async function isXwayland(
  connection: XConnection,
  monitors: readonly XMonitor[],
): Promise<boolean> {
  const isNamedSo = monitors.length > 0 &&
    monitors.every(({ name }) => name.startsWith("XWAYLAND"));
  return isNamedSo || await connection.hasExtension("XWAYLAND");
}
