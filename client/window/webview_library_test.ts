import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  cString,
  findWebviewLibrary,
  libraryFileName,
  libraryPlaces,
  webviewPackage,
} from "./webview_library.ts";

Deno.test("libraryFileName() knows the files of the package", () => {
  const systems = [
    ["linux", "x86_64", "libwebview-x64.so"],
    ["linux", "aarch64", "libwebview-arm64.so"],
    ["darwin", "x86_64", "libwebview.dylib"],
    ["darwin", "aarch64", "libwebview.dylib"],
    ["windows", "x86_64", "libwebview.dll"],
    ["windows", "aarch64", undefined],
    ["linux", "riscv64", undefined],
    ["freebsd", "x86_64", undefined],
  ] as const;
  for (const [os, arch, name] of systems) strictEqual(libraryFileName(os, arch), name);
});

Deno.test("libraryPlaces() looks beside the executable first, then beside the program, in the package last", () => {
  const asked: string[] = [];
  const resolve = (specifier: string) => {
    asked.push(specifier);
    return "file:///npm/webview-bun/build/libwebview-x64.so";
  };
  const folders = ["/run/meet", "/opt/meet", "/run/meet"];
  deepStrictEqual(libraryPlaces("libwebview-x64.so", { folders, resolve }), [
    "/run/meet/webview/libwebview-x64.so",
    "/run/meet/libwebview-x64.so",
    "/opt/meet/webview/libwebview-x64.so",
    "/opt/meet/libwebview-x64.so",
    "/npm/webview-bun/build/libwebview-x64.so",
  ]);
  deepStrictEqual(asked, ["webview-bun/build/libwebview-x64.so"]);
});

Deno.test("libraryPlaces() does without the package where there is none", () => {
  const beside = ["/opt/webview/x.so", "/opt/x.so"];
  const throws = () => {
    throw new TypeError("not a dependency");
  };
  deepStrictEqual(libraryPlaces("x.so", { folders: ["/opt"], resolve: throws }), beside);
  const remote = () => "npm:webview-bun@2.4.0/build/x.so";
  deepStrictEqual(libraryPlaces("x.so", { folders: ["/opt"], resolve: remote }), beside);
});

Deno.test("findWebviewLibrary() finds the package's file, of the version that is pinned", async () => {
  const path = findWebviewLibrary();
  ok(path && Deno.statSync(path).size > 10_000, `found ${path}`);
  strictEqual((await webviewPackage()).default.version, "2.4.0");
});

Deno.test("cString() ends once, whatever the text", () => {
  deepStrictEqual([...cString("a\0ä")], [0x61, 0xc3, 0xa4, 0]);
  deepStrictEqual([...cString("")], [0]);
});
