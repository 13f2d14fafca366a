import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ConnectionTable } from "./connection_limits.ts";

function fake(address: string, destroyed: string[], name = address) {
  return { address, destroy: () => void destroyed.push(name) };
}

Deno.test("ConnectionTable.hasRoomFor(): all and per address, at the limit and one over", () => {
  const table = new ConnectionTable({ all: 3, perAddress: 2, withoutHello: 9 });
  const first = fake("a", []);
  table.add(first);
  strictEqual(table.hasRoomFor("a"), true);
  table.add(fake("a", []));
  strictEqual(table.hasRoomFor("a"), false);
  strictEqual(table.hasRoomFor("b"), true);
  table.add(fake("b", []));
  strictEqual(table.hasRoomFor("c"), false);
  table.remove(first);
  table.remove(first);
  strictEqual(table.hasRoomFor("a"), true);
  strictEqual(table.count, 2);
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
