import { doesNotThrow, strictEqual, throws } from "node:assert/strict";
import {
  WRONG_PIN_DELAY_MS_MAX,
  WRONG_PINS_FREE,
  WRONG_PINS_IN_ALL_BURST,
  WRONG_PINS_IN_ALL_PER_SECOND,
} from "@fusionmeet/protocol";
import { networkOf, PinGuard } from "./pin_guard.ts";

const A = "192.0.2.1";
const B = "192.0.2.2";

Deno.test("PinGuard: needed, wrong, right", () => {
  const guard = new PinGuard("4711");
  throws(() => guard.check(undefined, { address: A, nowMs: 0 }), { code: "pin-needed" });
  throws(() => guard.check("", { address: A, nowMs: 0 }), { code: "pin-needed" });
  throws(() => guard.check("4712", { address: A, nowMs: 0 }), { code: "pin-wrong" });
  doesNotThrow(() => guard.check("4711", { address: A, nowMs: 0 }));
});

Deno.test("PinGuard slows an address down, doubling up to the limit, and no other address", () => {
  const guard = new PinGuard("4711");
  let nowMs = 0;
  const wrong = () =>
    throws(() => guard.check("0000", { address: A, nowMs }), { code: "pin-wrong" });
  const right = (address: string) => guard.check("4711", { address, nowMs });
  for (let count = 1; count < WRONG_PINS_FREE; count++) wrong();
  for (let delayMs = 1_000; delayMs <= 4 * WRONG_PIN_DELAY_MS_MAX; delayMs *= 2) {
    wrong();
    nowMs += Math.min(delayMs, WRONG_PIN_DELAY_MS_MAX) - 1;
    throws(() => right(A), { code: "too-many-wrong-pins", message: /try again in 1 s/ });
    right(B);
    nowMs += 1;
  }
  right(A);
  wrong();
  right(A);
});

Deno.test("PinGuard forgets an address after ten quiet minutes", () => {
  const guard = new PinGuard("4711");
  let nowMs = 0;
  const wrong = () =>
    throws(() => guard.check("0000", { address: A, nowMs }), { code: "pin-wrong" });
  for (let count = 1; count <= WRONG_PINS_FREE; count++) wrong();
  nowMs += 10 * 60_000;
  for (let count = 1; count <= WRONG_PINS_FREE; count++) wrong();
  throws(() => guard.check("4711", { address: A, nowMs }), { code: "too-many-wrong-pins" });
});

Deno.test("PinGuard lets many addresses together guess so many and no more, and keeps out nobody who was right", () => {
  const guard = new PinGuard("4711");
  const at = (index: number) => `10.0.${index >> 8}.${index & 255}`;
  let [nowMs, wrong, refused] = [0, 0, 0];
  const guess = (address: string) => {
    try {
      guard.check("0000", { address, nowMs });
    } catch (thrown) {
      if ((thrown as { code: string }).code === "pin-wrong") wrong++;
      else refused++;
    }
  };
  guard.check("4711", { address: A, nowMs });
  // However many are right at once, it costs nobody anything.
  for (let index = 0; index < 500; index++) guard.check("4711", { address: at(index), nowMs });
  for (let index = 1_000; index < 9_000; index++) guess(at(index));
  strictEqual(wrong, WRONG_PINS_IN_ALL_BURST);
  strictEqual(refused, 8_000 - WRONG_PINS_IN_ALL_BURST);
  // The right one of a newcomer tells them nothing now.
  throws(() => guard.check("4711", { address: B, nowMs }), {
    code: "too-many-wrong-pins",
    message: /Somebody in the network guesses the PIN/,
  });
  guard.check("4711", { address: A, nowMs });
  const seconds = 60;
  for (let second = 1; second <= seconds; second++) {
    nowMs += 1_000;
    for (let index = 0; index < 20; index++) guess(at(9_000 + 20 * second + index));
  }
  strictEqual(wrong, WRONG_PINS_IN_ALL_BURST + seconds * WRONG_PINS_IN_ALL_PER_SECOND);
  nowMs += 1_000 / WRONG_PINS_IN_ALL_PER_SECOND;
  guard.check("4711", { address: B, nowMs });
});

Deno.test("networkOf() takes an IPv6 network for one guesser", () => {
  strictEqual(networkOf("192.0.2.1"), "192.0.2.1");
  strictEqual(networkOf("::ffff:192.0.2.1"), "192.0.2.1");
  strictEqual(networkOf("2001:DB8:1:2:3:4:5:6"), "2001:db8:1:2");
  strictEqual(networkOf("2001:db8:1:2::6"), "2001:db8:1:2");
  strictEqual(networkOf("2001:db8::1"), "2001:db8:0:0");
  strictEqual(networkOf("fe80::1%eth0"), "fe80:0:0:0");
  strictEqual(networkOf("::1"), "0:0:0:0");
});
