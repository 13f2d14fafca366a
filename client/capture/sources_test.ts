import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { parseCameraSource, parseMicrophoneSource, parseQuality, qualityOf } from "./sources.ts";

function refuses(parse: () => unknown, message: RegExp): void {
  throws(parse, (error: Refusal) => {
    strictEqual(error instanceof Refusal && error.code, "usage");
    strictEqual(message.test(error.message), true, error.message);
    return true;
  });
}

Deno.test("parseMicrophoneSource() reads every kind", () => {
  deepStrictEqual(parseMicrophoneSource("silence"), { kind: "silence" });
  deepStrictEqual(parseMicrophoneSource("off"), { kind: "off" });
  deepStrictEqual(parseMicrophoneSource("tone:440"), { kind: "tone", hertz: 440, dbfs: -20 });
  deepStrictEqual(parseMicrophoneSource("tone:617.5@-12.5"), {
    kind: "tone",
    hertz: 617.5,
    dbfs: -12.5,
  });
  deepStrictEqual(parseMicrophoneSource("device"), { kind: "device" });
  deepStrictEqual(parseMicrophoneSource("device:alsa_input.usb"), {
    kind: "device",
    id: "alsa_input.usb",
  });
  deepStrictEqual(parseMicrophoneSource("device:a:b"), { kind: "device", id: "a:b" });
  for (const path of ["say.wav", "./off", "/tmp/tone:440.wav", "C:\\say.wav", "Ä ö.wav"]) {
    deepStrictEqual(parseMicrophoneSource(path), { kind: "file", path });
  }
});

Deno.test("parseMicrophoneSource() says what is wrong", () => {
  refuses(() => parseMicrophoneSource(""), /a file needs a name/);
  refuses(() => parseMicrophoneSource("device:"), /name after the colon/);
  for (const text of ["tone", "tone:", "tone:x", "tone:440@", "tone:-5", "tone:440@loud"]) {
    refuses(() => parseMicrophoneSource(text), /is not tone:HZ\[@DBFS\]/);
  }
  refuses(() => parseMicrophoneSource("tone:0"), /1 to 20000 Hz/);
  refuses(() => parseMicrophoneSource("tone:20001"), /1 to 20000 Hz/);
  refuses(() => parseMicrophoneSource("tone:440@1"), /-100 to 0 dBFS/);
  refuses(() => parseMicrophoneSource("tone:440@-101"), /-100 to 0 dBFS/);
  parseMicrophoneSource("tone:1@0");
  parseMicrophoneSource("tone:20000@-100");
});

Deno.test("parseCameraSource() reads every kind", () => {
  deepStrictEqual(parseCameraSource("off"), { kind: "off" });
  deepStrictEqual(parseCameraSource("testsrc"), { kind: "testsrc" });
  deepStrictEqual(parseCameraSource("testsrc:640x360@15"), {
    kind: "testsrc",
    quality: { width: 640, height: 360, framesPerSecond: 15 },
  });
  deepStrictEqual(parseCameraSource("device"), { kind: "device" });
  deepStrictEqual(parseCameraSource("device:/dev/video2"), { kind: "device", id: "/dev/video2" });
  deepStrictEqual(parseCameraSource("clip.mp4"), { kind: "file", path: "clip.mp4" });
  refuses(() => parseCameraSource("testsrc:"), /is not WIDTHxHEIGHT@FPS/);
  refuses(() => parseCameraSource("a\0b"), /a file needs a name/);
});

Deno.test("parseQuality() takes sizes and rates within its limits", () => {
  deepStrictEqual(parseQuality("1280x720@29.97"), {
    width: 1280,
    height: 720,
    framesPerSecond: 29.97,
  });
  for (const text of ["32x32@1", "1920x1080@60"]) parseQuality(text);
  for (const text of ["", "320x240", "320x240@", "320*240@30", "-2x2@1", "320x240@30 "]) {
    refuses(() => parseQuality(text), /is not WIDTHxHEIGHT@FPS/);
  }
  refuses(() => parseQuality("321x240@30"), /must be even/);
  for (const text of ["30x32@1", "32x30@1", "1922x1080@1", "1920x1082@1"]) {
    refuses(() => parseQuality(text), /from 32x32 to 1920x1080/);
  }
  refuses(() => parseQuality("320x240@0"), /1 to 60/);
  refuses(() => parseQuality("320x240@60.1"), /1 to 60/);
});

Deno.test("qualityOf() prefers what was asked, then the source's own, then the default", () => {
  const own = { width: 64, height: 48, framesPerSecond: 5 };
  const asked = { width: 32, height: 32, framesPerSecond: 1 };
  strictEqual(qualityOf({ kind: "testsrc", quality: own }, asked), asked);
  strictEqual(qualityOf({ kind: "testsrc", quality: own }), own);
  deepStrictEqual(qualityOf({ kind: "device" }), { width: 320, height: 240, framesPerSecond: 30 });
});
