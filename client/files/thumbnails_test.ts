import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Thumbnails, THUMBNAILS_ASKED_MAX, THUMBNAILS_KEPT_MAX } from "./thumbnails.ts";

/** 2 x 1 pixels. */
const PICTURE = Uint8Array.fromBase64(
  "UklGRj4AAABXRUJQVlA4IDIAAACQAQCdASoCAAEAAsBMJaACdLoAA5gA/vDc8uyf/lyOOBrS5HHA1vqNbGuZ9REQUkYAAA==",
);

function bench() {
  const asked: number[] = [];
  const thumbnails = new Thumbnails((message) => {
    if (message.type === "file.thumbnail.get") asked.push(message.id);
  });
  return { thumbnails, asked: () => asked.splice(0) };
}

Deno.test("Thumbnails asks for a few at once, for each once, and for lost ones again", async () => {
  const { thumbnails, asked } = bench();
  const files = Array.from({ length: THUMBNAILS_ASKED_MAX + 2 }, (_, at) => at);
  const answers = files.map((file) => thumbnails.get(file));
  deepStrictEqual(asked(), []);
  thumbnails.connected();
  deepStrictEqual(asked(), files.slice(0, THUMBNAILS_ASKED_MAX));
  const again = thumbnails.get(0);
  thumbnails.came({ id: 0, picture: PICTURE });
  deepStrictEqual(asked(), [THUMBNAILS_ASKED_MAX]);
  deepStrictEqual([await answers[0], await again, await thumbnails.get(0)], [
    PICTURE,
    PICTURE,
    PICTURE,
  ]);
  thumbnails.disconnected();
  thumbnails.connected();
  deepStrictEqual(asked(), files.slice(1, 1 + THUMBNAILS_ASKED_MAX));
});

Deno.test("Thumbnails gives nothing for what is none, is gone, or was never asked for", async () => {
  const { thumbnails, asked } = bench();
  thumbnails.connected();
  thumbnails.came({ id: 1, picture: PICTURE });
  const answers = [1, 2, 3, 4].map((file) => thumbnails.get(file));
  deepStrictEqual(asked(), [1, 2, 3, 4]);
  thumbnails.came({ id: 1 });
  thumbnails.came({ id: 2, picture: PICTURE.subarray(1) });
  thumbnails.forget(3);
  thumbnails.close();
  deepStrictEqual(await Promise.all(answers), Array(4).fill(undefined));
  strictEqual(await thumbnails.get(1), undefined);
  deepStrictEqual(asked(), []);
});

Deno.test("Thumbnails keeps the latest ones, so many and no more", async () => {
  const { thumbnails, asked } = bench();
  thumbnails.connected();
  for (let file = 0; file <= THUMBNAILS_KEPT_MAX; file++) {
    const answer = thumbnails.get(file);
    thumbnails.came({ id: file, picture: PICTURE });
    await answer;
  }
  asked();
  await thumbnails.get(1);
  deepStrictEqual(asked(), []);
  const again = thumbnails.get(0);
  deepStrictEqual(asked(), [0]);
  thumbnails.close();
  await again;
});
