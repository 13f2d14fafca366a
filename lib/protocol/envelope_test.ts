import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { concatBytes, ProtocolError, seededRandom, writeU32 } from "@fusionmeet/base";
import {
  encodeMessage,
  EnvelopeReader,
  type RawMessage,
  readClientMessage,
  readServerMessage,
} from "./envelope.ts";
import { CONTROL_MESSAGE_BYTES_MAX, CONTROL_VALUES_MAX, NESTING_MAX } from "./limits.ts";
import type { ClientMessage } from "./messages.ts";

const HELLO: ClientMessage = {
  type: "hello",
  version: 1,
  name: "Zoë",
  room: "Main",
  resume: new Uint8Array(16).fill(7),
  features: ["h264"],
};
/** `HELLO` as it travels; never changes. */
const HELLO_BYTES = Uint8Array.fromHex(
  "0000005186a474797065a568656c6c6fa776657273696f6e01a46e616d65a45a6fc3aba4726f6f6da44d61696e" +
    "a6726573756d65c41007070707070707070707070707070707a8666561747572657391a468323634",
);

function enveloped(body: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(4);
  writeU32(prefix, 0, body.length);
  return concatBytes(prefix, body);
}

function readAll(bytes: Uint8Array, pieceBytes = bytes.length): RawMessage[] {
  const reader = new EnvelopeReader();
  const all: RawMessage[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.push(bytes.subarray(at, at + pieceBytes));
    for (let message; (message = reader.next()) !== undefined;) all.push(message);
  }
  return all;
}

function faultOf(bytes: Uint8Array): string {
  try {
    readAll(bytes);
    return "none";
  } catch (thrown) {
    ok(thrown instanceof ProtocolError, String(thrown));
    return `${thrown.code}: ${thrown.message}`;
  }
}

Deno.test("encodeMessage() writes the golden bytes, and they read back", () => {
  deepStrictEqual(encodeMessage(HELLO).toHex(), HELLO_BYTES.toHex());
  deepStrictEqual(readAll(HELLO_BYTES).map(readClientMessage), [HELLO]);
});

Deno.test("encodeMessage() leaves out what is undefined and asserts its limit", () => {
  strictEqual(
    encodeMessage({ type: "refused", code: "a", message: "b", mark: undefined }).length,
    encodeMessage({ type: "refused", code: "a", message: "b" }).length,
  );
  const text = "x".repeat(CONTROL_MESSAGE_BYTES_MAX);
  throws(() => encodeMessage({ type: "closing", reason: text }), { name: "AssertionFailure" });
});

Deno.test("EnvelopeReader gives the same messages whatever the pieces", () => {
  const bytes = concatBytes(HELLO_BYTES, encodeMessage({ type: "leave" }), HELLO_BYTES);
  for (const pieceBytes of [1, 2, 3, 5, 7, 79, 80, 81, 1000]) {
    deepStrictEqual(readAll(bytes, pieceBytes).map(readClientMessage), [
      HELLO,
      { type: "leave" },
      HELLO,
    ]);
  }
});

Deno.test("EnvelopeReader gives bytes that later pieces do not overwrite", () => {
  const reader = new EnvelopeReader();
  const piece = HELLO_BYTES.slice();
  reader.push(piece);
  const first = reader.next()!;
  piece.fill(0xff);
  reader.push(HELLO_BYTES);
  reader.next();
  deepStrictEqual(first.resume, HELLO.resume);
});

Deno.test("EnvelopeReader: message size at the limit, one under and one over", () => {
  const sized = (size: number) => {
    const empty = encode({ type: "x", fill: new Uint8Array(CONTROL_MESSAGE_BYTES_MAX / 2) }).length;
    const fill = new Uint8Array(CONTROL_MESSAGE_BYTES_MAX / 2 + size - empty);
    return enveloped(encode({ type: "x", fill }));
  };
  strictEqual(faultOf(sized(CONTROL_MESSAGE_BYTES_MAX - 1)), "none");
  strictEqual(faultOf(sized(CONTROL_MESSAGE_BYTES_MAX)), "none");
  strictEqual(
    faultOf(sized(CONTROL_MESSAGE_BYTES_MAX + 1)),
    "too-large: Cannot read a message: 16385 bytes, over 16384",
  );
  // Said before the body has come.
  strictEqual(faultOf(new Uint8Array([0xff, 0xff, 0xff, 0xff])).slice(0, 9), "too-large");
});

Deno.test("EnvelopeReader: nesting at the limit, one under and one over", () => {
  const nested = (depth: number) => {
    let value: unknown = "leaf";
    for (let level = 1; level < depth; level++) value = [value];
    return enveloped(encode({ type: "x", value }));
  };
  strictEqual(faultOf(nested(NESTING_MAX - 1)), "none");
  strictEqual(faultOf(nested(NESTING_MAX)), "none");
  strictEqual(
    faultOf(nested(NESTING_MAX + 1)),
    "bad-envelope: Cannot read a message: nested too deep",
  );
});

Deno.test("EnvelopeReader: number of values at the limit, one under and one over", () => {
  // The map, two keys, the type and the list are five values.
  const many = (count: number) => enveloped(encode({ type: "x", list: Array(count - 5).fill(0) }));
  strictEqual(faultOf(many(CONTROL_VALUES_MAX - 1)), "none");
  strictEqual(faultOf(many(CONTROL_VALUES_MAX)), "none");
  strictEqual(
    faultOf(many(CONTROL_VALUES_MAX + 1)),
    "bad-envelope: Cannot read a message: too many values",
  );
});

Deno.test("EnvelopeReader refuses everything that is not one plain map with a type", () => {
  const bodies: [string, Uint8Array, string][] = [
    ["nothing", new Uint8Array(0), "cut short"],
    ["a number", encode(1), "not a map with a type"],
    ["a list", encode([1]), "not a map with a type"],
    ["no type", encode({ a: 1 }), "not a map with a type"],
    ["a type that is no text", encode({ type: 1 }), "not a map with a type"],
    ["behind", concatBytes(encode({ type: "x" }), encode(1)), "bytes behind the end"],
    ["a time", encode({ type: "x", at: new Date(0) }), "an extension type"],
    ["an extension", Uint8Array.fromHex("81a161c7000000"), "an extension type"],
    ["the unused byte", Uint8Array.fromHex("81a161c1"), "an extension type"],
    ["a number as key", Uint8Array.fromHex("8101a178"), "a map key that is not text"],
    ["a list as key", Uint8Array.fromHex("8190a178"), "a map key that is not text"],
    ["a huge map", Uint8Array.fromHex("dfffffffff"), "cut short"],
    ["a huge list", Uint8Array.fromHex("ddffffffff"), "cut short"],
    ["a huge text", Uint8Array.fromHex("dbffffffff"), "cut short"],
    ["a cut length", Uint8Array.fromHex("81a161da01"), "cut short"],
  ];
  for (const [what, body, state] of bodies) {
    strictEqual(faultOf(enveloped(body)), `bad-envelope: Cannot read a message: ${state}`, what);
  }
});

Deno.test("readClientMessage(): names of object members are harmless", () => {
  const key = (text: string) =>
    concatBytes(new Uint8Array([0xa0 + text.length]), new TextEncoder().encode(text));
  const poisoned = concatBytes(
    new Uint8Array([0x82]),
    key("type"),
    key("leave"),
    key("__proto__"),
    encode({ polluted: true }),
  );
  ok(faultOf(enveloped(poisoned)).startsWith("bad-envelope"));
  for (const type of ["constructor", "toString", "hasOwnProperty", "__proto__"]) {
    strictEqual(readClientMessage({ type }), undefined);
  }
  const odd = readAll(enveloped(encode({ type: "leave", constructor: 1, prototype: {} })));
  deepStrictEqual(odd.map(readClientMessage), [{ type: "leave" }]);
  strictEqual(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("readClientMessage() and readServerMessage() know only their own direction", () => {
  strictEqual(readClientMessage({ type: "welcome" }), undefined);
  strictEqual(readServerMessage({ type: "hello" }), undefined);
  strictEqual(readServerMessage({ type: "from.the.future", a: 1 }), undefined);
});

Deno.test("readClientMessage() says which field is wrong", () => {
  const wrong: [RawMessage, string][] = [
    [{ type: "chat.post", mark: "m" }, "Cannot read chat.post.text: missing"],
    [{ type: "chat.post", mark: "", text: "x" }, "Cannot read chat.post.mark: not printable ASCII"],
    [
      { type: "chat.post", mark: "m", text: "\ud800" },
      "Cannot read chat.post.text: not well-formed text",
    ],
    [
      { type: "chat.fetch", after: -1 },
      "Cannot read chat.fetch.after: -1 is not in 0..9007199254740991",
    ],
    [{ type: "chat.fetch", after: NaN }, "Cannot read chat.fetch.after: not a whole number"],
    [
      { type: "hello", version: 1, name: "a", room: "b", resume: new Uint8Array(15) },
      "Cannot read hello.resume: 15 bytes, not 16..16",
    ],
    [
      { type: "watch", participant: 1, layer: "best" },
      "Cannot read watch.layer: not one of high, low, none, auto",
    ],
  ];
  for (const [raw, message] of wrong) {
    throws(() => readClientMessage(raw), { name: "ProtocolError", code: "bad-field", message });
  }
});

Deno.test("EnvelopeReader: every prefix of a message waits for more", () => {
  for (let size = 0; size < HELLO_BYTES.length; size++) {
    deepStrictEqual(readAll(HELLO_BYTES.subarray(0, size)), []);
    // The same cut in the body, under a length that fits: damaged, and said so.
    if (size > 4) ok(faultOf(enveloped(HELLO_BYTES.subarray(4, size))).includes("cut short"));
  }
});

Deno.test("EnvelopeReader: 10 000 mutations read as a message or throw ProtocolError", () => {
  const seed = 20_250_101;
  const random = seededRandom(seed);
  let readable = 0;
  for (let round = 0; round < 10_000; round++) {
    const body = HELLO_BYTES.slice(4);
    for (let flips = 1 + random.u32() % 4; flips > 0; flips--) {
      body[random.u32() % body.length] = random.u32();
    }
    const cut = body.subarray(0, random.u32() % 8 === 0 ? random.u32() % body.length : undefined);
    try {
      for (const message of readAll(enveloped(cut))) readClientMessage(message);
      readable++;
    } catch (thrown) {
      ok(thrown instanceof ProtocolError, `seed ${seed}, round ${round}: ${thrown}`);
    }
  }
  ok(readable > 100, "some mutations stay readable");
});

Deno.test("readServerMessage() takes times that a Date can be, and no others", () => {
  const read = (at: number) => readServerMessage({ type: "chat.accepted", mark: "m", id: 1, at });
  for (const at of [0, 1.5, -8.64e15, 8.64e15]) {
    strictEqual(read(at)?.type, "chat.accepted");
    ok(!Number.isNaN(new Date(at).getTime()));
  }
  for (const at of [8.64e15 + 2, -1e300, Infinity, NaN]) {
    throws(() => read(at), { code: "bad-field", message: /chat\.accepted\.at: not a time/ });
  }
});

Deno.test("readServerMessage() shows a mark for what names must not have in them", () => {
  const bad = "An\u202ena\u001b";
  const file = {
    id: 1,
    name: `dir/${bad}.txt`,
    size: 1,
    hash: new Uint8Array(32),
    owner: bad,
    at: 1,
  };
  const comes = { id: 1, name: bad, size: 1, participant: 2, from: bad, bytes: 0, state: "moving" };
  const person = { id: 1, name: bad, microphone: true, camera: true, away: false };
  const line = { id: 1, at: 1, from: bad, text: bad, mark: "m" };
  const messages: RawMessage[] = [
    { type: "participant", ...person },
    { type: "participants", list: [person], last: true },
    { type: "participant.left", id: 1, name: bad, reason: "left" },
    { type: "chat", ...line },
    { type: "chat.lines", lines: [line], more: false },
    { type: "file", ...file },
    { type: "files", list: [file], last: true },
    { type: "files.coming", list: [comes] },
    { type: "room.removed", names: [bad] },
    { type: "presenter", share: 1, participant: 1, name: bad, paused: false },
    { type: "presenter.asked", participant: 1, name: bad },
    { type: "presenter.declined", participant: 1, name: bad },
    { type: "muted", mutes: 1, by: bad },
    { type: "refused", code: "presenter-taken", message: "", holder: bad },
    { type: "lobby", version: 1, needsPin: false, rooms: [], name: bad },
  ];
  for (const raw of messages) {
    const read = readServerMessage(raw)!;
    const shown = JSON.stringify(read);
    ok(shown.includes("An\ufffdna\ufffd"), shown);
    // What somebody says is theirs.
    const { text: _, ...rest } = "text" in read ? read : { ...read, text: "" };
    const lines = "lines" in read ? read.lines.map((each) => ({ ...each, text: "" })) : [];
    ok(!JSON.stringify({ ...rest, lines }).includes("\u202e"), shown);
  }
  const { list: [{ name }] } = readServerMessage(messages[6]) as { list: { name: string }[] };
  strictEqual(name, "An\ufffdna\ufffd.txt");
});
