import type { Strings } from "./strings.ts";

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const WEEKDAY = new Intl.DateTimeFormat(undefined, {
  weekday: "long",
  day: "numeric",
  month: "long",
});
const DATE = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

/** Hour and minute of `at`, epoch ms, as people here write it. */
export function timeText(at: number): string {
  return TIME.format(at);
}

/** Day and time, for whoever points at a time. */
export function momentText(at: number): string {
  return `${DATE.format(at)}, ${TIME.format(at)}`;
}

/** True when both, epoch ms, are on one day here. */
export function isSameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}

/** The day of `at` as seen from `now`: today, yesterday, this year, earlier. */
export function dayText(at: number, now: number, strings: Strings): string {
  if (isSameDay(at, now)) return strings.chat.today;
  const yesterday = new Date(now);
  yesterday.setDate(yesterday.getDate() - 1);
  if (isSameDay(at, yesterday.getTime())) return strings.chat.yesterday;
  const isThisYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return (isThisYear ? WEEKDAY : DATE).format(at);
}

/** Whole seconds from `now` to `end`, never below 0. */
export function secondsUntil(end: number, now: number): number {
  return Math.max(0, Math.ceil((end - now) / 1000));
}
