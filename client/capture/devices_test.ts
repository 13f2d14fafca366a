import { deepStrictEqual } from "node:assert/strict";
import { parseDeviceList } from "./devices.ts";

Deno.test("parseDeviceList() reads PulseAudio sources: the default first, no monitors", () => {
  const output = `Auto-detected sources for pulse:
  alsa_output.pci.monitor [Monitor of Built-in Audio] (none)
  alsa_input.usb-Blue [Blue Yeti [2]] (none)
* micsink_source [Virtual microphone] (audio)
`;
  deepStrictEqual(parseDeviceList(output, { system: "linux", kind: "microphone" }), [
    { kind: "microphone", id: "micsink_source", label: "Virtual microphone" },
    { kind: "microphone", id: "alsa_input.usb-Blue", label: "Blue Yeti [2]" },
  ]);
});

Deno.test("parseDeviceList() reads Video4Linux cameras", () => {
  const output = `Auto-detected sources for video4linux2,v4l2:
  /dev/video0 [HD Webcam: HD Webcam] (video)
`;
  deepStrictEqual(parseDeviceList(output, { system: "linux", kind: "camera" }), [
    { kind: "camera", id: "/dev/video0", label: "HD Webcam: HD Webcam" },
  ]);
  deepStrictEqual(parseDeviceList("", { system: "linux", kind: "camera" }), []);
});

const DSHOW_NEW = `[dshow @ 000001f2] "Integrated Camera" (video)\r
[dshow @ 000001f2]   Alternative name "@device_pnp_\\\\?\\usb#vid"\r
[dshow @ 000001f2] "OBS Virtual Camera" (none)\r
[dshow @ 000001f2] "Microphone (Realtek(R) Audio)" (audio)\r
[dshow @ 000001f2]   Alternative name "@device_cm_{33D9A762}"\r
dummy: Immediate exit requested\r
`;
const DSHOW_OLD =
  `[dshow @ 0498] DirectShow video devices (some may be both video and audio devices)
[dshow @ 0498]  "Integrated Camera"
[dshow @ 0498]     Alternative name "@device_pnp_x"
[dshow @ 0498] DirectShow audio devices
[dshow @ 0498]  "Microphone (Realtek(R) Audio)"
[dshow @ 0498]     Alternative name "@device_cm_x"
dummy: Immediate exit requested
`;

for (const [version, output] of [["since ffmpeg 5", DSHOW_NEW], ["before", DSHOW_OLD]]) {
  Deno.test(`parseDeviceList() reads DirectShow devices as listed ${version}`, () => {
    const camera = "Integrated Camera";
    const microphone = "Microphone (Realtek(R) Audio)";
    deepStrictEqual(parseDeviceList(output, { system: "windows", kind: "camera" }), [
      { kind: "camera", id: camera, label: camera },
    ]);
    deepStrictEqual(parseDeviceList(output, { system: "windows", kind: "microphone" }), [
      { kind: "microphone", id: microphone, label: microphone },
    ]);
  });
}

Deno.test("parseDeviceList() reads AVFoundation devices, without screens", () => {
  const output = `[AVFoundation indev @ 0x7fb] AVFoundation video devices:
[AVFoundation indev @ 0x7fb] [0] FaceTime HD Camera
[AVFoundation indev @ 0x7fb] [1] Capture screen 0
[AVFoundation indev @ 0x7fb] AVFoundation audio devices:
[AVFoundation indev @ 0x7fb] [0] MacBook Pro Microphone
: Input/output error
`;
  deepStrictEqual(parseDeviceList(output, { system: "darwin", kind: "camera" }), [
    { kind: "camera", id: "0", label: "FaceTime HD Camera" },
  ]);
  deepStrictEqual(parseDeviceList(output, { system: "darwin", kind: "microphone" }), [
    { kind: "microphone", id: "0", label: "MacBook Pro Microphone" },
  ]);
});
