import type { WindowStatistics } from "@fusionmeet/bridge";
import type { Strings } from "./strings.ts";

/** The figures of one person's picture and voice in a line; `undefined` where nothing is received from them. */
export function figuresOf(
  participant: number,
  statistics: WindowStatistics | null,
  { people }: Strings,
): string | undefined {
  const isTheirs = (one: { readonly participant: number }) => one.participant === participant;
  const picture = statistics?.pictures.find(isTheirs);
  const voice = statistics?.voices.find(isTheirs);
  const delayMs = voice?.delayMs ?? picture?.delayMs;
  const parts = [
    ...(picture
      ? [people.pictureFigures(picture.width, picture.height, Math.round(picture.fps))]
      : []),
    ...(delayMs !== undefined ? [people.delay(Math.round(delayMs))] : []),
    ...(picture && picture.lost > 0 ? [people.lost(picture.lost)] : []),
  ];
  return parts.length > 0 ? parts.join(" · ") : undefined;
}
