import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { PageDecoders, PageMessage, ProgramMessage } from "@fusionmeet/bridge";
import {
  FILE_PATH,
  KEY_HEADER,
  MEDIA_SOCKET_PATH,
  PAGE_HELLO_TIMEOUT_MS,
  PAGE_MESSAGE_LENGTH_MAX,
  STATE_SOCKET_PATH,
} from "@fusionmeet/bridge";
import { FakeTimers, systemRandom } from "@fusionmeet/net";
import { until } from "../../tests/support/wait.ts";
import { BridgeServer, STRANGERS_MAX } from "./bridge_server.ts";
import { emptyState } from "./window_state.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const FILES = new Map([
  ["/index.html", { type: "text/html; charset=utf-8", bytes: bytesOf("<title>page</title>") }],
  ["/main.js", { type: "text/javascript; charset=utf-8", bytes: bytesOf("1") }],
]);

/** A bridge with a program that remembers what the page did. */
class Bench implements AsyncDisposable {
  readonly said: PageMessage[] = [];
  readonly frames: Uint8Array[] = [];
  readonly decoders: PageDecoders[] = [];
  readonly timers = new FakeTimers();
  goneCount = 0;
  mediaOpenedCount = 0;
  /** Files that the page may post, and how much of each came; NaN: it broke off. */
  readonly wanted = new Map<string, number>();
  readonly bridge = new BridgeServer({
    files: FILES,
    random: systemRandom,
    timers: this.timers,
    handler: {
      opened: (decoders) => {
        this.decoders.push(decoders);
        return [{ type: "ready", key: "", state: emptyState() }];
      },
      message: (message) => this.said.push(message),
      file: (mark, bytes) => this.#file(mark, bytes),
      frame: (frame) => this.frames.push(frame),
      gone: () => this.goneCount++,
      mediaOpened: () => this.mediaOpenedCount++,
    },
  });

  get origin(): string {
    return `http://127.0.0.1:${this.bridge.port}`;
  }

  token(): string {
    return this.bridge.link().split("#")[1];
  }

  async #file(mark: string, bytes: AsyncIterable<Uint8Array>): Promise<boolean> {
    if (!this.wanted.has(mark)) return false;
    try {
      for await (const chunk of bytes) this.wanted.set(mark, this.wanted.get(mark)! + chunk.length);
      return true;
    } catch {
      this.wanted.set(mark, NaN);
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.bridge.close();
  }
}

/** One socket of a page, or of somebody who would like to be one. */
class Socket implements Disposable {
  readonly messages: (ProgramMessage | ArrayBuffer)[] = [];
  /** 0: refused before it was a WebSocket. */
  closeCode: number | undefined;
  readonly #socket: WebSocket;

  constructor(bench: Bench, path: string, headers: Record<string, string> = {}) {
    this.#socket = new WebSocket(`ws://127.0.0.1:${bench.bridge.port}${path}`, {
      headers: { origin: bench.origin, ...headers },
    });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) =>
      this.messages.push(typeof data === "string" ? JSON.parse(data) : data);
    this.#socket.onclose = ({ code }) => this.closeCode = code;
    this.#socket.onerror = () => {};
  }

  async send(data: string | Uint8Array): Promise<void> {
    await until("the socket is open", () => this.#socket.readyState !== WebSocket.CONNECTING);
    this.#socket.send(data as string);
  }

  async hello(who: { token?: string; key?: string }): Promise<void> {
    await this.send(JSON.stringify({ do: "hello", decoders: { h264: true }, ...who }));
  }

  async ready(): Promise<string> {
    await until("ready", () => this.messages.length > 0);
    const [message] = this.messages;
    return "type" in message && message.type === "ready" ? message.key : "";
  }

  async closed(): Promise<number> {
    await until("the socket is closed", () => this.closeCode !== undefined);
    return this.closeCode!;
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

Deno.test("BridgeServer serves the page's files and nothing else, with a strict policy", async () => {
  await using bench = new Bench();
  const page = await fetch(bench.origin);
  strictEqual(await page.text(), "<title>page</title>");
  const policy = page.headers.get("content-security-policy")!;
  match(policy, /default-src 'none'/);
  ok(!policy.includes("unsafe"));
  ok(policy.includes(`ws://127.0.0.1:${bench.bridge.port}`));
  strictEqual(page.headers.get("referrer-policy"), "no-referrer");
  const statusOf = async (path: string, init?: RequestInit) => {
    const response = await fetch(bench.origin + path, init);
    await response.body?.cancel();
    return response.status;
  };
  deepStrictEqual(
    [
      await statusOf("/main.js"),
      await statusOf("/..%2f..%2fetc/passwd"),
      await statusOf("/server.key"),
      await statusOf("/", { method: "POST", body: "x" }),
      await statusOf(STATE_SOCKET_PATH),
    ],
    [200, 404, 404, 405, 403],
  );
});

Deno.test("BridgeServer answers to its own address only", async () => {
  await using bench = new Bench();
  const answers: string[] = [];
  for (const host of ["evil.example", "localhost", `localhost:${bench.bridge.port}`]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: bench.bridge.port });
    await connection.write(bytesOf(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
    const answer = await new Response(connection.readable).text();
    answers.push(answer.slice(9, 12));
  }
  deepStrictEqual(answers, ["421", "421", "421"]);
});

Deno.test("BridgeServer lets in the page of its link once, and again by its key", async () => {
  await using bench = new Bench();
  const token = bench.token();
  using page = new Socket(bench, STATE_SOCKET_PATH);
  await page.hello({ token });
  const key = await page.ready();
  ok(key.length >= 43);
  using thief = new Socket(bench, STATE_SOCKET_PATH);
  await thief.hello({ token });
  strictEqual(await thief.closed(), 4003);
  strictEqual((thief.messages[0] as ProgramMessage).type, "refused");
  using guesser = new Socket(bench, STATE_SOCKET_PATH);
  await guesser.hello({ token: "", key: key.slice(1) });
  strictEqual(await guesser.closed(), 4003);
  await page.send('{"do":"again"}');
  await until("the message", () => bench.said.length === 1);

  using reloaded = new Socket(bench, STATE_SOCKET_PATH);
  await reloaded.hello({ key });
  strictEqual(await reloaded.ready(), key);
  strictEqual(await page.closed(), 4009);
  strictEqual(bench.goneCount, 0);
  deepStrictEqual(bench.decoders, [{ h264: true }, { h264: true }]);
  reloaded[Symbol.dispose]();
  await until("the page is gone", () => bench.goneCount === 1);
});

Deno.test("BridgeServer refuses pages of other origins, and sockets without one", async () => {
  await using bench = new Bench();
  for (const origin of ["http://evil.example", "http://localhost:1", "null", ""]) {
    using socket = new Socket(bench, STATE_SOCKET_PATH, { origin });
    strictEqual(await socket.closed(), 0, origin);
  }
  strictEqual(bench.decoders.length, 0);
});

Deno.test("BridgeServer gives the media socket to the key's owner, both ways", async () => {
  await using bench = new Bench();
  using page = new Socket(bench, STATE_SOCKET_PATH);
  await page.hello({ token: bench.token() });
  const key = await page.ready();
  strictEqual(bench.bridge.sendFrame(Uint8Array.of(1)), 0);
  using wrong = new Socket(bench, MEDIA_SOCKET_PATH);
  await wrong.send("nobody");
  strictEqual(await wrong.closed(), 4003);
  strictEqual(bench.mediaOpenedCount, 0);
  using media = new Socket(bench, MEDIA_SOCKET_PATH);
  await media.send(key);
  await media.send(Uint8Array.of(3, 2, 1));
  await until("a frame", () => bench.frames.length === 1);
  deepStrictEqual([...bench.frames[0]], [3, 2, 1]);
  strictEqual(bench.mediaOpenedCount, 1);
  bench.bridge.sendFrame(Uint8Array.of(7, 8));
  await until("an answer", () => media.messages.length === 1);
  deepStrictEqual([...new Uint8Array(media.messages[0] as ArrayBuffer)], [7, 8]);
});

Deno.test("BridgeServer ends a page that sends what is no message, or too much of it", async () => {
  await using bench = new Bench();
  const longest = JSON.stringify({ do: "chat.post", text: "" }).length;
  const post = (length: number) =>
    JSON.stringify({ do: "chat.post", text: "x".repeat(length - longest) });
  using page = new Socket(bench, STATE_SOCKET_PATH);
  await page.hello({ token: bench.token() });
  await page.ready();
  await page.send(post(PAGE_MESSAGE_LENGTH_MAX));
  await until("the longest message", () => bench.said.length === 1);
  await page.send(post(PAGE_MESSAGE_LENGTH_MAX + 1));
  strictEqual(await page.closed(), 4002);
  strictEqual(bench.said.length, 1);
});

Deno.test("BridgeServer has room for so many strangers and no more, and sends them off", async () => {
  await using bench = new Bench();
  using stack = new DisposableStack();
  const strangers = Array.from(
    { length: STRANGERS_MAX + 1 },
    () => stack.use(new Socket(bench, STATE_SOCKET_PATH)),
  );
  const gone = () => strangers.filter(({ closeCode }) => closeCode !== undefined);
  await until("one is refused", () => gone().length === 1 && bench.timers.waitingCount > 0);
  strictEqual(gone()[0].closeCode, 0);
  await until("the others are in", () => bench.timers.waitingCount === STRANGERS_MAX);
  bench.timers.advance(PAGE_HELLO_TIMEOUT_MS - 1);
  strictEqual(gone().length, 1);
  bench.timers.advance(1);
  await until("all are gone", () => gone().length === STRANGERS_MAX + 1);
  strictEqual(gone().filter(({ closeCode }) => closeCode === 4001).length, STRANGERS_MAX);
  using page = new Socket(bench, STATE_SOCKET_PATH);
  await page.hello({ token: bench.token() });
  ok(await page.ready());
});

Deno.test("BridgeServer reads a file only of its own page, and only one that it was asked for", async () => {
  await using bench = new Bench();
  using page = new Socket(bench, STATE_SOCKET_PATH);
  await page.hello({ token: bench.token() });
  const key = await page.ready();
  const [mark, other] = ["0123456789abcdef", "fedcba9876543210"];
  bench.wanted.set(mark, 0);
  const post = async (path: string, headers: Record<string, string>, method = "POST") => {
    const body = method === "POST" ? new Uint8Array(3 << 20) : undefined;
    const response = await fetch(bench.origin + path, { method, headers, body });
    await response.body?.cancel();
    return response.status;
  };
  const own = { origin: bench.origin, [KEY_HEADER]: key };
  deepStrictEqual(
    [
      await post(FILE_PATH + mark, { origin: bench.origin }),
      await post(FILE_PATH + mark, { ...own, [KEY_HEADER]: `${key}x` }),
      await post(FILE_PATH + mark, { ...own, origin: "http://evil.example" }),
      await post(FILE_PATH + mark, own, "GET"),
      await post(FILE_PATH + other, own),
      await post(`${FILE_PATH}../${mark}`, own),
      await post(`${FILE_PATH}${mark}/x`, own),
    ],
    [403, 403, 403, 405, 409, 405, 409],
  );
  strictEqual(bench.wanted.get(mark), 0);
  strictEqual(await post(FILE_PATH + mark, own), 204);
  strictEqual(bench.wanted.get(mark), 3 << 20);
});

Deno.test("BridgeServer tells of a file that breaks off in the middle", async () => {
  await using bench = new Bench();
  using page = new Socket(bench, STATE_SOCKET_PATH);
  await page.hello({ token: bench.token() });
  const key = await page.ready();
  const mark = "0123456789abcdef";
  bench.wanted.set(mark, 0);
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: bench.bridge.port });
  const head = [
    `POST ${FILE_PATH}${mark} HTTP/1.1`,
    `Host: 127.0.0.1:${bench.bridge.port}`,
    `Origin: ${bench.origin}`,
    `${KEY_HEADER}: ${key}`,
    `Content-Length: ${1e15}`,
  ];
  await connection.write(bytesOf(head.join("\r\n") + "\r\n\r\n" + "x".repeat(1_000)));
  await until("its beginning", () => bench.wanted.get(mark) === 1_000);
  connection.close();
  await until("its end", () => Number.isNaN(bench.wanted.get(mark)));
});
