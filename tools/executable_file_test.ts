import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { concatBytes } from "@fusionmeet/base";
import { mutationsOf, prefixesOf } from "../tests/support/mutations.ts";
import { FormatError } from "./byte_reader.ts";
import { machineOf, readExecutable } from "./executable_file.ts";
import {
  elfFile,
  intelMacFile,
  machOFile,
  metadataOf,
  payloadBytes,
  payloadParts,
} from "./executable_for_test.ts";
import { parsePayload } from "./standalone_payload.ts";

const FILES = new Map([
  ["main.js", Uint8Array.of(1, 2, 3)],
  ["page/index.html", Uint8Array.of(4)],
]);
const METADATA = metadataOf({ entry: "main.js", permissions: ["net"], features: [] });
const PARTS = payloadParts(METADATA, FILES);
const PAYLOAD = payloadBytes({ ...PARTS, specifiers: ["npm:a"] });

Deno.test("readExecutable() finds the payload where each system's program looks for it", () => {
  const files = [
    [elfFile(PAYLOAD), "linux", "x86_64"],
    [elfFile(PAYLOAD, 183), "linux", "aarch64"],
    [machOFile(PAYLOAD), "darwin", "aarch64"],
    [intelMacFile(PAYLOAD), "darwin", "x86_64"],
    [concatBytes(intelMacFile(Uint8Array.of(9)), intelMacFile(PAYLOAD)), "darwin", "x86_64"],
  ] as const;
  for (const [bytes, os, arch] of files) {
    const { payload, ...rest } = readExecutable(bytes);
    deepStrictEqual(rest, { os, archs: [arch], hasConsole: true, icons: [] });
    deepStrictEqual(payload, PAYLOAD);
  }
});

Deno.test("machineOf() knows the processors of a universal file", () => {
  const entry = (cpu: number[]) => Uint8Array.of(...cpu, ...new Uint8Array(16));
  const [intel, apple] = [entry([1, 0, 0, 7]), entry([1, 0, 0, 12])];
  const universal = concatBytes(Uint8Array.of(0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2), intel, apple);
  deepStrictEqual(machineOf(universal), { os: "darwin", archs: ["x86_64", "aarch64"] });
  throws(() => machineOf(universal.subarray(0, 30)), FormatError);
  throws(() => machineOf(elfFile(PAYLOAD, 8)), /for another processor/);
});

Deno.test("parsePayload() gives what was put in", () => {
  deepStrictEqual(parsePayload(PAYLOAD), {
    ...{ metadata: METADATA, packageListBytes: 0, specifiers: ["npm:a"] },
    files: FILES,
  });
});

Deno.test("No prefix and no mutation of an executable does more than say that it is broken", () => {
  const golden = [elfFile(PAYLOAD), machOFile(PAYLOAD), intelMacFile(PAYLOAD)];
  const tryOut = (bytes: Uint8Array) => {
    try {
      const { payload } = readExecutable(bytes);
      if (payload) parsePayload(payload);
    } catch (thrown) {
      strictEqual((thrown as Error).constructor, FormatError, String(thrown));
    }
  };
  for (const bytes of [...golden, PAYLOAD]) for (const prefix of prefixesOf(bytes)) tryOut(prefix);
  for (const bytes of mutationsOf(golden, { seed: 79, count: 10_000 })) tryOut(bytes);
});
