import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { PathLoss } from "./path_loss.ts";

/** Reports once a second from `fromMs` on; gives `percent` right after each. */
function report(loss: PathLoss, cumulative: readonly number[], fromMs = 0): number[] {
  return cumulative.map((cumulativeLost, second) => {
    const nowMs = fromMs + second * 1_000;
    loss.report({ ssrc: 1, cumulativeLost }, nowMs);
    return loss.percent(nowMs);
  });
}

Deno.test("PathLoss.percent() rises with the second packet lost in four seconds, not with one now and then", () => {
  deepStrictEqual(report(new PathLoss(), [0, 1, 1, 1, 1, 2, 2, 2, 2, 3]), Array(10).fill(0));
  deepStrictEqual(report(new PathLoss(), [0, 1, 1, 1, 2]), [0, 0, 0, 0, 1]);
  deepStrictEqual(report(new PathLoss(), [0, 10, 20, 30, 40, 50]), [0, 5, 10, 15, 20, 20]);
});

Deno.test("PathLoss.percent() is 0 again after 20 s without a lost packet, and not before", () => {
  const loss = new PathLoss();
  report(loss, [0, 2]);
  report(loss, [2, 2, 2, 3], 15_000);
  report(loss, Array(19).fill(3), 19_000);
  strictEqual(loss.percent(37_999), 1);
  strictEqual(loss.percent(38_000), 0);
  report(loss, [4], 39_000);
  strictEqual(loss.percent(39_000), 0, "one lost does not bring it back");
});

Deno.test("PathLoss takes packets that were only late for what they are", () => {
  const random = seededRandom(1);
  const early = Array.from({ length: 300 }, () => random.u32() % 2);
  deepStrictEqual(report(new PathLoss(), early), early.map(() => 0));
});

Deno.test("PathLoss goes on with a receiver that counts from 0 again, and over lost reports", () => {
  const loss = new PathLoss();
  report(loss, [0, 40]);
  strictEqual(loss.percent(30_000), 0);
  deepStrictEqual(report(loss, [0, 0, 1, 2], 30_000), [0, 0, 0, 1]);
  const gap = new PathLoss();
  gap.report({ ssrc: 1, cumulativeLost: 0 }, 0);
  gap.report({ ssrc: 1, cumulativeLost: 8 }, 7_000);
  strictEqual(gap.percent(7_000), 4);
});

Deno.test("PathLoss adds up what goes the same way, however often it is reported", () => {
  const loss = new PathLoss();
  for (const ssrc of [1, 2]) loss.report({ ssrc, cumulativeLost: 1 }, 0);
  strictEqual(loss.percent(0), 1);
  const flooded = new PathLoss();
  for (let nth = 0; nth < 10_000; nth++) {
    flooded.report({ ssrc: 1, cumulativeLost: nth % 2 === 0 ? -(2 ** 23) : 2 ** 23 - 1 }, nth);
    const percent = flooded.percent(nth);
    ok(percent >= 0 && percent <= 100);
  }
});
