import { strictEqual } from "node:assert/strict";
import { fileKind } from "./file_kinds.ts";

Deno.test("fileKind() goes by the end of a name, whatever stands before or behind it", () => {
  const kinds = {
    "report.pdf": "text",
    "IMG_0001.JPG": "picture",
    "report.pdf.exe": "program",
    "setup.EXE": "program",
    "setup.exe. . ": "program",
    "invoice.docm": "program",
    ".profile": "other",
    "README": "other",
    "": "other",
    "a.b.tar": "archive",
    "ends with a dot.": "other",
  };
  for (const [name, kind] of Object.entries(kinds)) strictEqual(fileKind(name), kind, name);
});
