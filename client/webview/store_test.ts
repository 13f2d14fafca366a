import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { meterHeight } from "./levels.ts";
import { Store } from "./store.ts";
import { TOASTS_MAX } from "./toasts.ts";

Deno.test("Store.apply() takes over whole sections and leaves the others", () => {
  const store = new Store();
  const { join } = store;
  const kept = join.value;
  store.apply({ type: "state", state: { screen: "left", left: { problem: null, room: "Main" } } });
  deepStrictEqual([store.screen.value, store.left.value?.room], ["left", "Main"]);
  strictEqual(join.value, kept);
  store.apply({ type: "state", state: { left: null } });
  strictEqual(store.left.value, null);
});

Deno.test("Store.apply() hands levels to the meters, and silence to those that were heard", () => {
  const store = new Store();
  const heights: string[] = [];
  store.levels.onOwn((height) => heights.push(`own ${height}`));
  const end = store.levels.onPerson(2, (height) => heights.push(`2 ${height}`));
  store.apply({ type: "levels", own: -127, people: [{ id: 2, level: -12 }, { id: 3, level: 0 }] });
  store.apply({ type: "levels", own: -36, people: [] });
  end();
  store.apply({ type: "levels", own: -36, people: [{ id: 2, level: 0 }] });
  deepStrictEqual(heights, ["own 0", "2 1", "own 0.5", "2 0", "own 0.5"]);
});

Deno.test("meterHeight() is 0 in silence and 1 at full voice", () => {
  deepStrictEqual([-127, -60, -36, -12, 0].map(meterHeight), [0, 0, 0.5, 1, 1]);
});

Deno.test("Toasts.show() keeps the latest, and the same only once", () => {
  const { toasts } = new Store();
  for (let nth = 0; nth <= TOASTS_MAX; nth++) toasts.show("info", String(nth));
  deepStrictEqual(toasts.shown.value.map(({ message }) => message), ["1", "2", "3"]);
  toasts.show("warning", "2");
  deepStrictEqual(toasts.shown.value.map(({ message }) => message), ["1", "3", "2"]);
  toasts.close(toasts.shown.value[0].id);
  deepStrictEqual(toasts.shown.value.map(({ message }) => message), ["3", "2"]);
});
