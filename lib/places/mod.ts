/** Floor 3: where the programs and what they keep are. */
export * from "./folder_origin.ts";
export * from "./places.ts";
