import { concatBytes } from "@fusionmeet/base";
import type { ByteStream } from "@fusionmeet/net";
import { PAGE_REQUEST_BYTES_MAX } from "@fusionmeet/protocol";
import type { PageAnswer } from "./join_page.ts";

/** What is read and thrown away behind the request, so that closing over it does not take the answer from the browser. */
const REST_BYTES_MAX = 64 * 1024;
const READ_BYTES = 4 * 1024;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  405: "Method Not Allowed",
  431: "Request Header Fields Too Large",
};

/** True for the first byte of `GET` and `HEAD`; a TLS handshake begins with 22. */
export function beginsHttp(byte: number): boolean {
  return byte === 0x47 || byte === 0x48;
}

/**
 * Answers one HTTP request, and says with which status. What follows the request (a body, a second one) is not looked at. The
 * caller limits the time by closing the stream, and closes it in the end.
 *
 * @throws where the connection ends before
 */
export async function serveHttp(
  stream: ByteStream,
  page: (path: string) => PageAnswer,
): Promise<number> {
  const head = await readHead(stream);
  const { answer, hasBody } = answerTo(head, page);
  await writeAll(stream, responseOf(answer, hasBody));
  await stream.closeWrite();
  await readRest(stream);
  return answer.status;
}

/** The request up to the empty line, one byte a character; `undefined` where it is over the limit. */
async function readHead(stream: ByteStream): Promise<string | undefined> {
  const bytes = new Uint8Array(PAGE_REQUEST_BYTES_MAX);
  let text = "";
  for (let size = 0; size < bytes.length;) {
    const more = await stream.read(bytes.subarray(size));
    if (more === null) throw new Error("the request ended before its empty line");
    text += String.fromCharCode(...bytes.subarray(size, size + more));
    // The end may lie across two reads.
    const end = text.indexOf("\r\n\r\n", Math.max(0, size - 3));
    if (end >= 0) return text.slice(0, end);
    size += more;
  }
  return undefined;
}

function answerTo(
  head: string | undefined,
  page: (path: string) => PageAnswer,
): { answer: PageAnswer; hasBody: boolean } {
  if (head === undefined) {
    return plain(431, `This request is over ${PAGE_REQUEST_BYTES_MAX} bytes`);
  }
  const [line] = head.split("\r\n", 1);
  const [, method, target] = /^([!-~]+) (\/[!-~]*) HTTP\/1\.[01]$/.exec(line) ?? [];
  if (method === undefined) return plain(400, "This is not a request for a page");
  if (method !== "GET" && method !== "HEAD") return plain(405, "Pages here can only be read");
  return { answer: page(target.split("?", 1)[0]), hasBody: method === "GET" };
}

function plain(status: number, sentence: string): { answer: PageAnswer; hasBody: boolean } {
  return { answer: { status, body: `${sentence}.\n`, styles: "'none'" }, hasBody: true };
}

function responseOf({ status, body, styles }: PageAnswer, hasBody: boolean): Uint8Array {
  const bytes = new TextEncoder().encode(body);
  const isPage = body.startsWith("<!doctype html>");
  const head = [
    `HTTP/1.1 ${status} ${REASONS[status]}`,
    `Content-Type: text/${isPage ? "html" : "plain"}; charset=utf-8`,
    `Content-Length: ${bytes.length}`,
    ...(status === 405 ? ["Allow: GET, HEAD"] : []),
    // Nothing from elsewhere, no script, in no frame; the page's own styles are the only ones.
    `Content-Security-Policy: default-src 'none'; style-src ${styles}; img-src data:; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: no-referrer",
    "Cache-Control: no-store",
    "Connection: close",
    "",
    "",
  ].join("\r\n");
  const headBytes = new TextEncoder().encode(head);
  return hasBody ? concatBytes(headBytes, bytes) : headBytes;
}

async function writeAll(stream: ByteStream, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await stream.write(bytes.subarray(at));
}

async function readRest(stream: ByteStream): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (let size = 0; size < REST_BYTES_MAX;) {
    const more = await stream.read(buffer).catch(() => null);
    if (more === null) return;
    size += more;
  }
}
