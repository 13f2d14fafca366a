/** Floor 0: the few things every other module stands on. Pure: no `Deno`, clocks or chance of its own. */
export * from "./errors.ts";
export * from "./bytes.ts";
export * from "./serial.ts";
export * from "./random.ts";
export * from "./counters.ts";
export * from "./clock.ts";
export * from "./decibel.ts";
export * from "./token_bucket.ts";
export * from "./timers.ts";
