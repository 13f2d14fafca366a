import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ServerMessage } from "@fusionmeet/protocol";
import { CODEC_CHANGES } from "./own_sources.ts";
import { MeetingBench, settle, welcome } from "./test_support.ts";
import { UNSHOWN_MS } from "./unshown_cameras.ts";

const BOB = { id: 8, name: "Bob", microphone: false, camera: true, away: false };
const JPEG = { type: "source.codec", kind: "camera", codec: "jpeg" } as const;
const H264 = { ...JPEG, codec: "h264" } as const;
const streamReady = (codec: "h264" | "jpeg" | "vp8", ssrc = 99) =>
  ({
    type: "stream.ready",
    ...{ participant: 8, kind: "camera", layer: "high", ssrc, codec },
    ...{ epoch: 0, key: new Uint8Array(28), roc: 0, sequence: 1 },
  }) satisfies ServerMessage;
const ENDED = { type: "stream.ended", participant: 8, kind: "camera", ssrc: 99 } as const;

const pictureFeatures = (bench: MeetingBench) =>
  bench.link.sentOf("hello")[0].features!.filter((feature) => /h264|jpeg/.test(feature));
const codecsTold = (bench: MeetingBench) =>
  bench.link.sentOf("source").filter(({ kind }) => kind === "camera").map(({ codec }) => codec);

Deno.test("Meeting says hello with what can be shown here, and with all else it knows", async () => {
  deepStrictEqual(pictureFeatures(await new MeetingBench().start()), ["h264", "jpeg"]);
  const bench = await new MeetingBench({ decodes: ["jpeg"] }).start();
  deepStrictEqual(pictureFeatures(bench), ["jpeg"]);
  strictEqual(bench.link.sentOf("hello")[0].features!.includes("opus"), true);
  deepStrictEqual(pictureFeatures(await new MeetingBench({ decodes: [] }).start()), []);
});

Deno.test("Meeting: the camera sends what the room asks for; the engine is told first, then the others", async () => {
  const camera = { codec: "h264", width: 324, height: 246, fps: 30 } as const;
  const bench = await new MeetingBench({ camera }).join();
  await bench.link.say(JPEG, JPEG);
  deepStrictEqual(bench.engine.told("camera.codec"), [{ do: "camera.codec", codec: "jpeg" }]);
  deepStrictEqual(bench.link.sentOf("source").at(-1), {
    type: "source",
    kind: "camera",
    on: true,
    codec: "jpeg",
    width: 320,
    height: 240,
    fps: 30,
  });
  await bench.link.say(H264);
  deepStrictEqual(codecsTold(bench), ["h264", "jpeg", "h264"]);
  strictEqual(bench.link.sentOf("source").at(-1)!.width, 324);
});

Deno.test("Meeting: a room that changes its mind on and on does not start the camera anew on and on", async () => {
  const bench = await new MeetingBench().join();
  const { perSecond, burst } = CODEC_CHANGES;
  for (let time = 0; time < burst / 2 + 50; time++) await bench.link.say(JPEG, H264);
  strictEqual(bench.engine.told("camera.codec").length, burst);
  await bench.link.say(JPEG);
  await bench.advance(1_000 / perSecond);
  const told = bench.engine.told("camera.codec");
  deepStrictEqual([told.length, told.at(-1)?.codec], [burst + 1, "jpeg"], "the last one wanted");
  strictEqual(codecsTold(bench).at(-1), "jpeg");
  for (let second = 0; second < 20; second++) {
    await bench.link.say(H264, JPEG, H264);
    await bench.link.say(JPEG, H264, JPEG);
    await bench.advance(1_000 / perSecond);
  }
  const after = bench.engine.told("camera.codec").length - told.length;
  strictEqual(after <= 20 && codecsTold(bench).at(-1) === "jpeg", true, `${after} changes`);
  await bench.link.say(H264, JPEG, H264, JPEG, H264);
  await bench.link.breakDown();
  bench.meeting.leave();
  await settle();
  strictEqual(bench.timers.waitingCount, 0);
});

Deno.test("Meeting: a camera that is off goes on with the codec that was asked for meanwhile", async () => {
  const bench = await new MeetingBench({ startsOff: ["camera"] }).join();
  await bench.link.say(JPEG);
  strictEqual(bench.link.sentOf("source").some(({ codec }) => codec === "jpeg"), false);
  bench.meeting.setSource("camera", true);
  strictEqual(bench.link.sentOf("source").at(-1)!.codec, "jpeg");
});

Deno.test("Meeting: a reconnect into a room of JPEG changes nothing; into another, the camera is told first", async () => {
  const bench = await new MeetingBench().join({ cameraCodec: "jpeg" });
  deepStrictEqual(bench.engine.commands.map((command) => command.do), [
    "connect",
    "camera.codec",
    "microphone",
    "camera",
  ]);
  deepStrictEqual(codecsTold(bench), ["jpeg"]);
  await bench.link.breakDown();
  await bench.advance(1_000);
  await bench.link.say(welcome({ resumed: true, cameraCodec: "jpeg" }));
  deepStrictEqual(codecsTold(bench), ["jpeg"]);
  strictEqual(bench.engine.told("camera.codec").length, 1);
  await bench.link.breakDown();
  await bench.advance(1_000);
  await bench.link.say(welcome({ resumed: true }));
  deepStrictEqual(codecsTold(bench), ["h264"]);
  strictEqual(bench.engine.told("camera.codec").at(-1)!.codec, "h264");
});

Deno.test("Meeting takes no stream it cannot show, and says so once, when it stays like that", async () => {
  const bench = await new MeetingBench({ decodes: ["jpeg"] }).join();
  bench.engine.happen({ event: "bound" });
  await bench.link.say({ type: "participants", list: [BOB], last: true }, streamReady("h264"));
  await bench.advance(UNSHOWN_MS - 100);
  deepStrictEqual([bench.engine.told("stream.open"), bench.link.sentOf("stream.ack")], [[], []]);
  deepStrictEqual([bench.eventsOf("stream"), bench.eventsOf("warning")], [[], []]);
  await bench.advance(100);
  const [warning, ...others] = bench.eventsOf("warning");
  strictEqual(warning.code, "camera-codec");
  strictEqual(
    warning.message,
    "The camera of Bob sends h264, which cannot be shown here (jpeg can): " +
      "use the newest version of the program here and there",
  );
  await bench.link.say(ENDED, streamReady("h264"));
  await bench.advance(UNSHOWN_MS);
  deepStrictEqual([others, bench.eventsOf("warning").length], [[], 1]);
  await bench.link.say(ENDED, streamReady("jpeg"));
  strictEqual(bench.engine.told("stream.open").length, 1);
  deepStrictEqual(bench.eventsOf("stream").map(({ state }) => state), ["open"]);
});

Deno.test("Meeting that knows no JPEG, in a room of JPEG: a placeholder, a warning, and H.264 again after", async () => {
  const bench = await new MeetingBench({ decodes: ["h264"] }).join();
  bench.engine.happen({ event: "bound" });
  await bench.link.say({ type: "participants", list: [BOB], last: true }, streamReady("jpeg"));
  await bench.advance(UNSHOWN_MS);
  deepStrictEqual(bench.eventsOf("warning").map(({ code }) => code), ["camera-codec"]);
  deepStrictEqual([bench.link.sentOf("stream.ack"), bench.eventsOf("stream")], [[], []]);
  deepStrictEqual(codecsTold(bench), ["h264"]);
  await bench.link.say(ENDED, streamReady("h264"));
  deepStrictEqual(bench.eventsOf("stream").map(({ state }) => state), ["open"]);
});

Deno.test("Meeting says nothing of a camera that is switched over in time, or of a lost connection", async () => {
  const bench = await new MeetingBench({ decodes: ["jpeg"] }).join();
  bench.engine.happen({ event: "bound" });
  await bench.link.say(streamReady("h264"));
  await bench.advance(UNSHOWN_MS - 100);
  await bench.link.say(ENDED, streamReady("jpeg"));
  await bench.advance(UNSHOWN_MS);
  await bench.link.say(streamReady("vp8", 100));
  await bench.link.breakDown();
  await bench.advance(UNSHOWN_MS);
  deepStrictEqual(bench.eventsOf("warning"), []);
});
