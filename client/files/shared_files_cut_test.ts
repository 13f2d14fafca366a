import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes, FakeTimers, seededRandom } from "@fusionmeet/base";
import { encodeTransferStart } from "@fusionmeet/protocol";
import { SilentStream } from "../../tests/support/silent_stream.ts";
import { type FilesEvent, SharedFiles } from "./shared_files.ts";

Deno.test("a fetch whose connection falls silent for ever goes on over the next connection to the meeting", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const content = seededRandom(1).fill(new Uint8Array(1_000));
    const hash = new Uint8Array(createHash("sha256").update(content).digest());
    const [half, rest] = [content.subarray(0, 500), content.subarray(500)];
    const streams = [[0, half], [500, rest]] as const;
    const timers = new FakeTimers();
    let [opened, changed] = [0, Promise.withResolvers<void>()];
    const files = new SharedFiles({
      send: () => {},
      open: () => {
        const [offset, bytes] = streams[opened++];
        return Promise.resolve(new SilentStream(concatBytes(encodeTransferStart(offset), bytes)));
      },
      emit: (event: FilesEvent) => {
        if (event.event !== "transfer") return;
        changed.resolve();
        changed = Promise.withResolvers();
      },
      timers,
      random: seededRandom(2),
    });
    const reached = async (state: string, bytes?: number) => {
      for (;;) {
        const [transfer] = files.transfers;
        if ((transfer?.state ?? "done") !== state) await changed.promise;
        else if (bytes !== undefined && transfer.progress.bytes !== bytes) await changed.promise;
        else return;
      }
    };
    files.connected([], 1);
    files.came({ id: 1, name: "a", size: 1_000, hash, owner: "Ada", at: 0 });
    files.fetch(1, folder);
    await reached("moving", 500);
    files.disconnected();
    await reached("waiting");
    files.connected([], 1);
    timers.advance(10_000);
    await reached("done");
    strictEqual(opened, 2);
    deepStrictEqual(await Deno.readFile(`${folder}/a`), content);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
