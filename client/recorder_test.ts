import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { readWav } from "@fusionmeet/media";
import { FakeTimers } from "@fusionmeet/net";
import { encodeScreenMessage, type ScreenMessage } from "@fusionmeet/protocol";
import type { EngineEvent, StreamStatistics } from "./media/commands.ts";
import type { Person } from "./people.ts";
import { prepareFolder, RECORDED_PEOPLE_MAX, Recorder } from "./recorder.ts";
import { encodePng } from "./screen/png.ts";
import type { ScreenContent } from "./screen/screen_view.ts";

const STARTED_AT = 1_700_000_000_000;

/** A recording in a folder of its own, on a clock the test moves. */
class RecorderBench implements AsyncDisposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "recorder" });
  readonly timers = new FakeTimers();
  readonly troubles: string[] = [];
  readonly recorder: Recorder;

  constructor(options: { directory?: string } = {}) {
    this.recorder = new Recorder({
      directory: options.directory ?? this.directory,
      timers: this.timers,
      epochMs: () => STARTED_AT + this.timers.nowMs(),
      trouble: (sentence) => this.troubles.push(sentence),
    });
  }

  join(): this {
    this.recorder.meetingEvent({
      event: "joined",
      participant: 7,
      name: "Ada",
      room: "Main",
      resumed: false,
      voice: "opus",
      fingerprint: "ab".repeat(32),
      hostname: "192.168.1.20",
      addresses: [],
    });
    return this;
  }

  person(id: number, name: string): void {
    const person: Person = { id, name, microphone: true, camera: true, away: false };
    this.recorder.meetingEvent({ event: "participant", change: { person, state: "here" } });
  }

  stream(participant: number, state: "open" | "ended" = "open"): void {
    this.recorder.meetingEvent({
      event: "stream",
      state,
      stream: { ssrc: 99, participant, kind: "camera", layer: "high", codec: "h264" },
    });
  }

  picture(participant: number, byte: number, keyframe = false, codec = "h264"): void {
    this.recorder.engineEvent({
      event: "picture",
      participant,
      kind: "camera",
      codec,
      keyframe,
      bytes: Uint8Array.of(byte),
      timestamp: 0,
      receivedAtMs: 0,
    });
  }

  /** Plays `count` samples of `value`, the first one at `atMs` after joining. */
  mix(value: number, { atMs, count = 480 }: { atMs: number; count?: number }): void {
    const pcm = new Int16Array(count).fill(value);
    this.recorder.engineEvent({ event: "mix", pcm, atMs: STARTED_AT + atMs });
  }

  /** Somebody's screen of one tile begins, or the tile comes. @param grey of the tile. */
  screen(participant: number, grey?: number): void {
    const at = { sequence: 1, capturedAtMs: 0 };
    const message: ScreenMessage = grey === undefined
      ? { type: "format", ...at, width: 64, height: 64, scaled: false, title: "" }
      : {
        type: "tiles",
        ...at,
        tiles: [0],
        deflated: deflateRawSync(Uint8Array.of(1, grey, grey, grey)),
      };
    const content = { ...message, bytes: encodeScreenMessage(message) } as ScreenContent;
    this.recorder.screenArrived({
      ...{ share: participant, participant, message: content, serverMinusLocalMs: 0 },
    });
  }

  chat(id: number, text: string): void {
    const line = { id, at: id, from: "Bob", text, mark: "m" };
    this.recorder.meetingEvent({ event: "chat", line });
  }

  read(fileName: string): Uint8Array {
    return Deno.readFileSync(join(this.directory, fileName));
  }

  text(fileName: string): string {
    return new TextDecoder().decode(this.read(fileName));
  }

  /** The samples of mix.wav, as runs of equal values. */
  runs(): [value: number, count: number][] {
    const sound = readWav(this.read("mix.wav"));
    if (typeof sound === "string") throw new Error(sound);
    const runs: [number, number][] = [];
    for (const value of sound.pcm) {
      if (runs.at(-1)?.[0] === value) runs.at(-1)![1]++;
      else runs.push([value, 1]);
    }
    return runs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.recorder.close();
    await Deno.remove(this.directory, { recursive: true });
  }
}

function statistics(streams: Partial<StreamStatistics>[]): EngineEvent {
  return {
    event: "statistics",
    streams: streams as StreamStatistics[],
    counters: { late: 3 },
    rttMs: 1.5,
    micStartedAt: STARTED_AT + 100,
    voices: [{ participant: 8, voiceDelayMs: 61 }],
  };
}

Deno.test("Recorder writes one continuous mix from joining to leaving, silence where nothing came", async () => {
  await using bench = new RecorderBench();
  bench.mix(9, { atMs: -20 });
  bench.join();
  bench.mix(1, { atMs: 10 });
  bench.mix(2, { atMs: 20.0001 });
  bench.mix(3, { atMs: 1_000 });
  bench.timers.advance(1_500);
  await bench.recorder.close();
  deepStrictEqual(bench.runs(), [
    [0, 480],
    [1, 480],
    [2, 480],
    [0, 48_000 - 3 * 480],
    [3, 480],
    [0, 24_000 - 480],
  ]);
});

Deno.test("Recorder cuts what was played before joining and what overlaps", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.mix(1, { atMs: -4 });
  bench.mix(2, { atMs: 6 });
  bench.mix(3, { atMs: 6, count: 960 });
  await bench.recorder.close();
  deepStrictEqual(bench.runs(), [[1, 288], [2, 480], [3, 480]]);
});

Deno.test("Recorder's files are whole at any moment: a kill -9 loses the last quarter second at most", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.person(8, "Bob");
  for (let at = 0; at < 1_000; at += 10) bench.mix(5, { atMs: at });
  bench.picture(8, 1, true);
  bench.chat(1, "Hi");
  bench.recorder.engineEvent(statistics([]));
  bench.timers.advance(250);
  await bench.recorder.flushed();
  deepStrictEqual(bench.runs(), [[5, 48_000]]);
  deepStrictEqual([...bench.read("Bob.camera.h264")], [1]);
  strictEqual(bench.text("chat.jsonl"), '{"id":1,"at":1,"from":"Bob","text":"Hi"}\n');
  strictEqual(JSON.parse(bench.text("stats.json")).name, "Ada");
});

Deno.test("Recorder starts a camera's file with a keyframe, and goes on with one after off and on", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.picture(8, 0, true);
  bench.person(8, "Bob");
  bench.stream(8);
  bench.picture(8, 1);
  bench.picture(8, 2, true);
  bench.picture(8, 3);
  bench.stream(8);
  bench.picture(8, 4);
  bench.picture(8, 5, true);
  await bench.recorder.close();
  deepStrictEqual([...bench.read("Bob.camera.h264")], [2, 3, 5]);
});

Deno.test("Recorder has a file for each codec of a camera, and goes on in it when the codec is back", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.person(8, "Bob");
  let byte = 0;
  for (const codec of ["h264", "jpeg", "h264", "jpeg"]) {
    bench.stream(8);
    bench.picture(8, ++byte, false, codec);
    bench.picture(8, ++byte, true, codec);
    bench.picture(8, ++byte, codec === "jpeg", codec);
  }
  await bench.recorder.close();
  deepStrictEqual([...bench.read("Bob.camera.h264")], [2, 3, 8, 9]);
  deepStrictEqual([...bench.read("Bob.camera.mjpeg")], [5, 6, 11, 12]);
  deepStrictEqual(bench.troubles, []);
});

Deno.test("Recorder names files after people, safely and never one file for two", async () => {
  await using bench = new RecorderBench();
  bench.join();
  const names = ["../x", "A/B", "A:B", "a:b", "Zoë"];
  names.forEach((name, index) => {
    bench.person(index + 1, name);
    bench.picture(index + 1, index, true);
  });
  // Bob comes back as somebody new, and his camera goes on in the same file.
  bench.person(20, "A/B");
  bench.picture(20, 7, true);
  await bench.recorder.close();
  const files = [...Deno.readDirSync(bench.directory)].map(({ name }) => name).sort();
  deepStrictEqual(
    files,
    [
      "A_B-2.camera.h264",
      "A_B.camera.h264",
      "Zoë.camera.h264",
      "__x.camera.h264",
      "a_b-3.camera.h264",
      "chat.jsonl",
      "mix.wav",
      "stats.json",
    ].sort(),
  );
  deepStrictEqual([...bench.read("A_B.camera.h264")], [1, 7]);
});

Deno.test("Recorder has files of RECORDED_PEOPLE_MAX people, says once that there are more, and goes on with theirs", async () => {
  await using bench = new RecorderBench();
  bench.join();
  const appear = (id: number, byte: number) => {
    bench.person(id, `P${id}`);
    bench.picture(id, byte, true);
    bench.stream(id, "ended");
  };
  for (let id = 1; id <= RECORDED_PEOPLE_MAX; id++) appear(id, 1);
  await bench.recorder.flushed();
  deepStrictEqual(bench.troubles, [], "at the limit");
  appear(RECORDED_PEOPLE_MAX + 1, 1);
  appear(RECORDED_PEOPLE_MAX + 2, 1);
  bench.screen(RECORDED_PEOPLE_MAX + 3);
  appear(1, 2);
  await bench.recorder.close();
  deepStrictEqual(bench.troubles, [
    "Cameras and screens of more than 1000 people are not recorded: P1001 is one of them",
  ]);
  deepStrictEqual([...bench.read("P1.camera.h264")], [1, 2]);
  const files = [...Deno.readDirSync(bench.directory)].length;
  strictEqual(files, RECORDED_PEOPLE_MAX + ["mix.wav", "chat.jsonl", "stats.json"].length);
});

Deno.test("Recorder writes each presenter's screen as it was last, whoever presents then", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.person(8, "Bob");
  bench.person(9, "Eve");
  bench.screen(8);
  bench.screen(8, 1);
  bench.screen(9);
  bench.screen(8, 2); // It was under way.
  await bench.recorder.flushed();
  const bobs = bench.read("Bob.still.png");
  bench.screen(9, 3);
  await bench.recorder.close();
  const eves = bench.read("Eve.still.png");
  const sized = { width: 64, height: 64 };
  const grey = (value: number) =>
    encodePng({ ...sized, rgba: new Uint8Array(4 * 64 * 64).fill(value) });
  deepStrictEqual([bobs, eves], [grey(1), grey(3)]);
  deepStrictEqual(bench.read("Bob.still.png"), bobs);
  const { streams } = JSON.parse(bench.text("stats.json"));
  deepStrictEqual(streams.map(({ participant, width }: StreamStatistics) => [participant, width]), [
    ["Bob", 64],
    ["Eve", 64],
  ]);
});

Deno.test("Recorder writes stats.json with names, and the mix without one", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.person(8, "Bob");
  const mix = { participant: 0, kind: "mix", layer: "shared", packets: 5 } as const;
  const camera = { participant: 8, kind: "camera", layer: "high", packets: 6 } as const;
  bench.recorder.engineEvent(statistics([mix, camera]));
  bench.timers.advance(1_000);
  await bench.recorder.close();
  deepStrictEqual(JSON.parse(bench.text("stats.json")), {
    name: "Ada",
    room: "Main",
    joinedAt: STARTED_AT,
    micStartedAt: STARTED_AT + 100,
    mixStartedAt: STARTED_AT,
    leftAt: STARTED_AT + 1_000,
    rttMs: 1.5,
    streams: [{ ...mix, participant: "" }, { ...camera, participant: "Bob" }],
    voices: [{ participant: "Bob", voiceDelayMs: 61 }],
    counters: { late: 3 },
  });
});

Deno.test("Recorder leaves empty files, not none, where nothing was said or heard", async () => {
  await using bench = new RecorderBench();
  bench.join();
  await bench.recorder.close();
  strictEqual(bench.text("chat.jsonl"), "");
  strictEqual(bench.read("mix.wav").length, 44);
  await using never = new RecorderBench();
  await never.recorder.close();
  deepStrictEqual([...Deno.readDirSync(never.directory)], []);
});

Deno.test("Recorder says once what cannot be written, and goes on", async () => {
  await using bench = new RecorderBench({ directory: "/nonexistent" });
  bench.join();
  bench.person(8, "Bob");
  for (let second = 0; second < 4; second++) {
    bench.mix(1, { atMs: second * 1_000 });
    bench.picture(8, 1, true);
    bench.timers.advance(1_000);
    await bench.recorder.flushed();
  }
  await bench.recorder.close();
  const files = bench.troubles.map((sentence) => /(\w|\.)+: /.exec(sentence)?.[0]).sort();
  deepStrictEqual(files, ["Bob.camera.h264: ", "chat.jsonl: ", "mix.wav: ", "stats.json: "]);
});

Deno.test("Recorder says which pictures it has no file format for", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.person(8, "Bob");
  bench.picture(8, 1, true, "vp8");
  bench.picture(8, 1, true, "vp8");
  strictEqual(bench.troubles.length, 1);
  ok(bench.troubles[0].includes("vp8"));
});

Deno.test("Recorder drops pictures up to the next keyframe when the disk is too slow, and says so", async () => {
  await using bench = new RecorderBench();
  bench.join();
  bench.person(8, "Bob");
  const whole = (keyframe: boolean, byte: number) =>
    bench.recorder.engineEvent({
      event: "picture",
      participant: 8,
      kind: "camera",
      codec: "h264",
      keyframe,
      bytes: new Uint8Array(3 << 20).fill(byte),
      timestamp: 0,
      receivedAtMs: 0,
    });
  for (const byte of [1, 2, 3, 4]) whole(byte === 1, byte);
  bench.timers.advance(250);
  await bench.recorder.flushed();
  whole(false, 5);
  whole(true, 6);
  await bench.recorder.close();
  const bytes = bench.read("Bob.camera.h264");
  deepStrictEqual([0, 1, 2].map((index) => bytes[index * (3 << 20)]), [1, 2, 6]);
  strictEqual(bytes.length, 9 << 20);
  deepStrictEqual(bench.troubles.length, 1);
});

Deno.test("prepareFolder() makes the folder, and moves an earlier recording aside", async () => {
  const directory = Deno.makeTempDirSync();
  try {
    const folder = join(directory, "a", "b");
    await prepareFolder(folder, STARTED_AT);
    Deno.writeTextFileSync(join(folder, "mix.wav"), "old");
    Deno.writeTextFileSync(join(folder, "Bob.camera.h264"), "old");
    Deno.writeTextFileSync(join(folder, "notes.txt"), "mine");
    await prepareFolder(folder, STARTED_AT);
    const left = [...Deno.readDirSync(folder)];
    const aside = left.find(({ isDirectory }) => isDirectory)!.name;
    ok(aside.startsWith("before-2023-11-14T22-13-20"), aside);
    deepStrictEqual(left.map(({ name }) => name).sort(), [aside, "notes.txt"].sort());
    strictEqual(Deno.readTextFileSync(join(folder, aside, "mix.wav")), "old");
    Deno.writeTextFileSync(join(directory, "file"), "");
    await rejects(prepareFolder(join(directory, "file"), STARTED_AT), /Cannot record to/);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
});
