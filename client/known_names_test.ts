import { deepStrictEqual } from "node:assert/strict";
import { KnownNames, LEFT_NAMES_MAX } from "./known_names.ts";

const person = (id: number, name = `P${id}`) => ({
  ...{ id, name, microphone: false, camera: false, away: false },
});

Deno.test("KnownNames knows who is here, and of those who left the latest LEFT_NAMES_MAX", () => {
  const names = new KnownNames();
  names.changed({ person: person(1), state: "here" });
  names.changed({ person: person(2), state: "away" });
  for (let id = 10; id < 10 + LEFT_NAMES_MAX; id++) {
    names.changed({ person: person(id), state: "here" });
    names.changed({ person: person(id), state: "left", reason: "left" });
  }
  const known = () => [1, 2, 10, 11, 9 + LEFT_NAMES_MAX].map((id) => names.of(id));
  const last = `P${9 + LEFT_NAMES_MAX}`;
  deepStrictEqual(known(), ["P1", "P2", "P10", "P11", last], "at the limit");
  names.changed({ person: person(2), state: "left", reason: "lost" });
  deepStrictEqual(known(), ["P1", "P2", undefined, "P11", last], "one over it");
  names.changed({ person: person(2, "Bob"), state: "here" });
  names.changed({ person: person(12), state: "left", reason: "lost" });
  deepStrictEqual(names.of(2), "Bob");
  deepStrictEqual(known().at(3), "P11", "who came back, or left again, takes no place twice");
  for (const id of [5_000, 5_001, 5_002]) {
    names.changed({ person: person(id), state: "left", reason: "left" });
  }
  deepStrictEqual([11, 12, 13, 14].map((id) => names.of(id)), [undefined, "P12", undefined, "P14"]);
});
