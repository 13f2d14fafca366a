import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { type QuietProcess, startQuietly } from "./quiet_process.ts";

const posix = { ignore: Deno.build.os === "windows" };

/** Both ways of starting, wherever the test runs. */
for (const hidden of [false, true]) {
  const shell = (script: string) => startQuietly("/bin/sh", ["-c", script], { hidden });
  const how = hidden ? "without a window" : "plainly";

  Deno.test(`startQuietly() ${how}: both outputs to their ends, and the code`, posix, async () => {
    const process = shell("cat; head -c 3000000 /dev/zero; echo failed >&2; exit 7");
    deepStrictEqual(await outcome(process), { code: 7, size: 3_000_000, said: "failed\n" });
  });

  Deno.test(`startQuietly() ${how}: who does not read holds the program back`, posix, async () => {
    const process = shell("head -c 3000000 /dev/zero; echo written >&2");
    const said = process.stderr.getReader();
    const first = said.read();
    let isWritten = false;
    first.then(() => isWritten = true);
    // One that is read has written all of it meanwhile.
    await outcome(shell("head -c 3000000 /dev/zero"));
    strictEqual(isWritten, false);
    let size = 0;
    for await (const chunk of process.stdout) size += chunk.length;
    strictEqual(size, 3_000_000);
    strictEqual(new TextDecoder().decode((await first).value), "written\n");
    await said.cancel();
    await process.status;
  });

  Deno.test(
    `startQuietly() ${how}: a program is ended, read or not, and once more`,
    posix,
    async () => {
      const process = shell("yes");
      for await (const _ of process.stdout) break;
      process.kill();
      ok((await process.status).code !== 0);
      process.kill();
      await process.stderr.cancel();
      const unread = shell("yes");
      unread.kill();
      ok((await unread.status).code !== 0);
      await Promise.all([unread.stdout.cancel(), unread.stderr.cancel()]);
    },
  );

  Deno.test(`startQuietly() ${how}: with variables besides those there are`, posix, async () => {
    const environment = { FUSIONMEET_MORE: "ä b" };
    const script = 'test -n "$PATH" && echo "$FUSIONMEET_MORE" >&2';
    const process = startQuietly("/bin/sh", ["-c", script], { hidden, environment });
    deepStrictEqual(await outcome(process), { code: 0, size: 0, said: "ä b\n" });
  });

  Deno.test(`startQuietly() ${how}: what is not there throws`, () => {
    throws(() => startQuietly("/nowhere/at/all", [], { hidden }));
  });
}

async function outcome(
  process: QuietProcess,
): Promise<{ code: number; size: number; said: string }> {
  const [{ code }, bytes, said] = await Promise.all([
    process.status,
    new Response(process.stdout).bytes(),
    new Response(process.stderr).text(),
  ]);
  return { code, size: bytes.length, said };
}
