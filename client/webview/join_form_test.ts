import { strictEqual } from "node:assert/strict";
import type { Nearby, NearbyServer } from "@fusionmeet/bridge";
import { type JoinForm, meantServer } from "./join_form.ts";

const FORM: JoinForm = {
  ...{ server: "192.168.1.20", name: "Ann", room: "Main", pin: "" },
  ...{ microphone: true, camera: true },
};
const MOVED: NearbyServer = {
  ...{ fingerprint: "ab".repeat(32), name: "Office", address: "192.168.1.77" },
  ...{ rooms: 0, people: 0, known: true, formerly: ["192.168.1.20:65435"] },
};
const STRANGER: NearbyServer = {
  ...{ ...MOVED, address: "192.168.1.20", fingerprint: "cd".repeat(32), known: false },
};
const nearby = (...servers: NearbyServer[]): Nearby => ({
  ...{ state: "listening", servers, search: null, problem: null },
});
const meant = (form: Partial<JoinForm>, ...servers: NearbyServer[]) =>
  meantServer(nearby(...servers), { ...FORM, ...form }, { isKept: true })?.address;
const typed = (...servers: NearbyServer[]) =>
  meantServer(nearby(...servers), FORM, { isKept: false })?.address;

Deno.test("meantServer() finds the known server of an earlier meeting where it is now", () => {
  strictEqual(meant({}, MOVED), "192.168.1.77");
  strictEqual(meant({ server: " 192.168.1.20:65435 " }, MOVED), "192.168.1.77");
  strictEqual(meant({ server: "192.168.1.21" }, MOVED), undefined, "another one is meant");
  strictEqual(meant({ server: "" }, MOVED), undefined);
  strictEqual(meant({}, { ...MOVED, known: false }), undefined, "who is not known is not followed");
  strictEqual(meant({ picked: "cd".repeat(32) }, MOVED), undefined, "one was picked");
  strictEqual(meant({}, MOVED, STRANGER), undefined, "somebody else is there");
});

Deno.test("meantServer() finds the known server at the address that was typed, and follows it nowhere", () => {
  const here = { ...MOVED, address: "192.168.1.20" };
  strictEqual(typed(here), "192.168.1.20");
  strictEqual(typed(MOVED), undefined);
  strictEqual(typed(STRANGER), undefined);
  strictEqual(
    typed({ ...here, formerly: ["10.0.0.1:65435"] }),
    undefined,
    "not known at that address",
  );
});
