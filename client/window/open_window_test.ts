import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { NoWindow, type OpenedWindow, openWindow, type WindowStart } from "./open_window.ts";

/** A window's process that is none: a shell script that has read the first line as `$open`. */
function started(script: string, timeouts: Partial<WindowStart> = {}): WindowStart {
  return {
    command: { program: "/bin/sh", args: ["-c", `read -r open; ${script}`], environment: {} },
    library: "/libwebview.so",
    icons: "/icons",
    readyTimeoutMs: 60_000,
    closeTimeoutMs: 60_000,
    ...timeouts,
  };
}

const READY = `echo '{"event":"ready"}'`;

async function withFolder(test: (sizeFile: string) => Promise<void>): Promise<void> {
  const folder = Deno.makeTempDirSync({ prefix: "fusionmeet-" });
  try {
    await test(`${folder}/window.json`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

async function open(start: WindowStart, onCloseAsked = () => {}): Promise<OpenedWindow> {
  let window: OpenedWindow | undefined;
  await withFolder(async (sizeFile) => {
    const options = { url: "http://127.0.0.1:1/", title: "Meeting", sizeFile, onCloseAsked };
    window = await openWindow(options, start);
  });
  return window!;
}

async function refused(start: WindowStart, words: RegExp): Promise<void> {
  await rejects(open(start), (thrown) => {
    ok(thrown instanceof NoWindow);
    match(thrown.message, words);
    return true;
  });
}

Deno.test("openWindow() tells its process everything in the first line, and keeps the last size it hears of", async () => {
  await withFolder(async (sizeFile) => {
    const script = `${READY}; echo "$open" > '${sizeFile}.open'; echo nonsense;
      echo '{"event":"resized","width":900,"height":700}'; echo '{"event":"resized","width":1}';
      echo '{"event":"closed"}'`;
    Deno.writeTextFileSync(sizeFile, '{"width":1000,"height":640}');
    const url = "http://127.0.0.1:1/?token=cafe";
    const window = await openWindow(
      { url, title: "Räume", sizeFile, onCloseAsked: () => {} },
      started(script),
    );
    deepStrictEqual(await window.ended, { reason: "closed", detail: "" });
    const line = JSON.parse(Deno.readTextFileSync(`${sizeFile}.open`));
    const files = { library: "/libwebview.so", icons: "/icons" };
    deepStrictEqual(line, { do: "open", ...files, url, title: "Räume", width: 1000, height: 640 });
    deepStrictEqual(JSON.parse(Deno.readTextFileSync(sizeFile)), { width: 900, height: 700 });
  });
});

Deno.test("OpenedWindow passes on titles and the close button's question, and closes when told", async () => {
  const asked = Promise.withResolvers<void>();
  const script = `${READY}; read -r title; echo "$title" | grep -q '(1) Meeting' || exit 1;
    echo '{"event":"close-asked"}'; read -r close; echo "$close" | grep -q '"close"'`;
  const window = await open(started(script), asked.resolve);
  window.setTitle("(1) Meeting");
  await asked.promise;
  await window.close();
  deepStrictEqual(await window.ended, { reason: "closed", detail: "" });
  window.setTitle("nobody hears this");
});

Deno.test("A window's process that does not close is ended", async () => {
  const window = await open(started(`${READY}; exec cat > /dev/null`, { closeTimeoutMs: 1 }));
  await window.close();
  strictEqual((await window.ended).reason, "closed");
});

Deno.test("A window's process that ends by itself has crashed, with its last words", async () => {
  const ends = async (script: string) => (await (await open(started(script))).ended);
  const broke = (words: string) => ({ reason: "crashed", detail: `The window broke: ${words}` });
  deepStrictEqual(await ends(`${READY}; exit 7`), broke("it ended with 7"));
  deepStrictEqual(await ends(`${READY}; kill -9 $$`), broke("it ended with SIGKILL"));
  deepStrictEqual(
    await ends(`${READY}; echo 'out of memory' >&2; echo 'Gtk-WARNING: x' >&2; exit 1`),
    broke("out of memory"),
  );
  deepStrictEqual(
    await ends(`${READY}; echo '{"event":"failed","step":"process","detail":"it fell"}'; exit 1`),
    broke("it fell"),
  );
});

Deno.test("openWindow() says why there is no window", async () => {
  const failed = (step: string, detail: string) =>
    started(`echo '{"event":"failed","step":"${step}","detail":"${detail}"}'; exit 1`);
  await refused(failed("library", "libx.so: not found"), /\(libx\.so: not found\)\. Install it: /);
  await refused(failed("page", "refused"), /its page could not be loaded \(refused\)$/);
  await refused(started("echo 'no room' >&2; exit 1"), /its process ended: no room$/);
  const silent = started("echo 'still loading' >&2; exec cat > /dev/null", { readyTimeoutMs: 300 });
  await refused(silent, /it did not come up in time( \(still loading\))?$/);
  const command = { program: "/nowhere/deno", args: [], environment: {} };
  await refused({ ...started(""), command }, /its process ended: .*\/nowhere\/deno/);
});
