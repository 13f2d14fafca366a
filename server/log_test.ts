import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { ServerLog } from "./log.ts";

Deno.test("ServerLog writes JSON lines, or lines for people that no name can break", () => {
  const lines: string[] = [];
  const write = (line: string) => lines.push(line);
  const json = new ServerLog({ json: true, write, epochMs: () => 5 });
  json.event("joined", { name: 'A"\n', none: undefined });
  deepStrictEqual(JSON.parse(lines[0]), { event: "joined", at: 5, name: 'A"\n' });
  const people = new ServerLog({ json: false, write, epochMs: () => 5 });
  people.event("joined", { name: 'A"\n\u001b[31m', none: undefined });
  strictEqual(lines[1], '1970-01-01T00:00:00.005Z joined name="A\\"\\n\\u001b[31m"');
});

Deno.test("ServerLog: a flood is counted, not written", () => {
  const lines: string[] = [];
  let at = 0;
  const log = new ServerLog({ json: true, write: (line) => lines.push(line), epochMs: () => at });
  for (let count = 0; count < 10_000; count++) log.event("refused");
  const burst = lines.length;
  ok(burst <= 500, `${burst} lines`);
  at = 1_000;
  log.event("joined");
  deepStrictEqual(lines.slice(burst).map((line) => JSON.parse(line)), [
    { event: "suppressed", at, count: 10_000 - burst },
    { event: "joined", at },
  ]);
});
