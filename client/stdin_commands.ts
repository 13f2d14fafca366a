import { messageOf, Refusal } from "@fusionmeet/base";
import type { WatchLayer } from "./meeting_types.ts";
import { parseScreenSource, type ScreenSource } from "./screen/screen_source.ts";

/** What a line on standard input asks for. */
export type StdinCommand =
  | { readonly do: "mic" | "camera"; readonly on: boolean }
  /** `off`: ends one's own share. */
  | { readonly do: "screen"; readonly source: ScreenSource }
  | { readonly do: "chat"; readonly text: string }
  | { readonly do: "watch"; readonly participant: string; readonly layer: WatchLayer }
  /** Asks to be the presenter; or ends one's own share. */
  | { readonly do: "present"; readonly on: boolean }
  | { readonly do: "present.ask" }
  | { readonly do: "present.answer"; readonly participant: string; readonly accept: boolean }
  | { readonly do: "present.give" | "remove" | "host"; readonly participant: string }
  /** Without a name: everybody else. */
  | { readonly do: "mute"; readonly participant?: string }
  | { readonly do: "unshare" }
  | { readonly do: "readmit"; readonly name: string }
  | { readonly do: "lock"; readonly on: boolean }
  | { readonly do: "leave" }
  | { readonly do: "share"; readonly path: string }
  /** `name`: of a file, or `all`. */
  | { readonly do: "fetch"; readonly name: string; readonly to?: string }
  | { readonly do: "cancel"; readonly transfer: number }
  | { readonly do: "delete" | "thumbnail"; readonly name: string }
  | { readonly do: LaterCommand };

/** Commands of the contract that come with later versions; carried out, they are declined. */
export type LaterCommand = keyof typeof LATER;

const EXAMPLES = {
  mic: '{"do":"mic","on":false}',
  camera: '{"do":"camera","on":true}',
  screen: '{"do":"screen","source":"display"} (or "on":false)',
  chat: '{"do":"chat","text":"Hello"}',
  watch: '{"do":"watch","participant":"Ada","layer":"high"} (or low, none, auto)',
  share: '{"do":"share","path":"report.pdf"}',
  fetch:
    '{"do":"fetch","name":"report.pdf","to":"Downloads"} (or "name":"all"; "to" may be left out)',
  cancel: '{"do":"cancel","transfer":1}',
  delete: '{"do":"delete","name":"report.pdf"}',
  thumbnail: '{"do":"thumbnail","name":"photo.jpg"}',
  present: '{"do":"present","on":true}',
  "present.ask": '{"do":"present.ask"}',
  "present.answer": '{"do":"present.answer","participant":"Ada","accept":true}',
  "present.give": '{"do":"present.give","participant":"Ada"}',
  mute: '{"do":"mute","participant":"Ada"} (or nobody: all others)',
  unshare: '{"do":"unshare"}',
  remove: '{"do":"remove","participant":"Ada"}',
  readmit: '{"do":"readmit","name":"Ada"}',
  lock: '{"do":"lock","on":true}',
  host: '{"do":"host","participant":"Ada"}',
  leave: '{"do":"leave"}',
} as const;

/** What the later commands do, in words. */
export const LATER = {
  volume: "set the volume of one person",
} as const;
const LAYERS: readonly unknown[] = ["high", "low", "none", "auto"] satisfies WatchLayer[];

/** A longer line is not read to its end. */
export const STDIN_LINE_LENGTH_MAX = 64 * 1024;

/** Reads one line of standard input. @throws Refusal in words: what is wrong with it, and what would be right. */
export function parseStdinCommand(line: string): StdinCommand {
  let command: Record<string, unknown>;
  try {
    command = JSON.parse(line);
  } catch (thrown) {
    throw new Refusal(
      "bad-json",
      `That line is no JSON: ${messageOf(thrown)}; write ${EXAMPLES.mic}`,
    );
  }
  const name = command?.do;
  if (typeof name !== "string" || Array.isArray(command)) {
    throw new Refusal("bad-command", `A command is an object with "do": write ${EXAMPLES.mic}`);
  }
  if (Object.hasOwn(LATER, name)) return { do: name as LaterCommand };
  if (!Object.hasOwn(EXAMPLES, name)) {
    const known = Object.keys(EXAMPLES).join(", ");
    throw new Refusal(
      "unknown-command",
      `There is no command ${JSON.stringify(name)}: use ${known}`,
    );
  }
  const read = fieldsOf(name as keyof typeof EXAMPLES, command);
  if (read === undefined) {
    const example = EXAMPLES[name as keyof typeof EXAMPLES];
    throw new Refusal("bad-command", `Something is missing or wrong: write ${example}`);
  }
  return read;
}

function fieldsOf(
  name: keyof typeof EXAMPLES,
  { on, source, text, participant, layer, path, name: called, to, transfer, accept }: Record<
    string,
    unknown
  >,
): StdinCommand | undefined {
  switch (name) {
    case "mic":
    case "camera":
    case "present":
    case "lock":
      return typeof on === "boolean" ? { do: name, on } : undefined;
    case "screen":
      if (on === false) return { do: name, source: { kind: "off" } };
      return typeof source === "string" && on !== true
        ? { do: name, source: parseScreenSource(source) }
        : undefined;
    case "chat":
      return typeof text === "string" ? { do: name, text } : undefined;
    case "watch":
      return typeof participant === "string" && LAYERS.includes(layer)
        ? { do: name, participant, layer: layer as WatchLayer }
        : undefined;
    case "share":
      return typeof path === "string" && path !== "" ? { do: name, path } : undefined;
    case "fetch": {
      const isRight = typeof called === "string" && ["string", "undefined"].includes(typeof to);
      return isRight ? { do: name, name: called, to: to as string | undefined } : undefined;
    }
    case "cancel":
      return typeof transfer === "number" ? { do: name, transfer } : undefined;
    case "delete":
    case "thumbnail":
      return typeof called === "string" ? { do: name, name: called } : undefined;
    case "present.answer":
      return typeof participant === "string" && typeof accept === "boolean"
        ? { do: name, participant, accept }
        : undefined;
    case "present.give":
    case "remove":
    case "host":
      return typeof participant === "string" ? { do: name, participant } : undefined;
    case "mute":
      return participant === undefined || typeof participant === "string"
        ? { do: name, participant }
        : undefined;
    case "readmit":
      return typeof called === "string" ? { do: name, name: called } : undefined;
    case "present.ask":
    case "unshare":
    case "leave":
      return { do: name };
  }
}

/** The lines of a byte stream; a line that is too long is cut to `STDIN_LINE_LENGTH_MAX` characters. */
export async function* readLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of bytes) {
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop()!.slice(0, STDIN_LINE_LENGTH_MAX);
    for (const line of lines) yield line.slice(0, STDIN_LINE_LENGTH_MAX).trimEnd();
  }
  if (rest !== "") yield rest;
}
