import type { Browser, Page } from "playwright-core";
import type { FakeProgram } from "../tests/support/fake_program.ts";
import { run } from "../tests/support/programs.ts";
import { type Pixels, TestShare } from "../tests/support/test_share.ts";
import { until } from "../tests/support/wait.ts";

const SIZE = { width: 1440, height: 900 };

const CODE = `/** N-1: what each of the room hears is everybody but themselves. */
export function mixMinus(voices: Int16Array[], mixes: Int32Array[]): void {
  const sum = new Int32Array(FRAME_SAMPLES);
  for (const voice of voices) {
    for (let at = 0; at < FRAME_SAMPLES; at++) sum[at] += voice[at];
  }
  for (const [index, mix] of mixes.entries()) {
    const own = voices[index];
    for (let at = 0; at < FRAME_SAMPLES; at++) mix[at] = sum[at] - own[at];
  }
}

Deno.test("mixMinus() leaves out the listener alone", () => {
  const [ada, ben, eva] = [voice(100), voice(20), voice(3)];
  const mixes = [silence(), silence(), silence()];
  mixMinus([ada, ben, eva], mixes);
  deepStrictEqual(mixes.map((mix) => mix[0]), [23, 103, 120]);
});`;

const FILES = ["lib/", "  base/", "  mixer/", "    limiter.ts", "    mix.ts", "    mix_test.ts"];

/** An editor with code in it; drawn. */
function editor(): string {
  const escaped = CODE.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const coloured = escaped.replace(
    /("[^"]*")|\b(export|function|const|for|let|of|new|void)\b|(\/\*\*.*\*\/)|\b(\d+)\b/g,
    (_, text, word, comment, number) =>
      text
        ? `<i style="color:#0b7a4b">${text}</i>`
        : word
        ? `<i style="color:#8b2fb8">${word}</i>`
        : comment
        ? `<i style="color:#7a7a85">${comment}</i>`
        : `<i style="color:#b3541e">${number}</i>`,
  );
  const lines = coloured.split("\n").map((line, at) =>
    `<div><span style="color:#b5b5bf;display:inline-block;width:44px">${at + 1}</span>${line}</div>`
  );
  return `<body style="margin:0;background:#fff;color:#24242c;font:19px/30px 'DejaVu Sans Mono',monospace">
    <style>i{font-style:normal}</style>
    <div style="height:46px;background:#ececf1;font:15px/46px sans-serif;padding-left:20px">mix.ts - Editor</div>
    <div style="position:absolute;top:46px;bottom:0;width:236px;background:#f6f6f9;font-size:16px;padding:14px 18px;white-space:pre">${
    FILES.join("\n")
  }</div>
    <div style="margin-left:272px;padding:20px;white-space:pre">${lines.join("")}</div></body>`;
}

/** Drawn once for each browser. */
const drawn = new WeakMap<Browser, Promise<Pixels>>();

async function draw(browser: Browser): Promise<Pixels> {
  const screen = await browser.newPage({ viewport: SIZE });
  await screen.setContent(editor());
  const png = await screen.screenshot();
  await screen.close();
  const bgr0 = "-v error -f png_pipe -i pipe:0 -pix_fmt bgr0 -f rawvideo pipe:1".split(" ");
  return new Uint32Array((await run("ffmpeg", bgr0, png)).slice().buffer);
}

/** Shows an editor to the page as the shared screen of who presents, until it is exact there. */
export async function showScreen({ page, program }: { page: Page; program: FakeProgram }) {
  const browser = page.context().browser()!;
  if (!drawn.has(browser)) drawn.set(browser, draw(browser));
  const pixels = await drawn.get(browser)!;
  await until("the media socket", () => program.hearsMedia);
  const { share } = program.state.meeting!.presenting!;
  const send = (frame: Uint8Array) => program.sendFrame(frame);
  const told = new TestShare({ ...SIZE, share, title: "mix.ts - Editor", send });
  told.format();
  told.tiles(pixels);
  await until("every pixel", () => page.evaluate("fusionmeetFigures().screen?.exact"));
  return told;
}
