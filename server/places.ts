import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder the program is in: of the executable, of the bundle, or the top of a checkout. */
export function programFolder(): string {
  if (Deno.build.standalone) return dirname(Deno.execPath());
  const folder = dirname(fileURLToPath(import.meta.url));
  return import.meta.url.endsWith("/server/places.ts") ? dirname(folder) : folder;
}

/** The operator's settings. */
export function settingsPath(): string {
  return join(programFolder(), "fusionmeet-server.json");
}
