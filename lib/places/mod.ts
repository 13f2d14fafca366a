/** Floor 3: where the programs and what they keep are, and who listens to them. */
export * from "./folder_origin.ts";
export * from "./log_file.ts";
export * from "./places.ts";
export * from "./terminal.ts";
