import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  ALONE_FLAGS,
  displayFault,
  lastWindowWords,
  webviewCommand,
  webviewEnvironment,
  windowSentence,
} from "./webview_start.ts";

Deno.test("webviewCommand() gives Deno's child foreign functions and its own folder, and nothing to read for others", () => {
  const program = {
    executable: "/usr/bin/deno",
    isStandalone: false,
    isBundled: false,
    folder: "/opt/meet",
    mainModule: "/opt/meet/client/main.ts",
  };
  deepStrictEqual(webviewCommand(program, { A: "1" }), {
    program: "/usr/bin/deno",
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-ffi",
      "--allow-read=/opt/meet",
      "/opt/meet/client/main.ts",
      "--webview",
    ],
    environment: { A: "1" },
  });
  const standalone = { ...program, executable: "/opt/meet/fusionmeet-client", isStandalone: true };
  deepStrictEqual(webviewCommand(standalone, {}).args, ["--webview"]);
  const bundled = { ...program, isBundled: true, folder: "/mine, yours" };
  const { args } = webviewCommand(bundled, {});
  for (const flag of [...ALONE_FLAGS, "--allow-read=/mine,, yours"]) ok(args.includes(flag), flag);
});

Deno.test("webviewEnvironment() turns the card's way off where there is no card", () => {
  const off = { WEBKIT_DISABLE_DMABUF_RENDERER: "1" };
  deepStrictEqual(webviewEnvironment({ os: "linux", hasGraphicsCard: false }), off);
  deepStrictEqual(webviewEnvironment({ os: "linux", hasGraphicsCard: true }), {});
  deepStrictEqual(webviewEnvironment({ os: "darwin", hasGraphicsCard: false }), {});
});

Deno.test("displayFault() sees a Linux session without any display", () => {
  const fault = (os: string, variables: Record<string, string>) =>
    displayFault(os, (name) => variables[name]) !== undefined;
  strictEqual(fault("linux", {}), true);
  strictEqual(fault("linux", { DISPLAY: "" }), true);
  strictEqual(fault("linux", { DISPLAY: ":0" }), false);
  strictEqual(fault("linux", { WAYLAND_DISPLAY: "wayland-0" }), false);
  strictEqual(fault("windows", {}), false);
});

Deno.test("windowSentence() says what is missing, and how to get it on this system", () => {
  const missing = "libwebkitgtk-6.0.so.4: cannot open shared object file";
  const on = (release: string) =>
    windowSentence({ step: "library", detail: missing, os: "linux", arch: "x86_64", release });
  const start =
    `Cannot open a window: the system's webview could not be loaded (${missing}). Install it: `;
  strictEqual(on("ID=debian\n"), start + "sudo apt-get install libwebkitgtk-6.0-4");
  strictEqual(on('ID=linuxmint\nID_LIKE="ubuntu debian"'), on("ID=ubuntu"));
  strictEqual(on("ID=fedora"), start + "sudo dnf install webkitgtk6.0");
  strictEqual(on('ID="opensuse-leap"'), start + "sudo zypper install libwebkitgtk-6_0-4");
  strictEqual(on("ID=arch"), start + "sudo pacman -S webkitgtk-6.0");
  strictEqual(on(""), start + "WebKitGTK 6.0, with your package manager");
});

Deno.test("windowSentence() has a whole sentence for every step", () => {
  const on = (os: string, step: Parameters<typeof windowSentence>[0]["step"], detail = "") =>
    windowSentence({ step, detail, os, arch: "x86_64", release: "" });
  deepStrictEqual([
    on("linux", "find"),
    on("linux", "unpack", "Cannot unpack into /home/ada/.cache/fusionmeet: disk full"),
    on("linux", "window", "No window could be opened"),
    on("windows", "window", "No window could be opened"),
    on("linux", "page", "Connection refused"),
    on("linux", "timeout"),
    on("linux", "process", "it was ended by SIGKILL"),
  ], [
    "Cannot open a window: libwebview for linux on x86_64 is not beside the program. Unpack the program again, with all of its folders",
    "Cannot open a window: what it is made of could not be put where the system can load it (Cannot unpack into /home/ada/.cache/fusionmeet: disk full)",
    "Cannot open a window: No window could be opened; the display did not let this program in",
    "Cannot open a window: No window could be opened, probably for want of WebView2. Install it: winget install Microsoft.EdgeWebView2Runtime Microsoft.VCRedist.2015+.x64",
    "Cannot open a window: its page could not be loaded (Connection refused)",
    "Cannot open a window: it did not come up in time",
    "Cannot open a window: its process ended: it was ended by SIGKILL",
  ]);
});

Deno.test("lastWindowWords() leaves out what every window says", () => {
  deepStrictEqual(
    lastWindowWords([
      "error: something of ours",
      "(process:1): Gtk-WARNING **: 15:29:00: Unable to acquire session bus",
      "** (process:2): WARNING **: Can't connect to a11y bus",
      "Overriding existing handler for signal 10. Set JSC_SIGNAL_FOR_GC if you want WebKit to use a different signal",
      "  ",
    ]),
    "error: something of ours",
  );
  strictEqual(lastWindowWords([]), "");
});
