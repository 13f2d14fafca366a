/** Floor 3: what outlives the process. Files that are whole or absent, known keys, rooms and their chat. */
export * from "./json_file.ts";
export * from "./pin_store.ts";
export * from "./meeting_store.ts";
export * from "./server_identity.ts";
export * from "./atomic_file.ts";
export * from "./folder_lock.ts";
export * from "./part_file.ts";
export { FileIndex, type OfferedFile, type StoredFile } from "./file_index.ts";
