import { fail, ok, strictEqual } from "node:assert/strict";

interface Percentiles {
  p50: number;
  p99: number;
  max: number;
}

interface Figures {
  counters: Record<string, number>;
  tickLatenessMs: Percentiles;
  tickCostMs: Percentiles;
  ticks: number;
  packetsIn: number;
  packetsOut: number;
  collections: number;
}

/** Other programs on the host only ever make it worse. */
const ATTEMPTS = 3;
const LATENESS_P99_MS_MAX = 8;

Deno.test("Media worker ticks on time with a full room, a 20-way relay and forced collections beside it", async () => {
  const measured: number[] = [];
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const figures = await measure();
    strictEqual(figures.counters["fault"] ?? 0, 0);
    const { p99 } = figures.tickLatenessMs;
    measured.push(p99);
    if (p99 > LATENESS_P99_MS_MAX) continue;
    ok(figures.collections >= 20, "collections were forced");
    const { ticks, packetsIn, packetsOut } = figures;
    ok(ticks >= 350 && packetsIn > 4_000 && packetsOut > 80_000, "the load was there");
    ok(figures.counters["mix.encoded"] >= 8 * 300, "8 own mixes and the shared one");
    return;
  }
  fail(`p99 of the tick lateness is ${measured.map((ms) => ms.toFixed(1)).join(", ")} ms`);
});

/** One run of the load, in a process of its own. */
async function measure(): Promise<Figures> {
  const load = new URL("./support/media_worker_load.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", load, "6"],
  }).output();
  const text = new TextDecoder();
  ok(success, text.decode(stderr));
  const figures: Figures = JSON.parse(text.decode(stdout));
  const inMs = ({ p50, p99, max }: Percentiles) =>
    `p50 ${p50.toFixed(2)} p99 ${p99.toFixed(2)} max ${max.toFixed(2)} ms`;
  console.log(
    `tick lateness ${inMs(figures.tickLatenessMs)}; cost ${inMs(figures.tickCostMs)}; ` +
      `${figures.ticks} ticks, ${figures.packetsIn} packets in, ${figures.packetsOut} out, ` +
      `${figures.collections} collections`,
  );
  return figures;
}
