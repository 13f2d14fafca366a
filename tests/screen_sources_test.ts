/** What can be shown of a screen, on an X server of its own and by a real ffmpeg. Judges no real time. */
import { deepStrictEqual, notDeepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Refusal } from "@fusionmeet/base";
import { screenInput } from "../client/screen/screen_input.ts";
import { listScreens, screenThumbnail } from "../client/screen/screen_list.ts";
import { parseScreenSource, type ScreenSource } from "../client/screen/screen_source.ts";
import { watchScreen } from "../client/screen/screen_watch.ts";
import { Display } from "./support/display.ts";
import { run } from "./support/programs.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";
import { Painter } from "./support/x11_painter.ts";

const [RED, GREEN, BLUE] = [0xff0000, 0x00ff00, 0x0000ff];

/** Files that another thread reads meanwhile, and how often a display is looked at, at least. */
const [READS, LOOKS] = [100_000, 100];

/** Pictures of a source, bgr0, and its size. */
async function capture(
  source: ScreenSource | string,
  { environment, count = 1 }: { environment?: Record<string, string>; count?: number } = {},
) {
  const open = typeof source === "string" ? parseScreenSource(source) : source;
  const input = await screenInput(open as Exclude<ScreenSource, { kind: "off" }>, {
    framesPerSecond: 30,
    showPointer: false,
    isOldFfmpeg: false,
    environment,
  });
  const { width, height, scaled, title } = input;
  const bytes = await run("ffmpeg", [
    ...input.input,
    ...["-map", "0:v:0", "-vf", input.filter, "-fps_mode", "passthrough"],
    ...["-frames:v", String(count), "-f", "rawvideo", "pipe:1"],
  ]);
  const size = width * height * 4;
  strictEqual(bytes.length, size * count, "whole pictures");
  const pictures = Array.from(
    { length: count },
    (_, at) => bytes.subarray(at * size, (at + 1) * size),
  );
  const colour = (x: number, y: number) => {
    const at = (y * width + x) * 4;
    return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
  };
  return { size: `${width}x${height}`, scaled, title, pictures, colour, source: input.source };
}

function refuses(promise: Promise<unknown>, code: string, words: RegExp): Promise<void> {
  return rejects(promise, (refusal: Refusal) => {
    deepStrictEqual([refusal.code, words.test(refusal.message)], [code, true], refusal.message);
    return true;
  });
}

Deno.test("a test picture, a film and a still are shown; the film's last picture stays", async () => {
  await using folder = new TemporaryDirectory();
  const test = await capture("testsrc:64x48@10", { count: 2 });
  strictEqual(test.size, "64x48");
  notDeepStrictEqual(test.pictures[0], test.pictures[1], "it moves");

  const film = join(folder.path, "a film.mkv");
  const red = "color=red:size=322x180:rate=30:duration=0.1,setsar=2";
  await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", red, "-c:v", "ffv1", film]);
  const shown = await capture(film, { count: 8 });
  deepStrictEqual([shown.size, shown.title], ["644x180", "a film.mkv"], "square pixels");
  deepStrictEqual(shown.pictures[7], shown.pictures[0]);

  const still = join(folder.path, "still.png");
  const big = "color=blue:size=2600x100";
  await run("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", big, "-frames:v", "1", still]);
  const held = await capture(still, { count: 3 });
  deepStrictEqual([held.size, held.scaled], ["2560x98", true]);
  strictEqual(held.colour(1000, 50), 0x0000fe, "as ffmpeg's blue comes back from RGB");

  await Deno.writeTextFile(join(folder.path, "words.txt"), "no picture");
  await refuses(capture(join(folder.path, "none.mkv")), "no-file", /there is no such file/);
  await refuses(capture(join(folder.path, "words.txt")), "screen-failed", /Cannot read the screen/);
});

Deno.test("the screen, its monitors and windows are listed, captured, watched and told apart", async () => {
  await using display = await Display.start(800, 600);
  const environment = display.env;
  using painter = await Painter.open(display.name);
  const place = { x: 50, y: 40, width: 301, height: 201 };
  const red = await painter.window({ title: "Editör", colour: RED, ...place });

  const whole = await capture("display", { environment });
  deepStrictEqual([whole.size, whole.title], ["800x600", "Whole screen"]);
  deepStrictEqual([whole.colour(49, 40), whole.colour(50, 40), whole.colour(350, 240)], [
    0,
    RED,
    RED,
  ]);
  await refuses(capture("display:2", { environment }), "no-screen", /has one: display:1/);
  await painter.setMonitor("left", { x: 0, y: 0, width: 500, height: 600 });
  await painter.setMonitor("right", { x: 340, y: 200, width: 460, height: 400 });
  const right = await capture("display:2", { environment });
  deepStrictEqual([right.size, right.title], ["460x400", "Screen 2"]);
  deepStrictEqual([right.colour(10, 40), right.colour(11, 41)], [RED, 0]);
  await refuses(capture("display:4", { environment }), "no-screen", /has 3: .* to display:3/);

  await painter.window({
    title: "Green one",
    colour: GREEN,
    x: 200,
    y: 100,
    width: 80,
    height: 90,
  });
  await painter.window({ title: "FusionMeet", colour: BLUE, x: 700, y: 1, width: 50, height: 60 });
  const choices = await listScreens({ environment });
  deepStrictEqual(
    choices.map(({ kind, title, width, height, isOwn }) =>
      `${kind} ${title} ${width}x${height}${isOwn ? " own" : ""}`
    ),
    [
      "screen Whole screen 800x600",
      "monitor Screen 1 (PRIMARY) 500x600",
      "monitor Screen 2 (SECONDARY) 460x400",
      "monitor Screen 3 (screen) 800x600",
      "window FusionMeet 50x60 own",
      "window Green one 80x90",
      "window Editör 301x201",
    ],
  );
  strictEqual(choices[6].id, `window:0x${red.toString(16)}`);
  const thumbnail = await screenThumbnail(choices[0], { environment });
  deepStrictEqual([...thumbnail.subarray(0, 2)], [0xff, 0xd8], "JPEG");

  let changes = 0;
  const stop = await watchScreen({ kind: "display" }, () => changes++, { environment });
  await painter.resizeScreen(700, 500);
  await until("the screen's change is told", () => changes > 0);
  strictEqual((await capture("display", { environment })).size, "700x500");
  strictEqual(changes, 1);
  stop();
});

Deno.test("a window is captured whole wherever it lies, and each change of it has its word", async () => {
  await using display = await Display.start(800, 600);
  const environment = display.env;
  using painter = await Painter.open(display.name);
  const place = { x: 50, y: 40, width: 301, height: 201 };
  const red = await painter.window({ title: "Editor", program: "edit", colour: RED, ...place });
  let changes = 0;
  const { source } = await screenInput({ kind: "window", name: "edit" }, {
    framesPerSecond: 30,
    environment,
  });
  deepStrictEqual(source, { kind: "window", name: "Editor", id: `0x${red.toString(16)}` });
  const stop = await watchScreen(source, () => changes++, { environment });
  const change = async (make: () => Promise<void>) => {
    const before = changes;
    await make();
    await until("the change is told", () => changes > before);
    strictEqual(changes, before + 1, "once");
  };

  const corners = async () => {
    const { size, colour } = await capture(source, { environment });
    const [width, height] = size.split("x").map(Number);
    return [size, colour(0, 0), colour(width - 1, height - 1), colour(width >> 1, height >> 1)];
  };
  deepStrictEqual(await corners(), ["301x201", RED, RED, RED]);
  const green = { title: "Green", colour: GREEN, x: 100, y: 80, width: 150, height: 140 };
  await painter.window(green);
  deepStrictEqual(await corners(), ["301x201", RED, RED, RED], "covered");
  await painter.move(red, 700, -100);
  deepStrictEqual(await corners(), ["301x201", RED, RED, RED], "beyond the screen's edge");
  strictEqual(changes, 0, "that changes nothing");
  await change(() => painter.resize(red, 1000, 100));
  deepStrictEqual(await corners(), ["1000x100", RED, RED, RED], "bigger than the screen");

  await change(() => painter.hide(red));
  await refuses(capture(source, { environment }), "window-hidden", /"Editor" is minimised/);
  await change(() => painter.show(red));
  deepStrictEqual(await corners(), ["1000x100", RED, RED, RED], "shown again");
  await change(() => painter.close(red));
  await painter.window({ title: "Editor", colour: BLUE, ...place });
  await refuses(capture(source, { environment }), "no-window", /"Editor" was closed/);
  stop();

  await painter.window({ title: "Editor two", colour: GREEN, ...place, x: 400 });
  strictEqual((await capture("window:Editor", { environment })).colour(0, 0), BLUE, "its name");
  await refuses(capture("window:edit", { environment }), "no-window", /2 windows could be "edit"/);
  await refuses(capture("window:Mail", { environment }), "no-window", /no window "Mail"; there is/);
});

Deno.test("looking at a display closes nothing that another thread has open", async () => {
  await using display = await Display.start(300, 200);
  const reader = new Worker(
    `data:text/javascript,${
      encodeURIComponent(`
        let faults = 0;
        for (let count = 0; count < ${READS}; count++) {
          try { Deno.readTextFileSync("/etc/hostname"); } catch { faults++; }
        }
        postMessage(faults);
      `)
    }`,
    { type: "module" },
  );
  let faults: number | undefined;
  reader.onmessage = ({ data }) => faults = data;
  let looks = 0;
  for (; faults === undefined || looks < LOOKS; looks++) {
    await screenInput({ kind: "display" }, {
      ...{ framesPerSecond: 30, isOldFfmpeg: false, environment: display.env },
    });
    await passRealTime(0);
  }
  console.error(`${looks} looks`);
  strictEqual(faults, 0);
  reader.terminate();
});

Deno.test("where there is no X display, it is said why, and what works", async () => {
  const at = (environment: Record<string, string>) => capture("display", { environment });
  await refuses(at({}), "x11-missing", /DISPLAY is not set/);
  await refuses(at({ DISPLAY: ":9999" }), "x11-missing", /Cannot open the X display :9999: \S/);
  await using folder = new TemporaryDirectory();
  const before = Deno.env.get("XAUTHORITY");
  Deno.env.set("XAUTHORITY", folder.path);
  await refuses(at({ DISPLAY: ":9999" }), "x11-missing", /cannot read .*directory/);
  if (before === undefined) Deno.env.delete("XAUTHORITY");
  else Deno.env.set("XAUTHORITY", before);
  await refuses(at({ WAYLAND_DISPLAY: "wayland-0" }), "wayland", /log in again with "Xorg"/);
  ok((await capture("testsrc:64x48@30", { environment: {} })).size, "which needs none");
});
