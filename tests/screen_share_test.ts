/** A shared screen, at real programs: what a viewer holds in the end is exactly what is on the presenter's screen. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { buildPage } from "../tools/build_page.ts";
import { startChromium } from "./support/browser.ts";
import { Display } from "./support/display.ts";
import {
  childrenOf,
  launchWindow,
  type ProgramEvent,
  run,
  startClient,
  startServer,
} from "./support/programs.ts";
import { openTextScreen, screenPixels, shownPixels, stillPixels } from "./support/screens.ts";
import { passRealTime, TemporaryDirectory, until } from "./support/wait.ts";

Deno.test("a viewer holds exactly what is on the presenter's screen, and so does who comes late", async () => {
  await using folder = new TemporaryDirectory();
  await using display = await Display.start(1000, 700);
  await using text = await openTextScreen(display);
  await using server = await startServer({ data: folder.file("server") });
  await using ada = await startClient({
    ...{ name: "Ada", server, data: folder.file("Ada"), env: display.env },
    args: ["--screen", "display"],
  });
  await using bob = await startClient({
    ...{ name: "Bob", server, data: folder.file("Bob") },
    args: ["--record", folder.file("bob")],
  });
  const isExact = async (who: string) => {
    const still = await stillPixels(`${folder.file(who)}/Ada.still.png`, display);
    return still !== undefined && still.equals(await screenPixels(display));
  };
  await ada.waitFor(({ event, on }) => event === "screen" && on);
  await until("Bob has the exact screen", () => isExact("bob"), { everyMs: 100 });

  // Something moves, another pixel changes.
  await text.write("The quick brown fox jumps over the lazy dog\n".repeat(60));
  await until("Bob has what was written", () => isExact("bob"), { everyMs: 100 });
  const before = await screenPixels(display);
  await text.write(".");
  const isOther = async () => !before.equals(await screenPixels(display));
  await until("a dot is on the screen", isOther, { everyMs: 100 });
  await until("Bob has the dot", () => isExact("bob"), { everyMs: 100 });

  // A window shows the same.
  await buildPage();
  await using seat = launchWindow({ name: "Win", server, browser: true });
  const browser = await startChromium();
  await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
  const page = await browser.newPage({ viewport: { width: 1_100, height: 800 } });
  await page.goto(await seat.link());
  await page.getByRole("button", { name: "Join", exact: true }).click();
  const showsExactly = async () => {
    const shown = await shownPixels(page, display);
    return shown !== undefined && shown.equals(await screenPixels(display));
  };
  await until("the page shows the exact screen", showsExactly, { everyMs: 250, timeoutMs: 30_000 });
  await text.write("and on\n".repeat(3));
  await until("the page shows what was written", async () => {
    const isWritten = !before.equals(await screenPixels(display));
    return isWritten && await showsExactly();
  }, { everyMs: 100 });
  await page.reload();
  await until("the page shows it after a reload", showsExactly, {
    everyMs: 100,
    timeoutMs: 30_000,
  });

  // Who comes late.
  await using _eve = await startClient({
    ...{ name: "Eve", server, data: folder.file("Eve") },
    args: ["--record", folder.file("eve")],
  });
  await until("Eve has the exact screen", () => isExact("eve"), { everyMs: 100 });

  // An ffmpeg that dies is replaced.
  for (const pid of childrenOf(ada.pid)) Deno.kill(pid, "SIGKILL");
  const afterwards = await screenPixels(display);
  await text.write("still there\n");
  await until("Eve has what was written since", async () => {
    const isWritten = !afterwards.equals(await screenPixels(display));
    return isWritten && await isExact("eve");
  }, { everyMs: 100 });

  // The pictures can be played.
  const probe = await run("ffprobe", [
    ...["-v", "error", "-count_frames", "-select_streams", "v:0"],
    ...["-show_entries", "stream=width,height,codec_name,nb_read_frames", "-of", "csv=p=0"],
    `${folder.file("bob")}/Ada.screen.h264`,
  ]);
  const [codec, width, height, frames] = new TextDecoder().decode(probe).trim().split(",");
  deepStrictEqual([codec, width, height], ["h264", "1000", "700"]);
  ok(Number(frames) >= 2, `${frames} pictures`);

  // It stops, and is free at once.
  await ada.send({ do: "screen", on: false });
  const over = await bob.waitFor(({ event, name }) => event === "presenter" && name === undefined);
  strictEqual(over.ended, "stopped");
  await ada.waitFor(({ event, on }) => event === "screen" && on === false);

  // A turn that was not asked for shows nothing, and can be given back; one that is asked for shows it again.
  const stopped = ada.events.length;
  const isTurn = (each: ProgramEvent) => each.event === "presenter" && each.you;
  await bob.send({ do: "present", on: true });
  await bob.waitFor(isTurn);
  await bob.send({ do: "present.give", participant: "Ada" });
  await ada.waitFor(isTurn, { after: stopped });
  await passRealTime(1_500);
  deepStrictEqual(ada.children(), []);
  await ada.send({ do: "present", on: false });
  await ada.waitFor(({ event, share }) => event === "presenter" && share === undefined, {
    after: stopped,
  });
  strictEqual(ada.events.slice(stopped).some(({ event }) => event === "screen"), false);
  await ada.send({ do: "present", on: true });
  await ada.waitFor(({ event, on }) => event === "screen" && on, { after: stopped });
});
