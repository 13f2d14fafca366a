import { strictEqual } from "node:assert/strict";
import { SendHistory } from "./send_history.ts";

const packet = (bytes: number) => new Uint8Array(bytes);

Deno.test("SendHistory.find() gives the very bytes that were sent, until they are too old", () => {
  const history = new SendHistory({ ageMsMax: 100, bytesMax: 1_000 });
  const sent = packet(10);
  history.push(sent, { sequence: 65_535, nowMs: 0 });
  strictEqual(history.find(65_535, 100), sent);
  strictEqual(history.find(65_535, 101), undefined);
  strictEqual(history.find(0, 0), undefined);
  const again = packet(20);
  history.push(again, { sequence: 65_535, nowMs: 150 });
  strictEqual(history.find(65_535, 150), again);
  strictEqual(history.bytes, 20);
});

Deno.test("SendHistory.push() drops the oldest beyond its age and its bytes", () => {
  const history = new SendHistory({ ageMsMax: 100, bytesMax: 30 });
  for (let sequence = 0; sequence < 4; sequence++) history.push(packet(10), { sequence, nowMs: 0 });
  strictEqual(history.find(0, 0), undefined);
  strictEqual(history.find(1, 0)?.length, 10);
  strictEqual(history.bytes, 30);
  history.push(packet(10), { sequence: 4, nowMs: 101 });
  strictEqual(history.bytes, 10);
  history.clear();
  strictEqual(history.find(4, 101), undefined);
});
