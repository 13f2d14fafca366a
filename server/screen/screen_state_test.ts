import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Counters } from "@fusionmeet/base";
import {
  decodeScreenMessage,
  SCREEN_GOP_BYTES_MAX,
  SCREEN_TILES_BYTES_MAX,
  SCREEN_TILES_FIRST_MS,
  SCREEN_TILES_KEPT_BYTES_MAX,
  SCREEN_UNACKNOWLEDGED_MS_MAX,
  type ScreenMessage,
} from "@fusionmeet/protocol";
import { brief, format, picture, received, status, tiles } from "./screen_fixture.ts";
import { ScreenState } from "./screen_state.ts";
import { ScreenViewer } from "./screen_viewer.ts";

/** A share and its viewers, who acknowledge at once unless they are told not to. */
class Bench {
  readonly counters = new Counters();
  readonly state = new ScreenState(this.counters);
  nowMs = 0;

  take(...messages: ScreenMessage[]): void {
    for (const message of messages) this.state.take(received(message), this.nowMs);
  }

  viewer(): ScreenViewer {
    return new ScreenViewer(this.state, this.counters);
  }

  /** All that a viewer is sent now, in short. */
  send(viewer: ScreenViewer, { acknowledges = true } = {}): string[] {
    const said: string[] = [];
    for (let bytes; (bytes = viewer.next(this.nowMs)) !== undefined;) {
      const message = decodeScreenMessage(bytes);
      said.push(brief(message));
      if (acknowledges) viewer.acknowledge(message.sequence, this.nowMs);
    }
    return said;
  }
}

const key = (sequence: number, changed: readonly number[] = []) =>
  picture(sequence, { keyframe: true, changed });
const delta = (sequence: number, ...changed: number[]) => picture(sequence, { changed });

Deno.test("who comes late gets what is exact first, then the pictures since the last keyframe", () => {
  const bench = new Bench();
  bench.take(
    format(1),
    key(2),
    tiles(3, [0, 1, 2]),
    tiles(4, [3]),
    delta(5, 1),
    key(6),
    delta(7, 2),
  );
  bench.take(tiles(8, [1]), status(9, "hidden"));
  const all = [
    ...["format 1", "status 9", "tiles 3: 0 1 2", "stale 4: 1 2", "tiles 4: 3", "tiles 8: 1"],
    ...["keyframe 6", "picture 7"],
  ];
  deepStrictEqual(bench.send(bench.viewer()), all);
  bench.nowMs += 3_600_000;
  deepStrictEqual(bench.send(bench.viewer()), all, "also when all is still for an hour");
});

Deno.test("who keeps up gets pictures as they come, and tiles when none waits", () => {
  const bench = new Bench();
  const viewer = bench.viewer();
  deepStrictEqual(bench.send(viewer), []);
  bench.take(format(1), key(2));
  deepStrictEqual(bench.send(viewer), ["format 1", "keyframe 2"]);
  bench.take(tiles(3, [0]), tiles(4, [1]), delta(5, 1), delta(6));
  deepStrictEqual(bench.send(viewer), ["picture 5", "picture 6", "tiles 3: 0"]);
  bench.take(status(7, "failed"), status(8, "showing"));
  deepStrictEqual(bench.send(viewer), ["status 8"]);
  bench.take(format(9), tiles(10, [0]));
  deepStrictEqual(bench.send(viewer), ["format 9", "tiles 10: 0"]);
});

Deno.test("tiles come before pictures to who comes new, but not for long", () => {
  const bench = new Bench();
  bench.take(format(1), tiles(2, [0]), tiles(3, [1]), key(4));
  const viewer = bench.viewer();
  const next = () => brief(decodeScreenMessage(viewer.next(bench.nowMs)!));
  deepStrictEqual([next(), next()], ["format 1", "tiles 2: 0"]);
  // What gets exact meanwhile waits for the pictures.
  bench.take(tiles(5, [2]));
  bench.nowMs = SCREEN_TILES_FIRST_MS;
  deepStrictEqual([next(), next(), next()], ["keyframe 4", "tiles 3: 1", "tiles 5: 2"]);
});

Deno.test("a slow viewer goes on with the next keyframe, and is told which of its exact tiles are not exact any more", () => {
  const bench = new Bench();
  const viewer = bench.viewer();
  bench.take(format(1), key(2), tiles(3, [0, 1, 2, 3]));
  deepStrictEqual(bench.send(viewer, { acknowledges: false }).length, 3);
  bench.nowMs += SCREEN_UNACKNOWLEDGED_MS_MAX + 1;
  bench.take(delta(4, 0), delta(5, 1, 7), tiles(6, [1]), key(7, [2]), delta(8));
  deepStrictEqual(bench.send(viewer), [], "it owes acknowledgements for too long");
  for (const sequence of [1, 2, 3]) viewer.acknowledge(sequence, bench.nowMs);
  // 7 was never exact for it; 1 is again.
  deepStrictEqual(bench.send(viewer), ["stale 4: 0 1 2", "keyframe 7", "picture 8", "tiles 6: 1"]);
  strictEqual(bench.counters.get("screen.pictures-skipped"), 2);
});

Deno.test("what takes tiles back has a number behind what the viewer has, and before what is still to come", () => {
  const bench = new Bench();
  const viewer = bench.viewer();
  bench.take(format(1), key(2), tiles(3, [0]));
  bench.send(viewer, { acknowledges: false });
  bench.nowMs += SCREEN_UNACKNOWLEDGED_MS_MAX + 1;
  bench.take(delta(4, 0), tiles(5, [0]), tiles(6, [1]));
  for (const sequence of [1, 2, 3]) viewer.acknowledge(sequence, bench.nowMs);
  deepStrictEqual(bench.send(viewer, { acknowledges: false }), [
    ...["picture 4", "tiles 5: 0", "tiles 6: 1"],
  ]);
  bench.nowMs += SCREEN_UNACKNOWLEDGED_MS_MAX + 1;
  bench.take(delta(7, 0), tiles(8, [0]), delta(9, 1, 0), tiles(10, [1]), key(11), tiles(12, [0]));
  for (const sequence of [4, 5, 6]) viewer.acknowledge(sequence, bench.nowMs);
  deepStrictEqual(bench.send(viewer), [
    "stale 7: 0 1",
    "keyframe 11",
    "tiles 10: 1",
    "tiles 12: 0",
  ]);
});

Deno.test("a viewer behind within a group of pictures waits for the next keyframe, while something moves", () => {
  const bench = new Bench();
  const viewer = bench.viewer();
  bench.take(format(1), key(2), tiles(3, [0, 5]));
  deepStrictEqual(bench.send(viewer, { acknowledges: false }).length, 3);
  bench.take(delta(4, 0), delta(5));
  bench.nowMs += SCREEN_UNACKNOWLEDGED_MS_MAX + 1;
  bench.take(delta(6), tiles(7, [0]));
  for (const sequence of [1, 2, 3]) viewer.acknowledge(sequence, bench.nowMs);
  deepStrictEqual(bench.send(viewer), ["stale 4: 0", "tiles 7: 0"]);
  // A keyframe comes: it goes on with that.
  const other = new Bench();
  const same = other.viewer();
  other.take(format(1), key(2));
  other.send(same, { acknowledges: false });
  other.take(delta(3));
  other.nowMs += SCREEN_UNACKNOWLEDGED_MS_MAX + 1;
  other.take(delta(4), key(5));
  for (const sequence of [1, 2]) same.acknowledge(sequence, other.nowMs);
  deepStrictEqual(other.send(same), ["keyframe 5"]);
  // None comes, and nothing moves: late is better than never.
  strictEqual(viewer.lookAgainAtMs, bench.nowMs + SCREEN_UNACKNOWLEDGED_MS_MAX);
  bench.nowMs += SCREEN_UNACKNOWLEDGED_MS_MAX;
  deepStrictEqual(bench.send(viewer), ["picture 4", "picture 5", "picture 6"]);
  strictEqual(viewer.lookAgainAtMs, undefined);
});

Deno.test("pictures without a keyframe are not kept, however many, and viewers learn what they changed", () => {
  const bench = new Bench();
  const viewer = bench.viewer();
  bench.take(format(1), tiles(2, [0, 1]));
  bench.send(viewer);
  const kept = bench.state.size;
  for (let sequence = 3; sequence < 5_000; sequence++) {
    bench.take(picture(sequence, { size: 1_000, changed: [sequence % 12] }));
  }
  ok(bench.state.size < kept + 1);
  strictEqual(bench.counters.get("screen.without-keyframe"), 4_997);
  deepStrictEqual(bench.send(viewer), ["stale 3: 0 1"]);
  bench.take(key(5_000));
  deepStrictEqual(bench.send(viewer), ["keyframe 5000"]);
});

Deno.test("a group of pictures is kept up to the limit, and not one byte over it", () => {
  const bench = new Bench();
  bench.take(format(1));
  const overhead = 19;
  const size = 1 << 20;
  bench.take(picture(2, { keyframe: true, size: size - overhead }));
  for (let sequence = 3; sequence < 2 + SCREEN_GOP_BYTES_MAX / size; sequence++) {
    bench.take(picture(sequence, { size: size - overhead }));
  }
  strictEqual(bench.state.size, SCREEN_GOP_BYTES_MAX);
  const viewer = bench.viewer();
  bench.send(viewer);
  bench.take(picture(100, { size: 1 }));
  strictEqual(bench.state.size, 0);
  strictEqual(bench.counters.get("screen.gop-too-big"), 1);
  bench.take(delta(101));
  deepStrictEqual(bench.send(viewer), []);
  bench.take(key(102), delta(103));
  deepStrictEqual(bench.send(viewer), ["keyframe 102", "picture 103"]);
});

Deno.test("exact tiles are kept up to the limit; then the oldest are not exact for who comes late", () => {
  const bench = new Bench();
  const large: [number, number] = [2_560, 1_440];
  bench.take(format(1, large), picture(2, { keyframe: true, tiles: 920 }));
  const overhead = 8 + 8 + 2 + 2;
  const size = (64 << 10) - overhead;
  ok(size <= SCREEN_TILES_BYTES_MAX);
  const fitting = SCREEN_TILES_KEPT_BYTES_MAX / (64 << 10);
  const [{ size: before }] = [bench.state];
  for (let tile = 0; tile < fitting; tile++) bench.take(tiles(10 + tile, [tile], size));
  strictEqual(bench.state.size - before, SCREEN_TILES_KEPT_BYTES_MAX);
  strictEqual(bench.counters.get("screen.tiles-forgotten"), 0);
  bench.take(tiles(10_000, [900], 1));
  strictEqual(bench.counters.get("screen.tiles-forgotten"), 1);
  strictEqual(bench.state.tilesBehind(-1)?.sequence, 11);
  // For ever: nothing grows.
  for (let sequence = 10_001; sequence < 11_000; sequence++) {
    bench.take(tiles(sequence, [sequence % 920], size));
    ok(bench.state.size <= before + SCREEN_TILES_KEPT_BYTES_MAX);
  }
});

Deno.test("a message with tiles is kept as long as one of them is exact by it", () => {
  const bench = new Bench();
  bench.take(format(1), tiles(2, [0, 1, 2]));
  const { size } = bench.state;
  bench.take(tiles(3, [0]), delta(4, 1));
  strictEqual(bench.state.tilesBehind(-1)?.sequence, 2);
  bench.take(delta(5, 2));
  strictEqual(bench.state.tilesBehind(-1)?.sequence, 3);
  bench.take(delta(6, 0));
  strictEqual(bench.state.tilesBehind(-1), undefined);
  strictEqual(bench.state.size, 0);
  ok(size > 0);
});

Deno.test("a thousand formats leave what the last one left", () => {
  const bench = new Bench();
  const viewer = bench.viewer();
  for (let round = 0; round < 1_000; round++) {
    const at = 10 * round;
    const small = round % 2 === 0;
    bench.take(format(at, small ? [64, 64] : [200, 130]));
    bench.take(
      picture(at + 1, { keyframe: true, size: 50_000, changed: [0], tiles: small ? 1 : 12 }),
    );
    bench.take(tiles(at + 2, [small ? 0 : 11], 5_000), status(at + 3, "hidden"));
    if (round % 7 === 0) viewer.next(0);
  }
  ok(bench.state.size < 60_000);
  const said = bench.send(viewer);
  deepStrictEqual(said.slice(-4), [
    "format 9990",
    "status 9993",
    "tiles 9992: 11",
    "keyframe 9991",
  ]);
});

Deno.test("ScreenState refuses what a presenter may not say, and changes nothing", () => {
  const bench = new Bench();
  const refused = (code: string, ...messages: ScreenMessage[]) =>
    throws(() => bench.take(...messages), { name: "ProtocolError", code });
  refused("unexpected", key(1));
  bench.take(format(5), key(6));
  refused("malformed", delta(6));
  refused("malformed", format(6));
  refused("malformed", tiles(7, [12]));
  refused("malformed", tiles(8, [3, 12]));
  refused("malformed", picture(9, { tiles: 20, changed: [1] }));
  refused("malformed", picture(10, { tiles: 16, changed: [12] }));
  strictEqual(bench.state.tilesBehind(-1), undefined);
  deepStrictEqual(bench.send(bench.viewer()), ["format 5", "keyframe 6"]);
  bench.state.restart();
  refused("unexpected", delta(20));
  deepStrictEqual(bench.send(bench.viewer()), ["format 5", "keyframe 6"], "until the new format");
  bench.take(format(0));
  deepStrictEqual(bench.send(bench.viewer()), ["format 0"]);
});
