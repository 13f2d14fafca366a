import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Fingerprint } from "@fusionmeet/protocol";
import {
  badName,
  declined,
  endedByServer,
  type JoinFailure,
  keyChanged,
  keyNotAsGiven,
  keyUnknown,
  unreachable,
} from "../failures.ts";
import { joinProblem, leftProblem } from "./window_state.ts";

const SERVER = { hostname: "host", port: 7 };
const ASKED = { name: "Ada", room: "Lab" };
const [EXPECTED, SEEN] = ["a", "b"].map((digit) => digit.repeat(64) as Fingerprint);

const refused = (code: string) => declined({ code, message: "No" }, ASKED);
const fieldOf = (failure: JoinFailure) => joinProblem(failure).field;

Deno.test("joinProblem() points to the field that can mend a failure", () => {
  deepStrictEqual(["pin-needed", "pin-wrong", "too-many-wrong-pins"].map(refused).map(fieldOf), [
    ...["pin", "pin", "pin"],
  ]);
  deepStrictEqual(["name-taken", "name-bad"].map(refused).map(fieldOf), ["name", "name"]);
  deepStrictEqual(["room-bad", "rooms-full", "full"].map(refused).map(fieldOf), [
    ...["room", "room", "room"],
  ]);
  strictEqual(fieldOf(unreachable("timed-out", SERVER)), "server");
  strictEqual(fieldOf(keyNotAsGiven(SERVER, { expected: EXPECTED, seen: SEEN })), "server");
  strictEqual(fieldOf(refused("version")), null);
});

Deno.test("joinProblem() takes the general advice where a server calls a refusal something of its own", () => {
  for (const code of ["constructor", "__proto__"]) {
    strictEqual(joinProblem(refused(code)).advice, refused(code).advice, code);
  }
});

Deno.test("joinProblem() points to the owner PIN when that is what is wrong", () => {
  const fieldWith = (code: string, pin: string, ownerPin: string) =>
    joinProblem(refused(code), { pin, ownerPin }).field;
  strictEqual(fieldWith("owner-pin-wrong", "1", "9000"), "ownerPin");
  strictEqual(fieldWith("too-many-wrong-pins", "", "9000"), "ownerPin");
  strictEqual(fieldWith("too-many-wrong-pins", "1", "9000"), "pin");
});

Deno.test("leftProblem() says who removed somebody, and that it sticks", () => {
  const removed = endedByServer({ code: "removed", message: "Out" }, { isSettled: true });
  const by = (hostName?: string) => leftProblem(removed, { room: "Lab", hostName });
  strictEqual(by("Ada").message, "Ada removed you from the room Lab");
  strictEqual(by().message, "The host removed you from the room Lab");
  ok(/until the host lets you in/.test(by("Ada").advice));
  const taken = endedByServer({ code: "taken-over", message: "Out" }, { isSettled: true });
  deepStrictEqual(leftProblem(taken, { room: "Lab" }), joinProblem(taken));
});

Deno.test("joinProblem() sends nobody who has a form to the command line", () => {
  const keys = { expected: EXPECTED, seen: SEEN, pinsPath: "pins.json" };
  const failures = [
    ...["pin-needed", "pin-wrong", "owner-pin-wrong", "name-empty", "name-bad", "name-taken"].map(
      refused,
    ),
    ...["room-bad", "full", "rooms-full", "too-many-wrong-pins"].map(refused),
    ...(["empty", "too-long", "bad-characters"] as const).flatMap((fault) => [
      badName("name", "x", fault),
      badName("room", "x", fault),
    ]),
    ...[keyUnknown(SERVER, SEEN), keyChanged(SERVER, keys), keyNotAsGiven(SERVER, keys)],
    unreachable("no-such-host", SERVER),
  ];
  for (const failure of failures) {
    const { message, advice } = joinProblem(failure);
    ok(advice.length > 10, failure.code);
    ok(!`${message} ${advice}`.includes("--"), `${failure.code}: ${message}. ${advice}`);
    ok(!/[0-9a-f]{64}/.test(message), `${failure.code} shows a fingerprint: ${message}`);
  }
});
