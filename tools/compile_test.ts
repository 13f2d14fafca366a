import { deepStrictEqual, match, strictEqual, throws } from "node:assert/strict";
import { compileArguments, compileFault } from "./compile.ts";
import { permissionsOf } from "./executable_contents.ts";
import { targetNamed } from "./targets.ts";

const PLAN = {
  entry: "client.js",
  files: new Map(["client.js", "page/index.html"].map((path) => [path, new Uint8Array()])),
  permissions: ["net", "ffi"],
  features: ["net"],
  engineFlags: ["--v8-flags=--max-semi-space-size=1"],
  hasConsole: false,
  output: "/tmp/made",
  icon: "/tmp/icon.ico",
};

Deno.test("compileArguments() grant what is said, deny the rest without asking, and take nothing along", () => {
  deepStrictEqual(compileArguments({ ...PLAN, target: targetNamed("linux-arm64") }), [
    ...["compile", "--no-config", "--no-lock", "--no-remote", "--no-npm"],
    ...["--no-check", "--no-code-cache", "--unstable-net", "--v8-flags=--max-semi-space-size=1"],
    ...["--no-prompt", "--deny-import", "--allow-net", "--allow-ffi"],
    ...["--target", "aarch64-unknown-linux-gnu", "--include", "page/index.html"],
    ...["--output", "/tmp/made", "client.js"],
  ]);
});

Deno.test("compileArguments() for Windows have an icon, and no terminal for the client", () => {
  const target = targetNamed("windows-x64");
  const client = compileArguments({ ...PLAN, target });
  deepStrictEqual(client.slice(client.indexOf("--icon"), client.indexOf("--include")), [
    ...["--icon", "/tmp/icon.ico", "--no-terminal"],
  ]);
  const server = compileArguments({ ...PLAN, target, hasConsole: true });
  deepStrictEqual([server.includes("--icon"), server.includes("--no-terminal")], [true, false]);
});

Deno.test("permissionsOf() are the task's; only the client has foreign functions, for its window", () => {
  const config = {
    unstable: [],
    tasks: {
      server: "deno run --no-prompt --allow-net --allow-read server/main.ts",
      client: { command: "deno run --no-prompt --allow-net --allow-run client/main.ts" },
    },
  };
  deepStrictEqual(permissionsOf("server", config), ["net", "read"]);
  deepStrictEqual(permissionsOf("client", config), ["net", "run", "ffi"]);
  const limited = { ...config, tasks: { server: "deno run --allow-read=. server/main.ts" } };
  throws(() => permissionsOf("server", limited), /have no limits, but --allow-read=\. has/);
});

Deno.test("compileFault() says what to do where the runtime cannot be fetched", () => {
  const words = `Download https://dl.deno.land/release/v2.9.5/denort-x86_64-apple-darwin.zip
error: Writing deno compile executable to temporary file 'made.tmp'

Caused by:
    0: Setting up base binary.
    1: error sending request for url (https://dl.deno.land/): client error (Connect)
    2: client error (Connect)

Stack backtrace:
   0: <unknown>`;
  const said = compileFault(words, targetNamed("macos-x64"));
  match(said, /^Cannot compile for macos-x64: Deno [\d.]+ needs denort-x86_64-apple-darwin\.zip, /);
  match(said, /could not be fetched \(error sending request for url .*\(Connect\)\)\. Run this/);
  match(said, /set DENORT_BIN to .* deno task bundle --target macos-x64$/);
  const other = compileFault(
    "error: Module not found\n  at x\n\nStack backtrace:\n",
    targetNamed("linux-x64"),
  );
  strictEqual(other, "Cannot compile for linux-x64: error: Module not found at x");
});
