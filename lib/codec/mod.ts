/** Floor 3: the codecs that are not ours (WASM). */
export * from "./opus_settings.ts";
export * from "./opus_pool.ts";
export * from "./warm_up.ts";
