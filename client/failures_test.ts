import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  addressText,
  badName,
  declined,
  endedByServer,
  JoinFailure,
  keyChanged,
  keyNotAsGiven,
  keyUnknown,
  noAnswer,
  unreachable,
} from "./failures.ts";

const SERVER = { hostname: "192.0.2.1", port: 65_435 };
const SEEN = "ab".repeat(32);
const EXPECTED = "cd".repeat(32);
const NEW = { isSettled: false };
const ASKED = { name: "Ada", room: "Main" };

Deno.test("Every failure has a sentence of its own, a next step, and neither ends with a full stop", () => {
  const refusals = [
    ...["pin-needed", "pin-wrong", "too-many-wrong-pins", "name-empty", "name-bad", "name-taken"],
    ...["room-bad", "full", "rooms-full", "something-new"],
  ].map((code) => declined({ code, message: `Because of ${code}.` }, ASKED));
  const failures = [
    ...(["no-such-host", "connection-refused", "no-route", "timed-out", "not-a-server"] as const)
      .map((code) => unreachable(code, SERVER)),
    keyUnknown(SERVER, SEEN),
    keyChanged(SERVER, { expected: EXPECTED, seen: SEEN, pinsPath: "pins.json" }),
    keyNotAsGiven(SERVER, { expected: EXPECTED, seen: SEEN }),
    ...(["empty", "too-long", "bad-characters"] as const).flatMap((fault) => [
      badName("name", "x", fault),
      badName("room", "x", fault),
    ]),
    ...refusals,
    declined({ code: "version", message: "No", version: 9 }, ASKED),
    endedByServer({ code: "bad-field", message: "No" }, { isSettled: false }),
    endedByServer({ code: "taken-over", message: "No" }, { isSettled: true }),
    endedByServer({ code: "removed", message: "You were removed" }, { isSettled: true }),
    noAnswer("reset"),
  ];
  strictEqual(new Set(failures.map(({ message }) => message)).size, failures.length);
  for (const { message, advice } of failures) {
    for (const text of [message, advice]) ok(/^[A-Z].{8,}[^.\s]$/s.test(text), text);
  }
});

Deno.test("Only what may pass by itself is tried again when coming back", () => {
  const passes = ({ mayPass }: JoinFailure) => mayPass;
  ok(passes(unreachable("no-route", SERVER)));
  ok(passes(declined({ code: "name-taken", message: "" }, ASKED)));
  ok(passes(noAnswer("reset")));
  ok(passes(endedByServer({ code: "too-fast", message: "" }, { isSettled: true })));
  ok(!passes(endedByServer({ code: "too-fast", message: "" }, { isSettled: false })));
  ok(!passes(endedByServer({ code: "taken-over", message: "" }, { isSettled: true })));
  ok(!passes(endedByServer({ code: "removed", message: "" }, { isSettled: true })));
  ok(!passes(declined({ code: "pin-wrong", message: "" }, ASKED)));
  ok(!passes(declined({ code: "version", message: "", version: 9 }, ASKED)));
  ok(!passes(keyUnknown(SERVER, SEEN)));
});

Deno.test("declined() goes on with what the server said as part of its sentence", () => {
  for (
    const [said, part] of [
      ["The PIN is wrong.", "the PIN is wrong"],
      ["You were removed from this room", "you were removed from this room"],
      [
        "Somebody called Ann is already in this room",
        "somebody called Ann is already in this room",
      ],
      ["Too many wrong PINs: try again in 4 s", "too many wrong PINs: try again in 4 s"],
      ["Ann is presenting", "Ann is presenting"],
    ]
  ) {
    const { message } = declined({ code: "pin-wrong", message: said }, ASKED);
    strictEqual(message, `Cannot join ${ASKED.room} as ${ASKED.name}: ${part}`);
  }
});

Deno.test("declined() says which side to update when the versions differ", () => {
  const newer = declined({ code: "version", message: "", version: 9 }, ASKED);
  ok(newer.message.includes("version 1 ") && newer.message.includes("version 9"), newer.message);
  ok(newer.advice.startsWith("Update this program"));
  const older = declined({ code: "version", message: "", version: 0 }, ASKED);
  ok(older.advice.startsWith("Update the server"));
});

Deno.test("What a server calls a refusal is looked up among our own words only", () => {
  for (const code of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
    const { advice, mayPass } = declined({ code, message: "No" }, ASKED);
    deepStrictEqual([advice, mayPass], ["Ask whoever runs the server", false], code);
  }
});

Deno.test("addressText() puts brackets where a port would not be told from an address", () => {
  strictEqual(addressText({ hostname: "::1", port: 7 }), "[::1]:7");
  strictEqual(addressText({ hostname: "host", port: 7 }), "host:7");
});

Deno.test("What a server says of a failure cannot steer the terminal", () => {
  const message = "No\u001b]52;c;aGk=\u0007";
  const said = [
    declined({ code: "something-new", message }, ASKED),
    endedByServer({ code: "removed", message }, { isSettled: true }),
    endedByServer({ code: "something-new", message }, { isSettled: true }),
    endedByServer({ code: "taken-over", message }, { isSettled: true }),
  ];
  for (const { message } of said) ok(message.includes("No\ufffd]52;c;aGk=\ufffd"), message);
  const codes = ["\u001b[2J", "two words", ""].map((
    code,
  ) => [declined({ code, message }, ASKED).code, endedByServer({ code, message }, NEW).code]);
  deepStrictEqual(codes, Array(3).fill(["refused", "refused"]));
});
