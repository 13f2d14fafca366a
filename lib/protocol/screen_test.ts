import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { concatBytes, ProtocolError, seededRandom } from "@fusionmeet/base";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import {
  ACCESS_UNIT_BYTES_MAX,
  SCREEN_SIDE_MAX,
  SCREEN_TILES_BYTES_MAX,
  SCREEN_TILES_PER_MESSAGE_MAX,
  SCREEN_TITLE_BYTES_MAX,
} from "./limits.ts";
import {
  decodeScreenMessage,
  encodeScreenMessage,
  type ScreenMessage,
  ScreenMessageReader,
  type ScreenMessageType,
} from "./screen.ts";

const ALL: readonly ScreenMessageType[] = [
  ...["format", "picture", "tiles", "stale", "status", "acknowledge"] as const,
  ...["clock.ask", "clock.answer"] as const,
];

/** One of each, and their bytes. */
const GOLDEN: readonly [ScreenMessage, string][] = [
  [
    { type: "format", sequence: 1, width: 1920, height: 1080, scaled: true, title: "é" },
    "01000007" + "00000001" + "0780" + "0438" + "01" + "c3a9",
  ],
  [
    {
      ...{ type: "picture", sequence: 2 ** 32 - 1, keyframe: true, capturedAtMs: 1 },
      ...{ changed: Uint8Array.of(0x81), accessUnit: Uint8Array.of(0, 0, 1, 0x65) },
    },
    "02000010" + "ffffffff" + "3ff0000000000000" + "01" + "0001" + "81" + "00000165",
  ],
  [
    {
      ...{ type: "picture", sequence: 3, keyframe: false, capturedAtMs: -0.5 },
      ...{ changed: new Uint8Array(), accessUnit: Uint8Array.of(7) },
    },
    "0200000c" + "00000003" + "bfe0000000000000" + "00" + "0000" + "07",
  ],
  [
    {
      ...{ type: "tiles", sequence: 4, capturedAtMs: 2 },
      ...{ tiles: [0, 258], deflated: Uint8Array.of(9) },
    },
    "0300000f" + "00000004" + "4000000000000000" + "0002" + "00000102" + "09",
  ],
  [{ type: "stale", sequence: 5, changed: Uint8Array.of(3, 0) }, "04000002" + "00000005" + "0300"],
  [{ type: "status", sequence: 6, status: "failed" }, "05000001" + "00000006" + "02"],
  [{ type: "acknowledge", sequence: 7 }, "06000000" + "00000007"],
  [
    { type: "clock.ask", sequence: 8, askedAtMs: 1 },
    "07000008" + "00000008" + "3ff0000000000000",
  ],
  [
    { type: "clock.answer", sequence: 9, askedAtMs: 1, serverAtMs: 2 },
    "08000010" + "00000009" + "3ff0000000000000" + "4000000000000000",
  ],
];
const GOLDEN_BYTES = GOLDEN.map(([message]) => encodeScreenMessage(message));

/** All that a reader gives for these pieces. */
function readAll(pieces: Iterable<Uint8Array>, allowed = ALL): ScreenMessage[] {
  const reader = new ScreenMessageReader(allowed);
  return [...pieces].flatMap((piece) => [...reader.push(piece)]);
}

/** The first 8 bytes of a message. */
function header(type: number, size: number): Uint8Array {
  return Uint8Array.of(type, size >> 16, size >> 8, size, 0, 0, 0, 1);
}

const malformed = (thrown: unknown) =>
  thrown instanceof ProtocolError && thrown.code === "malformed";

Deno.test("messages of a shared screen have their bytes, and come back as they were", () => {
  for (const [message, hex] of GOLDEN) {
    strictEqual(encodeScreenMessage(message).toHex(), hex);
    deepStrictEqual(decodeScreenMessage(Uint8Array.fromHex(hex)), message);
  }
});

Deno.test("ScreenMessageReader gives the same messages for pieces of any size, each with its bytes", () => {
  const whole = concatBytes(...GOLDEN_BYTES);
  const wanted = GOLDEN.map(([message], index) => ({ ...message, bytes: GOLDEN_BYTES[index] }));
  const random = seededRandom(4);
  for (const size of [1, 2, 3, 7, 8, 9, 64, whole.length, 0]) {
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < whole.length;) {
      const taken = size === 0 ? random.u32() % 30 : size;
      // A piece is used again by who reads.
      pieces.push(whole.slice(at, at + taken));
      at += taken;
    }
    deepStrictEqual(readAll(pieces), wanted);
  }
  const reader = new ScreenMessageReader(ALL);
  const piece = whole.slice();
  const read = [...reader.push(piece)];
  piece.fill(0xff);
  deepStrictEqual(read, wanted);
});

Deno.test("a message that is cut is no message yet; one that its size cuts is malformed, and nothing else is thrown", () => {
  for (const bytes of GOLDEN_BYTES) {
    for (const prefix of prefixesOf(bytes)) deepStrictEqual(readAll([prefix]), []);
  }
  for (const golden of GOLDEN_BYTES) {
    for (const prefix of prefixesOf(golden)) {
      try {
        decodeScreenMessage(prefix);
      } catch (thrown) {
        ok(malformed(thrown), String(thrown));
      }
    }
  }
  let wrong = 0;
  for (const bytes of mutationsOf(GOLDEN_BYTES, { seed: 9, count: 10_000 })) {
    try {
      readAll([bytes]);
    } catch (thrown) {
      ok(malformed(thrown), String(thrown));
      wrong++;
    }
  }
  ok(wrong > 1_000, `${wrong} were wrong`);
});

Deno.test("ScreenMessageReader refuses by its header what the peer may not send, and what is too large", () => {
  for (const type of [0, 9, 255]) throws(() => readAll([header(type, 0)]), malformed);
  for (const [index, bytes] of GOLDEN_BYTES.entries()) {
    const others = ALL.filter((type) => type !== GOLDEN[index][0].type);
    throws(() => readAll([bytes.subarray(0, 8)], others), malformed);
  }
  const setBytes = (SCREEN_SIDE_MAX / 64) ** 2 / 8;
  const most: [number, number][] = [
    [1, 5 + SCREEN_TITLE_BYTES_MAX],
    [2, 11 + setBytes + ACCESS_UNIT_BYTES_MAX],
    [3, SCREEN_TILES_BYTES_MAX],
    ...[[4, setBytes], [5, 1], [6, 0], [7, 8], [8, 16]] as [number, number][],
  ];
  for (const [type, size] of most) {
    throws(() => readAll([header(type, size + 1)]), malformed);
    if (size > 0) deepStrictEqual(readAll([header(type, size)]), []);
  }
});

Deno.test("what a message says is checked: sizes, times, tiles, statuses", () => {
  const body = (type: number, bytes: Uint8Array) => concatBytes(header(type, bytes.length), bytes);
  const format = (width: number, height: number) =>
    encodeScreenMessage({
      ...{ type: "format", sequence: 1, width, height, scaled: false, title: "" },
    });
  strictEqual(readAll([format(2_560, 1_440)]).length, 1);
  for (const [width, height] of [[2_560, 1_441], [2_561, 1], [0, 5], [5, 0]]) {
    throws(() => readAll([format(width, height)]), malformed);
  }
  for (const capturedAtMs of [NaN, Infinity, -Infinity]) {
    const times = { sequence: 1, capturedAtMs };
    const [some, tiles] = [Uint8Array.of(1), [1]];
    const wrong = [
      encodeScreenMessage({
        ...{ ...times, type: "picture", keyframe: true, changed: some, accessUnit: some },
      }),
      encodeScreenMessage({ ...times, type: "tiles", tiles, deflated: some }),
      encodeScreenMessage({ sequence: 1, type: "clock.ask", askedAtMs: capturedAtMs }),
    ];
    for (const bytes of wrong) throws(() => readAll([bytes]), malformed);
  }
  const tiles = (...tiles: number[]) =>
    encodeScreenMessage({
      ...{ type: "tiles", sequence: 1, capturedAtMs: 0, tiles, deflated: Uint8Array.of(0) },
    });
  const many = Array.from({ length: SCREEN_TILES_PER_MESSAGE_MAX + 1 }, (_, index) => index);
  strictEqual(readAll([tiles(...many.slice(1))]).length, 1);
  for (const wrong of [[], [1, 1], [2, 1], many]) {
    throws(() => readAll([tiles(...wrong)]), malformed);
  }
  throws(() => readAll([body(5, Uint8Array.of(3))]), malformed);
  // Bytes of a set that reach beyond the message, and a picture without a picture.
  throws(() => readAll([body(2, concatBytes(new Uint8Array(9), Uint8Array.of(9, 0)))]), malformed);
  throws(() => readAll([body(2, new Uint8Array(11))]), malformed);
});

Deno.test("a title is cut between characters", () => {
  const title = "a" + "\u{1F600}".repeat(80);
  const bytes = encodeScreenMessage({
    ...{ type: "format", sequence: 1, width: 1, height: 1, scaled: false, title },
  });
  const [read] = readAll([bytes]);
  strictEqual(read.type === "format" && read.title, "a" + "\u{1F600}".repeat(63));
  ok(bytes.length <= 8 + 5 + SCREEN_TITLE_BYTES_MAX);
});
