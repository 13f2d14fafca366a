import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { REPORT_INTERVAL_MS, TransferMeter } from "./transfer_meter.ts";

Deno.test("TransferMeter gives the rate of late and the time that is left", () => {
  const meter = new TransferMeter(100_000_000);
  meter.resume(10_000_000, 0);
  for (let ms = 100; ms <= 10_000; ms += 100) meter.moved(100_000, ms);
  const { bytes, bytesPerSecond, leftMs } = meter.progress;
  strictEqual(bytes, 20_000_000);
  ok(Math.abs(bytesPerSecond - 1_000_000) < 10_000, `${bytesPerSecond}`);
  ok(Math.abs(leftMs! - 80_000) < 1_000, `${leftMs}`);
  for (let ms = 10_100; ms <= 25_000; ms += 100) meter.moved(200_000, ms);
  ok(Math.abs(meter.progress.bytesPerSecond - 2_000_000) < 30_000);
});

Deno.test("TransferMeter knows no rate before anything moved, and reports at most twice a second", () => {
  const meter = new TransferMeter(10);
  meter.resume(0, 0);
  deepStrictEqual(meter.progress, { bytes: 0, size: 10, bytesPerSecond: 0 });
  const due = [1, 2, REPORT_INTERVAL_MS, REPORT_INTERVAL_MS + 1].map((ms) => meter.moved(1, ms));
  deepStrictEqual(due, [true, false, false, true]);
});
