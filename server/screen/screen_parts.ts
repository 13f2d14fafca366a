import type { Counters } from "@fusionmeet/base";
import type { ServerParts } from "../parts.ts";

/** What shared screens stand on. */
export interface ScreenParts extends Pick<ServerParts, "timers" | "epochMs"> {
  readonly counters: Counters;
}
