import { EncoderProbe } from "../capture/encoder_probe.ts";
import { findFfmpeg } from "../capture/ffmpeg_process.ts";
import { SCREEN_FRAMES_PER_SECOND } from "@fusionmeet/protocol";
import type { ScreenMeans } from "./own_screen.ts";
import { startScreen } from "./screen_handle.ts";
import { askIsOld, screenInput } from "./screen_input.ts";
import { watchScreen } from "./screen_watch.ts";

/** Screens of this computer. */
export function systemScreens(): ScreenMeans {
  const encoders = new EncoderProbe();
  let known: { ffmpeg: string; isOldFfmpeg: boolean } | undefined;
  return {
    input: async (source, framesPerSecond) => {
      const ffmpeg = await findFfmpeg();
      if (known?.ffmpeg !== ffmpeg) known = { ffmpeg, isOldFfmpeg: await askIsOld(ffmpeg) };
      return await screenInput(source, { ...known, framesPerSecond });
    },
    watch: watchScreen,
    encoder: async ({ width, height }) => {
      const ffmpeg = await findFfmpeg();
      const size = { width: 2 * Math.ceil(width / 2), height: 2 * Math.ceil(height / 2) };
      const quality = { ...size, framesPerSecond: SCREEN_FRAMES_PER_SECOND };
      return { ffmpeg, encoder: await encoders.find(ffmpeg, quality) };
    },
    start: startScreen,
  };
}
