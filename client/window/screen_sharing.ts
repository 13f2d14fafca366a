import type { OwnScreen } from "../screen/own_screen.ts";
import { listScreens, screenThumbnail } from "../screen/screen_list.ts";
import { parseScreenSource } from "../screen/screen_source.ts";
import type { OpenScreenSource } from "../screen/screen_input.ts";
import type { ScreenSharing } from "./window_screens.ts";

/** The screens of this computer, shown by the meeting. */
export function screenSharing(screen: Pick<OwnScreen, "share" | "stop">): ScreenSharing {
  return {
    list: listScreens,
    thumbnail: screenThumbnail,
    // Ids of choices are of screens and windows: there is always something to show.
    share: (id) => screen.share(parseScreenSource(id) as OpenScreenSource),
    stop: () => screen.stop(),
  };
}
