import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { concatBytes } from "@fusionmeet/base";
import { PROGRAM_VERSION } from "@fusionmeet/protocol";
import { TemporaryDirectory } from "../tests/support/wait.ts";
import { buildBundleOf, type BundleOptions } from "./bundle.ts";
import { packArchive } from "./bundle_archive.ts";
import {
  bundleFaults,
  checkBundle,
  type FoundFile,
  nativeFaults,
  requiredFiles,
} from "./bundle_check.ts";
import { withWorkers } from "./bundle_programs.ts";
import { readmeText } from "./bundle_readme.ts";
import { runFlags, startFiles } from "./bundle_start_files.ts";
import { checkIntegrity } from "./deno_runtime.ts";
import { elfFile, intelMacFile, machOFile } from "./executable_for_test.ts";
import { isLicenceFile, packageLicences, packagesIn } from "./licences.ts";
import { gatherContents } from "./program_files.ts";
import { type Target, targetNamed, TARGETS } from "./targets.ts";

const LINUX = targetNamed("linux-x64");
const CONFIG = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));
const WHOLE = [
  ...requiredFiles(LINUX),
  "program/webview/icons/hicolor/48x48/apps/fusionmeet-client.png",
];

function faults(paths: readonly string[], change: Partial<FoundFile> = {}, text = ""): string[] {
  const files = paths.map((path): FoundFile => ({ path, kind: "file", size: 1, ...change }));
  return bundleFaults(files, LINUX, () => text);
}

Deno.test("bundleFaults() finds nothing in a whole bundle, with or without ffmpeg", () => {
  deepStrictEqual(faults(WHOLE), []);
  deepStrictEqual(faults([...WHOLE, "ffmpeg/ffmpeg", "ffmpeg/COPYING.GPLv3"]), []);
});

Deno.test("bundleFaults() misses every file that is needed, also an empty one", () => {
  for (const path of requiredFiles(LINUX)) {
    deepStrictEqual(faults(WHOLE.filter((each) => each !== path)), [`${path} is missing or empty`]);
  }
  match(faults(requiredFiles(LINUX)).join(), /icons are missing/);
  strictEqual(faults(WHOLE, { size: 0 }).length, requiredFiles(LINUX).length);
});

Deno.test("bundleFaults() refuses what somebody who used the folder left in it, and what no stick can hold", () => {
  const left = ["server.key", "server.crt", "fusionmeet.sqlite", "fusionmeet.sqlite-wal"].concat(
    ["in-use.lock", "pins.json", "settings.json", "window.json", "fusionmeet-server.json"],
    [`seat-${"a".repeat(32)}`, "uploads/main/plan.pdf", "program/page/main.js.map", "ffmpeg/x.sh"],
  );
  for (const path of left) {
    deepStrictEqual(faults([...WHOLE, path]), [`${path} does not belong there`]);
  }
  match(faults(WHOLE, { kind: "symlink" })[0], /is a link/);
  match(faults([...WHOLE, "a:b"]).join(), /cannot hold the name a:b/);
  match(faults([...WHOLE, "Program/Deno"]).join(), /program\/deno and Program\/Deno are one name/);
});

Deno.test("bundleFaults() finds a private key in a text, and lets its first line alone pass", () => {
  const head = "-----BEGIN PRIVATE KEY-----\n";
  strictEqual(faults(WHOLE, {}, `x = "${head}"`).length, 0);
  match(
    faults(WHOLE, {}, head + "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIB")[0],
    /a private key/,
  );
});

Deno.test("nativeFaults() refuses programs of another system, and what is no program", () => {
  const linux = elfFile(new Uint8Array(8));
  deepStrictEqual(nativeFaults("program/deno", linux, LINUX), []);
  const other = nativeFaults("program/deno.exe", linux, targetNamed("windows-x64"));
  match(other.join(), /^program\/deno\.exe is for linux on x86_64, not for windows on x86_64$/);
  match(
    nativeFaults("ffmpeg/ffmpeg", new Uint8Array(99), LINUX).join(),
    /is no program or library/,
  );
});

Deno.test("buildBundle() makes a bundle for every system, with an ffmpeg that fits and its licence", async () => {
  await using folder = new TemporaryDirectory();
  const { ffmpeg, runtime } = standIns(folder);
  const contents = await gatherContents();
  const buildBundle = (options: BundleOptions) => buildBundleOf(contents, options);
  for (const target of TARGETS) {
    // Packing them takes most of the time: one of each kind.
    const archive = ["windows-x64", "linux-x64"].includes(target.name);
    const made = await buildBundle({
      ...{ target, archive, output: folder.path },
      runtime: await runtime(target),
    });
    strictEqual(made.folder, folder.file(`FusionMeet-${PROGRAM_VERSION}-${target.name}`));
    if (archive) ok(Deno.statSync(`${made.folder}${target.archiveSuffix}`).size > 300_000);
    const licences = Deno.readTextFileSync(`${made.folder}/LICENSES.txt`);
    for (
      const name of [
        "FusionMeet",
        "Deno 2",
        "npm webview-bun 2",
        "npm libopus-wasm 0",
        "npm preact 10",
        "npm sharp 0",
        "npm @img/sharp-",
        "LGPL-3.0",
      ]
    ) {
      ok(licences.includes(`\n${name}`), name);
    }
    match(licences, /Xiph\.Org|Xiph\.org/, "libopus' own");
  }
  const options = { target: LINUX, output: folder.path, runtime: await runtime(LINUX) };
  await rejects(
    buildBundle({ ...options, ffmpeg: await ffmpeg("bare", {}) }),
    /there is no licence in/,
  );
  const licence = { "COPYING.GPLv2": "as you like" };
  const { folder: made } = await buildBundle({
    ...options,
    ffmpeg: await ffmpeg("whole", licence),
  });
  strictEqual(Deno.statSync(`${made}/ffmpeg/ffmpeg`).mode! & 0o777, 0o755);
  match(Deno.readTextFileSync(`${made}/LICENSES.txt`), /ffmpeg.*\n=+\n\nas you like/);
  const wrong = { ...options, target: targetNamed("linux-arm64"), ffmpeg: folder.file("whole") };
  await rejects(
    buildBundle(wrong),
    /ffmpeg\/ffmpeg is for linux on x86_64, not for linux on aarch64/,
  );
});

Deno.test("buildBundle() gives away no folder that somebody used, and does not remove it", async () => {
  await using folder = new TemporaryDirectory();
  const { runtime } = standIns(folder);
  const contents = await gatherContents();
  const buildBundle = (options: BundleOptions) => buildBundleOf(contents, options);
  const options = {
    target: LINUX,
    output: folder.path,
    runtime: await runtime(LINUX),
    archive: false,
  };
  const made = await buildBundle(options);
  await buildBundle(options);
  for (const name of ["server.key", "pins.json", "uploads/main/plan.pdf"]) {
    Deno.mkdirSync(`${made.folder}/uploads/main`, { recursive: true });
    Deno.writeTextFileSync(`${made.folder}/${name}`, "mine");
    throws(() => checkBundle(made.folder, LINUX), new RegExp(`${name} does not belong there`));
    await rejects(buildBundle(options), new RegExp(`it holds ${name}, which somebody may need`));
    strictEqual(Deno.readTextFileSync(`${made.folder}/${name}`), "mine");
    Deno.removeSync(`${made.folder}/${name}`);
  }
});

Deno.test("packageLicences() fails for a package without a licence", async () => {
  await using folder = new TemporaryDirectory();
  Deno.mkdirSync(folder.file("odd/1.0.0"), { recursive: true });
  await rejects(
    packageLicences(["odd/1.0.0"], folder.path),
    /Cannot pack odd\/1\.0\.0: there is no/,
  );
});

/** A program of that system that does nothing. */
function headerOf({ os, arch }: Target): Uint8Array {
  const nothing = new Uint8Array(8);
  if (os === "linux") return elfFile(nothing, arch === "x86_64" ? 62 : 183);
  if (os === "darwin") return arch === "x86_64" ? intelMacFile(nothing) : machOFile(nothing);
  const coff = Uint8Array.of(0x50, 0x45, 0, 0, 0x64, 0x86);
  return concatBytes(
    Uint8Array.of(0x4d, 0x5a),
    new Uint8Array(58),
    Uint8Array.of(64, 0, 0, 0),
    coff,
  );
}

/** What stands for Deno and ffmpeg: the headers of a program of that system. */
function standIns(folder: TemporaryDirectory) {
  const runtime = async (target: Target): Promise<string> => {
    const path = folder.file(`runtime-${target.name}`);
    await Deno.writeFile(path, headerOf(target));
    return path;
  };
  const ffmpeg = async (name: string, files: Record<string, string>): Promise<string> => {
    await Deno.mkdir(folder.file(name));
    await Deno.writeFile(folder.file(`${name}/ffmpeg`), elfFile(new Uint8Array(8)));
    for (const [file, text] of Object.entries(files)) {
      await Deno.writeTextFile(folder.file(`${name}/${file}`), text);
    }
    return folder.file(name);
  };
  return { runtime, ffmpeg };
}

Deno.test("runFlags() are the engine's flags and the permissions of the task, no more: a server starts no programs", () => {
  const [server, client] = [runFlags(CONFIG, "server"), runFlags(CONFIG, "client")];
  ok(!server.includes("--allow-run") && client.includes("--allow-run"));
  for (const flags of [server, client]) {
    ok(
      flags.includes("--no-prompt") && flags.includes("--no-config") && flags.includes("--no-npm"),
    );
    ok(!flags.some((flag) => /^(-A|--allow-(all|ffi|import))/.test(flag)), flags.join(" "));
    ok(flags.includes("--v8-flags=--max-semi-space-size=1"), "small memory for young objects");
  }
});

Deno.test("startFiles() start each program from its own folder with its own flags", () => {
  for (const target of TARGETS) {
    const files = startFiles(target, { config: CONFIG, version: "1.2.3" });
    for (const { path, text, isExecutable } of files) {
      const name = path.includes("Server") ? "server" : "client";
      ok(text.includes(runFlags(CONFIG, name).join(" ")), path);
      ok(text.includes(`${name}.js`) && text.includes("deno"), path);
      strictEqual(isExecutable, target.os !== "windows", path);
      strictEqual(/[^\r]\n/.test(text), target.os !== "windows", path);
      // deno-lint-ignore no-control-regex
      ok(/^[\x00-\x7f]*$/.test(text), `${path}: a script that every code page reads alike`);
    }
  }
});

Deno.test("The start files are shell that a shell can read", async () => {
  for (const { text } of startFiles(LINUX, { config: CONFIG, version: "1" })) {
    const shell = new Deno.Command("sh", { args: ["-n"], stdin: "piped", stderr: "piped" }).spawn();
    const writer = shell.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { success, stderr } = await shell.output();
    ok(success, new TextDecoder().decode(stderr));
  }
});

Deno.test("withWorkers() lays the workers beside the script, or says which one moved", () => {
  const script = { file: "a.js", workers: { "worker.ts": "a_media.js" } };
  const address = (file: string) => `new Worker(new URL("${file}", import.meta.url))`;
  strictEqual(withWorkers(address("./worker.ts"), script), address("./a_media.js"));
  throws(() => withWorkers("", script), /Cannot bundle a\.js: worker\.ts moved/);
  const more = address("./worker.ts") + address("../other.ts");
  throws(() => withWorkers(more, script), /nobody packs new URL\("\.\.\/other\.ts"/);
});

Deno.test("packagesIn() reads the packages from comments and source maps", () => {
  deepStrictEqual(
    packagesIn([
      "// npm/@scope/one/1.2.3/a.js\n// npm/two/10.0.0-rc.1/b/c.js",
      '{"sources":["../../cache/npm/registry.example.org:4873/three/0.0.1/x.js","lib/four/1.0.0/y"]}',
    ]),
    ["@scope/one/1.2.3", "three/0.0.1", "two/10.0.0-rc.1"],
  );
});

Deno.test("isLicenceFile() takes licences and notices, not code about them", () => {
  const taken = ["LICENSE", "license.md", "Licence.txt", "COPYING.GPLv3", "THIRD_PARTY_NOTICES.md"];
  for (const name of [...taken, "CopyrightNotice.txt", "NOTICE", "UNLICENSE"]) {
    ok(isLicenceFile(name), name);
  }
  for (const name of ["README.md", "license.js", "index.d.ts", "ffmpeg"]) {
    ok(!isLicenceFile(name), name);
  }
});

Deno.test("checkIntegrity() refuses other bytes than those that were pinned", () => {
  const bytes = new TextEncoder().encode("deno");
  const pinned = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  checkIntegrity("deno", bytes, pinned);
  throws(() => checkIntegrity("deno", bytes.subarray(1), pinned), /Cannot use deno: it is sha512-/);
});

Deno.test("packArchive() gives the same bytes whatever the order and the time", async () => {
  const file = (path: string) => ({
    path,
    bytes: new TextEncoder().encode(path),
    isExecutable: false,
  });
  for (const suffix of [".zip", ".tar.gz"] as const) {
    const [one, other] = [
      await packArchive([file("a"), file("b")], suffix),
      await packArchive([file("b"), file("a")], suffix),
    ];
    deepStrictEqual(one, other);
    ok(one.length > 100);
  }
});

Deno.test("README.txt fits an editor's window and names the programs of its system", () => {
  for (const target of TARGETS) {
    const text = readmeText(target, { version: "1.2.3", hasFfmpeg: false });
    const long = text.split("\n").filter((line) => line.length > 120);
    deepStrictEqual(long.filter((line) => !line.startsWith("  ")), []);
    ok(text.includes(target.name) && text.includes("FusionMeet-Server"));
    match(text, /It is not in this folder/);
    match(readmeText(target, { version: "1", hasFfmpeg: true }), /It is in the folder ffmpeg/);
  }
});
