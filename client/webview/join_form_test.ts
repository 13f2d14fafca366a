import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Nearby, NearbyServer } from "@fusionmeet/bridge";
import { type JoinForm, linkFault, meantServer, ownerPinFor, withServer } from "./join_form.ts";

const FORM: JoinForm = {
  ...{ server: "192.168.1.20", name: "Ann", room: "Main", pin: "", ownerPin: "" },
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

const KEY = "0a".repeat(32);

Deno.test("withServer() lets a link fill in server, room and key, and nothing else", () => {
  const before = { ...FORM, server: "", picked: "cd".repeat(32), pin: "1" };
  deepStrictEqual(withServer(before, ` fusionmeet://meet.local/L%C3%A4b#${KEY} `), {
    ...{ ...before, server: "meet.local", room: "Läb", picked: undefined, expected: KEY },
  });
  const six = withServer(before, `fusionmeet://[fd00::1]:7/#${KEY}`);
  deepStrictEqual([six.server, six.room], ["[fd00::1]:7", "Main"]);
});

Deno.test("withServer() finds a link behind what stood in the field, and in a message", () => {
  const link = `fusionmeet://meet.local/Lab#${KEY}`;
  for (const text of [`192.168.1.20${link}`, `Join us: ${link} (today)`, `<${link}>\n`]) {
    const { server, room, expected } = withServer(FORM, text);
    deepStrictEqual([server, room, expected], ["meet.local", "Lab", KEY], text);
  }
  // One digit too many is no end of a link.
  strictEqual(withServer(FORM, `${link}0`).expected, undefined);
});

Deno.test("withServer(): what is typed is no longer what the link or the list vouched for", () => {
  const linked = withServer(FORM, `fusionmeet://meet.local/#${KEY}`);
  const typed = withServer(linked, "meet.locals");
  deepStrictEqual([typed.server, typed.expected, typed.picked], [
    "meet.locals",
    undefined,
    undefined,
  ]);
  strictEqual(meant({ expected: KEY }, MOVED), undefined, "a link means its own address");
});

Deno.test("linkFault() says what is wrong with a link, which stays in the field", () => {
  const cut = `fusionmeet://meet.local/Main#${KEY.slice(3)}`;
  ok(/64 hex digits/.test(linkFault(cut)!));
  const { server, expected } = withServer(FORM, cut);
  deepStrictEqual([server, expected], [cut, undefined]);
  for (const text of ["", "meet.local", `fusionmeet://h#${KEY}`]) {
    strictEqual(linkFault(text), undefined);
  }
});

Deno.test("ownerPinFor() keeps the owner PIN of the command line from every server but its own", () => {
  const first = { server: "meet.local", ownerPin: "9000" };
  const after = (server: string, ownerPin = "9000", from = first) =>
    ownerPinFor({ server, ownerPin }, from);
  strictEqual(after("meet.loca"), "");
  strictEqual(after(" MEET.local:65435"), "9000", "the same server");
  strictEqual(after("10.0.0.1", "typed"), "typed", "the user's own");
  strictEqual(after("10.0.0.1", "9000", { ...first, server: "" }), "9000", "none was named");
});
