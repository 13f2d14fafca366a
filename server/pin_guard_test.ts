import { doesNotThrow, strictEqual, throws } from "node:assert/strict";
import { WRONG_PIN_DELAY_MS_MAX, WRONG_PINS_FREE } from "@fusionmeet/protocol";
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

Deno.test("networkOf() takes an IPv6 network for one guesser", () => {
  strictEqual(networkOf("192.0.2.1"), "192.0.2.1");
  strictEqual(networkOf("::ffff:192.0.2.1"), "192.0.2.1");
  strictEqual(networkOf("2001:DB8:1:2:3:4:5:6"), "2001:db8:1:2");
  strictEqual(networkOf("2001:db8:1:2::6"), "2001:db8:1:2");
  strictEqual(networkOf("2001:db8::1"), "2001:db8:0:0");
  strictEqual(networkOf("fe80::1%eth0"), "fe80:0:0:0");
  strictEqual(networkOf("::1"), "0:0:0:0");
});
