import { ok } from "node:assert/strict";
import { carriesRedundancy } from "./opus_packet.ts";

Deno.test("carriesRedundancy() reads the LBRR flag of one 20 ms SILK or hybrid frame", () => {
  // Configurations 9 (SILK wideband 20 ms) and 15 (hybrid full band 20 ms), code 0, mono.
  ok(carriesRedundancy(Uint8Array.of(9 << 3, 0b1100_0000, 1, 2)));
  ok(carriesRedundancy(Uint8Array.of(15 << 3, 0b0100_0000, 1, 2)));
  ok(!carriesRedundancy(Uint8Array.of(15 << 3, 0b1000_0000, 1, 2)));
});

Deno.test("carriesRedundancy() finds none in CELT, in several frames, in DTX", () => {
  ok(!carriesRedundancy(Uint8Array.of(31 << 3, 0xff, 1, 2)));
  ok(!carriesRedundancy(Uint8Array.of(9 << 3 | 1, 0xff, 1, 2)));
  ok(!carriesRedundancy(Uint8Array.of(9 << 3)));
  ok(!carriesRedundancy(new Uint8Array(0)));
});
