/**
 * The system's webview without its H.264 decoder (no gstreamer1.0-libav): WebKit says that it can decode, and cannot.
 * The page finds out by a test picture, the room's cameras send JPEG, and the window shows them.
 * Judges real time by the second.
 */
import { ok, strictEqual } from "node:assert/strict";
import { buildPage } from "../tools/build_page.ts";
import { FILM_PICTURES, FPS, nextCameraCodec } from "./support/cameras.ts";
import { writeTestVideo } from "./support/picture_files.ts";
import { startClient, startServer } from "./support/programs.ts";
import { findNumber } from "./support/screen_film.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";
import { WindowSeat } from "./support/window_seat.ts";

const VIDEO = { width: 320, height: 240, source: 12, seed: 4 };
/** GStreamer's plugins that decode H.264 in software. */
const DECODERS = /^libgst(libav|openh264)\.so$/;

/** Folder of GStreamer's plugins. */
function pluginFolder(): string {
  const folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map((each) =>
    `/usr/lib/${each}/gstreamer-1.0`
  );
  const folder = folders.find((path) => {
    try {
      return Deno.statSync(path).isDirectory;
    } catch {
      return false;
    }
  });
  if (folder === undefined) throw new Error(`There is no GStreamer in ${folders.join(" or ")}`);
  return folder;
}

/** The environment of a system that has all plugins but the decoders. */
async function withoutDecoders(folder: string): Promise<Record<string, string>> {
  const plugins = pluginFolder();
  await Deno.mkdir(folder);
  let left = 0;
  for await (const { name } of Deno.readDir(plugins)) {
    if (DECODERS.test(name)) left++;
    else await Deno.symlink(`${plugins}/${name}`, `${folder}/${name}`);
  }
  ok(left > 0, "there was a decoder to leave out");
  return { GST_PLUGIN_SYSTEM_PATH_1_0: folder, GST_REGISTRY_1_0: `${folder}.registry` };
}

Deno.test({
  name: "a webview that claims H.264 and cannot decode it gets JPEG, and shows it",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    await buildPage();
    await using directory = new TemporaryDirectory();
    await writeTestVideo(directory.file("ada.mkv"), VIDEO, { frames: FILM_PICTURES, fps: FPS });
    await using server = await startServer({ data: directory.file("server") });
    await using vera = await startClient({ name: "Vera", server });
    const camera = directory.file("ada.mkv");
    await using _ada = await startClient({ name: "Ada", server, camera });
    strictEqual(await nextCameraCodec(vera, 0), "h264");
    const after = vera.events.length;
    const env = await withoutDecoders(directory.file("gstreamer"));
    const sources = { mic: "off", camera: "off", tiles: 2, env };
    await using seat = await WindowSeat.take("webview", server, directory, sources);
    const { decoders } = await seat.window.waitFor("page");
    strictEqual((decoders as { h264: boolean }).h264, false);
    strictEqual(await nextCameraCodec(vera, after), "jpeg");
    // With two tiles the picture is seen whole.
    await vera.stop();
    const look = async () => findNumber(await seat.display.look(), VIDEO.source);
    const first = (await until("Ada on the screen", look, { timeoutMs: 20_000, everyMs: 200 }))!;
    await until("later pictures", async () => (await look())!.frame > first.frame + FPS, {
      timeoutMs: 20_000,
    });
  },
});
