import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { concatBytes } from "@fusionmeet/base";
import {
  EXECUTABLE_BYTES_MAX,
  executableFaults,
  type Expected,
  faultsOf,
  PAYLOAD_BYTES_MAX,
} from "./check_executable.ts";
import {
  elfFile,
  type Entry,
  metadataOf,
  payloadBytes,
  type PayloadParts,
  payloadParts,
} from "./executable_for_test.ts";

const ENTRY = "main.js";
const LIBRARY = "webview/libwebview.so";
const PERMISSIONS = ["net", "read", "ffi"];
const FEATURES = ["net", "worker-options"];

const FILES: ReadonlyMap<string, Uint8Array> = new Map([
  [ENTRY, text("await import('./page/index.html');")],
  ["page/index.html", text("<!doctype html>")],
  [LIBRARY, elfFile(new Uint8Array())],
  ["worker.js", text("postMessage(1);")],
]);

const EXPECTED: Expected = {
  target: { os: "linux", arch: "x86_64" },
  entry: ENTRY,
  files: FILES,
  libraries: [LIBRARY],
  permissions: PERMISSIONS,
  features: FEATURES,
  hasConsole: true,
  foreignIcons: [],
  buildFolders: ["/home/ann/fusionmeet", "/home/ann"],
};

const METADATA = metadataOf({ entry: ENTRY, permissions: PERMISSIONS, features: FEATURES });
const PARTS = payloadParts(METADATA, FILES);

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

/** What is said of an executable with that payload. */
function faults(parts: PayloadParts, expected: Partial<Expected> = {}): string {
  return faultsOf(elfFile(payloadBytes(parts)), { ...EXPECTED, ...expected }).join("\n");
}

/** The same with one thing changed in its metadata. */
function metadataFaults(change: Record<string, unknown>): string {
  return faults({ ...PARTS, metadata: { ...METADATA, ...change } });
}

function permissionFaults(change: Record<string, unknown>): string {
  return metadataFaults({ permissions: { ...METADATA.permissions as object, ...change } });
}

function without(path: string): PayloadParts {
  return payloadParts(METADATA, new Map([...FILES].filter(([each]) => each !== path)));
}

function withFile(path: string, content: Uint8Array): PayloadParts {
  return payloadParts(METADATA, new Map([...FILES, [path, content]]));
}

Deno.test("faultsOf() finds nothing in an executable that is as it should be", () => {
  strictEqual(faults(PARTS), "");
});

Deno.test("faultsOf() refuses a payload without a file, with another, or with one that was changed", () => {
  strictEqual(faults(without("worker.js")), "worker.js is missing");
  strictEqual(faults(without("page/index.html")), "page/index.html is missing");
  strictEqual(faults(without(LIBRARY)), `${LIBRARY} is missing`);
  strictEqual(faults(withFile("key.pem", text("secret"))), "key.pem does not belong in it");
  strictEqual(faults(withFile("worker.js", text(""))), "worker.js is not what was built");
  strictEqual(faults(without(ENTRY)), `It runs main.js, which is not in it\nmain.js is missing`);
});

Deno.test("faultsOf() refuses a library of another system, and one that is none", () => {
  const arm = elfFile(new Uint8Array(), 183);
  const files = new Map([...FILES, [LIBRARY, arm]]);
  const parts = payloadParts(METADATA, files);
  const fault = `${LIBRARY} is for linux on aarch64, not for linux on x86_64`;
  strictEqual(faults(parts, { files }), fault);
  const none = new Map([...FILES, [LIBRARY, text("none at all")]]);
  match(faults(payloadParts(METADATA, none), { files: none }), /is no library: it is no ELF, PE/);
});

Deno.test("faultsOf() refuses what knows the folders of the machine it was made on", () => {
  const holds = /^It holds a path of the machine it was made on: /m;
  match(permissionFaults({ allow_read: ["/srv/build/page"] }), holds);
  match(permissionFaults({ allow_read: ["C:\\build\\page"] }), holds);
  match(metadataFaults({ app_name: "file:///srv/build/main.js" }), holds);
  match(metadataFaults({ app_name: "../../main.js" }), holds);
  match(faults({ ...PARTS, specifiers: ["file:///srv/build/lost.js"] }), holds);
  for (const path of ["/home/ann/fusionmeet/a.ts", "../../home/ann/.cache/deno/npm/b.js"]) {
    const files = new Map([...FILES, ["worker.js", text(`// ${path}\n`)]]);
    const parts = payloadParts(METADATA, files);
    match(faults(parts, { files }), /^It names a folder .* made on: \/home\/ann/);
    strictEqual(faults(parts, { files, buildFolders: ["/home/an"] }), "");
  }
  const escaped = new Map([...FILES, ["worker.js", text(String.raw`"C:\\build\\a.ts"`)]]);
  const windows = { files: escaped, buildFolders: ["C:\\build"] };
  match(faults(payloadParts(METADATA, escaped), windows), /made on: C:\\build/);
});

Deno.test("faultsOf() refuses packages of npm, wherever they stand", () => {
  const packages = /^It has packages of npm, 1 files: /;
  match(faults(withFile("node_modules/left-pad/index.js", text("1"))), packages);
  match(faults(withFile(".deno_compile_node_modules/a/b.js", text("1"))), packages);
  strictEqual(faults({ ...PARTS, packageList: text("left-pad") }), "It has a list of npm packages");
  const managed = { Managed: { node_modules_dir: null } };
  match(metadataFaults({ node_modules: managed }), /looks for packages in node_modules/);
});

Deno.test("faultsOf() refuses any permission that is too much, too little, limited, or asked for", () => {
  strictEqual(permissionFaults({ allow_run: [] }), "It may run");
  strictEqual(permissionFaults({ allow_run: ["ls"] }), "It may run");
  strictEqual(permissionFaults({ allow_magic: true }), "It may magic");
  strictEqual(permissionFaults({ allow_net: null }), "It may not net all it needs to");
  strictEqual(permissionFaults({ allow_net: ["localhost"] }), "It may not net all it needs to");
  strictEqual(permissionFaults({ deny_read: ["secret"] }), "It has a limit: deny_read");
  strictEqual(permissionFaults({ ignore_read: ["secret"] }), "It has a limit: ignore_read");
  strictEqual(permissionFaults({ deny_import: null }), "It may import from the network");
  strictEqual(permissionFaults({ prompt: true }), "It asks for permissions");
  ok(metadataFaults({ permissions: undefined }).includes("It may not ffi all it needs to"));
});

Deno.test("faultsOf() refuses another entry, and settings that nobody asked for", () => {
  strictEqual(metadataFaults({ entrypoint_key: "worker.js" }), `It runs "worker.js", not main.js`);
  const unwanted = (name: string) => `It has a setting that it should not have: ${name}`;
  for (
    const change of [
      { argv: ["--pin", "1234"] },
      { unsafely_ignore_certificate_errors: [] },
      { env_vars_from_env_file: { FUSIONMEET_SERVER_PIN: "1234" } },
      { preload_modules: ["worker.js"] },
      { self_extracting: "abc" },
    ]
  ) strictEqual(metadataFaults(change), unwanted(Object.keys(change)[0]));
  const features = { unstable_config: { features: ["net"] } };
  match(metadataFaults(features), /^Its unstable features are net, not net, worker-options$/);
  const map = { workspace_resolver: { import_map: { json: "{}" }, package_jsons: {} } };
  strictEqual(metadataFaults(map), "It has an import map");
  const packages = { workspace_resolver: { package_jsons: { "package.json": {} } } };
  strictEqual(metadataFaults(packages), "It has a package.json");
});

Deno.test("faultsOf() refuses a file for another system, without a payload, or that is none", () => {
  const arm = elfFile(payloadBytes(PARTS), 183);
  const fault = "It is for linux on aarch64, not for linux on x86_64";
  deepStrictEqual(faultsOf(arm, EXPECTED), [fault]);
  const target = { os: "windows", arch: "x86_64" } as const;
  match(faults(PARTS, { target }), /^It is for linux on x86_64, not for windows on x86_64\n/);
  const plain = elfFile(payloadBytes(PARTS));
  plain[plain.length - payloadBytes(PARTS).length - 4] ^= 1; // the name of the note
  deepStrictEqual(faultsOf(plain, EXPECTED), ["It has no payload: it is plain Deno"]);
  match(
    faultsOf(text("#!/bin/sh\n"), EXPECTED)[0],
    /^The file cannot be read: it is no ELF, PE or/,
  );
  match(faultsOf(plain.subarray(0, 100), EXPECTED)[0], /^The file cannot be read: it ends early/);
});

Deno.test("executableFaults() refuses the wrong console and a foreign icon in Windows", () => {
  const expected: Expected = {
    ...EXPECTED,
    target: { os: "windows", arch: "x86_64" },
    libraries: [],
    hasConsole: false,
    foreignIcons: [text("dinosaur")],
  };
  const file = {
    ...{ os: "windows", archs: ["x86_64"] } as const,
    ...{ hasConsole: false, icons: [text("ours")], payload: payloadBytes(PARTS) },
  };
  deepStrictEqual(executableFaults(file, expected), []);
  deepStrictEqual(executableFaults({ ...file, hasConsole: true }, expected), [
    "It opens a console",
  ]);
  deepStrictEqual(executableFaults({ ...file, icons: [] }, expected), ["It has no icon"]);
  const icons = [text("ours"), text("dinosaur")];
  deepStrictEqual(executableFaults({ ...file, icons }, expected), ["Its icon is Deno's"]);
  const withConsole = { ...expected, hasConsole: true };
  deepStrictEqual(executableFaults(file, withConsole), ["It has no console"]);
});

Deno.test("faultsOf() refuses a payload that its program could not read", () => {
  const refused = (parts: PayloadParts, why: RegExp) => match(faults(parts), why);
  refused({ ...PARTS, remoteModuleCount: 1 }, /cannot be read: it has 1 modules of the network/);
  refused({ ...PARTS, entries: [...PARTS.entries].reverse() }, /files are not in order: webview/);
  const link: Entry = { Symlink: { n: "z.js", p: ["etc"] } };
  refused({ ...PARTS, entries: [...PARTS.entries, link] }, /z.js is no file and no folder/);
  const far: Entry = { File: { n: "z.js", o: [PARTS.contents.length, 1] } };
  refused({ ...PARTS, entries: [...PARTS.entries, far] }, /cannot be read: it ends early/);
  const longer = elfFile(concatBytes(payloadBytes(PARTS), text("!")));
  match(faultsOf(longer, EXPECTED).join(), /cannot be read: it goes on after its end/);
  const early = payloadBytes(PARTS);
  for (const at of [0, early.length - 1]) {
    const broken = early.slice();
    broken[at] ^= 1;
    match(faultsOf(elfFile(broken), EXPECTED).join(), /cannot be read: it does not (begin|end) as/);
  }
});

Deno.test("faultsOf() keeps payload and executable to their sizes", () => {
  const used = payloadBytes(withFile("filler", new Uint8Array())).length;
  // The size of the filler is written in the list of files, too.
  const digits = 7;
  const sized = (size: number) => {
    const filler = new Uint8Array(size - used - digits);
    const files = new Map([...FILES, ["filler", filler]]);
    const parts = payloadParts(METADATA, files);
    strictEqual(payloadBytes(parts).length, size);
    return faults(parts, { files });
  };
  strictEqual(sized(PAYLOAD_BYTES_MAX - 1), "");
  strictEqual(sized(PAYLOAD_BYTES_MAX), "");
  match(sized(PAYLOAD_BYTES_MAX + 1), /^Its payload has \d+ bytes: over \d+$/);
  const file = new Uint8Array(EXECUTABLE_BYTES_MAX + 1);
  file.set(elfFile(payloadBytes(PARTS)));
  const cut = (size: number) => faultsOf(file.subarray(0, size), EXPECTED).join();
  strictEqual(cut(EXECUTABLE_BYTES_MAX - 1), "");
  strictEqual(cut(EXECUTABLE_BYTES_MAX), "");
  match(cut(EXECUTABLE_BYTES_MAX + 1), /^It has \d+ bytes: over \d+$/);
});
