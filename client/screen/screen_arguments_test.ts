import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  inputArguments,
  inputEnvironment,
  isOldFfmpeg,
  parseSize,
  screenFilter,
  type ScreenTarget,
  sizeArguments,
  thumbnailArguments,
} from "./screen_arguments.ts";
import { fittedSize } from "./screen_source.ts";

const GENERAL = "-hide_banner -nostdin -nostats -loglevel warning";
const LIVE = "-fflags nobuffer -probesize 32 -analyzeduration 0";
const X11_AREA: ScreenTarget = {
  kind: "x11",
  display: ":0",
  area: { x: 1920, y: 30, width: 1280, height: 720 },
};
const X11_WINDOW: ScreenTarget = { kind: "x11-window", display: ":1.0", window: 0x1e00003 };

const input = (target: ScreenTarget, framesPerSecond = 30, showPointer = true) =>
  inputArguments(target, { framesPerSecond, showPointer }).join(" ");
const filter = (target: ScreenTarget, width: number, height: number) =>
  screenFilter(target, { size: fittedSize({ width, height }), framesPerSecond: 15 });

Deno.test("inputArguments() of the test picture and of a file", () => {
  strictEqual(
    input({ kind: "testsrc", width: 1280, height: 720 }, 7.5),
    `${GENERAL} -f lavfi -i testsrc2=size=1280x720:rate=7.5`,
  );
  strictEqual(
    input({ kind: "file", path: "-my talk:1.mp4" }),
    `${GENERAL} -i file:-my talk:1.mp4`,
  );
});

Deno.test("inputArguments() on X11: a part of the screen, or one window", () => {
  strictEqual(
    input(X11_AREA),
    `${GENERAL} -f x11grab ${LIVE} -draw_mouse 1 -framerate 30 -grab_x 1920 -grab_y 30 -video_size 1280x720 -i :0`,
  );
  strictEqual(
    input(X11_WINDOW, 10, false),
    `${GENERAL} -f x11grab ${LIVE} -draw_mouse 0 -framerate 10 -window_id 0x1e00003 -i :1.0`,
  );
});

Deno.test("inputArguments() on Windows", () => {
  const area = { x: -2560, y: 0, width: 2560, height: 1440 };
  const gdigrab = `${GENERAL} -f gdigrab -fflags nobuffer -draw_mouse 1 -framerate 30`;
  strictEqual(input({ kind: "gdigrab" }), `${gdigrab} -i desktop`);
  strictEqual(
    input({ kind: "gdigrab", area }),
    `${gdigrab} -offset_x -2560 -offset_y 0 -video_size 2560x1440 -i desktop`,
  );
  strictEqual(
    input({ kind: "gdigrab-window", input: "title=My Editor" }),
    `${gdigrab} -i title=My Editor`,
  );
  strictEqual(
    input({ kind: "ddagrab" }, 15, false),
    `${GENERAL} -f lavfi -i ddagrab=output_idx=0:framerate=15:draw_mouse=0,hwdownload,format=bgra`,
  );
  strictEqual(
    input({ kind: "gfxcapture", window: 0x1a2b }),
    `${GENERAL} -f lavfi -i gfxcapture=hwnd=6699:max_framerate=30:capture_cursor=1,hwdownload,format=bgra`,
  );
  const aware = { __COMPAT_LAYER: "HighDpiAware" };
  deepStrictEqual(inputEnvironment({ kind: "gdigrab" }), aware);
  deepStrictEqual(inputEnvironment({ kind: "gdigrab-window", input: "hwnd=0x1" }), aware);
  deepStrictEqual(inputEnvironment({ kind: "ddagrab" }), {});
});

Deno.test("inputArguments() on macOS: all colours of the screen, and no sound", () => {
  strictEqual(
    input({ kind: "avfoundation", device: "2" }),
    `${GENERAL} -f avfoundation -fflags nobuffer -capture_cursor 1 -framerate 30 -pixel_format bgr0 -i 2:none`,
  );
});

Deno.test("screenFilter() makes bgr0 at the pace of the clock, smaller only where it must", () => {
  strictEqual(filter(X11_AREA, 1280, 720), "format=bgr0");
  strictEqual(filter(X11_WINDOW, 3840, 2160), "scale=2560:1440:flags=area,format=bgr0");
  strictEqual(filter({ kind: "testsrc", width: 64, height: 64 }, 64, 64), "format=bgr0,realtime");
  strictEqual(
    filter({ kind: "file", path: "a.png" }, 3840, 2160),
    "fps=15,scale=2560:1440:flags=area,setsar=1,format=bgr0,tpad=stop=-1:stop_mode=clone,realtime",
  );
});

Deno.test("thumbnailArguments() make one small JPEG without the pointer", () => {
  strictEqual(
    thumbnailArguments(X11_WINDOW, { width: 320, height: 180 }).join(" "),
    `${
      input(X11_WINDOW, 30, false)
    } -map 0:v:0 -frames:v 1 -vf scale=320:180:flags=area,format=yuvj420p ` +
      "-c:v mjpeg -q:v 4 -f image2pipe pipe:1",
  );
});

Deno.test("sizeArguments() read one picture, and parseSize() what ffmpeg says of it", () => {
  strictEqual(
    sizeArguments({ kind: "file", path: "a.mp4" }).join(" "),
    `${GENERAL} -i file:a.mp4 -map 0:v:0 -vf scale=trunc(iw*sar):ih,setsar=1,format=rgb24 -frames:v 1 -f framecrc pipe:1`,
  );
  const printed = "#software: Lavf59.27.100\n#tb 0: 1/25\n#dimensions 0: 640x360\n#sar 0: 1/1\n" +
    "0,          0,          0,        1,   691200, 0x5e6b1afd\n";
  const size = { width: 640, height: 360, isBlack: false };
  deepStrictEqual(parseSize(printed), size);
  deepStrictEqual(parseSize(printed.replaceAll("\n", "\r\n")), size);
  deepStrictEqual(parseSize(printed.replace("5e6b1afd", "00000000")), { ...size, isBlack: true });
  deepStrictEqual(parseSize(printed.replace(/^0,.*\n/m, "")), undefined, "no picture came");
  deepStrictEqual(parseSize(""), undefined);
});

Deno.test("isOldFfmpeg() knows the versions before 5.1", () => {
  const isOld = (version: string) => isOldFfmpeg(`ffmpeg version ${version} Copyright (c) 2000`);
  for (const version of ["4.4.2-0ubuntu0.22.04.1", "n4.4", "5.0", "5.0.1", "3.4.13", "n5.0.3"]) {
    strictEqual(isOld(version), true, version);
  }
  for (
    const version of [
      ...["5.1.6-0+deb12u1", "6.0-essentials_build-www.gyan.dev", "n7.1", "9.0.1", "10.0"],
      ...["N-125875-g5d4d3bdc61", "2026-01-05-git-2892815c45-full_build-www.gyan.dev", "50.1"],
    ]
  ) strictEqual(isOld(version), false, version);
});
