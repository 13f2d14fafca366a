/** What the client program and its page say to each other over the loopback. */
export * from "./files.ts";
export * from "./frames.ts";
export * from "./messages.ts";
export * from "./state.ts";
