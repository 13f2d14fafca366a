import { deepStrictEqual, throws } from "node:assert/strict";
import { macosTarget, parseMacosScreens, permissionRefusal } from "./macos_screens.ts";
import { macosChoices } from "./screen_list.ts";

const LIST = `[AVFoundation indev @ 0x7fb] AVFoundation video devices:
[AVFoundation indev @ 0x7fb] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7fb] [1] Capture screen 1
[AVFoundation indev @ 0x7fb] [2] Capture screen 0
[AVFoundation indev @ 0x7fb] AVFoundation audio devices:
[AVFoundation indev @ 0x7fb] [0] MacBook Pro Microphone
: Input/output error
`;

Deno.test("parseMacosScreens() finds the screens among cameras and microphones, the main one first", () => {
  deepStrictEqual(parseMacosScreens(LIST), ["2", "1"]);
  deepStrictEqual(parseMacosScreens(LIST.replaceAll("\n", "\r\n")), ["2", "1"]);
  deepStrictEqual(parseMacosScreens(""), []);
});

Deno.test("macosTarget() is a screen; a window is declined in words", () => {
  const target = (index?: number, screens = ["2", "1"]) =>
    macosTarget({ kind: "display", index }, screens);
  deepStrictEqual(target(), { kind: "avfoundation", device: "2" });
  deepStrictEqual(target(2), { kind: "avfoundation", device: "1" });
  throws(() => target(3), { code: "no-screen", message: /has 2/ });
  throws(() => target(1, []), { code: "no-screen", message: /none that can be shown/ });
  throws(() => macosTarget({ kind: "window", name: "Editor" }, ["1"]), {
    code: "no-window",
    message: /use display:1/,
  });
  throws(() => {
    throw permissionRefusal();
  }, { code: "screen-permission", message: /System Settings > Privacy & Security/ });
});

Deno.test("macosChoices() lists each screen", () => {
  deepStrictEqual(macosChoices(["2", "1"]).map(({ id, kind, title }) => [id, kind, title]), [
    ["display:1", "monitor", "Screen 1"],
    ["display:2", "monitor", "Screen 2"],
  ]);
});
