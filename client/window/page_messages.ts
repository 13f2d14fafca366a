import { FILES_ADDED_AT_ONCE, type PageMessage, THEMES } from "@fusionmeet/bridge";
import { isFingerprint } from "@fusionmeet/protocol";

/** Of a file of the page. */
export const FILE_MARK = /^[0-9a-f]{16}$/;

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const flag: Check = (value) => typeof value === "boolean";
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** Nothing else that stands for a key: `trust` would be any. */
const fingerprint: Check = (value) => typeof value === "string" && isFingerprint(value);
const nullable = (check: Check): Check => (value) => value === null || check(value);
const optional = (check: Check): Check => (value) => value === undefined || check(value);
const object = (checks: Record<string, Check>): Check => (value) =>
  typeof value === "object" && value !== null &&
  Object.entries(checks).every(([name, check]) => check((value as Record<string, unknown>)[name]));

/** Made by the page, and part of a path. */
const mark: Check = (value) => typeof value === "string" && FILE_MARK.test(value);

/** Tiles of one page; more cannot be seen at once. */
const WATCHED_MAX = 100;

const ADDED_FILE = object({ mark, name: text, size: count });

const CHECKS: Record<PageMessage["do"], Record<string, Check>> = {
  "hello": { token: optional(text), key: optional(text), decoders: object({ h264: flag }) },
  "lobby": { server: text, pin: text, picked: optional(text), expected: optional(fingerprint) },
  "search": { on: flag },
  "join": {
    server: text,
    name: text,
    room: text,
    pin: text,
    ownerPin: text,
    microphone: flag,
    camera: flag,
    trust: optional(text),
    picked: optional(text),
    expected: optional(fingerprint),
  },
  "join.cancel": {},
  "leave": { sure: flag },
  "stay": {},
  "again": {},
  "source": { kind: (value) => value === "microphone" || value === "camera", on: flag },
  "quality": { quality: object({ width: count, height: count, framesPerSecond: count }) },
  "watch": {
    participants: (value) =>
      Array.isArray(value) && value.length <= WATCHED_MAX && value.every(count),
  },
  "chat.post": { text },
  "chat.retry": { mark: text },
  "chat.discard": { mark: text },
  "chat.older": { mark: text },
  "files.add": {
    files: (value) =>
      Array.isArray(value) && value.length <= FILES_ADDED_AT_ONCE && value.every(ADDED_FILE),
  },
  "file.lost": { mark },
  "file.save": { file: count, place: optional(text) },
  "file.browse": { file: count },
  "place": { file: count, place: text },
  "file.thumbnail": { file: count },
  "file.preview": { file: count },
  "file.preview.stop": {},
  "file.delete": { file: count },
  "transfer.cancel": { transfer: count },
  "transfer.forget": { transfer: count },
  "transfer.folder": { transfer: count },
  "host.mute": { participant: nullable(count) },
  "host.remove": { participant: count },
  "host.give": { participant: count },
  "host.unshare": {},
  "host.lock": { on: flag },
  "host.readmit": { name: text },
  "screens.list": { on: flag },
  "present": { source: text },
  "present.stop": {},
  "present.ask": {},
  "present.answer": { participant: count, accept: flag },
  "present.give": { participant: count },
  "screen.view": { on: flag },
  "theme": { theme: (value) => THEMES.some((theme) => theme === value) },
  "unread": { count },
  "problem": { message: text },
};

/** Reads one message of the page; `undefined` for what is none. */
export function parsePageMessage(json: string): PageMessage | undefined {
  try {
    const message: unknown = JSON.parse(json);
    const name = (message as { do?: unknown } | null)?.do;
    if (typeof name !== "string" || !Object.hasOwn(CHECKS, name)) return undefined;
    const isWhole = object(CHECKS[name as PageMessage["do"]])(message);
    return isWhole ? message as PageMessage : undefined;
  } catch {
    return undefined;
  }
}
