import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type FromWindow,
  LINK_LENGTH_MAX,
  parseFromWindow,
  parseToWindow,
  TITLE_LENGTH_MAX,
  type ToWindow,
  WINDOW_SIZE_MAX,
  WINDOW_SIZE_MIN,
} from "./webview_lines.ts";

const OPEN = {
  do: "open",
  library: "/l.so",
  icons: "/icons",
  url: "http://127.0.0.1:1/",
  title: "Meeting",
  width: 900,
  height: 600,
} as const;

Deno.test("parseToWindow() reads back every line the program writes", () => {
  const lines: ToWindow[] = [OPEN, { do: "title", title: "(3) Räume 🎉 مرحبا" }, { do: "close" }];
  deepStrictEqual(lines.map((line) => parseToWindow(JSON.stringify(line))), lines);
});

Deno.test("parseFromWindow() reads back every line the window writes", () => {
  const lines: FromWindow[] = [
    { event: "ready" },
    { event: "resized", width: 800, height: 500 },
    { event: "close-asked" },
    { event: "link", url: "https://example.org/a?b=c#d" },
    { event: "link", url: "mailto:ada@example.org" },
    { event: "failed", step: "library", detail: "libwebkitgtk-6.0.so.4: cannot open" },
    { event: "closed" },
  ];
  deepStrictEqual(lines.map((line) => parseFromWindow(JSON.stringify(line))), lines);
});

Deno.test("Lines that are not of the contract are nothing", () => {
  for (const text of ["", "{", "null", "7", '"close"', "[]", '{"do":"dance"}', '{"event":"x"}']) {
    deepStrictEqual([parseToWindow(text), parseFromWindow(text)], [undefined, undefined], text);
  }
  for (const missing of ["library", "icons", "url", "title", "width", "height"]) {
    strictEqual(parseToWindow(JSON.stringify({ ...OPEN, [missing]: undefined })), undefined);
  }
  strictEqual(parseFromWindow('{"event":"failed","step":"sleep","detail":""}'), undefined);
});

Deno.test("A size is one from the smallest to the largest window, in whole pixels", () => {
  const { width, height } = WINDOW_SIZE_MIN;
  const fits = (size: { width: unknown; height: unknown }) =>
    parseFromWindow(JSON.stringify({ event: "resized", ...size })) !== undefined;
  strictEqual(fits(WINDOW_SIZE_MIN), true);
  strictEqual(fits(WINDOW_SIZE_MAX), true);
  strictEqual(fits({ width: width - 1, height }), false);
  strictEqual(fits({ width, height: height - 1 }), false);
  strictEqual(fits({ width: WINDOW_SIZE_MAX.width + 1, height }), false);
  strictEqual(fits({ width, height: WINDOW_SIZE_MAX.height + 1 }), false);
  strictEqual(fits({ width: width + 0.5, height }), false);
  strictEqual(fits({ width: "900", height }), false);
});

Deno.test("A title is cut, a link only followed to the web and mail, and only up to its limit", () => {
  const long = JSON.stringify({ do: "title", title: "🎉".repeat(TITLE_LENGTH_MAX + 1) });
  deepStrictEqual(parseToWindow(long), { do: "title", title: "🎉".repeat(TITLE_LENGTH_MAX) });
  const follows = (url: string) => parseFromWindow(JSON.stringify({ event: "link", url }));
  const web = "https://example.org/";
  strictEqual(follows(web.padEnd(LINK_LENGTH_MAX, "x")) !== undefined, true);
  strictEqual(follows(web.padEnd(LINK_LENGTH_MAX + 1, "x")), undefined);
  const refused = ["file:///etc/passwd", "javascript:alert(1)", "--help", "https://a b", "ssh://a"];
  deepStrictEqual(refused.map(follows), refused.map(() => undefined));
});
