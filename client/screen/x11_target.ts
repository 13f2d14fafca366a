import { Refusal } from "@fusionmeet/base";
import { closedWindow, findWindow, hiddenWindow, noScreen, windowId } from "./desktop_windows.ts";
import type { FoundScreen, OpenScreenSource } from "./screen_input.ts";
import { describeScreen } from "./screen_source.ts";
import { XConnection, type XGeometry, type XMonitor } from "./x11_connection.ts";
import { isXwayland, readWindow, readWindows } from "./x11_screens.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type XSource = Extract<OpenScreenSource, { kind: "display" | "window" }>;

/** What works where the desktop is Wayland's. */
const WAYLAND_ADVICE = 'log in again with "Xorg" ("X11") chosen on the login screen, ' +
  "or share a window of a program that runs under Xwayland (the list shows them)";

/** Opens the display of this session. @throws Refusal "x11-missing", "wayland" */
export async function openDisplay(environment: Environment): Promise<XConnection> {
  const { DISPLAY, WAYLAND_DISPLAY, XDG_SESSION_TYPE } = environment;
  const isWayland = Boolean(WAYLAND_DISPLAY) || XDG_SESSION_TYPE === "wayland";
  if (DISPLAY) {
    try {
      return await XConnection.open(DISPLAY);
    } catch (thrown) {
      if (!isWayland) throw thrown;
    }
  }
  if (isWayland) throw waylandRefusal();
  throw new Refusal(
    "x11-missing",
    "Cannot share a screen: there is no X display here (DISPLAY is not set); " +
      "start FusionMeet in the session of a desktop",
  );
}

/** What a source on an X display is now. @throws Refusal as `screenInput` does. */
export async function x11Target(source: XSource, environment: Environment): Promise<FoundScreen> {
  const connection = await openDisplay(environment);
  try {
    return source.kind === "window"
      ? await windowTarget(connection, source, environment.DISPLAY!)
      : await monitorTarget(connection, source, environment.DISPLAY!);
  } finally {
    connection.close();
  }
}

async function monitorTarget(
  connection: XConnection,
  source: Extract<XSource, { kind: "display" }>,
  display: string,
): Promise<FoundScreen> {
  const monitors = await connection.monitors();
  if (await isXwayland(connection, monitors)) throw waylandRefusal();
  const areas = await screenAreas(connection, monitors);
  const area = source.index === undefined ? areas.whole : areas.monitors[source.index - 1];
  if (area === undefined) throw noScreen(source.index!, areas.monitors.length);
  const { x, y, width, height } = area;
  const target = { kind: "x11", display, area: { x, y, width, height } } as const;
  return { target, width, height, title: describeScreen(source)!, source };
}

/** Where the screen and its monitors are; where the server knows no monitors, the screen is the only one. */
export async function screenAreas(
  connection: XConnection,
  monitors: readonly XMonitor[],
): Promise<{ whole: XGeometry; monitors: readonly (XGeometry & { name?: string })[] }> {
  const whole = await connection.rootArea();
  return { whole, monitors: monitors.length > 0 ? monitors : [whole] };
}

async function windowTarget(
  connection: XConnection,
  source: Extract<XSource, { kind: "window" }>,
  display: string,
): Promise<FoundScreen> {
  const window = await findXWindow(connection, source);
  const state = await connection.window(window.id);
  if (state === undefined) throw closedWindow(window.title);
  if (!state.isShown) throw hiddenWindow(window.title);
  const { width, height } = state;
  const known = { kind: "window", name: window.title, id: windowId(window) } as const;
  const target = { kind: "x11-window", display, window: window.id } as const;
  return { target, width, height, title: describeScreen(known)!, source: known };
}

/** The window of a source. @throws Refusal "no-window" */
export async function findXWindow(
  connection: XConnection,
  source: Extract<XSource, { kind: "window" }>,
) {
  if (source.id !== undefined) {
    // A window that is not in the desktop's list, a menu for one, is one, too.
    const window = await readWindow(connection, Number(source.id));
    const isThere = await connection.window(Number(source.id)) !== undefined;
    if (isThere) return window ?? { id: Number(source.id), title: source.name, program: "" };
    throw closedWindow(source.name);
  }
  return findWindow(source, await readWindows(connection));
}

function waylandRefusal(): Refusal {
  return new Refusal(
    "wayland",
    `Cannot share the screen: this desktop runs on Wayland, which lets no program read it; ${WAYLAND_ADVICE}`,
  );
}
