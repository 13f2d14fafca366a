/** Floor 2: what happens to media between the wire and a device; pure. */
export * from "./types.ts";
export * from "./flv.ts";
export * from "./pacer.ts";
export * from "./gop_cache.ts";
export * from "./send_history.ts";
export * from "./gap_tracker.ts";
export * from "./picture_meter.ts";
export * from "./picture_receiver.ts";
export * from "./audio_level.ts";
export * from "./l16.ts";
export * from "./wav.ts";
export * from "./voice_packet.ts";
export * from "./voice_sender.ts";
export * from "./voice_receiver.ts";
export * from "./mix_receiver.ts";
export * from "./playout_log.ts";
