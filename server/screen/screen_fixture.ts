/** For tests of shared screens: messages, and one end of a connection. */
import { type ByteStream, writeAll } from "@fusionmeet/net";
import {
  encodeScreenMessage,
  type ReceivedScreenMessage,
  type ScreenMessage,
  ScreenMessageReader,
  type ScreenStatus,
  TileSet,
} from "@fusionmeet/protocol";
import { arrival } from "../test_support.ts";
import type { PresenterMessage } from "./screen_state.ts";

/** The size of `format()`, in tiles: 4 in each of 3 rows. */
export const TILES = 12;

export function format(sequence: number, [width, height] = [200, 130]): ScreenMessage {
  return { type: "format", sequence, width, height, scaled: false, title: "x" };
}

export function picture(
  sequence: number,
  options: { keyframe?: boolean; changed?: readonly number[]; size?: number; tiles?: number } = {},
): ScreenMessage {
  const changed = new TileSet(options.tiles ?? TILES);
  for (const tile of options.changed ?? []) changed.add(tile);
  return {
    ...{ type: "picture", sequence, keyframe: options.keyframe ?? false, capturedAtMs: sequence },
    changed: changed.isEmpty ? new Uint8Array() : changed.bits,
    accessUnit: new Uint8Array(options.size ?? 100).fill(sequence),
  };
}

export function tiles(sequence: number, list: readonly number[], size = 1): ScreenMessage {
  const deflated = new Uint8Array(size).fill(sequence);
  return { type: "tiles", sequence, capturedAtMs: sequence, tiles: list, deflated };
}

export function status(sequence: number, said: ScreenStatus): ScreenMessage {
  return { type: "status", sequence, status: said };
}

/** As it comes from a presenter. */
export function received(message: ScreenMessage): PresenterMessage {
  return { ...message, bytes: encodeScreenMessage(message) } as PresenterMessage;
}

/** A message in short: what it is, and which tiles it names. */
export function brief(message: ScreenMessage): string {
  const named = message.type === "tiles"
    ? message.tiles
    : message.type === "stale"
    ? setOf(message.changed)
    : undefined;
  const what = message.type === "picture" && message.keyframe ? "keyframe" : message.type;
  return `${what} ${message.sequence}${named === undefined ? "" : `: ${named.join(" ")}`}`;
}

function setOf(bits: Uint8Array): number[] {
  const set = new TileSet(8 * bits.length);
  set.load(bits);
  return [...set];
}

/** One end of a screen's connection, which reads one message after the other. */
export class ScreenEnd {
  readonly #messages: AsyncGenerator<ReceivedScreenMessage, void, void>;

  constructor(readonly stream: ByteStream) {
    this.#messages = read(stream);
  }

  async send(...messages: ScreenMessage[]): Promise<void> {
    for (const message of messages) {
      const writing = writeAll(this.stream, encodeScreenMessage(message));
      await arrival("room for a message of a share", writing);
    }
  }

  async acknowledge(...sequences: number[]): Promise<void> {
    await this.send(
      ...sequences.map((sequence) => ({ type: "acknowledge", sequence } as const)),
    );
  }

  /** The next message; absent: the connection ended. */
  async next(): Promise<ReceivedScreenMessage | undefined> {
    return (await arrival("a message of a share", this.#messages.next())).value ?? undefined;
  }

  /** The next messages in short; fewer: the connection ended. */
  async brief(count: number): Promise<string[]> {
    const said: string[] = [];
    while (said.length < count) {
      const message = await this.next();
      if (message === undefined) break;
      said.push(brief(message));
    }
    return said;
  }
}

async function* read(stream: ByteStream): AsyncGenerator<ReceivedScreenMessage, void, void> {
  const all = ["format", "picture", "tiles", "stale", "status", "acknowledge"] as const;
  const reader = new ScreenMessageReader([...all, "clock.answer"]);
  const piece = new Uint8Array(64 << 10);
  for (;;) {
    const size = await stream.read(piece).catch(() => null);
    if (size === null) return;
    yield* reader.push(piece.subarray(0, size));
  }
}
