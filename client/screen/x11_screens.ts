import type { DesktopWindow } from "./desktop_windows.ts";
import type { XConnection, XMonitor } from "./x11_connection.ts";

/** Where no window manager lists the windows. */
const DEPTH_MAX = 3;
const WINDOWS_MAX = 500;

/**
 * The windows people see as windows, the one in front last; also those that are minimised. Without a window manager:
 * those with a name.
 */
export async function readWindows(connection: XConnection): Promise<DesktopWindow[]> {
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
): Promise<DesktopWindow | undefined> {
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
): Promise<DesktopWindow[]> {
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

/** Of Xwayland, which shows windows to X programs and never the screen. */
export async function isXwayland(
  connection: XConnection,
  monitors: readonly XMonitor[],
): Promise<boolean> {
  const isNamedSo = monitors.length > 0 &&
    monitors.every(({ name }) => name.startsWith("XWAYLAND"));
  return isNamedSo || await connection.hasExtension("XWAYLAND");
}
