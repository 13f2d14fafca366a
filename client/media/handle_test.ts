import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type DatagramPort, openDatagramPort } from "@fusionmeet/net";
import { decodeCaptureTime, EXTENSION, readSps, type RtpPacket } from "@fusionmeet/protocol";
import type { CameraSource, MicrophoneSource } from "../capture/mod.ts";
import type { EngineEvent } from "./commands.ts";
import { peerName } from "./driver.ts";
import { FakeServer } from "./fake_server_for_test.ts";
import { type EngineHandle, startEngine } from "./handle.ts";

type Of<Name extends EngineEvent["event"]> = Extract<EngineEvent, { event: Name }>;

const epochMs = () => performance.timeOrigin + performance.now();

/** A real engine in its worker and a small server on a real socket. */
class Bench implements AsyncDisposable {
  readonly server = new FakeServer(1);
  readonly engine: EngineHandle;
  readonly events: EngineEvent[] = [];
  readonly #port: DatagramPort = openDatagramPort({ hostname: "127.0.0.1", port: 0 });
  #checks: (() => void)[] = [];

  constructor(options: {
    microphone?: MicrophoneSource;
    camera?: CameraSource;
    releaseMutedMicrophone?: boolean;
  }) {
    this.server.aheadMs = 0;
    this.engine = startEngine({
      microphone: options.microphone ?? { kind: "off" },
      camera: options.camera ?? { kind: "off" },
      quality: { width: 160, height: 120, framesPerSecond: 30 },
      releaseMutedMicrophone: options.releaseMutedMicrophone,
    });
    this.engine.onEvent((event) => {
      this.events.push(event);
      this.#check();
    });
    this.#serve();
  }

  connect(): void {
    this.engine.command({ ...this.server.connect, port: this.#port.address.port });
  }

  of<Name extends EngineEvent["event"]>(name: Name): Of<Name>[] {
    return this.events.filter((event): event is Of<Name> => event.event === name);
  }

  packets(kind: "microphone" | "camera"): RtpPacket[] {
    const ssrc = this.server.connect.ssrcs[kind];
    return this.server.rtp.map(({ packet }) => packet).filter((packet) => packet.ssrc === ssrc);
  }

  /** Waits until what has come makes `held` true. */
  until(held: () => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#checks.push(() => held() && resolve());
    this.#check();
    return promise;
  }

  #check(): void {
    for (const check of this.#checks) check();
  }

  async #serve(): Promise<void> {
    for (let datagram; (datagram = await this.#port.receive());) {
      for (const { bytes } of this.server.receive(datagram.bytes, epochMs())) {
        this.#port.send({ address: datagram.address, bytes });
      }
      this.#check();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.engine.close();
    this.#port.close();
  }
}

Deno.test("startEngine() binds, plays a gapless line and stamps the microphone in epoch ms", async () => {
  const beforeMs = epochMs();
  await using bench = new Bench({ microphone: { kind: "tone", hertz: 440, dbfs: -20 } });
  await bench.engine.ready;
  bench.engine.command({ do: "microphone", on: true });
  bench.connect();
  await bench.until(() => bench.packets("microphone").length > 20 && bench.of("mix").length > 30);
  const blocks = bench.of("mix");
  ok(blocks[0].atMs > beforeMs && blocks[0].atMs <= epochMs());
  blocks.forEach(({ atMs, pcm }, index) => {
    ok(Math.abs(atMs - blocks[0].atMs - 10 * index) < 0.001);
    strictEqual(pcm.length, 480);
  });
  await bench.engine.close();
  const { micStartedAt, clock, counters } = bench.of("statistics").at(-1)!;
  ok(micStartedAt > beforeMs);
  ok(Math.abs(clock!.offsetMs) <= clock!.uncertaintyMs + 1);
  ok(counters["packets-sent"] > 20);
  const packets = bench.packets("microphone");
  const [first] = packets;
  const stamp = decodeCaptureTime(first.extensions.get(EXTENSION.captureTime)!)!;
  const apartMs = stamp - micStartedAt;
  ok(Math.abs(apartMs) < 100, `stamped ${apartMs} ms after the first sample`);
  strictEqual(bench.of("engine.failed").length, 0);
});

Deno.test("startEngine() films while the camera is on and leaves no ffmpeg behind", async () => {
  await using bench = new Bench({ camera: { kind: "testsrc" } });
  bench.engine.command({ do: "camera", on: true });
  bench.connect();
  await bench.until(() => bench.packets("camera").length > 20);
  bench.engine.command({ do: "camera", on: false });
  const children = await ffmpegChildren();
  await bench.until(() => children.every((pid) => !isRunning(pid)));
  bench.engine.command({ do: "camera", on: true });
  const before = bench.packets("camera").length;
  await bench.until(() => bench.packets("camera").length > before + 20);
  const sequences = bench.packets("camera").map(({ sequence }) => sequence);
  deepStrictEqual(sequences, sequences.map((_, index) => (sequences[0] + index) & 0xffff));
  const again = await ffmpegChildren();
  ok(again.length > 0);
  await bench.engine.close();
  deepStrictEqual(again.filter(isRunning), []);
  ok(bench.of("capture.running").length >= 2);
});

Deno.test("startEngine() changes the size of a picture that runs: one stream, and a preview that begins with a keyframe", async () => {
  await using bench = new Bench({ camera: { kind: "testsrc" } });
  const widths = () =>
    bench.of("preview").flatMap(({ keyframe, bytes }) => {
      const sps = keyframe ? readSps(bytes) : undefined;
      return typeof sps === "object" ? [sps.width] : [];
    });
  bench.engine.command({ do: "camera", on: true });
  bench.connect();
  await bench.until(() => bench.packets("camera").some(({ marker }) => marker));
  bench.engine.command({ do: "preview", on: true });
  await bench.until(() => widths().length > 0);
  strictEqual(bench.of("preview")[0].keyframe, true);
  bench.engine.command({
    do: "quality",
    quality: { width: 640, height: 360, framesPerSecond: 15 },
  });
  bench.engine.command({
    do: "quality",
    quality: { width: 320, height: 180, framesPerSecond: 15 },
  });
  await bench.until(() => widths().at(-1) === 320);
  bench.engine.command({ do: "preview", on: false });
  const before = bench.packets("camera").length;
  await bench.until(() => bench.packets("camera").length > before + 10);
  const packets = bench.packets("camera");
  deepStrictEqual(
    packets.map(({ sequence }) => sequence),
    packets.map((_, index) => (packets[0].sequence + index) & 0xffff),
  );
  const steps = packets.slice(1).map(({ timestamp }, index) =>
    (timestamp - packets[index].timestamp) | 0
  );
  ok(steps.every((step) => step >= 0), "time goes on");
  deepStrictEqual(bench.of("capture.failed"), []);
});

Deno.test("startEngine() says in words what cannot be captured, and goes on", async () => {
  await using bench = new Bench({
    microphone: { kind: "file", path: "/nowhere/voice.wav" },
    camera: { kind: "file", path: "/nowhere/film.mp4" },
  });
  bench.engine.command({ do: "microphone", on: true });
  bench.engine.command({ do: "camera", on: true });
  bench.connect();
  await bench.until(() => bench.of("capture.failed").length === 2);
  const messages = bench.of("capture.failed").map(({ kind, message }) => `${kind}: ${message}`);
  for (const kind of ["microphone", "camera"]) {
    ok(messages.some((each) => each.startsWith(kind) && each.includes("/nowhere/")), messages[0]);
  }
  await bench.until(() => bench.of("mix").length > 10);
});

Deno.test("startEngine() lets go of a muted microphone after its last frame where that is asked for", async () => {
  await using bench = new Bench({
    microphone: { kind: "tone", hertz: 440, dbfs: -20 },
    releaseMutedMicrophone: true,
  });
  bench.engine.command({ do: "microphone", on: true });
  bench.connect();
  await bench.until(() => bench.packets("microphone").length > 10);
  bench.engine.command({ do: "microphone", on: false });
  // The newest levels may still be of the time before the microphone was on, and packets be on their way.
  const levels = bench.of("levels").length;
  await bench.until(() =>
    bench.of("levels").length > levels + 1 && bench.of("levels").at(-1)?.own === -127
  );
  const blocks = bench.of("mix").length;
  await bench.until(() => bench.of("mix").length > blocks + 10);
  const muted = bench.packets("microphone").length;
  await bench.until(() => bench.of("mix").length > blocks + 30);
  strictEqual(bench.packets("microphone").length, muted);
  bench.engine.command({ do: "microphone", on: true });
  await bench.until(() => bench.packets("microphone").length > muted + 10);
  const [last, next] = bench.packets("microphone").slice(muted - 1);
  strictEqual(next.sequence, (last.sequence + 1) & 0xffff);
  ok(((next.timestamp - last.timestamp) >>> 0) > 480);
});

Deno.test("startEngine() turns a mistake in the worker into one event, and close() still ends", async () => {
  await using bench = new Bench({});
  bench.engine.command({ ...bench.server.connect, linkKey: undefined as never });
  await bench.until(() => bench.of("engine.failed").length > 0);
  const [failed] = bench.of("engine.failed");
  ok(failed.message.startsWith("The media engine of this client broke: "));
  await bench.engine.ready;
  await bench.engine.close();
  strictEqual(bench.of("engine.failed").length, 1);
});

Deno.test("peerName() writes an address as sockets do", () => {
  strictEqual(peerName("127.0.0.1"), "127.0.0.1");
  strictEqual(peerName("0:0:0:0:0:0:0:1"), "::1");
  strictEqual(peerName("FE80::0a%eth0"), "fe80::a");
});

/** Pids of ffmpegs this process has started. */
async function ffmpegChildren(): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat?.includes("(ffmpeg)") && Number(stat.split(") ")[1].split(" ")[1]) === Deno.pid) {
      pids.push(Number(name));
    }
  }
  return pids;
}

function isRunning(pid: number): boolean {
  const stat = statOf(pid);
  return stat !== undefined && !stat.includes(") Z ");
}

function statOf(pid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/stat`);
  } catch {
    return undefined;
  }
}
