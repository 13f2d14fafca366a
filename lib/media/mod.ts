/** Floor 2: what happens to media between the wire and a device; pure. */
export * from "./types.ts";
