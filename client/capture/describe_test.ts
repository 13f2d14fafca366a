import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { describeSources } from "./describe.ts";
import type { CaptureDevice } from "./devices.ts";

const CAMERA: CaptureDevice = { kind: "camera", id: "/dev/video0", label: "HD Webcam" };
const MICROPHONE: CaptureDevice = { kind: "microphone", id: "alsa_input.usb", label: "Headset" };
const DEVICES = { microphone: { kind: "device" }, camera: { kind: "device" } } as const;
const listing = (...devices: CaptureDevice[]) => (kind: CaptureDevice["kind"]) =>
  Promise.resolve(devices.filter((device) => device.kind === kind));

Deno.test("describeSources() says in words what would be switched on", async () => {
  const list = () => Promise.reject(new Error("nobody needs a list"));
  const words = async (microphone: Parameters<typeof describeSources>[0]["microphone"]) =>
    (await describeSources({ microphone, camera: { kind: "off" }, list })).microphone;
  strictEqual(await words({ kind: "tone", hertz: 431, dbfs: -20 }), "Tone 431 Hz");
  strictEqual(await words({ kind: "silence" }), "Silence");
  strictEqual(await words({ kind: "off" }), null);
  strictEqual(await words({ kind: "file", path: "/films/voice.wav" }), "voice.wav");
  const camera = { kind: "testsrc" } as const;
  const off = { kind: "off" } as const;
  strictEqual(
    (await describeSources({ microphone: off, camera, list })).camera,
    "Test picture 320x240",
  );
  const quality = { width: 640, height: 360, framesPerSecond: 30 };
  strictEqual(
    (await describeSources({ microphone: off, camera, quality, list })).camera,
    "Test picture 640x360",
  );
});

Deno.test("describeSources() gives devices their own names, and null where there is none", async () => {
  const system = "linux" as const;
  const describe = (...devices: CaptureDevice[]) =>
    describeSources({ ...DEVICES, list: listing(...devices), system });
  deepStrictEqual(await describe(CAMERA, MICROPHONE), {
    microphone: "Headset",
    camera: "HD Webcam",
  });
  deepStrictEqual(await describe(), { microphone: null, camera: null });
  const second = { ...CAMERA, id: "/dev/video2", label: "Second" };
  strictEqual((await describe(second)).camera, null, "not the one that would be opened");
  const chosen = await describeSources({
    microphone: { kind: "device", id: "hw:1" },
    camera: { kind: "device", id: "/dev/video2" },
    list: listing(second),
    system,
  });
  deepStrictEqual(chosen, { microphone: "hw:1", camera: "Second" });
});

Deno.test("describeSources() never rejects: without ffmpeg there is nothing, without a list the default", async () => {
  const missing = () => Promise.reject(new Refusal("ffmpeg-missing", "Cannot find ffmpeg"));
  deepStrictEqual(await describeSources({ ...DEVICES, list: missing }), {
    microphone: null,
    camera: null,
  });
  const broken = () => Promise.reject(new Error("killed"));
  const words = { microphone: "Default microphone", camera: "Default camera" };
  deepStrictEqual(await describeSources({ ...DEVICES, list: broken }), words);
  const startMs = performance.now();
  deepStrictEqual(
    await describeSources({ ...DEVICES, list: () => new Promise(() => {}) }),
    words,
  );
  ok(performance.now() - startMs < 2_000, "both at once");
});
