import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import type { ByteStream } from "@fusionmeet/net";
import { PAGE_REQUEST_BYTES_MAX } from "@fusionmeet/protocol";
import { beginsHttp, serveHttp } from "./http_exchange.ts";

/** A peer that sends `bytes` in pieces and then waits for the answer, or is gone. */
class Peer implements ByteStream {
  readonly #bytes: Uint8Array;
  #at = 0;
  readonly #pieceBytes: number;
  readonly answered: number[] = [];
  isWriteClosed = false;

  constructor(bytes: string | Uint8Array, pieceBytes = Infinity) {
    this.#bytes = typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes;
    this.#pieceBytes = pieceBytes;
  }

  get readBytes(): number {
    return this.#at;
  }

  read(into: Uint8Array): Promise<number | null> {
    const size = Math.min(into.length, this.#pieceBytes, this.#bytes.length - this.#at);
    if (size === 0) return Promise.resolve(null);
    into.set(this.#bytes.subarray(this.#at, this.#at + size));
    this.#at += size;
    return Promise.resolve(size);
  }

  /** Takes a few bytes at a time. */
  write(bytes: Uint8Array): Promise<number> {
    const some = bytes.subarray(0, 7);
    this.answered.push(...some);
    return Promise.resolve(some.length);
  }

  closeWrite(): Promise<void> {
    this.isWriteClosed = true;
    return Promise.resolve();
  }

  close(): void {}

  get answer(): { head: string[]; body: string } {
    const text = new TextDecoder().decode(new Uint8Array(this.answered));
    const end = text.indexOf("\r\n\r\n");
    return { head: text.slice(0, end).split("\r\n"), body: text.slice(end + 4) };
  }
}

const BODY = "<!doctype html>\n<p>é</p>\n";
const asked: string[] = [];
const page = (path: string) => {
  asked.push(path);
  return { status: 200, body: BODY, styles: "'sha256-x'" };
};

async function exchange(request: string | Uint8Array, pieceBytes?: number) {
  const peer = new Peer(request, pieceBytes);
  asked.length = 0;
  const status = await serveHttp(peer, page);
  ok(peer.isWriteClosed);
  return { status, peer, asked: [...asked], ...peer.answer };
}

Deno.test("serveHttp() answers GET and HEAD, however the request is cut, with the page and its policy", async () => {
  const headers = "Host: 192.168.1.20:65435\r\nAccept: */*\r\n\r\n";
  for (const pieceBytes of [1, 2, 3, 5, undefined]) {
    const got = await exchange(`GET /A%20b?from=camera HTTP/1.1\r\n${headers}`, pieceBytes);
    deepStrictEqual([got.status, got.body, got.asked], [200, BODY, ["/A%20b"]]);
    strictEqual(got.head[0], "HTTP/1.1 200 OK");
    ok(got.head.includes(`Content-Length: ${new TextEncoder().encode(BODY).length}`));
    ok(got.head.includes("Content-Type: text/html; charset=utf-8"));
    ok(got.head.includes("Connection: close"));
    const policy = got.head.find((line) => line.startsWith("Content-Security-Policy: "))!;
    ok(policy.includes("default-src 'none'; style-src 'sha256-x';") && !policy.includes("unsafe"));
  }
  const { status, head, body } = await exchange(`HEAD / HTTP/1.0\r\n${headers}`);
  deepStrictEqual([status, body], [200, ""]);
  ok(head.includes(`Content-Length: ${new TextEncoder().encode(BODY).length}`));
});

Deno.test("serveHttp() answers once: a body and a second request are read away and not looked at", async () => {
  const one = "GET / HTTP/1.1\r\n\r\n";
  const { status, asked, peer } = await exchange(one + "GET /secret HTTP/1.1\r\n\r\n".repeat(100));
  deepStrictEqual([status, asked], [200, ["/"]]);
  strictEqual(peer.answer.body, BODY);
  const endless = await exchange(one + "x".repeat(1 << 20));
  ok(endless.peer.readBytes < 128 * 1024, `${endless.peer.readBytes} bytes were read`);
});

Deno.test("serveHttp() refuses what is no request for a page, in words and by its status", async () => {
  const cases: [string, number][] = [
    ["GARBAGE\r\n\r\n", 400],
    ["GET http://elsewhere/ HTTP/1.1\r\n\r\n", 400],
    ["GET  / HTTP/1.1\r\n\r\n", 400],
    ["GET / HTTP/2.0\r\n\r\n", 400],
    ["GET /\r\n\r\n", 400],
    ["GET /\tx HTTP/1.1\r\n\r\n", 400],
    ["GET /é HTTP/1.1\r\n\r\n", 400],
    ["HELLO / HTTP/1.1\r\n\r\n", 405],
    ["G / HTTP/1.1\r\n\r\n", 405],
  ];
  for (const [request, expected] of cases) {
    const { status, head, asked } = await exchange(request);
    deepStrictEqual([status, asked], [expected, []], request);
    ok(head.includes("Content-Type: text/plain; charset=utf-8"));
  }
});

Deno.test("serveHttp() takes a request at the limit, and refuses one over it", async () => {
  const sized = (size: number) => {
    const [start, end] = ["GET / HTTP/1.1\r\nX: ", "\r\n\r\n"];
    return start + "x".repeat(size - start.length - end.length) + end;
  };
  strictEqual((await exchange(sized(PAGE_REQUEST_BYTES_MAX))).status, 200);
  for (const pieceBytes of [1_000, undefined]) {
    const over = await exchange(sized(PAGE_REQUEST_BYTES_MAX + 1), pieceBytes);
    deepStrictEqual([over.status, over.asked], [431, []]);
  }
});

Deno.test("serveHttp() gives no answer to a request without end, and survives any bytes", async () => {
  await rejects(serveHttp(new Peer("GET / HTTP/1.1\r\nHost"), page), /ended before/);
  await rejects(serveHttp(new Peer("G"), page), /ended before/);
  const random = seededRandom(80);
  for (let round = 0; round < 300; round++) {
    const noise = random.fill(new Uint8Array(1 + random.u32() % 300));
    const request = new Uint8Array([0x47, ...noise, 13, 10, 13, 10]);
    const { status } = await exchange(request, 1 + random.u32() % 40);
    ok([400, 405].includes(status), `${status}`);
  }
});

Deno.test("beginsHttp() never takes the first byte of TLS for HTTP", () => {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter(beginsHttp);
  deepStrictEqual(bytes, [..."GH"].map((sign) => sign.charCodeAt(0)));
  ok(!beginsHttp(22));
});
