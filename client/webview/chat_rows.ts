import type { ChatEntry } from "@fusionmeet/bridge";
import { isSameDay } from "./times.ts";

/** Lines of one person closer together than this stand under one name, ms. */
export const GROUP_MS = 5 * 60_000;

type Line = Extract<ChatEntry, { kind: "line" }>;
type NoticeEntry = Extract<ChatEntry, { kind: "notice" }>;

/** What one row of the chat shows. */
export type ChatRow =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  /** `more`: files that the same person shared right after that one. */
  | {
    readonly kind: "notice";
    readonly key: string;
    readonly entry: NoticeEntry;
    readonly more: number;
  }
  /** `isFirst`: with name and time, not under the line before. */
  | {
    readonly kind: "line";
    readonly key: string;
    readonly entry: Line;
    readonly isFirst: boolean;
  };

/** The rows of a chat: a day where it changes, lines of one person in a row together, and files. */
export function chatRows(entries: readonly ChatEntry[]): ChatRow[] {
  const rows: ChatRow[] = [];
  let before: ChatEntry | undefined;
  for (const entry of entries) {
    const isNewDay = before === undefined || !isSameDay(before.at, entry.at);
    if (isNewDay) rows.push({ kind: "day", key: `day ${entry.mark}`, at: entry.at });
    const key = entry.mark;
    const last = rows.at(-1);
    if (last?.kind === "notice" && isMoreOf(last.entry, entry)) {
      rows[rows.length - 1] = { ...last, more: last.more + 1 };
    } else if (entry.kind === "notice") rows.push({ kind: "notice", key, entry, more: 0 });
    else rows.push({ kind: "line", key, entry, isFirst: isNewDay || !continues(before, entry) });
    before = entry;
  }
  return rows;
}

function isMoreOf({ notice, name }: NoticeEntry, entry: ChatEntry): boolean {
  return notice === "shared" && entry.kind === "notice" && entry.notice === notice &&
    entry.name === name;
}

function continues(before: ChatEntry | undefined, line: Line): boolean {
  return before?.kind === "line" && before.own === line.own && before.from === line.from &&
    line.at - before.at < GROUP_MS;
}
