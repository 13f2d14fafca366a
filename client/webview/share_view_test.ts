import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { fitScale, placeShare, ShareView, stripLayout, ZOOM_STEPS } from "./share_view.ts";

const SCREEN = { width: 1920, height: 1080 };

Deno.test("fitScale() shows all of a share and blows nothing up", () => {
  strictEqual(fitScale(SCREEN, { width: 960, height: 900 }), 0.5);
  strictEqual(fitScale(SCREEN, { width: 1920, height: 540 }), 0.5);
  strictEqual(fitScale({ width: 640, height: 480 }, SCREEN), 1);
  strictEqual(fitScale({ width: 0, height: 0 }, SCREEN), 1, "nothing is there yet");
});

Deno.test("placeShare() puts every edge on a pixel of the screen", () => {
  for (const pixelRatio of [1, 1.25, 1.5, 2]) {
    for (let width = 700; width < 720; width++) {
      const space = { width, height: 401, left: width / 7, top: 59.85 };
      const place = placeShare({ width: 333, height: 222 }, space, { scale: 1, pixelRatio });
      const edges = [space.left + place.left, space.top + place.top, place.width, place.height];
      for (const edge of edges) {
        const pixels = edge * pixelRatio;
        ok(Math.abs(pixels - Math.round(pixels)) < 1e-9, `${pixels} at ${pixelRatio}`);
      }
      strictEqual(Math.round(place.width * pixelRatio), 333, "a pixel for each");
    }
  }
  const space = { width: 900, height: 2_000, left: 8, top: 52 };
  const large = placeShare(SCREEN, space, { scale: 1, pixelRatio: 1 });
  deepStrictEqual(large, { width: 1920, height: 1080, left: 0, top: 460 });
});

Deno.test("ShareView steps from what fits, through 1, to its ends", () => {
  const view = new ShareView();
  view.fitted.value = 0.6;
  view.step(1);
  strictEqual(view.scale, 0.67);
  view.step(-1);
  strictEqual(view.scale, 0.5);
  view.begin()();
  strictEqual(view.scale, 0.6);
  for (const _ of ZOOM_STEPS) view.step(1);
  deepStrictEqual([view.scale, view.canStep], [4, { up: false, down: true }]);
  for (const _ of ZOOM_STEPS) view.step(-1);
  deepStrictEqual([view.scale, view.canStep], [0.25, { up: true, down: false }]);
});

Deno.test("ShareView stops at 1 when it is turned past it, both ways, and goes on from there", () => {
  const view = new ShareView();
  view.fitted.value = 0.9;
  view.turn(-120);
  strictEqual(view.scale, 1);
  view.turn(-120);
  ok(view.scale > 1.4 && view.scale < 1.42);
  view.turn(240);
  strictEqual(view.scale, 1);
  view.turn(240);
  strictEqual(view.scale, 0.5);
  view.turn(1e6);
  strictEqual(view.scale, 0.1);
});

Deno.test("stripLayout() puts the cameras beside a wide stage and above a narrow one, as many as fit", () => {
  const beside = stripLayout(12, { width: 1416, height: 850 }, 10);
  strictEqual(beside.side, "beside");
  ok(beside.count * (beside.tileHeight + 10) - 10 <= 850);
  strictEqual(stripLayout(6, { width: 1256, height: 690 }, 10).count, 6, "smaller, and all there");
  const many = stripLayout(9, { width: 1256, height: 690 }, 10);
  ok(many.tileWidth === 208 && many.count === 4, "not too small");
  const smallest = stripLayout(5, { width: 884, height: 480 }, 10);
  strictEqual(smallest.side, "beside");
  ok(smallest.count >= 3, `${smallest.count} people at 900x600`);
  const narrow = stripLayout(5, { width: 584, height: 480 }, 10);
  strictEqual(narrow.side, "above");
  ok(narrow.count >= 4, `${narrow.count} people at 600x600`);
  strictEqual(stripLayout(2, { width: 584, height: 480 }, 10).count, 2);
  strictEqual(stripLayout(2, { width: 10, height: 10 }, 10).count, 1);
});
