import { strictEqual } from "node:assert/strict";
import { isExecutableContent, isExecutableName } from "./executable.ts";

Deno.test("isExecutableName() goes by the end of a name, whatever stands before or behind it", () => {
  for (const name of ["setup.EXE", "report.pdf.exe", "a.exe. . ", "x.sh", "x.app", "x.docm"]) {
    strictEqual(isExecutableName(name), true, name);
  }
  for (const name of ["report.pdf", "exe", ".exe.pdf", "README", "", "a.", "ends with exe"]) {
    strictEqual(isExecutableName(name), false, name);
  }
});

Deno.test("isExecutableContent() knows what Windows, Linux, macOS and scripts begin with, and nothing less", () => {
  for (const begin of ["4d5a90", "7f454c460201", "cffaedfe07", "feedfacf", "cafebabe", "2321"]) {
    strictEqual(isExecutableContent(Uint8Array.fromHex(begin)), true, begin);
  }
  for (
    const begin of ["", "4d", "7f454c", "255044462d", "89504e470d0a1a0a", "232023", "504b0304"]
  ) {
    strictEqual(isExecutableContent(Uint8Array.fromHex(begin)), false, begin);
  }
});
