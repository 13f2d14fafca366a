/**
 * Executables by `deno compile`, put into plain Deno (a stand-in: the runtime that belongs into them is not on npm), so
 * they are not run as such. What is in them is: taken out of the file again, with the permissions that are baked in.
 * Judges no real time.
 */
import { Buffer } from "node:buffer";
import { deepStrictEqual, match, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path";
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
const payloads = new Map<string, Payload>();

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

const SERVER = {
  ...{ entry: "server.js", may: "env import net read sys write", page: false, console: true },
  files: ["server.js", "server_media.js"],
};
const CLIENT_SCRIPTS = [
  "client.js",
  "client_media.js",
  "client_screen.js",
  "client_sharp.js",
  "client_webview.js",
];
/** What the system loads itself. */
const LINUX_LIBRARIES = [
  "sharp/sharp-libvips-linux-x64/lib/libvips-cpp.so.8.18.7",
  "sharp/sharp-linux-x64/lib/sharp-linux-x64-0.35.5.node",
  "webview/libwebview-x64.so",
];
const WINDOWS_LIBRARIES = [
  ...["libvips-42.dll", "libvips-cpp-8.18.7.dll", "sharp-win32-x64-0.35.5.node"].map((name) =>
    `sharp/sharp-win32-x64/lib/${name}`
  ),
  "webview/libwebview.dll",
];
const CLIENT = {
  ...{ entry: "client.js", may: "env ffi import net read run sys write", page: true },
  ...{ console: true, files: [...CLIENT_SCRIPTS, ...LINUX_LIBRARIES] },
};
/** What each holds: the server may start no programs, and Windows' client opens no console. */
const SUMMARIES: Readonly<Record<string, unknown>> = {
  "server linux-x64": SERVER,
  "server windows-x64": SERVER,
  "client linux-x64": CLIENT,
  "client windows-x64": {
    ...CLIENT,
    ...{ console: false, files: [...CLIENT_SCRIPTS, ...WINDOWS_LIBRARIES] },
  },
};

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

for (const [name, summary] of Object.entries(SUMMARIES)) {
  Deno.test(`The executable ${name} holds what it needs, and is refused when anything in it is changed`, () => {
    const [program, targetName] = name.split(" ") as [Name, string];
    const target = targetNamed(targetName);
    const bytes = executable(program, target);
    deepStrictEqual(summaryOf(bytes), summary);
    const expected = expectedOf(program, { target, contents });
    for (const [tampering, fault] of TAMPERINGS[name] ?? []) {
      const undo = tampering(bytes);
      match(faultsOf(bytes, expected).join("\n"), fault);
      undo();
    }
    deepStrictEqual(faultsOf(bytes, expected), []);
    match(faultsOf(bytes.subarray(0, -1_000_000), expected).join("\n"), /ends early|no payload/);
    // A copy, so that the file itself need not stay in memory.
    payloads.set(name, parsePayload(readExecutable(bytes).payload!.slice()));
  });
}

Deno.test("checkFiles() says of each file whether it is whole, and licences lie beside", async () => {
  const good = made.get("server linux-x64")!;
  const bad = join(dist.path, "fusionmeet-client");
  Deno.writeTextFileSync(bad, "#!/bin/sh\n");
  const { whole, faults } = await checkFiles([good, bad], { target: LINUX, contents });
  deepStrictEqual(whole, [
    `${good}: whole, but put into plain Deno, which does not run it: to be looked at only`,
  ]);
  deepStrictEqual(faults, [
    `${bad}: The file cannot be read: it is no ELF, PE or Mach-O file`,
  ]);
  match(Deno.readTextFileSync(join(dirname(good), "LICENSES.txt")), /libopus-wasm/);
});

/**
 * Takes an executable apart into a folder, to be run by plain Deno as by itself: with what is baked in, told that it is
 * an executable, and where: a script in that folder, which a program that starts itself again gets.
 *
 * @returns arguments of Deno.
 */
function takeApart(program: Name, folder: string): string[] {
  const { metadata, files } = payloads.get(`${program} linux-x64`)!;
  const inside = join(folder, `inside-${program}`);
  for (const [path, bytes] of files) {
    Deno.mkdirSync(dirname(join(inside, path)), { recursive: true });
    Deno.writeFileSync(join(inside, path), bytes);
  }
  const executablePath = join(folder, `fusionmeet-${program}`);
  const preload = join(folder, `as-${program}.js`);
  Deno.writeTextFileSync(
    preload,
    `Object.defineProperty(Deno, "build", { value: { ...Deno.build, standalone: true } });
Deno.execPath = () => ${JSON.stringify(executablePath)};`,
  );
  const permissions = Object.entries(metadata.permissions as Record<string, unknown>);
  const baked = permissions.filter(([name, value]) => name !== "allow_import" && value !== null);
  const { features } = metadata.unstable_config as { features: string[] };
  const args = [
    ...["run", "--quiet", "--no-config", "--no-lock", "--no-remote", "--no-npm"],
    ...features.map((feature) => `--unstable-${feature}`),
    ...baked.map(([name]) => name === "prompt" ? "--no-prompt" : `--${name.replace("_", "-")}`),
    ...["--preload", preload, join(inside, String(metadata.entrypoint_key))],
  ];
  const quoted = [Deno.execPath(), ...args].map((arg) => `'${arg}'`).join(" ");
  Deno.writeTextFileSync(executablePath, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
  return args;
}

/** Programs out of their executables, in one folder and with nothing but it. */
class Machine implements AsyncDisposable {
  readonly folder = new TemporaryDirectory();
  readonly #args = {
    server: takeApart("server", this.folder.path),
    client: takeApart("client", this.folder.path),
  };

  start(program: Name, args: string[], env: Record<string, string> = {}): Program {
    return new Program(`the ${program} out of its executable`, {
      args: [...this.#args[program], "--json", ...args],
      cwd: "/",
      env: { HOME: this.folder.file("home"), XDG_CACHE_HOME: "", XDG_DATA_HOME: "", ...env },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

Deno.test("What is in the executables holds a meeting with no more than is baked in, and keeps its things beside", async () => {
  await using machine = new Machine();
  const { folder } = machine;
  const anyPort = ["--host", "127.0.0.1", "--port", "0", "--media-port", "0"];
  await using server = machine.start("server", [...anyPort, "--announce", "off"]);
  const { port, fingerprint } = await server.waitFor("ready");
  const client = (name: string, ...args: string[]) =>
    machine.start("client", [
      ...["--headless", "--server", `127.0.0.1:${port}`, "--fingerprint", fingerprint],
      ...["--name", name, "--camera", "off", ...args],
    ]);
  await using ann = client("Ann", "--mic", `tone:${TONE_HZ}`, "--chat", "Hello");
  await ann.waitFor("joined");
  const record = ["--record", folder.file("heard"), "--seconds", "3"];
  await using bob = client("Bob", "--mic", "off", ...record, "--data", folder.file("bob"));
  await bob.waitFor((event) => event.event === "chat" && event.text === "Hello");
  strictEqual((await bob.exit()).code, 0, bob.errorText);
  const { samples, rate } = await readWav(folder.file("heard/mix.wav"));
  const level = medianLevelAt(samples, TONE_HZ, { from: rate, count: rate });
  ok(level > -30, `Bob heard Ann at ${level} dBFS`);
  const kept = [...Deno.readDirSync(folder.path)].map(({ name }) => name);
  for (const name of ["server.key", "fusionmeet.sqlite", "pins.json"]) {
    ok(kept.includes(name), `${name} is not beside the executables: ${kept}`);
  }
});

Deno.test("The client's executable unpacks libwebview, and opens its window with the page that is in it", async () => {
  await using machine = new Machine();
  await using display = await Display.start();
  const env = { ...display.env, WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
  await using client = machine.start("client", ["--discovery", "off"], env);
  deepStrictEqual((await client.waitFor("window")).state, "open", client.errorText);
  await client.waitFor("page");
  const cache = machine.folder.file("home/.cache/fusionmeet");
  const [{ name }] = Deno.readDirSync(cache);
  match(name, /^webview-[0-9a-f]{16}$/);
  const unpacked = Deno.readFileSync(join(cache, name, LINUX.webviewLibrary));
  const inside = payloads.get("client linux-x64")!.files.get(`webview/${LINUX.webviewLibrary}`)!;
  ok(Buffer.from(unpacked).equals(inside));
});
