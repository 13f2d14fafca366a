import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { windowsChoices } from "./screen_list.ts";
import {
  parseWindowsScreens,
  powershellArguments,
  windowsCandidates,
  windowsScript,
  windowsState,
} from "./windows_screens.ts";

const MONITORS =
  String.raw`[{"width":1920,"name":"\\\\.\\DISPLAY2","x":-1920,"y":-120,"height":1080},` +
  String.raw`{"width":2560,"name":"\\\\.\\DISPLAY1","x":0,"y":0,"height":1440}]`;
const WINDOWS =
  '[{"title":"Notes – Editor","pid":812,"minimised":false,"id":6699,"width":800,"height":600},' +
  '{"title":"Mail","pid":813,"minimised":true,"id":77,"width":0,"height":0},' +
  '{"title":"Main - FusionMeet","pid":814,"minimised":false,"id":88,"width":900,"height":700}]';
const LINE = `\uFEFF{"windows":${WINDOWS},"monitors":${MONITORS}}\r`;
const TWO = parseWindowsScreens(LINE)!;
const ONE = { ...TWO, monitors: TWO.monitors.slice(0, 1) };

Deno.test("parseWindowsScreens() reads what the script prints, monitors by their number", () => {
  deepStrictEqual(TWO.monitors, [
    { name: String.raw`\\.\DISPLAY1`, x: 0, y: 0, width: 2560, height: 1440 },
    { name: String.raw`\\.\DISPLAY2`, x: -1920, y: -120, width: 1920, height: 1080 },
  ]);
  deepStrictEqual(TWO.windows.map(({ id, isMinimised }) => [id, isMinimised]), [
    [88, false],
    [77, true],
    [6699, false],
  ]);
  for (const line of ["", "{}", "Add-Type : Cannot add type", '{"monitors":{},"windows":[]}']) {
    strictEqual(parseWindowsScreens(line), undefined, line);
  }
  for (let end = 0; end < LINE.length - 2; end++) {
    strictEqual(parseWindowsScreens(LINE.slice(0, end)), undefined);
  }
});

Deno.test("powershellArguments() carry any script, and fit a command line of Windows", () => {
  const [, , , encoded] = powershellArguments("'ä' + \"€\"");
  strictEqual(encoded, "JwDkACcAIAArACAAIgCsICIA");
  for (const watch of [false, true]) {
    ok(powershellArguments(windowsScript(watch)).join(" ").length < 32_000);
  }
});

Deno.test("windowsCandidates() of screens: Desktop Duplication only where there is one", () => {
  const targets = (index: number | undefined, screens = TWO) =>
    windowsCandidates({ kind: "display", index }, screens).targets;
  const first = { kind: "gdigrab", area: { x: 0, y: 0, width: 2560, height: 1440 } };
  const second = { kind: "gdigrab", area: { x: -1920, y: -120, width: 1920, height: 1080 } };
  deepStrictEqual(targets(undefined), [{ kind: "gdigrab" }]);
  deepStrictEqual(targets(1), [first]);
  deepStrictEqual(targets(2), [second]);
  deepStrictEqual(targets(undefined, ONE), [{ kind: "ddagrab" }, first]);
  deepStrictEqual(targets(1, ONE), [{ kind: "ddagrab" }, first]);
  throws(() => targets(3), { code: "no-screen", message: /has 2: display:1 to display:2/ });
});

Deno.test("windowsCandidates() of windows: by name or number, and in words why not", () => {
  const found = windowsCandidates({ kind: "window", name: "editor" }, TWO);
  deepStrictEqual(found, {
    targets: [
      { kind: "gfxcapture", window: 6699 },
      { kind: "gdigrab-window", input: "hwnd=0x1a2b" },
      { kind: "gdigrab-window", input: "title=Notes – Editor" },
    ],
    title: 'Window "Notes – Editor"',
    source: { kind: "window", name: "Notes – Editor", id: "0x1a2b" },
  });
  const code = (name: string, id?: string) => () =>
    windowsCandidates({ kind: "window", name, id }, TWO);
  throws(code("Mail"), { code: "window-hidden", message: /"Mail" is minimised/ });
  throws(code("Chess"), { code: "no-window", message: /no window "Chess"; there is "Main/ });
  throws(code("Editor", "0x999"), { code: "no-window", message: /"Editor" was closed/ });
});

Deno.test("windowsState() changes with what is shown, and with nothing else", () => {
  const source = { kind: "window", name: "Notes", id: "0x1a2b" } as const;
  const state = (line: string) => windowsState(source, parseWindowsScreens(line)!);
  const now = state(LINE);
  strictEqual(state(LINE.replace("Mail", "Mail (1)").replace("Notes", "Notes *")), now);
  const others = [
    LINE.replace('"width":800', '"width":801'),
    LINE.replace('"minimised":false,"id":6699', '"minimised":true,"id":6699'),
    LINE.replace('"id":6699', '"id":6700'),
  ].map(state);
  strictEqual(new Set([now, ...others]).size, 4);
  const screen = { kind: "display", index: 1 } as const;
  ok(windowsState(screen, ONE) !== windowsState(screen, TWO));
});

Deno.test("windowsChoices() lists screens and the windows that are to be seen, the one in front first", () => {
  const words = (screens: typeof TWO) =>
    windowsChoices(screens).map(({ id, title, width, height, isOwn }) =>
      `${id} ${title} ${width}x${height}${isOwn ? " own" : ""}`
    );
  const windows = [
    "window:0x1a2b Notes – Editor 800x600",
    "window:0x58 Main - FusionMeet 900x700 own",
  ];
  deepStrictEqual(words(TWO), [
    "display Whole screen 4480x1560",
    "display:1 Screen 1 (DISPLAY1) 2560x1440",
    "display:2 Screen 2 (DISPLAY2) 1920x1080",
    ...windows,
  ]);
  deepStrictEqual(words(ONE), ["display Whole screen 2560x1440", ...windows]);
});
