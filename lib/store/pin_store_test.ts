import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { PinStore } from "./pin_store.ts";

const A = "a".repeat(64);
const B = "b".repeat(64);

Deno.test("PinStore: first, same, changed; and never replaced", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "pins.json");
    const pins = await PinStore.open(path);
    strictEqual(pins.check("10.0.0.1:65435", A), "first");
    await pins.accept("10.0.0.1:65435", A);
    await pins.accept("10.0.0.1:65435", A);
    strictEqual(pins.check("10.0.0.1:65435", A), "same");
    strictEqual(pins.check("10.0.0.1:65435", B), "changed");
    strictEqual(pins.check("10.0.0.1:65436", B), "first");
    strictEqual(pins.check("MyHost:1", A), "first");
    await rejects(pins.accept("10.0.0.1:65435", B), { name: "AssertionFailure" });
    deepStrictEqual([pins.knows(A), pins.knows(B)], [true, false]);
    const again = await PinStore.open(path);
    strictEqual(again.get("10.0.0.1:65435"), A);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("PinStore: two clients with one file lose none of each other's servers", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "pins.json");
    const [one, other] = [await PinStore.open(path), await PinStore.open(path)];
    await one.accept("Host-A:1", A);
    await other.accept("host-b:1", B);
    const later = await PinStore.open(path);
    deepStrictEqual([later.get("host-a:1"), later.get("HOST-B:1")], [A, B]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("PinStore.open() refuses a damaged file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "pins.json");
    await Deno.writeTextFile(path, '{"host:1":"short"}');
    await rejects(PinStore.open(path), /host:1 has no SHA-256 fingerprint/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
