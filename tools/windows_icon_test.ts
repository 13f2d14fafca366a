import { deepStrictEqual } from "node:assert/strict";
import { iconFile } from "./windows_icon.ts";

Deno.test("iconFile() lists its pictures and has them behind the list", () => {
  const pictures = [
    { size: 16, png: Uint8Array.of(1, 2, 3) },
    { size: 256, png: Uint8Array.of(4) },
  ];
  deepStrictEqual([...iconFile(pictures)], [
    ...[0, 0, 1, 0, 2, 0],
    ...[16, 16, 0, 0, 1, 0, 32, 0, 3, 0, 0, 0, 38, 0, 0, 0],
    ...[0, 0, 0, 0, 1, 0, 32, 0, 1, 0, 0, 0, 41, 0, 0, 0],
    ...[1, 2, 3, 4],
  ]);
});
