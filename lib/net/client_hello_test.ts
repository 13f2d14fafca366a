import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { CLIENT_HELLO } from "../../tests/support/client_hello.ts";
import { mutationsOf, prefixesOf } from "../../tests/support/mutations.ts";
import {
  CLIENT_HELLO_BYTES_MAX,
  clientHelloRecordBytes,
  readClientHello,
  TLS_1_3,
} from "./client_hello.ts";
import { BULK_PROTOCOL } from "./native_tls.ts";

Deno.test("readClientHello() reads what a client can do", () => {
  const hello = readClientHello(CLIENT_HELLO)!;
  deepStrictEqual(hello, { protocols: [BULK_PROTOCOL], versions: [TLS_1_3, 0x0303] });
  strictEqual(clientHelloRecordBytes(CLIENT_HELLO.subarray(0, 5)), CLIENT_HELLO.length);
});

Deno.test("clientHelloRecordBytes() takes nothing too large, and nothing but a handshake", () => {
  const header = (type: number, size: number) => Uint8Array.of(type, 3, 1, size >> 8, size & 255);
  strictEqual(clientHelloRecordBytes(header(22, CLIENT_HELLO_BYTES_MAX)), 5 + 4096);
  strictEqual(clientHelloRecordBytes(header(22, CLIENT_HELLO_BYTES_MAX + 1)), 0);
  strictEqual(clientHelloRecordBytes(header(23, 200)), 0);
  strictEqual(clientHelloRecordBytes(header(22, 200).subarray(0, 4)), 0);
});

Deno.test("readClientHello() stands every prefix and 10 000 mutations", () => {
  for (const bytes of prefixesOf(CLIENT_HELLO)) strictEqual(readClientHello(bytes), undefined);
  let readCount = 0;
  for (const bytes of mutationsOf([CLIENT_HELLO], { seed: 5, count: 10_000 })) {
    if (readClientHello(bytes) !== undefined) readCount++;
  }
  ok(readCount > 0 && readCount < 10_000, `${readCount} were read`);
});
