/**
 * A camera that changes its size while somebody watches, sent by the meeting core as the window uses it.
 * Judges real time by the second.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { systemRandom, systemTimers } from "@fusionmeet/net";
import { readSps } from "@fusionmeet/protocol";
import { openControl, type Trust } from "../client/connect.ts";
import type { EngineEvent } from "../client/media/commands.ts";
import { startEngine } from "../client/media/handle.ts";
import { Meeting } from "../client/meeting.ts";
import { cameraLine } from "./support/cameras.ts";
import { startClient, startServer } from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const FREEZE_MS_MAX = 1_000;
const BEFORE = { width: 320, height: 240, framesPerSecond: 30 };
const AFTER = { width: 640, height: 360, framesPerSecond: 30 };

Deno.test("A camera changes its size while it is watched: the picture goes on", async () => {
  await using folder = new TemporaryDirectory();
  await using server = await startServer({ data: folder.file("server") });
  await using vera = await startClient({ name: "Vera", server, record: folder.file("vera") });
  const engine = startEngine({
    microphone: { kind: "off" },
    camera: { kind: "testsrc" },
    quality: BEFORE,
  });
  const previews: Extract<EngineEvent, { event: "preview" }>[] = [];
  engine.onEvent((event) => void (event.event === "preview" && previews.push(event)));
  const meeting = new Meeting({
    name: "Sam",
    room: "Main",
    microphone: false,
    camera: {
      codec: "h264",
      width: BEFORE.width,
      height: BEFORE.height,
      fps: BEFORE.framesPerSecond,
    },
    open: (signal) => {
      const address = { hostname: "127.0.0.1", port: server.port };
      return openControl(address, { ...NOTHING_KNOWN, fingerprint: server.fingerprint }, {
        signal,
      });
    },
    seat: {
      load: () => Promise.resolve(undefined),
      save: () => {},
      forget: () => Promise.resolve(),
    },
    engine,
    timers: systemTimers,
    random: systemRandom,
  });
  const ended = meeting.run();
  try {
    await vera.waitFor("picture");
    engine.command({ do: "preview", on: true });
    await until("a second of one's own pictures", () => previews.length > 30);
    meeting.setQuality(AFTER);
    const isNew = () => widthsOf(previews).includes(AFTER.width);
    await until("one's own picture in the new size", isNew);
    const seen = previews.length;
    await until("a second more", () => previews.length > seen + 30);
  } finally {
    await vera.stop();
    meeting.leave();
    await ended;
    await engine.close();
  }
  strictEqual(previews[0].keyframe, true);
  deepStrictEqual([...new Set(widthsOf(previews))], [BEFORE.width, AFTER.width]);
  const streams = vera.events.filter(({ event, kind, participant }) =>
    event === "stream" && kind === "camera" && participant === "Sam"
  );
  deepStrictEqual(streams.map(({ state }) => state), ["open"], "it is one stream");
  const line = cameraLine(folder.file("vera"), "Sam");
  deepStrictEqual([line.width, line.height, line.lost], [AFTER.width, AFTER.height, 0]);
  ok(
    line.longestFreezeMs < FREEZE_MS_MAX,
    `the picture stood still for ${line.longestFreezeMs} ms`,
  );
});

/** The width of each keyframe. */
function widthsOf(previews: readonly { keyframe: boolean; bytes: Uint8Array }[]): number[] {
  return previews.filter(({ keyframe }) => keyframe).map(({ bytes }) => {
    const sps = readSps(bytes);
    ok(typeof sps === "object", String(sps));
    return sps.width;
  });
}

const NOTHING_KNOWN: Trust = {
  pinsPath: "",
  pins: {
    get: () => undefined,
    check: () => "first",
    knows: () => false,
    accept: () => Promise.resolve(),
  },
};
