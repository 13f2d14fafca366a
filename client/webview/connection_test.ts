import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { PageMessage, ProgramMessage } from "@fusionmeet/bridge";
import { Connection, GONE_AFTER_MS, REDIAL_MS, type StateSocket } from "./connection.ts";
import { Store } from "./store.ts";

/** A program at the other end, and a clock that stands until it is moved. */
function connectionBench(options: { token?: string; key?: string } = {}) {
  const sockets: FakeSocket[] = [];
  const items = new Map(options.key ? [["fusionmeet.key", options.key]] : []);
  const opened: string[] = [];
  let now = 0;
  let timers: (() => void)[] = [];
  const store = new Store();
  const connection = new Connection({
    store,
    decoders: { h264: true },
    onReady: (key, url) => opened.push(`${key} ${url}`),
    onFile: () => {},
    place: {
      socketOrigin: "ws://127.0.0.1:1",
      token: options.token ?? "",
      storage: {
        getItem: (name) => items.get(name) ?? null,
        setItem: (name, value) => void items.set(name, value),
        removeItem: (name) => void items.delete(name),
      },
      openSocket: (url) => {
        const socket = new FakeSocket(url);
        sockets.push(socket);
        return socket;
      },
      setTimer: (run, ms) => {
        strictEqual(ms, REDIAL_MS);
        timers.push(run);
      },
      now: () => now,
    },
  });
  const pass = () => {
    now += REDIAL_MS;
    const due = timers;
    timers = [];
    for (const run of due) run();
  };
  const socket = () => sockets[sockets.length - 1];
  const ready = () => {
    socket().onopen?.(new Event("open"));
    socket().says({ type: "ready", key: "K", state: { ...EMPTY, screen: "left" } });
  };
  return { store, connection, sockets, socket, items, opened, pass, ready };
}

const EMPTY = (() => {
  const { join, meeting, left, leaveQuestion, theme } = new Store();
  return {
    screen: "join" as const,
    join: join.value,
    meeting: meeting.value,
    left: left.value,
    leaveQuestion: leaveQuestion.value,
    theme: theme.value,
  };
})();

class FakeSocket implements StateSocket {
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onclose: ((event: CloseEvent) => void) | null = null;
  readonly readyState = 1;
  readonly sent: PageMessage[] = [];
  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data));
  }

  says(message: ProgramMessage): void {
    this.onmessage?.(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  ends(code = 1006): void {
    this.onclose?.(new CloseEvent("close", { code }));
  }
}

Deno.test("Connection gives the link's token once and keeps the key it got for it", () => {
  const bench = connectionBench({ token: "T" });
  strictEqual(bench.store.link.value, "connecting");
  bench.ready();
  deepStrictEqual(bench.socket().sent, [{ do: "hello", token: "T", decoders: { h264: true } }]);
  deepStrictEqual(bench.opened, ["K ws://127.0.0.1:1/media"]);
  deepStrictEqual([bench.store.link.value, bench.store.screen.value], ["ready", "left"]);
  bench.socket().ends();
  strictEqual(bench.store.link.value, "lost");
  bench.pass();
  bench.ready();
  deepStrictEqual(bench.socket().sent, [{ do: "hello", key: "K", decoders: { h264: true } }]);
  strictEqual(bench.store.link.value, "ready");
});

Deno.test("Connection comes back after a reload by the key", () => {
  const bench = connectionBench({ key: "K" });
  bench.ready();
  deepStrictEqual(bench.socket().sent, [{ do: "hello", key: "K", decoders: { h264: true } }]);
});

Deno.test("Connection says that the program is gone, and comes back with it", () => {
  const bench = connectionBench({ token: "T" });
  bench.ready();
  bench.socket().ends();
  for (let passed = 0; passed < GONE_AFTER_MS; passed += REDIAL_MS) {
    strictEqual(bench.store.link.value, "lost", `${passed} ms`);
    bench.pass();
    bench.socket().ends();
  }
  strictEqual(bench.store.link.value, "gone");
  bench.pass();
  bench.ready();
  strictEqual(bench.store.link.value, "ready");
});

Deno.test("Connection gives up where the link is refused, and forgets the key", () => {
  const bench = connectionBench({ key: "old" });
  bench.socket().onopen?.(new Event("open"));
  bench.socket().says({ type: "refused", message: "This link was used already" });
  bench.socket().ends(4003);
  bench.pass();
  deepStrictEqual([bench.sockets.length, bench.items.size], [1, 0]);
  deepStrictEqual(
    [bench.store.link.value, bench.store.refusal.value],
    ["refused", "This link was used already"],
  );
});

Deno.test("Connection does not fight with a page that took its place", () => {
  const bench = connectionBench({ token: "T" });
  bench.ready();
  bench.socket().ends(4009);
  bench.pass();
  deepStrictEqual([bench.store.link.value, bench.sockets.length], ["elsewhere", 1]);
  bench.connection.takeBack();
  bench.ready();
  strictEqual(bench.store.link.value, "ready");
});

Deno.test("Connection.send() says nothing to a program that is not there", () => {
  const bench = connectionBench({ token: "T" });
  bench.connection.send({ do: "again" });
  bench.ready();
  bench.connection.send({ do: "stay" });
  bench.socket().ends();
  bench.connection.send({ do: "again" });
  deepStrictEqual(bench.sockets[0].sent.map((message) => message.do), ["hello", "stay"]);
});
