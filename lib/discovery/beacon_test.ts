import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { encode } from "@msgpack/msgpack";
import { concatBytes } from "@fusionmeet/base";
import { BEACON_BYTES_MAX } from "@fusionmeet/protocol";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import { type Beacon, decodeBeacon, encodeBeacon } from "./beacon.ts";

const FINGERPRINT = "00112233445566778899aabbccddeeff".repeat(2);
const SERVER: Beacon = {
  type: "server",
  announcement: {
    fingerprint: FINGERPRINT,
    name: "Büro",
    version: "0.1.0",
    port: 65435,
    rooms: 2,
    people: 7,
    addresses: ["192.168.1.20", "10.0.0.5"],
  },
};
const GOLDEN =
  "464d423188a474797065a6736572766572a46e616d65a542c3bc726fa776657273696f6ea5302e312e30" +
  "a4706f7274cdff9ba5726f6f6d7302a670656f706c6507ab66696e6765727072696e74c420" + FINGERPRINT +
  "a961646472657373657392c404c0a80114c4040a000005";

Deno.test("encodeBeacon() writes the golden bytes, decodeBeacon() reads them", () => {
  strictEqual(encodeBeacon(SERVER).toHex(), GOLDEN);
  deepStrictEqual(decodeBeacon(Uint8Array.fromHex(GOLDEN)), SERVER);
  const gone: Beacon = { type: "gone", fingerprint: FINGERPRINT };
  strictEqual(
    encodeBeacon(gone).toHex(),
    `464d423182a474797065a4676f6e65ab66696e6765727072696e74c420${FINGERPRINT}`,
  );
  deepStrictEqual(decodeBeacon(encodeBeacon(gone)), gone);
  strictEqual(encodeBeacon({ type: "seek" }).toHex(), "464d423181a474797065a47365656b");
  deepStrictEqual(decodeBeacon(encodeBeacon({ type: "seek" })), { type: "seek" });
});

Deno.test("decodeBeacon() ignores fields it does not know, and says which type it does not know", () => {
  const magic = new TextEncoder().encode("FMB1");
  const newer = concatBytes(magic, encode({ type: "seek", since: 5 }));
  deepStrictEqual(decodeBeacon(newer), { type: "seek" });
  strictEqual(decodeBeacon(concatBytes(magic, encode({ type: "sing" }))), "beacon-unknown");
  strictEqual(decodeBeacon(concatBytes(magic, encode(["seek"]))), "beacon-malformed");
  strictEqual(decodeBeacon(new TextEncoder().encode("FMB2")), "beacon-not-ours");
});

Deno.test("decodeBeacon() refuses every prefix and stands 10 000 mutations", () => {
  const golden = Uint8Array.fromHex(GOLDEN);
  for (const prefix of prefixesOf(golden)) {
    strictEqual(decodeBeacon(prefix), prefix.length < 4 ? "beacon-not-ours" : "beacon-malformed");
  }
  let readCount = 0;
  for (const bytes of mutationsOf([golden], { seed: 3, count: 10_000 })) {
    const beacon = decodeBeacon(bytes);
    if (typeof beacon !== "string" && beacon.type === "server") {
      readCount++;
      const { port, rooms, people, fingerprint } = beacon.announcement;
      ok(port > 0 && port < 65_536 && rooms >= 0 && people >= 0 && fingerprint.length === 64);
    }
  }
  ok(readCount > 500 && readCount < 9_000, `${readCount}`);
});

Deno.test("encodeBeacon() fits its limit with the longest name, eight addresses of nine, and no more", () => {
  const { announcement } = SERVER as Extract<Beacon, { type: "server" }>;
  const addresses = Array.from({ length: 9 }, (_, index) => `10.0.0.${index}`);
  const largest = { ...announcement, name: "界".repeat(64), version: "9".repeat(32), addresses };
  const bytes = encodeBeacon({ type: "server", announcement: largest });
  ok(bytes.length < 500, `${bytes.length}`);
  const read = decodeBeacon(bytes);
  ok(typeof read !== "string" && read.type === "server");
  strictEqual(read.announcement.addresses.length, 8);
  strictEqual(
    decodeBeacon(
      encodeBeacon({ type: "server", announcement: { ...largest, name: "x".repeat(65) } }),
    ),
    "beacon-malformed",
  );
  throws(() =>
    encodeBeacon({
      type: "server",
      announcement: { ...largest, name: "x".repeat(BEACON_BYTES_MAX) },
    }), /fits/);
});
