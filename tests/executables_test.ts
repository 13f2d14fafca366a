/**
 * Executables by `deno compile`, put into plain Deno (a stand-in: the runtime that belongs into them is not on npm), so
 * they are not run as such. What is in them is: taken out of the file again, with the permissions that are baked in.
 * Judges no real time.
 */
import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
import { openWindow } from "../client/window/open_window.ts";
import { unpackFolder } from "../client/window/webview_unpack.ts";
import { ROOT } from "../tools/build_page.ts";
import { checkFiles, faultsOf } from "../tools/check_executable.ts";
import { compileProgram, standIn } from "../tools/compile.ts";
import { expectedOf } from "../tools/executable_contents.ts";
import { readExecutable } from "../tools/executable_file.ts";
import { gatherContents } from "../tools/program_files.ts";
import { parsePayload, type Payload } from "../tools/standalone_payload.ts";
import { targetNamed } from "../tools/targets.ts";
import { medianLevelAt } from "./support/audio.ts";
import { readWav } from "./support/audio_files.ts";
import { Display } from "./support/display.ts";
import { Program } from "./support/programs.ts";
import { TemporaryDirectory } from "./support/wait.ts";

type Name = "server" | "client";

const LINUX = targetNamed("linux-x64");
const WINDOWS = targetNamed("windows-x64");
const TONE_HZ = 440;

const contents = await gatherContents();
/** Made once for all tests here. */
const dist = new TemporaryDirectory();
const made = new Map<string, string>();

Deno.test.beforeAll(async () => {
  for (const target of [LINUX, WINDOWS]) {
    const base = await standIn(target);
    for (const program of ["server", "client"] as const) {
      const options = { target, contents, base, output: dist.path };
      const { path, verdict } = await compileProgram(program, options);
      match(verdict, /^whole, but put into plain Deno/);
      made.set(`${program} ${target.name}`, path);
    }
  }
});

Deno.test.afterAll(async () => await dist[Symbol.asyncDispose]());

function executable(program: Name, target: typeof LINUX): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(made.get(`${program} ${target.name}`)!);
}

/** What it holds, in words that were not made from what it was made of. */
function summaryOf(bytes: Uint8Array): unknown {
  const file = readExecutable(bytes);
  const { metadata, files } = parsePayload(file.payload!);
  const permissions = Object.entries(metadata.permissions as Record<string, unknown>);
  const allowed = permissions.filter(([name, value]) => /^allow_/.test(name) && value !== null);
  const paths = [...files.keys()].filter((path) => !/^(page|webview\/icons)\//.test(path));
  return {
    entry: metadata.entrypoint_key,
    may: allowed.map(([name]) => name.replace("allow_", "")).sort().join(" "),
    files: paths,
    page: files.has("page/index.html") && files.has("page/playout.worklet.js"),
    console: file.hasConsole,
  };
}

Deno.test("The server's executable has its scripts and may start no programs; the client's has all of its window", () => {
  const server = {
    ...{ entry: "server.js", may: "env import net read sys write", page: false, console: true },
    files: ["server.js", "server_media.js"],
  };
  deepStrictEqual(summaryOf(executable("server", LINUX)), server);
  deepStrictEqual(summaryOf(executable("server", WINDOWS)), server);
  const scripts = ["client.js", "client_media.js", "client_webview.js"];
  const client = {
    ...{ entry: "client.js", may: "env ffi import net read run sys write", page: true },
    ...{ console: true, files: [...scripts, "webview/libwebview-x64.so"] },
  };
  deepStrictEqual(summaryOf(executable("client", LINUX)), client);
  deepStrictEqual(summaryOf(executable("client", WINDOWS)), {
    ...client,
    ...{ console: false, files: [...scripts, "webview/libwebview.dll"] },
  });
  const folder = dirname(made.get("client linux-x64")!);
  match(Deno.readTextFileSync(join(folder, "LICENSES.txt")), /libopus-wasm/);
});

/** One thing changed in a file. @returns what puts it back. */
type Tampering = (bytes: Uint8Array) => () => void;

/** Changes a text of the payload that stands there once or first; the new one is as long. */
function text(from: string, to: string): Tampering {
  const [before, after] = [from, to].map((each) => new TextEncoder().encode(each));
  strictEqual(after.length, before.length, `${from} and ${to} are not as long`);
  return (bytes) => {
    const payload = readExecutable(bytes).payload!;
    const at = new TextDecoder("latin1").decode(payload).indexOf(from);
    ok(at >= 0, `${from} is not in the payload`);
    payload.set(after, at);
    return () => payload.set(before, at);
  };
}

/** Writes bytes over others. @param find what has them, and where. */
function over(
  find: (file: Uint8Array) => [holder: Uint8Array, at: number],
  ...bytes: number[]
): Tampering {
  return (file) => {
    const [holder, at] = find(file);
    const before = holder.slice(at, at + bytes.length);
    notDeepStrictEqual([...before], bytes);
    holder.set(bytes, at);
    return () => holder.set(before, at);
  };
}

/** Where a PE file's own header is, behind its `PE\0\0`. */
function coffAt(file: Uint8Array): number {
  return (file[0x3c] | (file[0x3d] << 8)) + 4;
}

function fileInside(file: Uint8Array, path: string): Uint8Array {
  return parsePayload(readExecutable(file).payload!).files.get(path)!;
}

const ELF_MACHINE_AT = 18;
const ELF_ARM64 = 183;
/** The high byte of a PE file's machine: 0x8664 becomes 0xaa64. */
const PE_ARM64_HIGH = 0xaa;
const SUBSYSTEM_CONSOLE = 3;

const LIBRARY = { linux: LINUX.webviewLibrary, windows: WINDOWS.webviewLibrary };

const TAMPERINGS: Readonly<Record<string, readonly [Tampering, fault: RegExp][]>> = {
  "server linux-x64": [
    [text(`"allow_run":null`, `"allow_run":[]  `), /^It may run$/],
    [text(`"allow_ffi":null`, `"allow_ffi":[]  `), /^It may ffi$/],
    [
      text(`"server_media.js"`, `"server_mediA.js"`),
      /^server_media.js is missing\n.*A.js does not/,
    ],
    [text(`"allow_sys":[]`, `"allow_sys":["`), /cannot be read: its metadata cannot be read$/],
    [
      over((file) => [file, ELF_MACHINE_AT], ELF_ARM64),
      /^It is for linux on aarch64, not for linux/,
    ],
  ],
  "client linux-x64": [
    [text(`"allow_read":[]`, `"allow_read":0 `), /^It may not read all it needs to$/],
    [text(`"prompt":false`, `"prompt":true `), /^It asks for permissions$/],
    [text(`"deny_import":[]`, `"deny_Import":[]`), /^It may import from the network$/],
    [text(`"location":null`, `"location":"/" `), /^It holds a path of the machine/m],
    [text(`"entrypoint_key":"c`, `"entrypoint_key":"C`), /^It runs "Client.js", not client.js$/],
    [text(`"node_modules":null`, `"node_modules":true`), /^It looks for packages in node_modules$/],
    [text(`"worker-options"`, `"worker-0ptions"`), /^Its unstable features are /],
    [text(`"index.html"`, `"index.HTML"`), /^page\/index.html is missing\n/],
    [
      text(`"fusionmeet-client.png"`, `"fusionmeenode_modules"`),
      /^It has packages of npm, 1 files: /m,
    ],
    [
      text(LIBRARY.linux, LIBRARY.linux.replace("lib", "liB")),
      /^webview\/libwebview-x64.so is missing\n/,
    ],
    [
      over((file) => [fileInside(file, `webview/${LIBRARY.linux}`), ELF_MACHINE_AT], ELF_ARM64),
      /^webview\/libwebview-x64.so is for linux on aarch64, not for linux on x86_64$/m,
    ],
    [
      over((file) => [fileInside(file, "page/main.js"), 9], 0),
      /^page\/main.js is not what was built$/,
    ],
    [
      over(
        (file) => [fileInside(file, "page/main.js"), 0],
        ...new TextEncoder().encode(`${ROOT}/`),
      ),
      /^It names a folder of the machine it was made on: /m,
    ],
  ],
  "client windows-x64": [
    [over((file) => [file, coffAt(file) + 1], PE_ARM64_HIGH), /^It is for windows on aarch64, not/],
    [over((file) => [file, coffAt(file) + 88], SUBSYSTEM_CONSOLE), /^It opens a console$/],
    [
      text(LIBRARY.windows, LIBRARY.windows.replace("lib", "liB")),
      /^webview\/libwebview.dll is missing\n/,
    ],
  ],
};

for (const [name, tamperings] of Object.entries(TAMPERINGS)) {
  Deno.test(`faultsOf() refuses whatever is changed in the executable ${name}, and takes it as it was`, () => {
    const [program, targetName] = name.split(" ") as [Name, string];
    const target = targetNamed(targetName);
    const expected = expectedOf(program, { target, contents });
    const bytes = executable(program, target);
    for (const [tampering, fault] of tamperings) {
      const undo = tampering(bytes);
      match(faultsOf(bytes, expected).join("\n"), fault);
      undo();
    }
    deepStrictEqual(faultsOf(bytes, expected), []);
    match(faultsOf(bytes.subarray(0, -1_000_000), expected).join("\n"), /ends early|no payload/);
  });
}

Deno.test("checkFiles() says of each file whether it is whole", async () => {
  const good = made.get("server linux-x64")!;
  const bad = join(dist.path, "tampered", "fusionmeet-server");
  Deno.mkdirSync(dirname(bad));
  const bytes = executable("server", LINUX);
  text(`"allow_run":null`, `"allow_run":[]  `)(bytes);
  Deno.writeFileSync(bad, bytes);
  const { whole, faults } = await checkFiles([good, bad], { target: LINUX, contents });
  deepStrictEqual(whole, [
    `${good}: whole, but put into plain Deno, which does not run it: to be looked at only`,
  ]);
  deepStrictEqual(faults, [`${bad}: It may run`]);
});

const payloads = new Map<Name, Payload>();

function linuxPayload(program: Name): Payload {
  const known = payloads.get(program);
  if (known !== undefined) return known;
  // A copy, so that the file itself need not stay in memory.
  const payload = parsePayload(readExecutable(executable(program, LINUX)).payload!.slice());
  payloads.set(program, payload);
  return payload;
}

/** The files of an executable in a folder, and the flags that its program runs with there. */
function unpack(program: Name, folder: string): { flags: string[]; entry: string } {
  const { metadata, files } = linuxPayload(program);
  for (const [path, bytes] of files) {
    Deno.mkdirSync(dirname(join(folder, path)), { recursive: true });
    Deno.writeFileSync(join(folder, path), bytes);
  }
  const permissions = Object.entries(metadata.permissions as Record<string, unknown>);
  const baked = permissions.filter(([name, value]) => name !== "allow_import" && value !== null);
  const { features } = metadata.unstable_config as { features: string[] };
  return {
    flags: [
      ...["--no-config", "--no-lock", "--no-remote", "--no-npm"],
      ...features.map((feature) => `--unstable-${feature}`),
      ...baked.map(([name]) => name === "prompt" ? "--no-prompt" : `--${name.replace("_", "-")}`),
    ],
    entry: join(folder, String(metadata.entrypoint_key)),
  };
}

function start(
  program: Name,
  { folder, args, env }: { folder: string; args: string[]; env?: Record<string, string> },
): Program {
  const { flags, entry } = unpack(program, join(folder, program));
  return new Program(`the ${program} out of its executable`, {
    args: ["run", "--quiet", ...flags, entry, "--json", ...args],
    cwd: folder,
    env: { HOME: folder, XDG_CACHE_HOME: "", XDG_DATA_HOME: "", ...env },
  });
}

Deno.test("What is in the executables holds a meeting with no more than is baked in", async () => {
  await using folder = new TemporaryDirectory();
  const anyPort = ["--host", "127.0.0.1", "--port", "0", "--media-port", "0"];
  const data = (name: string) => ["--data", folder.file(name)];
  await using server = start("server", {
    folder: folder.path,
    args: [...anyPort, ...data("server-data")],
  });
  const { port, fingerprint } = await server.waitFor("ready");
  const join = (name: string) => [
    ...["--server", `127.0.0.1:${port}`, "--fingerprint", fingerprint, "--name", name],
    ...data(name),
  ];
  const client = (name: string, ...args: string[]) =>
    start("client", { folder: folder.path, args: [...join(name), "--camera", "off", ...args] });
  await using ann = client("Ann", "--headless", "--mic", `tone:${TONE_HZ}`, "--chat", "Hello");
  await ann.waitFor("joined");
  const record = ["--record", folder.file("heard"), "--seconds", "3"];
  await using bob = client("Bob", "--headless", "--mic", "off", ...record);
  await bob.waitFor((event) => event.event === "chat" && event.text === "Hello");
  strictEqual((await bob.exit()).code, 0, bob.errorText);
  const { samples, rate } = await readWav(folder.file("heard/mix.wav"));
  const level = medianLevelAt(samples, TONE_HZ, { from: rate, count: rate });
  ok(level > -30, `Bob heard Ann at ${level} dBFS`);
});

Deno.test("The window out of the client's executable shows the page that is in it", async () => {
  await using folder = new TemporaryDirectory();
  await using display = await Display.start();
  await using client = start("client", {
    folder: folder.path,
    args: ["--browser", "--data", folder.file("data")],
  });
  const { url } = await client.waitFor("link");
  const { flags, entry } = unpack("client", folder.file("again"));
  const files = unpackFolder(join(dirname(entry), "webview"), folder.file("cache"));
  const window = await openWindow({
    url,
    title: "FusionMeet",
    sizeFile: folder.file("size.json"),
    onCloseAsked: () => {},
  }, {
    command: {
      program: Deno.execPath(),
      args: ["run", "--quiet", ...flags, entry, "--webview"],
      environment: { ...display.env, WEBKIT_DISABLE_DMABUF_RENDERER: "1" },
    },
    library: join(files, LINUX.webviewLibrary),
    icons: join(files, "icons"),
    readyTimeoutMs: 20_000,
    closeTimeoutMs: 3_000,
  });
  await window.close();
  strictEqual((await window.ended).reason, "closed");
});
