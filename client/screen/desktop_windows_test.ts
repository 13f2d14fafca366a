import { strictEqual, throws } from "node:assert/strict";
import { findWindow } from "./desktop_windows.ts";

const WINDOWS = [
  { id: 1, title: "Letter – Writer", program: "Writer" },
  { id: 2, title: "bash", program: "Terminal" },
  { id: 3, title: "Writer", program: "Chess" },
  { id: 4, title: "bash", program: "Terminal" },
];
const find = (name: string, id?: string) => findWindow({ kind: "window", name, id }, WINDOWS).id;

Deno.test("findWindow() takes the number, the whole title, then what only one can be", () => {
  strictEqual(find("anything", "0x2"), 2);
  strictEqual(find("Writer"), 3, "a title beats a program");
  strictEqual(find("bash"), 4, "the one in front of two of the same name");
  strictEqual(find("writer"), 3);
  strictEqual(find("chess"), 3, "its program");
  strictEqual(find("lett"), 1, "a part of a title");
});

Deno.test("findWindow() shows no window that is perhaps not the one", () => {
  throws(() => find("BASH"), {
    code: "no-window",
    message: /2 windows could be "BASH": "bash" \(window:0x2\)/,
  });
  throws(() => find("terminal"), { code: "no-window", message: /say which/ });
  throws(() => find("w", "0x9"), { code: "no-window", message: /"w" was closed/ });
  throws(() => find("Mail"), { code: "no-window", message: /there is "Letter – Writer", "bash"/ });
  throws(() => findWindow({ kind: "window", name: "Mail" }, []), { message: /and no other one/ });
});
