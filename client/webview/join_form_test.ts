import { strictEqual } from "node:assert/strict";
import type { Nearby, NearbyServer } from "@fusionmeet/bridge";
import { type JoinForm, movedServer } from "./join_form.ts";

const FORM: JoinForm = {
  ...{ server: "192.168.1.20", name: "Ann", room: "Main", pin: "" },
  ...{ microphone: true, camera: true },
};
const MOVED: NearbyServer = {
  ...{ fingerprint: "ab".repeat(32), name: "Office", address: "192.168.1.77" },
  ...{ rooms: 0, people: 0, known: true, formerly: ["192.168.1.20:65435"] },
};
const nearby = (...servers: NearbyServer[]): Nearby => ({
  ...{ state: "listening", servers, search: null, problem: null },
});
const moved = (form: Partial<JoinForm>, ...servers: NearbyServer[]) =>
  movedServer(nearby(...servers), { ...FORM, ...form })?.address;

Deno.test("movedServer() finds the known server that the form means, where it is now", () => {
  strictEqual(moved({}, MOVED), "192.168.1.77");
  strictEqual(moved({ server: " 192.168.1.20:65435 " }, MOVED), "192.168.1.77");
  strictEqual(moved({ server: "192.168.1.21" }, MOVED), undefined, "another one is meant");
  strictEqual(moved({ server: "" }, MOVED), undefined);
  strictEqual(
    moved({}, { ...MOVED, known: false }),
    undefined,
    "what is not known is not followed",
  );
  strictEqual(moved({ picked: "cd".repeat(32) }, MOVED), undefined, "one was picked");
  const here = { ...MOVED, address: "192.168.1.20", fingerprint: "cd".repeat(32), known: false };
  strictEqual(moved({}, MOVED, here), undefined, "somebody is there");
});
