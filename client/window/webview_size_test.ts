import { deepStrictEqual } from "node:assert/strict";
import { rememberedSize, rememberSize, WINDOW_SIZE_DEFAULT } from "./webview_size.ts";

Deno.test("A window's size is remembered; what cannot be one is as good as none", () => {
  const folder = Deno.makeTempDirSync({ prefix: "fusionmeet-" });
  try {
    const path = `${folder}/window.json`;
    deepStrictEqual(rememberedSize(path), WINDOW_SIZE_DEFAULT);
    rememberSize(path, { width: 1_000, height: 650 });
    deepStrictEqual(rememberedSize(path), { width: 1_000, height: 650 });
    for (const text of ["", "{", "null", "[]", '{"width":1000}', '{"width":1,"height":1}']) {
      Deno.writeTextFileSync(path, text);
      deepStrictEqual(rememberedSize(path), WINDOW_SIZE_DEFAULT, text);
    }
    rememberSize(`${folder}/nowhere/window.json`, { width: 1_000, height: 650 });
    deepStrictEqual(rememberedSize(folder), WINDOW_SIZE_DEFAULT);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
