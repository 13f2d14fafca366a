/** Floor 3: where the programs and what they keep are. */
export * from "./places.ts";
