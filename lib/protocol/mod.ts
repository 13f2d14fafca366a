/** Floor 1: what travels. Control messages, names, RTP, SRTP, RTCP and payload formats; pure. */
export * from "./limits.ts";
export * from "./fields.ts";
export * from "./messages.ts";
export * from "./cryptography.ts";
