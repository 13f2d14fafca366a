import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import { isScreenSize } from "@fusionmeet/protocol";
import { describeScreen, fittedSize, parseScreenSource } from "./screen_source.ts";

function refuses(text: string, message: RegExp): void {
  throws(() => parseScreenSource(text), (error: Refusal) => {
    strictEqual(error instanceof Refusal && error.code, "usage");
    strictEqual(message.test(error.message), true, error.message);
    return true;
  });
}

Deno.test("parseScreenSource() reads every kind", () => {
  const quality = { width: 2560, height: 1440, framesPerSecond: 7.5 };
  deepStrictEqual(parseScreenSource("off"), { kind: "off" });
  deepStrictEqual(parseScreenSource("testsrc"), {
    kind: "testsrc",
    quality: { width: 1280, height: 720, framesPerSecond: 30 },
  });
  deepStrictEqual(parseScreenSource("testsrc:2560x1440@7.5"), { kind: "testsrc", quality });
  deepStrictEqual(parseScreenSource("display"), { kind: "display" });
  deepStrictEqual(parseScreenSource("display:2"), { kind: "display", index: 2 });
  deepStrictEqual(parseScreenSource("window:a: b"), { kind: "window", name: "a: b" });
  deepStrictEqual(parseScreenSource("window:0x1E0003"), {
    kind: "window",
    name: "0x1E0003",
    id: "0x1e0003",
  });
  for (const path of ["talk.mp4", "./off", "./display:1", "C:\\talk.mp4", "Ä ö.png"]) {
    deepStrictEqual(parseScreenSource(path), { kind: "file", path });
  }
});

Deno.test("parseScreenSource() says what is wrong", () => {
  refuses("", /a file needs a name/);
  refuses("a\0b", /a file needs a name/);
  refuses("window", /window:Editor/);
  for (const text of ["window:", "window: ", "window:\0"]) refuses(text, /after the colon/);
  for (const text of ["display:", "display:0", "display:-1", "display:x", "display:100"]) {
    refuses(text, /from 1 to 99/);
  }
  for (const text of ["testsrc:", "testsrc:640x360", "testsrc:640x360@", "testsrc:-2x2@1"]) {
    refuses(text, /is not WIDTHxHEIGHT@FPS/);
  }
  for (const size of ["31x64", "64x31", "2561x64", "64x2561", "2560x1441"]) {
    refuses(`testsrc:${size}@30`, /sides are 32 to 2560/);
  }
  for (const rate of ["0", "0.9", "30.1"]) refuses(`testsrc:64x64@${rate}`, /1 to 30/);
  for (const text of ["32x32@1", "2560x1440@30", "1440x2560@30"]) {
    parseScreenSource(`testsrc:${text}`);
  }
});

Deno.test("describeScreen() says in words what would be shown", () => {
  const words = (text: string) => describeScreen(parseScreenSource(text));
  strictEqual(words("off"), null);
  strictEqual(words("testsrc:640x360@5"), "Test picture 640x360");
  strictEqual(words("/films/talk.mp4"), "talk.mp4");
  strictEqual(words("display"), "Whole screen");
  strictEqual(words("display:2"), "Screen 2");
  strictEqual(words("window:Editor"), 'Window "Editor"');
});

Deno.test("fittedSize() keeps what may be sent, and scales the rest down in its shape", () => {
  const fit = (width: number, height: number) => fittedSize({ width, height });
  deepStrictEqual(fit(2560, 1440), { width: 2560, height: 1440, scaled: false });
  deepStrictEqual(fit(501, 333), { width: 501, height: 333, scaled: false });
  deepStrictEqual(fit(1, 2560), { width: 1, height: 2560, scaled: false });
  deepStrictEqual(fit(3840, 2160), { width: 2560, height: 1440, scaled: true });
  deepStrictEqual(fit(2560, 1441), { width: 2558, height: 1440, scaled: true });
  deepStrictEqual(fit(2561, 1), { width: 2560, height: 2, scaled: true });
  deepStrictEqual(fit(3840, 1080), { width: 2560, height: 720, scaled: true });
  for (let width = 1; width < 20_000; width += 613) {
    for (let height = 1; height < 20_000; height += 587) {
      const { width: across, height: down } = fit(width, height);
      strictEqual(isScreenSize(across, down), true, `${width}x${height}: ${across}x${down}`);
    }
  }
});
