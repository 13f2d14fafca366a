import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { encodeRoom, fingerprintWords, parseJoinLink } from "@fusionmeet/protocol";
import { answerFor, type PageServer } from "./join_page.ts";

const SERVER: PageServer = {
  serverName: "studio",
  needsPin: false,
  addresses: ["192.168.1.20", "fd00::5"],
  port: 65_435,
  fingerprint: "0a".repeat(32),
};

/** The links a page shows, in its order. */
function linksOf(body: string): string[] {
  return [...body.matchAll(/<code class="link">([^<]*)<\/code>/g)].map(([, link]) => link);
}

Deno.test("answerFor() shows the link of the room in the path, for each address, and the words", () => {
  const { status, body } = answerFor("/Caf%C3%A9%2F%E5%85%AD", SERVER);
  strictEqual(status, 200);
  deepStrictEqual(
    linksOf(body).map(parseJoinLink),
    SERVER.addresses.map((hostname) => ({
      ...{ hostname, port: 65_435, room: "Café/六", fingerprint: SERVER.fingerprint },
    })),
  );
  ok(body.includes("Join <bdi>Café/六</bdi>") && body.includes("<bdi>studio</bdi>"));
  for (const word of fingerprintWords(SERVER.fingerprint)) ok(body.includes(`<li>${word}</li>`));
  // A phone's owner goes on at a computer: the address of this very page.
  ok(body.includes("<strong>http://192.168.1.20:65435/Caf%C3%A9%2F%E5%85%AD</strong>"));
  ok(/no FusionMeet for phones/.test(body) && /unprotected/.test(body));
  ok(!/PIN/.test(body) && /PIN/.test(answerFor("/", { ...SERVER, needsPin: true }).body));
});

Deno.test("answerFor() without a room in the path is about the usual one", () => {
  const { status, body } = answerFor("/", SERVER);
  strictEqual(status, 200);
  strictEqual(parseJoinLink(linksOf(body)[0]).room, "Main");
  ok(body.includes("<strong>http://192.168.1.20:65435/</strong>"));
});

Deno.test("answerFor() knows no room with a name that cannot be, and says so", () => {
  for (
    const path of ["/a/b", "/%zz", "/%0A", "/%20", `/${"x".repeat(65)}`, "//", "/.well-known/x"]
  ) {
    const { status, body } = answerFor(path, SERVER);
    strictEqual(status, 404, path);
    ok(body.includes("Ask for the link again") && linksOf(body).length === 0, body);
  }
});

Deno.test("A name is text on the page, whatever it holds", () => {
  const names = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=y>',
    "</title><b>",
    "&lt;i&gt;",
    "'a'",
  ];
  const quiet = answerFor("/x", { ...SERVER, serverName: "x" }).body;
  const tagCount = (body: string) => body.match(/<[a-z/!]/gi)!.length;
  for (const name of names) {
    const { status, body } = answerFor(`/${encodeRoom(name)}`, { ...SERVER, serverName: name });
    strictEqual(status, 200);
    strictEqual(tagCount(body), tagCount(quiet), `no tag more: ${name}`);
    ok(body.includes(name.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)));
  }
});

Deno.test("The page needs nothing from elsewhere, and its policy allows its own styles alone", () => {
  const { body, styles } = answerFor("/", SERVER);
  const [, style] = /<style>([^]*?)<\/style>/.exec(body)!;
  strictEqual(styles, `'sha256-${createHash("sha256").update(style).digest("base64")}'`);
  ok(!/<script|<img|<a |url\(|@import|style=/.test(body));
  deepStrictEqual([...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url), ["data:,"]);
});
