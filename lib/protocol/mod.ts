/** Floor 1: what travels. Control messages, names, RTP, SRTP, RTCP and payload formats; pure. */
export * from "./limits.ts";
export * from "./fields.ts";
export * from "./messages.ts";
export * from "./cryptography.ts";
export * from "./h264.ts";
export * from "./h264_sps.ts";
export * from "./envelope.ts";
export * from "./names.ts";
export * from "./fingerprint_words.ts";
export * from "./rtp.ts";
export * from "./header_extensions.ts";
export * from "./rtcp.ts";
export * from "./key_derivation.ts";
export * from "./replay_window.ts";
export * from "./srtp.ts";
export * from "./features.ts";
