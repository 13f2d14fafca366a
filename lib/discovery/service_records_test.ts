import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { NAMELESS, shownName } from "./announcement.ts";
import {
  hostName,
  instanceLabel,
  labelOf,
  readService,
  serviceRecords,
  txtOf,
} from "./service_records.ts";

const OFFICE = {
  fingerprint: "3f7ac2e81b90d456".repeat(4),
  name: "Büro 2.1",
  version: "1.2.3",
  port: 65435,
  rooms: 1,
  people: 3,
  addresses: ["192.168.1.20"],
};
const texts = (txt: readonly Uint8Array[]) => txt.map((each) => new TextDecoder().decode(each));
const bytesOf = (...lines: string[]) => lines.map((line) => new TextEncoder().encode(line));
const read = (...lines: string[]) =>
  readService({ label: "Label", port: 1, txt: bytesOf(...lines), addresses: [] });

Deno.test("serviceRecords() and readService() are each other's inverse", () => {
  const label = instanceLabel(OFFICE.name);
  const { service, srv, txt, addresses } = serviceRecords(OFFICE, { label });
  strictEqual(service.value, "Büro 2-1._fusionmeet._tcp.local");
  strictEqual(labelOf("Büro 2-1._FusionMeet._tcp.local"), "Büro 2-1");
  deepStrictEqual(srv.value, { port: 65435, target: "fusionmeet-3f7ac2e81b90d456.local" });
  strictEqual(addresses[0].name, hostName(OFFICE));
  deepStrictEqual(texts(txt.value as Uint8Array[]), [
    "txtvers=1",
    "name=Büro 2.1",
    "version=1.2.3",
    "rooms=1",
    "people=3",
    `fp=${OFFICE.fingerprint}`,
  ]);
  const { port, addresses: own } = OFFICE;
  deepStrictEqual(readService({ label, port, txt: txtOf(OFFICE), addresses: own }), OFFICE);
});

Deno.test("readService() takes what can be taken, and nothing without a fingerprint", () => {
  const fp = `FP=${OFFICE.fingerprint.toUpperCase()}`;
  deepStrictEqual(read(fp), {
    ...{ fingerprint: OFFICE.fingerprint, name: "Label", version: "?", port: 1 },
    ...{ rooms: 0, people: 0, addresses: [] },
  });
  const twice = read("name=One", fp, "name=Two", "rooms=-1", "people=1e9", "version=a b", "=", "x");
  ok(typeof twice !== "string");
  deepStrictEqual([twice.name, twice.rooms, twice.people, twice.version], ["One", 0, 0, "?"]);
  strictEqual(read("name=One"), "txt-no-fingerprint");
  strictEqual(read("fp=12"), "txt-no-fingerprint");
  const txt = bytesOf(fp);
  strictEqual(readService({ label: "x", port: 0, txt, addresses: [] }), "txt-no-port");
  const huge = Array.from({ length: 4_000 }, (_, index) => `k${index}=${"v".repeat(250)}`);
  ok(typeof read(...huge, fp) !== "string");
  const random = seededRandom(2);
  for (let count = 0; count < 1_000; count++) {
    const noise = random.fill(new Uint8Array(random.u32() % 256));
    ok(
      typeof readService({
        label: "x",
        port: 1,
        txt: [noise, ...bytesOf(fp)],
        addresses: [],
      }) !== "string",
    );
  }
});

Deno.test("instanceLabel() cuts at whole letters, with room for a number", () => {
  const size = (label: string) => new TextEncoder().encode(label).length;
  strictEqual(instanceLabel("x".repeat(64)), "x".repeat(63));
  strictEqual(instanceLabel("x".repeat(64), 2), `${"x".repeat(59)} (2)`);
  strictEqual(size(instanceLabel("界".repeat(64))), 63);
  strictEqual(instanceLabel("🙂".repeat(32), 12), `${"🙂".repeat(14)} (12)`);
});

Deno.test("shownName() shows a name on one line, or says that there is none", () => {
  strictEqual(shownName("  Büro\u00a02 "), "Büro 2");
  strictEqual(shownName("<b>x</b>"), "<b>x</b>");
  for (const hidden of ["", "\n", "a\nb", "a\u202eb", "\u200b", "\u0000"]) {
    strictEqual(shownName(hidden), NAMELESS, JSON.stringify(hidden));
  }
  strictEqual(shownName("x".repeat(1_000)), "x".repeat(64));
  strictEqual(shownName("x".repeat(63) + "🙂"), "x".repeat(63), "no half of a letter");
});
