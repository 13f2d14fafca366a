import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ConnectionTable } from "./connection_limits.ts";

function fake(address: string, destroyed: string[], name = address) {
  return { address, destroy: () => void destroyed.push(name) };
}

Deno.test("ConnectionTable.makeRoomFor(): all and per address, at the limit and one over", () => {
  const table = new ConnectionTable({ all: 3, perAddress: 2, withoutHello: 9 });
  const first = fake("a", []);
  table.add(first);
  strictEqual(table.makeRoomFor("a"), true);
  table.add(fake("a", []));
  strictEqual(table.makeRoomFor("a"), false);
  strictEqual(table.makeRoomFor("b"), true);
  table.add(fake("b", []));
  strictEqual(table.makeRoomFor("b"), false);
  table.remove(first);
  table.remove(first);
  strictEqual(table.makeRoomFor("a"), true);
  strictEqual(table.count, 2);
});

Deno.test("ConnectionTable.makeRoomFor(): the newest of the busiest address gives way to one that has fewer", () => {
  const destroyed: string[] = [];
  const table = new ConnectionTable({ all: 6, perAddress: 4, withoutHello: 9 });
  for (const name of ["bad1", "bad2", "bad3", "bad4"]) table.add(fake("bad", destroyed, name));
  table.add(fake("worse", destroyed, "worse1"));
  table.add(fake("worse", destroyed, "worse2"));
  strictEqual(table.makeRoomFor("bad"), false);
  strictEqual(table.makeRoomFor("honest"), true);
  table.add(fake("honest", destroyed));
  deepStrictEqual(destroyed, ["bad4"]);
  // Three, two and one: the second one has one less than the first, and takes nothing from it.
  strictEqual(table.makeRoomFor("worse"), false);
  strictEqual(table.makeRoomFor("honest"), true);
  table.add(fake("honest", destroyed));
  deepStrictEqual(destroyed, ["bad4", "bad3"]);
  strictEqual(table.makeRoomFor("honest"), false);
  strictEqual(table.count, 6);
});

Deno.test("ConnectionTable ends the oldest silent connection of the busiest address", () => {
  const destroyed: string[] = [];
  const table = new ConnectionTable({ all: 99, perAddress: 99, withoutHello: 3 });
  const honest = fake("honest", destroyed);
  table.add(honest);
  for (const name of ["bad1", "bad2", "bad3", "bad4"]) table.add(fake("bad", destroyed, name));
  deepStrictEqual(destroyed, ["bad1", "bad2"]);
  table.settle(honest);
  table.add(fake("late", destroyed));
  deepStrictEqual(destroyed, ["bad1", "bad2"]);
});
