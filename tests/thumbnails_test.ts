/**
 * Thumbnails between real programs: what others see of a picture, and that pictures made to hurt hurt nobody.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { crc32, deflateSync } from "node:zlib";
import sharp from "sharp";
import { concatBytes, seededRandom } from "@fusionmeet/base";
import { type ClientProgram, launchClient, startClient, startServer } from "./support/programs.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const u32 = (value: number) => Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);

/** A chunk of a PNG. */
function chunk(type: string, content: Uint8Array): Uint8Array {
  const body = concatBytes(ascii(type), content);
  return concatBytes(u32(content.length), body, u32(crc32(body)));
}

/** A PNG that says it is so large, black and white: 60 000 x 60 000 pixels are 450 MB of nothing. */
function bomb(side: number): Uint8Array {
  const header = concatBytes(u32(side), u32(side), Uint8Array.of(1, 0, 0, 0, 0));
  const pixels = deflateSync(new Uint8Array(16 << 20));
  return concatBytes(
    Uint8Array.of(0x89, ...ascii("PNG\r\n\x1a\n")),
    chunk("IHDR", header),
    ...Array.from({ length: 28 }, () => chunk("IDAT", pixels)),
    chunk("IEND", new Uint8Array()),
  );
}

/** A GIF of one pixel, with so many frames. */
function film(frames: number): Uint8Array {
  const head = Uint8Array.of(...ascii("GIF89a"), 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255);
  const control = [0x21, 0xf9, 4, 0, 1, 0, 0, 0];
  const frame = Uint8Array.of(...control, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0);
  const bytes = new Uint8Array(head.length + frames * frame.length + 1).fill(0x3b);
  bytes.set(head);
  for (let at = 0; at < frames; at++) bytes.set(frame, head.length + at * frame.length);
  return bytes;
}

/** A picture that nobody mistakes for another one: soft patches of colour. */
async function patches(): Promise<Uint8Array> {
  const channels = 3;
  const seeds = seededRandom(5).fill(new Uint8Array(8 * 6 * channels));
  const small = sharp(seeds, { raw: { width: 8, height: 6, channels } });
  return await small.resize(1_200, 900, { kernel: "cubic" }).png().toBuffer();
}

/** Mean difference of two pictures, in steps of 255, at 64 x 48. */
async function difference(one: Uint8Array, other: Uint8Array): Promise<number> {
  const [a, b] = await Promise.all(
    [one, other].map((each) => sharp(each).resize(64, 48, { fit: "fill" }).raw().toBuffer()),
  );
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]), 0) / a.length;
}

/** What that person is told about a file. */
async function fileAt(client: ClientProgram, wanted: string) {
  return await client.waitFor((event) =>
    event.event === "file" && event.state === "there" && event.name === wanted
  );
}

Deno.test("whoever gets a file sees the picture in it, also after the server was restarted", async () => {
  await using directory = new TemporaryDirectory();
  const picture = await patches();
  Deno.writeFileSync(directory.file("holiday.png"), picture);
  const data = directory.file("server");
  {
    await using server = await startServer({ data });
    await using bob = await startClient({ name: "Bob", server });
    await using ada = launchClient({
      ...{ name: "Ada", server },
      args: ["--share", directory.file("holiday.png")],
    });
    const { thumbnail } = await fileAt(bob, "holiday.png");
    ok(Number(thumbnail) > 100 && Number(thumbnail) <= 12 << 10, `${thumbnail} bytes`);
    await ada.waitFor("transfer");
  }
  await using server = await startServer({ data });
  await using carl = await startClient({ name: "Carl", server });
  const { thumbnail } = await fileAt(carl, "holiday.png");
  await carl.send({ do: "thumbnail", name: "holiday.png" });
  const shown = await carl.waitFor("thumbnail");
  const bytes = Uint8Array.fromBase64(String(shown.picture));
  strictEqual(bytes.length, thumbnail);
  const { format, width, height } = await sharp(bytes).metadata();
  deepStrictEqual({ format, width, height }, { format: "webp", width: 320, height: 240 });
  const apart = await difference(bytes, picture);
  ok(apart < 4, `it is ${apart.toFixed(1)} of 255 away`);
});

Deno.test("pictures made to hurt are files like others: no thumbnail, no process left, nobody hurt", async () => {
  await using directory = new TemporaryDirectory();
  const folder = directory.file("hostile");
  await Deno.mkdir(folder);
  const good = await patches();
  const svg = '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:9/"/></svg>';
  const files: Readonly<Record<string, Uint8Array>> = {
    "bomb.png": bomb(60_000),
    "half.png": good.subarray(0, good.length / 2),
    "half.jpg": (await sharp(good).jpeg().toBuffer()).subarray(0, 9_000),
    "picture.svg": ascii(svg),
    "svg.png": ascii(svg + "\n"),
    "picture.tif": await sharp(good).tiff().toBuffer(),
    "tiff.jpg": await sharp(good).tiff({ compression: "none" }).toBuffer(),
    "magic.webp": concatBytes(ascii("RIFF\xff\xff\xff\x7fWEBPVP8 "), new Uint8Array(99).fill(255)),
  };
  for (const [name, bytes] of Object.entries(files)) {
    Deno.writeFileSync(`${folder}/${name}`, bytes);
  }
  // The first frame of it is a picture; the others are not looked at.
  Deno.writeFileSync(`${folder}/film.gif`, film(100_000));
  await using server = await startServer({ data: directory.file("server") });
  await using bob = launchClient({
    ...{ name: "Bob", server, record: directory.file("bob") },
    args: ["--fetch", "all"],
  });
  await bob.waitFor("joined");
  await using ada = await startClient({ name: "Ada", server });
  await ada.send({ do: "share", path: folder });
  for (const [name, bytes] of Object.entries(files)) {
    const { hash, thumbnail } = await fileAt(bob, name);
    strictEqual(hash, createHash("sha256").update(bytes).digest("hex"), name);
    strictEqual(thumbnail, undefined, name);
  }
  ok(Number((await fileAt(bob, "film.gif")).thumbnail) > 0);
  await until(
    "all of them at Bob",
    () => [...Deno.readDirSync(directory.file("bob/files"))].length === 9,
  );
  deepStrictEqual(ada.children(), []);
  await bob.send({ do: "thumbnail", name: "bomb.png" });
  const { name, picture } = await bob.waitFor("thumbnail");
  deepStrictEqual([name, picture], ["bomb.png", undefined]);
});
