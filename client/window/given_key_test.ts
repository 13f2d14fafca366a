import { strictEqual } from "node:assert/strict";
import { keyFor } from "./given_key.ts";

const [GIVEN, LINKED] = ["0a", "0b"].map((byte) => byte.repeat(32));
const STARTED = { server: "Meet.local", fingerprint: GIVEN };

Deno.test("keyFor() holds a server to the key of the link that led to it, whatever the command line says", () => {
  const asked = { server: "host", expected: LINKED };
  for (const given of [{}, STARTED, { fingerprint: "trust" }, { fingerprint: GIVEN }]) {
    strictEqual(keyFor(asked, given), LINKED);
  }
});

Deno.test("keyFor() holds the server of the command line to its key however it is typed, and no other one", () => {
  for (const server of ["Meet.local", " meet.local:65435 "]) {
    strictEqual(keyFor({ server }, STARTED), GIVEN, server);
  }
  for (const server of ["other.local", "meet.local:7", "", "a b"]) {
    strictEqual(keyFor({ server }, STARTED), undefined, server);
  }
});

Deno.test("keyFor() says nothing about a server that was picked, unless it is the one of the command line", () => {
  for (const given of [STARTED, { fingerprint: GIVEN }]) {
    strictEqual(keyFor({ server: "Meet.local", picked: LINKED }, given), undefined);
    strictEqual(keyFor({ server: "other.local", picked: GIVEN }, given), GIVEN);
  }
  strictEqual(keyFor({ server: "host", picked: LINKED }, { fingerprint: "trust" }), "trust");
});

Deno.test("keyFor() takes a fingerprint without a server, and trust, for every server", () => {
  strictEqual(keyFor({ server: "host" }, { fingerprint: GIVEN }), GIVEN);
  strictEqual(keyFor({ server: "host" }, { server: "other", fingerprint: "trust" }), "trust");
  strictEqual(keyFor({ server: "host" }, {}), undefined);
});
