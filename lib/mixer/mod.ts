/** Floor 1: sums of voices, exact and bounded; who is in them. */
export * from "./mix.ts";
export * from "./limiter.ts";
export * from "./talker_selection.ts";
export * from "./own_mixes.ts";
