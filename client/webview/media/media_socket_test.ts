import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  decodeConsumption,
  encodePictureFrame,
  encodeScreenFrame,
  encodeVoiceFrame,
} from "@fusionmeet/bridge";
import { CLOSED_ELSEWHERE, CLOSED_NOT_WELCOME, MediaSocket, REDIAL_MS } from "./media_socket.ts";
import { type FromMediaWorker, WORKLET_REPORT_LENGTH, writeReport } from "./worker_messages.ts";

/** A worker's surroundings whose clock, sockets and worklet the test holds. */
class Place {
  nowMs = 0;
  readonly sent: unknown[] = [];
  readonly posted: FromMediaWorker[] = [];
  /** What the worklet was given: generations, and samples as their first one. */
  readonly played: (number | string)[] = [];
  readonly sockets: WebSocket[] = [];
  #timers: { atMs: number; run: () => void }[] = [];
  readonly port = {
    onmessage: null,
    postMessage: (message: number | Int16Array) =>
      void this.played.push(typeof message === "number" ? message : `pcm ${message[0]}`),
  } as unknown as MessagePort;
  readonly media = new MediaSocket({
    openSocket: () => {
      const socket = { send: (data: unknown) => this.sent.push(data) } as unknown as WebSocket;
      this.sockets.push(socket);
      return socket;
    },
    nowMs: () => this.nowMs,
    setTimer: (run, ms) => {
      const timer = { atMs: this.nowMs + ms, run };
      this.#timers.push(timer);
      return timer as never;
    },
    clearTimer: (timer) => {
      this.#timers = this.#timers.filter((each) => each !== timer as unknown);
    },
    firstGeneration: 0xffff_ffff,
    post: (message) => this.posted.push(message),
  });

  constructor() {
    this.media.told({ do: "open", socketUrl: "ws://x/media", key: "the key" });
    this.media.told({ do: "worklet", port: this.port });
  }

  get socket(): WebSocket {
    return this.sockets.at(-1)!;
  }

  open(): void {
    this.socket.onopen!(new Event("open"));
  }

  close(code: number): void {
    this.socket.onclose!({ code } as CloseEvent);
  }

  receive(frame: Uint8Array): void {
    this.socket.onmessage!({ data: frame.slice().buffer } as MessageEvent);
  }

  report(generation: number, playedSamples: number): void {
    const data = new Float64Array(WORKLET_REPORT_LENGTH);
    const rest = { missedSamples: 0, underruns: 0, bufferedSamples: 7, reserveSamples: 5 };
    writeReport(data, { generation, playedSamples, ...rest, targetSamples: 2_880 });
    this.port.onmessage!({ data } as MessageEvent);
  }

  pass(ms: number): void {
    this.nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.nowMs);
    for (const { run } of due) run();
  }
}

Deno.test("MediaSocket says its key first and begins a generation with every socket and worklet", () => {
  const place = new Place();
  deepStrictEqual([place.sent, place.played], [[], [0]]);
  place.open();
  deepStrictEqual([place.sent, place.played], [["the key"], [0, 1]]);
  place.media.told({ do: "latency", outputLatencyMs: 25 });
  place.report(1, 480);
  place.report(0, 960);
  strictEqual(place.sent.length, 2);
  deepStrictEqual(decodeConsumption(place.sent[1] as Uint8Array), {
    generation: 1,
    playedSamples: 480,
    missedSamples: 0,
    outputLatencyMs: 25,
    reserveSamples: 5,
    targetSamples: 2_880,
  });
});

Deno.test("MediaSocket gives the worklet the sound of its generation only", () => {
  const place = new Place();
  place.open();
  place.receive(encodeVoiceFrame(new Int16Array(480).fill(11), 1));
  place.receive(encodeVoiceFrame(new Int16Array(480).fill(12), 0));
  deepStrictEqual(place.played, [0, 1, "pcm 11"]);
});

Deno.test("MediaSocket dials again after a break, and not after another page took its place", () => {
  const place = new Place();
  place.open();
  place.close(1006);
  place.report(1, 480);
  strictEqual(place.sent.length, 1, "nothing is sent without a socket");
  place.pass(REDIAL_MS - 1);
  strictEqual(place.sockets.length, 1);
  place.pass(1);
  strictEqual(place.sockets.length, 2);
  place.open();
  strictEqual(place.played.at(-1), 2);
  place.close(CLOSED_ELSEWHERE);
  place.pass(10 * REDIAL_MS);
  strictEqual(place.sockets.length, 2);
  place.media.told({ do: "reconnect" });
  place.media.told({ do: "reconnect" });
  strictEqual(place.sockets.length, 3);
});

Deno.test("MediaSocket says so when the program does not know its key", () => {
  const place = new Place();
  place.open();
  place.close(CLOSED_NOT_WELCOME);
  place.pass(10 * REDIAL_MS);
  strictEqual(place.sockets.length, 1);
  ok(place.posted[0].say === "problem" && /reload the page/.test(place.posted[0].message));
});

Deno.test("MediaSocket lets pictures go to the page when their wait is over", () => {
  const place = new Place();
  place.open();
  const picture = {
    ...{ participant: 3, codec: "jpeg", keyframe: true, timestamp: 9 } as const,
    ...{ waitMs: 100, sentAtMs: 7 },
  };
  place.receive(encodePictureFrame({ ...picture, bytes: new Uint8Array([1, 2]) }));
  place.receive(
    encodePictureFrame({ ...picture, participant: 4, waitMs: 0, bytes: new Uint8Array([3]) }),
  );
  const people = () => place.posted.map((said) => said.say === "picture" && said.picture);
  deepStrictEqual(people(), [{
    ...picture,
    participant: 4,
    waitMs: 0,
    bytes: new Uint8Array([3]),
  }]);
  place.pass(99);
  strictEqual(place.posted.length, 1);
  place.pass(1);
  deepStrictEqual(people()[1], { ...picture, bytes: new Uint8Array([1, 2]) });
});

Deno.test("MediaSocket lets a shared screen go to the page at once", () => {
  const place = new Place();
  place.open();
  const frame = { share: 4, serverMinusLocalMs: 3, message: Uint8Array.of(5, 0, 0, 0) };
  place.receive(encodeScreenFrame(frame));
  deepStrictEqual(place.posted, [{ say: "screen", frame }]);
});

Deno.test("MediaSocket leaves what is no frame alone", () => {
  const place = new Place();
  place.open();
  for (const frame of [[], [1], [2, 0], [3], [4, 0], [9, 9, 9]]) {
    place.receive(new Uint8Array(frame));
  }
  place.socket.onmessage!({ data: "text" } as MessageEvent);
  deepStrictEqual([place.posted, place.played], [[], [0, 1]]);
});
