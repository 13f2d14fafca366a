import { useEffect } from "preact/hooks";
import { useSignalEffect } from "@preact/signals";
import type { ShareView } from "../share_view.ts";

/**
 * Takes the whole screen where the browser lets us. Where it does not, the share has the window: what is shown depends on
 * `view.isFull` alone.
 */
export function useFullScreen(view: ShareView): void {
  useSignalEffect(() => {
    const isFull = view.isFull.value;
    if (isFull === (document.fullscreenElement !== null)) return;
    const asked = isFull
      ? document.documentElement.requestFullscreen?.()
      : document.exitFullscreen();
    // Refused: the window has to do.
    asked?.catch(() => {});
  });
  useEffect(() => {
    let wasFull = false;
    const changed = () => {
      const isFull = document.fullscreenElement !== null;
      if (wasFull && !isFull) view.isFull.value = false;
      wasFull = isFull;
    };
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, [view]);
}
