import type { WindowStatistics } from "@fusionmeet/bridge";
import type { Strings } from "./strings.ts";

/** The figures of one person's picture and voice; none where nothing is received from them. */
export function figuresOf(
  participant: number,
  statistics: WindowStatistics | null,
  { people }: Strings,
): string[] {
  const isTheirs = (one: { readonly participant: number }) => one.participant === participant;
  const picture = statistics?.pictures.find(isTheirs);
  const voice = statistics?.voices.find(isTheirs);
  const delayMs = voice?.delayMs ?? picture?.delayMs;
  return [
    ...(picture ? [people.size(picture.width, picture.height)] : []),
    ...(picture ? [people.rate(Math.round(picture.fps))] : []),
    ...(delayMs !== undefined ? [people.delay(Math.round(delayMs))] : []),
    ...(picture && picture.lost > 0 ? [people.lost(picture.lost)] : []),
  ];
}
