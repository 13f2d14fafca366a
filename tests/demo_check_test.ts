import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { recordAndCheck } from "../tools/demo.ts";
import { tableOf } from "../tools/demo_check.ts";

Deno.test("deno task demo --check fails exactly the rows of a muted mic, a camera that is off and a leak", async () => {
  const rows = await recordAndCheck({ muted: "Ann", cameraOff: "Dan", leak: "Cleo" });
  strictEqual(rows.length, 28);
  const wrong = rows.filter((row) => row.wrong).map((row) =>
    `${row.receiver} ${row.kind} ${row.sender}: ${row.wrong}`
  );
  deepStrictEqual(
    wrong.toSorted(),
    [
      ...["Ben", "Cleo", "Dan"].map((name) => `${name} voice Ann: not heard`),
      ...["Ann", "Ben", "Cleo"].map((name) => `${name} picture Dan: no pictures`),
      "Cleo voice Cleo: hears themselves",
    ].toSorted(),
    tableOf(rows),
  );
});
