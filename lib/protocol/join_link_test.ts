import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import {
  decodeRoom,
  encodeRoom,
  formatJoinLink,
  formatPageAddress,
  isJoinLink,
  type JoinLink,
  parseJoinLink,
} from "./join_link.ts";
import { JOIN_LINK_LENGTH_MAX, ROOM_LENGTH_MAX } from "./limits.ts";
import { mutationsOf } from "../../tests/support/mutations.ts";

const KEY = "0123456789abcdef".repeat(4);

const GOLDEN: readonly [string, JoinLink][] = [
  [`fusionmeet://192.168.1.20/Main#${KEY}`, {
    hostname: "192.168.1.20",
    port: 65_435,
    room: "Main",
    fingerprint: KEY,
  }],
  [`fusionmeet://meet.local:7000/#${KEY}`, {
    hostname: "meet.local",
    port: 7_000,
    fingerprint: KEY,
  }],
  [
    `fusionmeet://[fd00::1:2]:1/Caf%C3%A9%2F%E5%85%AD%20%F0%9F%8E%B5%20100%25%20%28a%2Eb%29#${KEY}`,
    {
      hostname: "fd00::1:2",
      port: 1,
      room: "Café/六 🎵 100% (a.b)",
      fingerprint: KEY,
    },
  ],
  [`fusionmeet://b%C3%BCro-2/a%23b%3Fc%40%3A#${KEY}`, {
    hostname: "büro-2",
    port: 65_435,
    room: "a#b?c@:",
    fingerprint: KEY,
  }],
];

const fault = (text: string): string => {
  try {
    return JSON.stringify(parseJoinLink(text));
  } catch (thrown) {
    ok(thrown instanceof Refusal, String(thrown));
    strictEqual(thrown.code, "link-bad");
    return thrown.message;
  }
};

Deno.test("formatJoinLink() and parseJoinLink() keep every part", () => {
  for (const [text, link] of GOLDEN) {
    strictEqual(formatJoinLink(link), text);
    deepStrictEqual(parseJoinLink(text), link);
    ok(isJoinLink(text));
  }
});

Deno.test("formatPageAddress() always says the port: browsers have another usual one", () => {
  strictEqual(formatPageAddress({ hostname: "h", port: 65_435 }), "http://h:65435/");
  strictEqual(
    formatPageAddress({ hostname: "fd00::1", port: 7, room: "a/b" }),
    "http://[fd00::1]:7/a%2Fb",
  );
});

Deno.test("isJoinLink() tells a link, right or wrong, from a computer called fusionmeet", () => {
  for (const text of ["fusionmeet://h", "FusionMeet:", " fusionmeet:h/Main"]) {
    ok(isJoinLink(text), text);
  }
  for (const text of ["fusionmeet", "fusionmeet:7000", "fusionmeet:65435 ", "fusionmeet.local:7"]) {
    ok(!isJoinLink(text), text);
  }
});

Deno.test("parseJoinLink() takes what became of a link on its way", () => {
  const [text, link] = GOLDEN[0];
  deepStrictEqual(parseJoinLink(` \n${text}\r\n`), link);
  deepStrictEqual(parseJoinLink(`FusionMeet://192.168.1.20:65435/Main#${KEY.toUpperCase()}`), link);
  // No slash, the room's letters as they are, decomposed, and spaces too many.
  strictEqual(parseJoinLink(`fusionmeet://h#${KEY}`).room, undefined);
  strictEqual(parseJoinLink(`fusionmeet://h/ Cafe\u0301  六%20#${KEY}`).room, "Café 六");
  strictEqual(parseJoinLink(`fusionmeet://[FD00::A]/#${KEY}`).hostname, "fd00::a");
});

Deno.test("parseJoinLink() says in words what is wrong", () => {
  const cases: [string, RegExp][] = [
    [`http://h/Main#${KEY}`, /starts with fusionmeet:\/\//],
    [`fusionmeet:h/Main#${KEY}`, /starts with fusionmeet:\/\//],
    ["fusionmeet://h/Main", /no fingerprint behind #/],
    ["fusionmeet://h/Main#", /no fingerprint behind #/],
    [`fusionmeet://h/Main#${KEY.slice(1)}`, /64 hex digits/],
    [`fusionmeet://h/Main#${KEY}0`, /64 hex digits/],
    [`fusionmeet://h/Main#g${KEY.slice(1)}`, /64 hex digits/],
    [`fusionmeet://h/Main?pin=1#${KEY}`, /question mark/],
    [`fusionmeet://me:4711@h/Main#${KEY}`, /no name and no PIN/],
    [`fusionmeet:///Main#${KEY}`, /names no server/],
    [`fusionmeet://:7/Main#${KEY}`, /names no server/],
    [`fusionmeet://fd00::1/Main#${KEY}`, /in brackets/],
    [`fusionmeet://[fd00::1/Main#${KEY}`, /IPv6/],
    [`fusionmeet://[fd00:::1]/Main#${KEY}`, /not an IPv6 address/],
    [`fusionmeet://[fe80::1%25eth0]/Main#${KEY}`, /one computer only/],
    [`fusionmeet://1.2.3/Main#${KEY}`, /not the name or address/],
    [`fusionmeet://1.2.3.256/Main#${KEY}`, /not the name or address/],
    [`fusionmeet://a..b/Main#${KEY}`, /not the name or address/],
    [`fusionmeet://a b/Main#${KEY}`, /not the name or address/],
    [`fusionmeet://-a/Main#${KEY}`, /not the name or address/],
    [`fusionmeet://${"a.".repeat(127)}a/Main#${KEY}`, /not the name or address/],
    [`fusionmeet://h%ff/Main#${KEY}`, /server in the link has a %/],
    [`fusionmeet://h:0/Main#${KEY}`, /port/],
    [`fusionmeet://h:65536/Main#${KEY}`, /port/],
    [`fusionmeet://h:/Main#${KEY}`, /port/],
    [`fusionmeet://h/a/b#${KEY}`, /%2F/],
    [`fusionmeet://h/%zz#${KEY}`, /room in the link has a %/],
    [`fusionmeet://h/%20#${KEY}`, /empty/],
    [`fusionmeet://h/a%E2%80%AEb#${KEY}`, /cannot be seen/],
    [`fusionmeet://h/${"x".repeat(ROOM_LENGTH_MAX + 1)}#${KEY}`, /over 64/],
  ];
  for (const [text, words] of cases) ok(words.test(fault(text)), `${text}: ${fault(text)}`);
});

Deno.test("The longest room fits a link; a text over the limit is refused unread", () => {
  const room = "六".repeat(ROOM_LENGTH_MAX);
  const hostname = `${"a".repeat(63)}.`.repeat(3) + "b".repeat(61);
  const text = formatJoinLink({ hostname, port: 10_000, room, fingerprint: KEY });
  ok(text.length <= JOIN_LINK_LENGTH_MAX, `${text.length}`);
  strictEqual(parseJoinLink(text).room, room);
  const longest = `fusionmeet://h/${"/".repeat(JOIN_LINK_LENGTH_MAX)}`.slice(
    0,
    JOIN_LINK_LENGTH_MAX,
  );
  ok(/no fingerprint/.test(fault(longest)));
  ok(/over 1024/.test(fault(`${longest}/`)));
});

Deno.test("decodeRoom() reads what encodeRoom() wrote, with nothing left that could end a link early", () => {
  for (
    const room of ["Main", "a.", "(x)!", "it's *", "a/b", "%", "..", "привет", "🏳️‍🌈".slice(0, 2)]
  ) {
    ok(/^[A-Za-z0-9_~%-]+$/.test(encodeRoom(room)), encodeRoom(room));
    strictEqual(decodeRoom(encodeRoom(room)), room);
  }
  strictEqual(decodeRoom(""), undefined);
  throws(() => decodeRoom("%0A"), Refusal);
});

Deno.test("parseJoinLink() refuses every beginning of a link, and reads or refuses 10 000 damaged ones", () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  for (const [text] of GOLDEN) {
    for (let size = 0; size < text.length; size++) {
      ok(!fault(text.slice(0, size)).startsWith("{"), text.slice(0, size));
    }
  }
  const golden = GOLDEN.map(([text]) => encoder.encode(text));
  let readCount = 0;
  for (const bytes of mutationsOf(golden, { seed: 28, count: 10_000 })) {
    const text = decoder.decode(bytes);
    const said = fault(text);
    if (!said.startsWith("{")) continue;
    readCount++;
    // What is read once has one canonical text, and that says the same.
    const link: JoinLink = JSON.parse(said);
    deepStrictEqual(parseJoinLink(formatJoinLink(link)), link, text);
  }
  ok(readCount > 300, `${readCount}`);
});
