import { ok, strictEqual } from "node:assert/strict";

interface Figures {
  counters: Record<string, number>;
  tickLatenessMs: { p50: number; p99: number; max: number };
  tickCostMs: { p50: number; p99: number };
  ticks: number;
  packetsIn: number;
  packetsOut: number;
  collections: number;
}

Deno.test("Media worker ticks on time with a full room, a 20-way relay and forced collections beside it", async () => {
  const load = new URL("./support/media_worker_load.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", load, "8"],
  }).output();
  const text = new TextDecoder();
  ok(success, text.decode(stderr));
  const figures: Figures = JSON.parse(text.decode(stdout));
  const { counters, tickLatenessMs, tickCostMs, ticks, packetsIn, packetsOut } = figures;
  console.log(
    `tick lateness p50 ${tickLatenessMs.p50.toFixed(2)} p99 ${tickLatenessMs.p99.toFixed(2)} ` +
      `max ${tickLatenessMs.max.toFixed(2)} ms; cost p50 ${tickCostMs.p50.toFixed(2)} ` +
      `p99 ${tickCostMs.p99.toFixed(2)} ms; ${ticks} ticks, ${packetsIn} packets in, ` +
      `${packetsOut} out, ${figures.collections} collections`,
  );
  ok(figures.collections >= 20, "collections were forced");
  ok(ticks >= 350 && packetsIn > 4_000 && packetsOut > 80_000, "the load was there");
  strictEqual(counters["fault"] ?? 0, 0);
  ok(counters["mix.encoded"] >= 8 * 300, "8 own mixes and the shared one");
  ok(tickLatenessMs.p99 <= 8, `p99 of the tick lateness is ${tickLatenessMs.p99} ms`);
});
