import { strictEqual } from "node:assert/strict";
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
