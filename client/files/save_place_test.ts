import { deepStrictEqual, strictEqual, throws } from "node:assert/strict";
import { TemporaryDirectory } from "../../tests/support/wait.ts";
import { fullPath, savePlace, SUGGESTED_MAX, suggestedFolders } from "./save_place.ts";

const NAME = "report.pdf";

Deno.test("savePlace() is a folder with the file's name, or a folder and another name; a folder that is not there is said", async () => {
  await using directory = new TemporaryDirectory();
  const home = directory.path;
  await Deno.mkdir(`${home}/Desktop`);
  const place = (typed: string) => savePlace(typed, { name: NAME, home });
  deepStrictEqual(place(`${home}/Desktop`), { folder: `${home}/Desktop`, name: NAME });
  deepStrictEqual(place(`${home}/Desktop/`), { folder: `${home}/Desktop`, name: NAME });
  deepStrictEqual(place(" ~/Desktop/mine.pdf "), { folder: `${home}/Desktop`, name: "mine.pdf" });
  deepStrictEqual(place("Desktop"), { folder: `${home}/Desktop`, name: NAME });
  deepStrictEqual(place("mine.pdf"), { folder: home, name: "mine.pdf" });
  const message = new RegExp(`There is no folder ${home}/Nowhere`);
  for (const typed of ["~/Nowhere/mine.pdf", "~/Nowhere/"]) {
    throws(() => place(typed), { code: "no-folder", message });
  }
  strictEqual(fullPath("~other/x", home), `${home}/~other/x`);
});

Deno.test("suggestedFolders() are those people use, then those a typed place may lead to", async () => {
  await using directory = new TemporaryDirectory();
  const home = directory.path;
  const downloads = directory.file("Downloads");
  for (const name of ["Downloads", "Desktop", "Designs", ".hidden"]) {
    await Deno.mkdir(directory.file(name));
  }
  await Deno.writeTextFile(directory.file("Deed.txt"), "no folder");
  const suggested = (typed: string) =>
    suggestedFolders(typed, { home, downloads }).map((folder) => folder.slice(home.length));
  deepStrictEqual(suggested(""), ["/Downloads/", "/Desktop/", "/"]);
  deepStrictEqual(suggested("~/de"), ["/Designs/", "/Desktop/"]);
  deepStrictEqual(suggested(`${home}/`), ["/Designs/", "/Desktop/", "/Downloads/"]);
  deepStrictEqual(suggested("~/.h"), ["/.hidden/"]);
  deepStrictEqual(suggested("/no/such/folder/"), []);
  for (let at = 0; at <= SUGGESTED_MAX; at++) await Deno.mkdir(directory.file(`many${at}`));
  strictEqual(suggested("~/many").length, SUGGESTED_MAX);
});
