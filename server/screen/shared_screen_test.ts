/** The connections of one share, in memory, on a clock that stands still. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { concatBytes, Counters } from "@fusionmeet/base";
import { FakeTimers } from "@fusionmeet/net";
import {
  encodeScreenMessage,
  SCREEN_ANSWER_BYTES_BURST,
  SCREEN_BYTES_BURST,
  SCREEN_BYTES_PER_SECOND,
  SCREEN_CLOCK_MS,
  SCREEN_MESSAGE_COST_BYTES,
  SCREEN_PRESENTER_SILENT_MS_MAX,
  SCREEN_UNACKNOWLEDGED_MS_MAX,
  SCREEN_VIEWER_SILENT_MS_MAX,
} from "@fusionmeet/protocol";
import { type MemoryStream, memoryStreams } from "../../tests/support/memory_stream.ts";
import { until } from "../control_server_fixture.ts";
import { arrival } from "../test_support.ts";
import { format, picture, ScreenEnd, tiles } from "./screen_fixture.ts";
import { SharedScreen } from "./shared_screen.ts";

/** Timers of a presenter and a viewer: how long each may be silent. */
const WAITING_WITH_VIEWER = 2;

/** One share, and its people's ends. */
class Bench {
  readonly timers = new FakeTimers();
  readonly counters = new Counters();
  readonly screen = new SharedScreen({
    timers: this.timers,
    counters: this.counters,
    epochMs: () => 1_000_000 + this.timers.nowMs(),
  });
  /** What the room is told. */
  readonly connected: boolean[] = [];
  readonly #serving: Promise<void>[] = [];

  present(): ScreenEnd {
    const [ours, theirs] = memoryStreams();
    const connected = (isConnected: boolean) => void this.connected.push(isConnected);
    this.#serving.push(this.screen.present(ours, connected).catch(() => {}));
    return new ScreenEnd(theirs);
  }

  /** @param into.server What the server has of the connection. */
  view(participant: number): { end: ScreenEnd; server: MemoryStream } {
    const [server, theirs] = memoryStreams();
    this.#serving.push(this.screen.show(server, participant).catch(() => {}));
    return { end: new ScreenEnd(theirs), server };
  }

  /** Fails when something would go on after the share. */
  async close(): Promise<void> {
    this.screen.close();
    await arrival("the end of what is served", Promise.all(this.#serving));
    strictEqual(this.timers.waitingCount, 0);
    strictEqual(this.screen.viewerCount, 0);
  }
}

Deno.test("a viewer who takes nothing costs the others and the presenter nothing, and is let go of", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  const { server, end: stuck } = bench.view(1);
  server.isStuck = true;
  const deaf = bench.view(2).end;
  const good = bench.view(3).end;
  await presenter.send(format(1));
  for (let sequence = 2; sequence < 300; sequence++) {
    await presenter.send(picture(sequence, { keyframe: sequence % 60 === 2, size: 40_000 }));
    strictEqual((await presenter.next())?.sequence, sequence - 1, "the presenter is answered");
    const taken = await good.next();
    strictEqual(taken?.sequence, sequence - 1);
    await good.acknowledge(sequence - 1);
    bench.timers.advance(33);
  }
  // The deaf one got what may be under way, and no more.
  let bytes = 0;
  bench.timers.advance(SCREEN_VIEWER_SILENT_MS_MAX - 297 * 33);
  for (let message; (message = await deaf.next()) !== undefined;) bytes += message.bytes.length;
  ok(bytes < 250_000, `${bytes} bytes`);
  strictEqual(await stuck.next(), undefined);
  strictEqual(bench.counters.get("screen.viewer-silent"), 2);
  strictEqual(bench.screen.viewerCount, 1);
  await bench.close();
});

Deno.test("a viewer who owes nothing may be silent", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  const { end } = bench.view(1);
  await presenter.send(format(1));
  strictEqual((await end.next())?.type, "format");
  await end.acknowledge(1);
  // Then the server has taken it.
  await end.send({ type: "clock.ask", sequence: 0, askedAtMs: 0 });
  strictEqual((await end.next())?.type, "clock.answer");
  for (let second = 0; second < 60; second++) {
    bench.timers.advance(1_000);
    await presenter.send({ type: "clock.ask", sequence: 0, askedAtMs: 0 });
    strictEqual((await presenter.next())?.type, second === 0 ? "acknowledge" : "clock.answer");
  }
  strictEqual(bench.screen.viewerCount, 1);
  await bench.close();
});

Deno.test("a viewer who was late gets the last pictures when nothing moves any more, without being asked", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  const { end } = bench.view(1);
  await presenter.send(format(1), picture(2, { keyframe: true }));
  deepStrictEqual(await end.brief(2), ["format 1", "keyframe 2"]);
  bench.timers.advance(SCREEN_UNACKNOWLEDGED_MS_MAX + 1);
  await presenter.send(picture(3));
  strictEqual((await presenter.brief(3)).length, 3);
  bench.timers.advance(SCREEN_UNACKNOWLEDGED_MS_MAX + 1);
  await presenter.send(picture(4));
  strictEqual((await presenter.brief(1)).length, 1);
  await end.acknowledge(1, 2);
  const later = end.brief(2);
  await until(() => bench.timers.waitingCount === WAITING_WITH_VIEWER + 1);
  bench.timers.advance(SCREEN_UNACKNOWLEDGED_MS_MAX);
  deepStrictEqual(await later, ["picture 3", "picture 4"]);
  await bench.close();
});

Deno.test("a presenter of whom nothing comes is gone; one who asks for the time shows what is still", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  await presenter.send(format(1));
  strictEqual((await presenter.next())?.type, "acknowledge");
  for (let ms = 0; ms < 3 * SCREEN_PRESENTER_SILENT_MS_MAX; ms += SCREEN_CLOCK_MS) {
    bench.timers.advance(SCREEN_CLOCK_MS);
    await presenter.send({ type: "clock.ask", sequence: 7, askedAtMs: ms });
    const { bytes: _, ...answer } = await presenter.next() ?? {};
    const serverAtMs = 1_000_000 + bench.timers.nowMs();
    deepStrictEqual(answer, { type: "clock.answer", sequence: 7, askedAtMs: ms, serverAtMs });
  }
  bench.timers.advance(SCREEN_PRESENTER_SILENT_MS_MAX - 1);
  deepStrictEqual(bench.connected, [true]);
  bench.timers.advance(1);
  strictEqual(await presenter.next(), undefined);
  await until(() => bench.connected.length === 2);
  deepStrictEqual(bench.connected, [true, false]);
  strictEqual(bench.counters.get("screen.presenter-silent"), 1);
  await bench.close();
});

Deno.test("a presenter who takes no answers is gone, too", async () => {
  const bench = new Bench();
  const [ours, theirs] = memoryStreams();
  ours.isStuck = true;
  const served = bench.screen.present(ours, () => {}).catch(() => {});
  const both = [format(1), picture(2, { keyframe: true })].map(encodeScreenMessage);
  await theirs.write(concatBytes(...both));
  await until(() => bench.screen.size > 0);
  bench.timers.advance(SCREEN_PRESENTER_SILENT_MS_MAX);
  await served;
  await bench.close();
});

Deno.test("a presenter who sends too much is read more slowly, and loses nothing", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  const size = 60_000;
  const count = Math.ceil(1.2 * SCREEN_BYTES_BURST / size);
  const sent = Array.from({ length: count }, (_, index) => tiles(2 + index, [index], size));
  const bytesOf = [format(1, [2_560, 1_440]), ...sent].map(encodeScreenMessage);
  await presenter.stream.write(concatBytes(...bytesOf));
  let acknowledged = 0;
  const reading = (async () => {
    while (acknowledged < count + 1) acknowledged = (await presenter.next())!.sequence;
  })();
  await until(() => bench.counters.get("screen.presenter-slowed") > 0);
  ok(acknowledged < count + 1);
  while (acknowledged < count + 1) {
    bench.timers.advance(10);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await reading;
  const bytes = count * (size + SCREEN_MESSAGE_COST_BYTES);
  const wantedMs = 1_000 * (bytes - SCREEN_BYTES_BURST) / SCREEN_BYTES_PER_SECOND;
  const tookMs = bench.timers.nowMs();
  ok(tookMs > 0.8 * wantedMs && tookMs < 1.3 * wantedMs + 100, `${tookMs} of ${wantedMs} ms`);
  await bench.close();
});

Deno.test("a presenter of very many small messages at once is read more slowly, and not left for ever", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  const count = Math.ceil(1.5 * SCREEN_BYTES_BURST / SCREEN_MESSAGE_COST_BYTES);
  const all = Array.from({ length: count }, (_, index) => encodeScreenMessage(format(1 + index)));
  // One piece, as it is read.
  await presenter.stream.write(concatBytes(...all));
  await presenter.stream.write(encodeScreenMessage(format(1 + count)));
  let acknowledged = 0;
  const reading = (async () => {
    while (acknowledged < count + 1) acknowledged = (await presenter.next())!.sequence;
  })();
  for (let tries = 0; acknowledged < count + 1; tries++) {
    ok(tries < 5_000, `${acknowledged} of ${count + 1}`);
    bench.timers.advance(20);
    await new Promise((resolve) => setTimeout(resolve));
  }
  await reading;
  const wantedMs = 500 * SCREEN_BYTES_BURST / SCREEN_BYTES_PER_SECOND;
  ok(bench.timers.nowMs() > 0.8 * wantedMs, `${bench.timers.nowMs()} of ${wantedMs} ms`);
  await bench.close();
});

Deno.test("a viewer who acknowledges far too much is read more slowly", async () => {
  const bench = new Bench();
  const { end } = bench.view(1);
  const one = encodeScreenMessage({ type: "acknowledge", sequence: 0 });
  const many = new Array<Uint8Array>(1 + SCREEN_ANSWER_BYTES_BURST / one.length).fill(one);
  await end.stream.write(concatBytes(...many));
  await until(() => bench.counters.get("screen.viewer-slowed") > 0);
  await bench.close();
});

Deno.test("a presenter's third connection in a row ends the two before it", async () => {
  const bench = new Bench();
  const first = bench.present();
  await first.send(format(1));
  strictEqual((await first.next())?.type, "acknowledge");
  const ends = [first, bench.present(), bench.present()];
  strictEqual(await first.next(), undefined);
  strictEqual(await ends[1].next(), undefined);
  await ends[2].send(format(1));
  strictEqual((await ends[2].next())?.type, "acknowledge");
  deepStrictEqual(bench.connected, [true, false, true]);
  await bench.close();
  deepStrictEqual(bench.connected, [true, false, true, false]);
});

Deno.test("a share that ends while a long picture is on its way to somebody stuck leaves nothing behind", async () => {
  const bench = new Bench();
  const presenter = bench.present();
  const { server, end } = bench.view(1);
  await presenter.send(format(1));
  strictEqual((await end.next())?.type, "format");
  server.isStuck = true;
  await presenter.send(picture(2, { keyframe: true, size: 2_000_000 }));
  strictEqual((await presenter.next())?.type, "acknowledge");
  strictEqual((await presenter.next())?.type, "acknowledge");
  await bench.close();
});
