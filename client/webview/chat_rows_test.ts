import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ChatEntry } from "@fusionmeet/bridge";
import { chatRows, GROUP_MS } from "./chat_rows.ts";

const NOON = new Date(2026, 2, 12, 12).getTime();
let lastMark = 0;

function said(from: string, at: number, own = false): ChatEntry {
  const mark = String(++lastMark);
  return {
    kind: "line",
    mark,
    id: lastMark,
    at,
    from,
    own,
    text: "",
    state: "stored",
    problem: null,
  };
}

function rowsOf(entries: ChatEntry[]): string {
  return chatRows(entries).map((row) =>
    row.kind === "line" ? row.isFirst ? row.entry.from : "+" : row.kind
  ).join(" ");
}

Deno.test("chatRows() puts lines of one person under one name, for a while", () => {
  const group = [said("Ann", NOON), said("Ann", NOON + GROUP_MS - 1), said("Ben", NOON + GROUP_MS)];
  strictEqual(rowsOf(group), "day Ann + Ben");
  strictEqual(rowsOf([said("Ann", NOON), said("Ann", NOON + GROUP_MS)]), "day Ann Ann");
  strictEqual(rowsOf([said("Ann", NOON), said("Ann", NOON, true)]), "day Ann Ann", "a namesake");
});

Deno.test("chatRows() begins anew after a notice and with every day", () => {
  const notice: ChatEntry = { kind: "notice", mark: "n", at: NOON, notice: "left", name: "Ben" };
  strictEqual(rowsOf([said("Ann", NOON), notice, said("Ann", NOON)]), "day Ann notice Ann");
  const midnight = new Date(2026, 2, 13).getTime();
  strictEqual(rowsOf([said("Ann", midnight - 1), said("Ann", midnight)]), "day Ann day Ann");
  strictEqual(rowsOf([]), "");
});

Deno.test("chatRows() tells of many files that one person shares in one row", () => {
  const shared = (id: number, name: string): ChatEntry => ({
    ...{ kind: "notice", mark: `n${id}`, at: id, notice: "shared", name },
    file: { id, name: `${id}.pdf` },
  });
  const left: ChatEntry = { kind: "notice", mark: "l", at: 4, notice: "left", name: "Bob" };
  const entries = [shared(1, "Bob"), shared(2, "Bob"), shared(3, "Ann"), left, shared(5, "Bob")];
  const rows = chatRows(entries).flatMap((row) =>
    row.kind === "notice" ? [[row.entry.mark, row.more]] : []
  );
  deepStrictEqual(rows, [["n1", 1], ["n3", 0], ["l", 0], ["n5", 0]]);
});
