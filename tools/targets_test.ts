import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { chosenTargets, DENO_VERSION, hostTarget, targetNamed, TARGETS } from "./targets.ts";

Deno.test("TARGETS tell what each system is packed with", () => {
  const kinds = TARGETS.map(({ name, os, arch, exeSuffix, webviewLibrary, archiveSuffix }) =>
    [name, os, arch, exeSuffix, webviewLibrary, archiveSuffix].join(" ")
  );
  deepStrictEqual(kinds, [
    "windows-x64 windows x86_64 .exe libwebview.dll .zip",
    "linux-x64 linux x86_64  libwebview-x64.so .tar.gz",
    "linux-arm64 linux aarch64  libwebview-arm64.so .tar.gz",
    "macos-x64 darwin x86_64  libwebview.dylib .tar.gz",
    "macos-arm64 darwin aarch64  libwebview.dylib .tar.gz",
  ]);
  for (const { denoIntegrity, denoTriple, arch } of TARGETS) {
    match(denoIntegrity, /^sha512-[A-Za-z0-9+/]{86}==$/);
    strictEqual(denoTriple.split("-")[0], arch);
  }
});

Deno.test("chosenTargets() is this machine unless something is asked for", () => {
  deepStrictEqual(chosenTargets({}), [hostTarget()]);
  deepStrictEqual(chosenTargets({ all: true }), TARGETS);
  const [windows, linux] = [targetNamed("windows-x64"), targetNamed("linux-x64")];
  const target = ["windows-x64", "linux-x64", "windows-x64"];
  deepStrictEqual(chosenTargets({ target }), [windows, linux]);
  throws(() => chosenTargets({ target: ["amiga"] }), /no target amiga: it is one of windows-x64, /);
});

Deno.test("DENO_VERSION is the Deno that the tests run with", () => {
  strictEqual(Deno.version.deno, DENO_VERSION);
});
