import { Refusal } from "@fusionmeet/base";
import { systemTimers, type Timers } from "@fusionmeet/net";
import { type CaptureSystem, captureSystem } from "../capture/ffmpeg_arguments.ts";
import type { OpenScreenSource } from "./screen_input.ts";
import { watchWindows, windowsState } from "./windows_screens.ts";
import type { XConnection } from "./x11_connection.ts";
import { findXWindow, openDisplay, screenAreas } from "./x11_target.ts";

/** What is dragged is looked at when it has kept still so long, or after this. */
export const SETTLE_MS = 100;
export const SETTLE_MS_MAX = 500;

export interface WatchScreenOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly timers?: Timers;
  readonly system?: CaptureSystem;
}

type XSource = Extract<OpenScreenSource, { kind: "display" | "window" }>;

/**
 * Calls `changed` when `screenInput` would find something else than before: a window was resized, hidden, shown again
 * or closed, monitors were switched or moved. On X11 that window is drawn aside as long as this goes on: its picture is
 * whole, whatever covers it and wherever it lies.
 *
 * @returns ends that. @throws Refusal "x11-missing", "wayland"
 */
export async function watchScreen(
  source: OpenScreenSource,
  changed: () => void,
  { environment = Deno.env.toObject(), timers = systemTimers, system = captureSystem() }:
    WatchScreenOptions = {},
): Promise<() => void> {
  if (source.kind !== "display" && source.kind !== "window") return () => {};
  if (system === "windows") {
    let known: string | undefined;
    return watchWindows((screens) => {
      const [before, state] = [known, windowsState(source, screens)];
      known = state;
      if (before !== undefined && before !== state) changed();
    });
  }
  // macOS tells nobody; its ffmpeg ends.
  if (system === "darwin") return () => {};
  const connection = await openDisplay(environment);
  try {
    return await watchX(connection, source, { changed, timers });
  } catch (thrown) {
    connection.close();
    throw thrown;
  }
}

async function watchX(
  connection: XConnection,
  source: XSource,
  { changed, timers }: { changed: () => void; timers: Timers },
): Promise<() => void> {
  const window = source.kind === "window" ? await windowOf(connection, source) : undefined;
  await connection.watchRoot();
  if (window !== undefined) {
    connection.watchWindow(window);
    await connection.drawAside(window);
    // What was covered is drawn by its program only now.
    await new Promise<void>((resolve) => timers.after(SETTLE_MS, resolve));
  }
  const look = () => stateOf(connection, source, window);
  let known = await look();
  let cancel = () => {};
  let waitingSinceMs: number | undefined;
  const tell = async () => {
    waitingSinceMs = undefined;
    const state = await look();
    if (state === known) return;
    known = state;
    changed();
  };
  connection.onEvent(() => {
    const nowMs = timers.nowMs();
    waitingSinceMs ??= nowMs;
    cancel();
    const waitMs = Math.min(SETTLE_MS, waitingSinceMs + SETTLE_MS_MAX - nowMs);
    cancel = timers.after(Math.max(0, waitMs), () => void tell());
  });
  return () => {
    cancel();
    connection.close();
  };
}

/** `undefined` where it is not there. */
async function windowOf(
  connection: XConnection,
  source: Extract<XSource, { kind: "window" }>,
): Promise<number | undefined> {
  try {
    return (await findXWindow(connection, source)).id;
  } catch (thrown) {
    if (thrown instanceof Refusal) return undefined;
    throw thrown;
  }
}

/** All that decides what is captured, as text. Never throws. */
async function stateOf(
  connection: XConnection,
  source: XSource,
  window: number | undefined,
): Promise<string> {
  try {
    if (source.kind === "window") {
      const state = window === undefined ? undefined : await connection.window(window);
      return state ? `${state.width}x${state.height} ${state.isShown}` : "none";
    }
    const areas = await screenAreas(connection, await connection.monitors());
    const area = source.index === undefined ? areas.whole : areas.monitors[source.index - 1];
    return area ? `${area.width}x${area.height} at ${area.x},${area.y}` : "none";
  } catch {
    return "lost";
  }
}
