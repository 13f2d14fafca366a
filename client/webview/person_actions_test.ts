import { deepStrictEqual } from "node:assert/strict";
import type { PersonState } from "@fusionmeet/bridge";
import { actionsWith, leads } from "./person_actions.ts";

const [ADA, BOB, CYD] = [1, 2, 3];

function person(id: number, more: Partial<PersonState> = {}): PersonState {
  const off = { camera: false, away: false, speaking: false, host: false, presenter: false };
  return { id, name: `Person ${id}`, microphone: true, ...off, ...more };
}

/** What Ada may do with Bob. */
function actions(
  options: { host?: number; presenter?: number; bob?: Partial<PersonState>; with?: number },
): string {
  const { host, presenter, bob, with: other = BOB } = options;
  const people = [ADA, BOB, CYD].map((id) =>
    person(id, { host: id === host, presenter: id === presenter, ...(id === BOB && bob) })
  );
  const presenting = presenter === undefined
    ? null
    : { share: 7, participant: presenter, name: `Person ${presenter}`, paused: false };
  const meeting = { people, self: ADA, presenting };
  return actionsWith(people.find(({ id }) => id === other)!, meeting).join(" ");
}

Deno.test("actionsWith() offers what one may do, by role, and nothing else", () => {
  const table: [Parameters<typeof actions>[0], string][] = [
    [{}, ""],
    [{ host: BOB }, ""],
    [{ host: ADA }, "mute make-host remove"],
    [{ host: ADA, bob: { microphone: false } }, "make-host remove"],
    [{ host: ADA, bob: { away: true } }, "remove"],
    [{ host: ADA, presenter: BOB }, "mute stop-share make-host remove"],
    [{ host: ADA, presenter: CYD }, "mute make-host remove"],
    [{ host: ADA, presenter: ADA }, "mute hand-over make-host remove"],
    [{ presenter: ADA }, "hand-over"],
    [{ presenter: ADA, bob: { away: true } }, ""],
    [{ presenter: BOB }, ""],
    [{ host: ADA, presenter: ADA, with: ADA }, ""],
  ];
  deepStrictEqual(table.map(([given]) => actions(given)), table.map(([, expected]) => expected));
});

Deno.test("leads() is true of the host's own page", () => {
  const people = [person(ADA, { host: true }), person(BOB)];
  deepStrictEqual([ADA, BOB].map((self) => leads({ people, self })), [true, false]);
});
