import { strictEqual } from "node:assert/strict";
import { fileKind, isPreviewable } from "./file_kinds.ts";

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

Deno.test("isPreviewable() of pictures that can be shown, and of what has a thumbnail, but never of a program", () => {
  const plain = { thumbnail: false, executable: false };
  for (const name of ["a.JPG", "a.jpeg", "b.png", "c.webp", "d.gif", "e.avif", "f.png. "]) {
    strictEqual(isPreviewable({ ...plain, name }), true, name);
  }
  for (const name of ["a.svg", "b.tiff", "c.pdf", "png", "d.heic"]) {
    strictEqual(isPreviewable({ ...plain, name }), false, name);
  }
  strictEqual(isPreviewable({ ...plain, name: "scan", thumbnail: true }), true);
  strictEqual(isPreviewable({ name: "a.png", thumbnail: true, executable: true }), false);
});
