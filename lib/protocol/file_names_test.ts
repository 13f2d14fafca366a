import { ok, strictEqual } from "node:assert/strict";
import { seededRandom } from "@fusionmeet/base";
import { FILE_NAME_BYTES_MAX, numberedFileName, safeFileName, shownFileName } from "./names.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text).length;

Deno.test("safeFileName() keeps ordinary names and makes others harmless", () => {
  const table: readonly (readonly [string, string])[] = [
    ["report.pdf", "report.pdf"],
    ["Über uns (final) – v2.docx", "Über uns (final) – v2.docx"],
    ["../../etc/passwd", "__.._etc_passwd"],
    ["..\\..\\boot.ini", "__.._boot.ini"],
    ["C:\\Users\\a.txt", "C__Users_a.txt"],
    ["a/b.txt", "a_b.txt"],
    ["", "_"],
    [".", "_"],
    ["..", "_"],
    [".bashrc", "_bashrc"],
    ["name.", "name_"],
    ["name ", "name_"],
    ["  two   spaces.txt", "_two spaces.txt"],
    ["con", "_con"],
    ["CON.txt", "_CON.txt"],
    ["com1.log", "_com1.log"],
    ["lpt9", "_lpt9"],
    ["console.txt", "console.txt"],
    ["a\u0000b.txt", "a_b.txt"],
    ["photo\u202egpj.exe", "photo_gpj.exe"],
    ["zero\u200bwidth.txt", "zero_width.txt"],
    ['a<b>c:"d|e?f*g.txt', "a_b_c__d_e_f_g.txt"],
    ["line\nbreak.txt", "line_break.txt"],
    ["e\u0301.txt", "\u00e9.txt"],
    ["half\ud800.txt", "half_.txt"],
    ["🙂.png", "🙂.png"],
  ];
  for (const [name, safe] of table) strictEqual(safeFileName(name), safe, JSON.stringify(name));
});

Deno.test("safeFileName() shortens a name, not its extension, and never within a character", () => {
  const long = safeFileName("🙂".repeat(100) + ".jpeg");
  strictEqual(long, "🙂".repeat(48) + ".jpeg");
  strictEqual(bytesOf(safeFileName("a".repeat(FILE_NAME_BYTES_MAX))), FILE_NAME_BYTES_MAX);
  strictEqual(bytesOf(safeFileName("a".repeat(FILE_NAME_BYTES_MAX + 1))), FILE_NAME_BYTES_MAX);
  strictEqual(bytesOf(safeFileName("a." + "b".repeat(400))), FILE_NAME_BYTES_MAX);
});

Deno.test("numberedFileName() puts the number before the extension", () => {
  strictEqual(numberedFileName("report.pdf", 1), "report.pdf");
  strictEqual(numberedFileName("report.pdf", 2), "report (2).pdf");
  strictEqual(numberedFileName("archive.tar.gz", 3), "archive.tar (3).gz");
  strictEqual(numberedFileName("README", 2), "README (2)");
  const long = numberedFileName(safeFileName("a".repeat(300) + ".txt"), 12);
  ok(long.endsWith("a (12).txt") && bytesOf(long) === FILE_NAME_BYTES_MAX, long);
});

Deno.test("safeFileName() of anything is safe, and of a safe name that name", () => {
  const random = seededRandom(11);
  const alphabet = [...'ab.. /\\:*?"<>|\u0000\u001f\u202e\u200f\ud800éß🙂\u0301CONcon1'];
  for (let turn = 0; turn < 10_000; turn++) {
    const length = random.u32() % 40;
    const name = Array.from({ length }, () => alphabet[random.u32() % alphabet.length]).join("");
    const safe = safeFileName(name);
    strictEqual(safeFileName(safe), safe, JSON.stringify(name));
    ok(safe !== "" && bytesOf(safe) <= FILE_NAME_BYTES_MAX, JSON.stringify(name));
    ok(!/[<>:"/\\|?*\p{Cc}\p{Cf}\p{Cs}]|^\.|[. ]$/u.test(safe), JSON.stringify([name, safe]));
  }
});

Deno.test("shownFileName() has no path and nothing that cannot be seen", () => {
  strictEqual(shownFileName("C:\\Users\\Ada\\Plan: final.pdf"), "Plan: final.pdf");
  strictEqual(shownFileName("../../etc/passwd"), "passwd");
  strictEqual(shownFileName("photo\u202egpj.exe"), "photo\ufffdgpj.exe");
  strictEqual(shownFileName("folder/"), "");
});
