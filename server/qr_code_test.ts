import { ok, strictEqual } from "node:assert/strict";
import { readQrLines } from "../tests/support/qr_reader.ts";
import { qrLines } from "./qr_code.ts";

const PAGES = [
  "http://10.0.0.1:1/",
  "http://192.168.100.200:65435/",
  "http://[fd00::1:2]:65435/Caf%C3%A9",
];

Deno.test("qrLines() is a code that somebody else's reader reads, with and without colours", () => {
  for (const page of PAGES) {
    const lines = qrLines(page, { colors: false });
    strictEqual(readQrLines(lines), page);
    ok(lines.length <= 23 && lines[0].length <= 45, `${lines.length} lines fit a terminal`);
    const colored = qrLines(page, { colors: true });
    // deno-lint-ignore no-control-regex
    ok(colored.every((line) => /^\x1b\[97;40m[ █▀▄]+\x1b\[0m$/.test(line)));
    // deno-lint-ignore no-control-regex
    strictEqual(readQrLines(colored.map((line) => line.replace(/\x1b\[[\d;]*m/g, ""))), page);
  }
});

Deno.test("A damaged code is not read: the reader of these tests does read", () => {
  const lines = qrLines(PAGES[0], { colors: false });
  strictEqual(
    readQrLines(lines.map((line, index) => index > 6 ? line.replaceAll("█", " ") : line)),
    undefined,
  );
});
