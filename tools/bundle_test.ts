import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import { createHash } from "node:crypto";
import { packArchive } from "./bundle_archive.ts";
import { bundleFaults, type FoundFile, requiredFiles } from "./bundle_check.ts";
import { withWorkers } from "./bundle_programs.ts";
import { readmeText } from "./bundle_readme.ts";
import { runFlags, startFiles } from "./bundle_start_files.ts";
import { checkIntegrity } from "./deno_runtime.ts";
import { isLicenceFile, packagesIn } from "./licences.ts";
import { targetNamed, TARGETS } from "./targets.ts";

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

Deno.test("runFlags() are the permissions of the task, no more: a server starts no programs", () => {
  const [server, client] = [runFlags(CONFIG, "server"), runFlags(CONFIG, "client")];
  ok(!server.includes("--allow-run") && client.includes("--allow-run"));
  for (const flags of [server, client]) {
    ok(
      flags.includes("--no-prompt") && flags.includes("--no-config") && flags.includes("--no-npm"),
    );
    ok(!flags.some((flag) => /^(-A|--allow-(all|ffi|import))/.test(flag)), flags.join(" "));
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
