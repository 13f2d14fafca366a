import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { contentFolder } from "@fusionmeet/places";

/** The part of libwebview's C API (webview.h, 0.12) that the window's main thread uses. */
export const WEBVIEW_SYMBOLS = {
  webview_create: { parameters: ["i32", "pointer"], result: "pointer" },
  webview_destroy: { parameters: ["pointer"], result: "i32" },
  webview_run: { parameters: ["pointer"], result: "i32" },
  webview_terminate: { parameters: ["pointer"], result: "i32" },
  webview_get_window: { parameters: ["pointer"], result: "pointer" },
  webview_get_native_handle: { parameters: ["pointer", "i32"], result: "pointer" },
  webview_set_title: { parameters: ["pointer", "buffer"], result: "i32" },
  webview_set_size: { parameters: ["pointer", "i32", "i32", "i32"], result: "i32" },
  webview_navigate: { parameters: ["pointer", "buffer"], result: "i32" },
  webview_init: { parameters: ["pointer", "buffer"], result: "i32" },
  webview_bind: { parameters: ["pointer", "buffer", "function", "pointer"], result: "i32" },
  webview_return: { parameters: ["pointer", "buffer", "i32", "buffer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The part that may be called from any thread. */
export const WEBVIEW_DISPATCH_SYMBOLS = {
  webview_dispatch: { parameters: ["pointer", "pointer", "pointer"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** `webview_native_handle_kind_t`: the widget that shows the page. */
export const NATIVE_HANDLE_BROWSER = 2;
/** `webview_hint_t`: the size is the first one, or the smallest one. */
export const SIZE_HINT = { none: 0, min: 1 } as const;

export type WebviewLibrary = Deno.DynamicLibrary<typeof WEBVIEW_SYMBOLS>;

/** Folder beside the program that holds libwebview where the program was packed. */
export const LIBRARY_FOLDER = "webview";

/** The file's name in npm `webview-bun`; `undefined` for a system it was not built for. */
export function libraryFileName(os: string, arch: string): string | undefined {
  if (os === "darwin") return "libwebview.dylib";
  if (os === "windows") return arch === "x86_64" ? "libwebview.dll" : undefined;
  if (os !== "linux") return undefined;
  return { x86_64: "libwebview-x64.so", aarch64: "libwebview-arm64.so" }[arch];
}

/**
 * Where libwebview may be, best first.
 *
 * @param options.folders Those that may hold it or its folder. @param options.resolve Of an npm package's file to its
 * URL; may throw.
 */
export function libraryPlaces(
  fileName: string,
  { folders, resolve }: { folders: readonly string[]; resolve: (specifier: string) => string },
): string[] {
  const places = [...new Set(folders)].flatMap((folder) => [
    join(folder, LIBRARY_FOLDER, fileName),
    join(folder, fileName),
  ]);
  try {
    const url = resolve(`webview-bun/build/${fileName}`);
    if (url.startsWith("file:")) places.push(fileURLToPath(url));
  } catch {
    // A packed program has no packages; its files are beside it.
  }
  return places;
}

/** Path of libwebview for this system; `undefined` where there is none. Not for an executable, which has it inside. */
export function findWebviewLibrary(): string | undefined {
  const fileName = libraryFileName(Deno.build.os, Deno.build.arch);
  if (fileName === undefined) return undefined;
  // Beside the executable first: on a stick that lets no program run, that is where a start file has put both.
  const folders = [dirname(Deno.execPath()), contentFolder()];
  return libraryPlaces(fileName, { folders, resolve: import.meta.resolve }).find(isFile);
}

/** Never called: makes the package part of the program, so that Deno fetches it and its files can be resolved. */
export const webviewPackage = () => import("webview-bun/package.json", { with: { type: "json" } });

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** UTF-8 with a NUL behind it; a NUL inside would end it early, so there is none. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text.replaceAll("\0", "") + "\0");
}

/** A copy of the text at `pointer`; "" for NULL. */
export function readCString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : new Deno.UnsafePointerView(pointer).getCString();
}
