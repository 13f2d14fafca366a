/**
 * The bundle in the shape people use it: unpacked, as an ordinary user, where nothing is installed.
 * Judges no real time.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import sharp from "sharp";
import { Display } from "./support/display.ts";
import { type Program, run } from "./support/programs.ts";
import { Stick } from "./support/stick.ts";
import {
  giveAway,
  ORDINARY_USER,
  type StartOptions,
  UnpackedBundle,
} from "./support/unpacked_bundle.ts";
import { hostTarget } from "../tools/targets.ts";
import { until } from "./support/wait.ts";

const ANY_PORT = ["--host", "127.0.0.1", "--port", "0", "--media-port", "0", "--announce", "off"];

interface RunningServer extends AsyncDisposable {
  readonly program: Program;
  readonly port: number;
  readonly fingerprint: string;
  /** The folder it says it keeps everything in. */
  readonly data: string;
}

async function startServer(
  bundle: UnpackedBundle,
  args: string[] = [],
  options: StartOptions = {},
): Promise<RunningServer> {
  const program = bundle.start("FusionMeet-Server", [...ANY_PORT, "--json", ...args], options);
  try {
    const { port, fingerprint, data } = await program.waitFor("ready");
    const dispose = () => program[Symbol.asyncDispose]();
    return { program, port, fingerprint, data, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await program[Symbol.asyncDispose]();
    throw thrown;
  }
}

function client(
  bundle: UnpackedBundle,
  server: RunningServer,
  { name, args = [], ...options }: StartOptions & { name: string; args?: string[] },
): Program {
  return bundle.start("FusionMeet", [
    ...["--json", "--server", `127.0.0.1:${server.port}`, "--fingerprint", server.fingerprint],
    ...["--name", name, ...args],
  ], options);
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

const bundle = await UnpackedBundle.unpack();
const fresh = names(bundle.folder);
Deno.test.afterAll(() => bundle[Symbol.asyncDispose]());

Deno.test("A server and two clients from the unpacked bundle meet, and keep what is theirs beside the program", async () => {
  // The one beside the program is the one that is used.
  const used = join(bundle.home, "..", "used");
  Deno.mkdirSync(used);
  await giveAway(used);
  const ffmpeg = join(bundle.folder, "ffmpeg");
  Deno.mkdirSync(ffmpeg);
  const script = `#!/bin/sh\n: > '${used}/it'\nexec ffmpeg "$@"\n`;
  Deno.writeTextFileSync(join(ffmpeg, "ffmpeg"), script, { mode: 0o755 });

  await using server = await startServer(bundle);
  strictEqual(server.data, bundle.folder);
  const record = join(bundle.home, "..", "used", "record");
  const headless = ["--headless", "--camera", "testsrc"];
  const red = { width: 64, height: 48, channels: 3, background: "red" } as const;
  await sharp({ create: red }).png().toFile(join(used, "red.png"));
  await Deno.chmod(join(used, "red.png"), 0o644);
  await using ann = client(bundle, server, {
    name: "Ann",
    args: [
      ...[...headless, "--mic", "tone:440", "--chat", "Grüße"],
      ...["--share", join(used, "red.png")],
    ],
  });
  await ann.waitFor("joined");
  await using bob = client(bundle, server, {
    name: "Bob",
    args: [...headless, "--mic", "silence", "--record", record, "--seconds", "3"],
  });
  await bob.waitFor((event) => event.event === "chat" && event.text === "Grüße");
  const shared = await bob.waitFor("file");
  ok(Number(shared.thumbnail) > 0, "its own sharp made a thumbnail");
  strictEqual((await bob.exit()).code, 0);
  strictEqual((await ann.stop()).code, 0);
  strictEqual((await server.program.stop()).code, 0);
  const { streams } = JSON.parse(await Deno.readTextFile(join(record, "stats.json")));
  const packets = (kind: string) =>
    streams.filter((stream: { kind: string }) => stream.kind === kind)
      .reduce((sum: number, each: { packets: number }) => sum + each.packets, 0);
  ok(packets("mix") > 50 && packets("camera") > 100, JSON.stringify(streams));
  ok(Deno.statSync(join(used, "it")).isFile, "the ffmpeg in ffmpeg/ was used");

  const kept = names(bundle.folder).filter((name) => !fresh.includes(name));
  deepStrictEqual(kept, [
    ...["client.origin", "ffmpeg", "fusionmeet-server.log", "fusionmeet.sqlite", "in-use.lock"],
    ...["person", "pins.json", "server.crt", "server.key", "server.origin", "settings.json"],
    "uploads",
  ]);
  strictEqual(Deno.statSync(join(bundle.folder, "server.key")).mode! & 0o777, 0o600);
  deepStrictEqual(bundle.homeNames(), [".cache"]);
  deepStrictEqual(names(join(bundle.home, ".cache")), ["deno"]);
});

Deno.test("The client of the unpacked bundle opens its window, and the meeting is in it", async () => {
  await using display = await Display.start();
  await using server = await startServer(bundle);
  await using shown = client(bundle, server, {
    name: "Ann",
    args: ["--mic", "off", "--camera", "off"],
    env: display.env,
  });
  const { state, message } = await shown.waitFor("window");
  strictEqual(state, "open", message);
  const { decoders } = await shown.waitFor("page");
  strictEqual(decoders.h264, true);
  await until("the window", () => display.xdotool("search", "--name", "FusionMeet"));
  strictEqual((await shown.stop()).code, 0);
});

Deno.test("Without the system's webview the page opens as a window of a browser, and a sentence says why", async () => {
  const library = join(bundle.folder, "program", "webview", hostTarget().webviewLibrary);
  await Deno.rename(library, `${library}.away`);
  try {
    await using display = await Display.start();
    await using server = await startServer(bundle);
    await using shown = client(bundle, server, {
      name: "Ann",
      args: ["--mic", "off", "--camera", "off"],
      env: { ...display.env, PATH: "/usr/bin:/bin" },
    });
    match((await shown.waitFor("window")).message, /libwebview .* is not beside the program/);
    const app = await shown.waitFor(({ event, state }) => event === "window" && state === "app");
    match(app.browser, /chromium$/);
    await shown.waitFor("page");
    strictEqual((await shown.stop()).code, 0);
  } finally {
    await Deno.rename(`${library}.away`, library);
  }
});

/** In front of a program: its folder is on a read-only stick that lets no program run. */
function onReadOnlyStick(folder: string): string[] {
  const mount = '/usr/bin/mount --bind "$0" "$0" && ' +
    '/usr/bin/mount -o remount,bind,ro,noexec "$0" && exec "$@"';
  return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", mount, folder];
}

Deno.test("From a read-only stick that lets no program run, it runs by sh and keeps its data in the user's folder", async () => {
  const before = onReadOnlyStick(bundle.folder);
  const data = join(bundle.home, ".local", "share", "fusionmeet");
  await using refused = bundle.start("FusionMeet-Server", [], { before });
  strictEqual((await refused.exit()).code, 126);
  match(refused.errorText, /Permission denied/);

  await using people = bundle.start("FusionMeet-Server", ANY_PORT, { before, byShell: true });
  const says = (text: string) => people.otherLines.find((line) => line.startsWith(text));
  await until("its data folder", () => says("Data folder"));
  ok(says("Data folder")!.startsWith(`Data folder: ${data} (Cannot write to the folder `));
  match(says("Data folder")!, /Read-only file system/);
  match(
    people.errorText,
    /A copy of the program is put into .*\.cache\/fusionmeet.*: no program can/,
  );
  strictEqual((await people.stop()).code, 0);

  await using server = await startServer(bundle, [], { before, byShell: true });
  deepStrictEqual([server.data, server.program.errorText], [data, ""]);
  // Its window, too: the system's loader takes no library from such a stick.
  await using display = await Display.start();
  await using ann = client(bundle, server, {
    ...{ name: "Ann", before, byShell: true, env: display.env },
    args: ["--mic", "off", "--camera", "off"],
  });
  const { state, message } = await ann.waitFor("window");
  strictEqual(state, "open", message);
  strictEqual((await ann.stop()).code, 0);
  await using bob = client(bundle, server, {
    ...{ name: "Bob", before, byShell: true },
    args: ["--headless", "--seconds", "1"],
  });
  strictEqual((await bob.exit()).code, 0);
  deepStrictEqual(names(data).filter((name) => /server.key|pins/.test(name)), [
    "pins.json",
    "server.key",
  ]);
});

Deno.test("On a stick with FAT it says who can read its key; pulled, it costs the chat and not the meeting", async () => {
  await using stick = await Stick.plugIn(ORDINARY_USER);
  const folder = join(stick.path, "FusionMeet");
  await run("cp", ["-r", "--no-preserve=all", bundle.folder, folder]);
  for (const name of names(folder)) {
    if (!fresh.includes(name)) await Deno.remove(join(folder, name), { recursive: true });
  }
  await using server = await startServer(bundle, [], { folder });
  strictEqual(server.data, folder);
  const { state } = await server.program.waitFor("key-exposed");
  match(state, /^Every user of this computer can read .*server\.key/);
  await using ann = client(bundle, server, {
    ...{ name: "Ann", folder },
    args: ["--headless", "--mic", "tone:440"],
  });
  await ann.waitFor("joined");
  await ann.send({ do: "chat", text: "before" });
  await ann.waitFor("chat.accepted");

  for (const { pid } of [server.program, ann]) {
    match(Deno.readLinkSync(`/proc/${pid}/exe`), /\.cache\/fusionmeet\/run-/, "not from the stick");
  }
  await stick.pull();
  await ann.send({ do: "chat", text: "after" });
  strictEqual((await ann.waitFor("refused")).code, "chat-not-kept");
  const { advice } = await server.program.waitFor("chat-not-kept");
  match(advice, /Meetings go on without chat\. See to the disk or stick/);
  await using bob = client(bundle, server, {
    name: "Bob",
    args: ["--headless", "--mic", "tone:330"],
  });
  await bob.waitFor("joined");
  await ann.waitFor((event) => event.event === "speaking" && event.name === "Bob");
  strictEqual((await bob.stop()).code, 0);
  strictEqual((await ann.stop()).code, 0);
  strictEqual((await server.program.stop()).code, 0);
});

Deno.test("A closed terminal is a clean stop: the client leaves, the server says goodbye", async () => {
  await using server = await startServer(bundle, [], { inTerminal: true });
  const headless = { args: ["--headless"] };
  await using ann = client(bundle, server, { name: "Ann", ...headless });
  await ann.waitFor("joined");
  await using bob = client(bundle, server, { name: "Bob", inTerminal: true, ...headless });
  await bob.waitFor("joined");
  // The terminal dies, and with it the line to what runs in it.
  await bob.kill();
  const left = await ann.waitFor((event) => event.name === "Bob" && event.state === "left");
  strictEqual(left.reason, "left");
  await server.program.kill();
  const warning = await ann.waitFor((event) => event.code === "server-closing");
  match(warning.message, /The server was stopped/);
  strictEqual((await ann.stop()).code, 0);
});
