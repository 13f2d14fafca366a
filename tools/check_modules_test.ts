import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { faultsOf } from "./check_modules.ts";

/** [path, source, what the only fault says]. */
const FAULTS: [string, string, RegExp][] = [
  ["lib/base/a.ts", 'import { x } from "@fusionmeet/media";', /floor 0 may not use floor 2/],
  ["lib/protocol/a.ts", 'import { x } from "@fusionmeet/mixer";', /floor 1 may not use floor 1/],
  ["lib/media/a.ts", 'export * from "@fusionmeet/codec";', /floor 2 may not use floor 3/],
  ["lib/media/a.ts", 'import type { X } from "@fusionmeet/net";', /floor 2 may not use floor 3/],
  ["lib/media/a.ts", 'import { x } from "@fusionmeet/media";', /itself/],
  ["lib/media/a.ts", 'import { x } from "../base/mod.ts";', /only as @fusionmeet\/base/],
  ["server/a.ts", 'import { x } from "../client/b.ts";', /leaves its module/],
  ["server/a.ts", 'import { x } from "../lib/net/tls.ts";', /only as @fusionmeet\/net/],
  ["client/a.ts", 'await import("../server/b.ts");', /leaves its module/],
  ["client/media/a.ts", 'new Worker(new URL("../../server/b.ts", import.meta.url))', /leaves/],
  ["client/a.ts", 'import "../tests/support/wait.ts";', /leaves its module/],
  ["client/webview/a.ts", 'import { x } from "@fusionmeet/media";', /floor 5 may not use floor 2/],
  ["client/webview/a.ts", 'import { x } from "../core.ts";', /leaves its module/],
  ["tests/a_test.ts", 'import { x } from "../lib/net/tls.ts";', /only as @fusionmeet\/net/],
  ["lib/net/a.ts", 'import { x } from "@fusionmeet/nothing";', /no such module/],
  ["lib/new/a.ts", "", /stands in no module/],
  ["lib/base/a.ts", 'import { x } from "node:crypto";', /floor 0 is pure/],
  ["lib/media/a.ts", 'import { x } from "libopus-wasm";', /floor 2 is pure/],
  ["lib/base/a.ts", "const now = Date.now();", /uses Date/],
  ["lib/base/a.ts", "const at: number = performance.now();", /uses performance/],
  ["lib/mixer/a.ts", "const x = [Math.random()];", /uses Math.random/],
  ["lib/protocol/a.ts", "/* fine */ Deno.env", /uses Deno/],
  ["lib/protocol/a.ts", "setTimeout(() => {}, 1);", /uses setTimeout/],
  ["lib/media/a.ts", "setInterval(f, 1);", /uses setInterval/],
  ["lib/media/a.ts", "x / 2; console.log(y / 2);", /uses console/],
  ["lib/media/a.ts", "`at ${performance.now()}`", /uses performance/],
  ["lib/media/a.ts", "crypto.subtle", /uses crypto/],
];

for (const [path, source, fault] of FAULTS) {
  Deno.test(`faultsOf() finds ${fault.source} in ${path}: ${source}`, () => {
    const faults = faultsOf(path, source);
    strictEqual(faults.length, 1, faults.join("\n"));
    match(faults[0], fault);
  });
}

/** [path, source] without fault. */
const FINE: [string, string][] = [
  ["lib/media/a.ts", 'import { x } from "@fusionmeet/protocol"; import "./b.ts";'],
  ["lib/media/a_test.ts", 'import { x } from "@fusionmeet/media"; Deno.test("x", () => {});'],
  ["lib/media/a_test.ts", 'import { x } from "../../tests/support/audio.ts";'],
  ["lib/protocol/a.ts", 'import { encode } from "@msgpack/msgpack";'],
  ["lib/base/a.ts", "// Date.now()\n/** performance */ const text = \"Deno\" + 'console';"],
  ["lib/base/a.ts", "frame.performance; x.Date; const y = { process: 1 }; `Deno`;"],
  ["lib/base/a.ts", 'const quote = /["\'`]/; const b = 1 / 2; const c = "Deno";'],
  ["server/a.ts", 'import { x } from "@fusionmeet/store"; import "node:fs"; Date.now();'],
  ["server/media/a.ts", 'import { x } from "../config.ts";'],
  ["client/a.ts", 'new URL("https://localhost/"); new URL("data:,x");'],
  ["tools/a.ts", 'import "../server/b.ts"; import "../client/c.ts"; import "@fusionmeet/net";'],
];

for (const [path, source] of FINE) {
  Deno.test(`faultsOf() lets pass in ${path}: ${source}`, () => {
    deepStrictEqual(faultsOf(path, source), []);
  });
}
