/** The system's dialog for saving, as it is: zenity on a screen without a monitor. Judges no real time. */
import { strictEqual } from "node:assert/strict";
import { askPlace, savingDialog } from "../client/window/save_dialog.ts";
import { isFile } from "../client/places.ts";
import { Display } from "./support/display.ts";
import { TemporaryDirectory, until } from "./support/wait.ts";

Deno.test("The dialog of Linux gives the place where the user wants a file, and nothing for a no", async () => {
  await using directory = new TemporaryDirectory();
  await using display = await Display.start();
  const variables: Record<string, string> = { ...display.env, PATH: Deno.env.get("PATH")! };
  const dialog = savingDialog("linux", { variable: (name) => variables[name], isFile })!;
  const ask = async (...keys: string[][]) => {
    const question = { title: "Save as", folder: directory.path, name: "report $(x).pdf" };
    const asking = askPlace(
      { ...dialog(question), environment: display.env },
      new AbortController().signal,
    );
    const window = await until(
      "the dialog",
      () => display.xdotool("search", "--onlyvisible", "--name", "^Save as$").catch(() => ""),
    );
    await display.xdotool("windowfocus", "--sync", window);
    for (const each of keys) await display.xdotool(...each);
    return await asking;
  };
  // As it is suggested; under another name; not at all.
  strictEqual(await ask(["key", "Return"]), directory.file("report $(x).pdf"));
  const place = directory.file("mine (1).pdf");
  strictEqual(await ask(["key", "ctrl+a"], ["type", place], ["key", "Return"]), place);
  strictEqual(await ask(["key", "Escape"]), undefined);
});
