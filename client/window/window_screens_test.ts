import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Refusal } from "@fusionmeet/base";
import type { ProgramMessage } from "@fusionmeet/bridge";
import { FakeTimers } from "@fusionmeet/net";
import type { ScreenChoice } from "../screen/screen_list.ts";
import { WindowScreens } from "./window_screens.ts";

const EDITOR: ScreenChoice = {
  ...{ id: "window:0x1", title: "Editor", width: 800, height: 600 },
  ...{ kind: "window", isOwn: false },
};

async function presented(source: string, refusal?: Refusal) {
  const calls: string[] = [];
  const toasts: ProgramMessage[] = [];
  const screens = new WindowScreens({
    timers: new FakeTimers(),
    send: (message) => message.type === "toast" && toasts.push(message),
    view: {
      showing: (title) => calls.push(`showing ${title}`),
      notShown: () => calls.push("not shown"),
      stopped: () => calls.push("stopped"),
    },
    sharing: {
      list: () => Promise.resolve([EDITOR]),
      thumbnail: () => Promise.resolve(new Uint8Array()),
      share: (id) => {
        calls.push(`share ${id}`);
        return refusal ? Promise.reject(refusal) : Promise.resolve();
      },
      stop: () => void calls.push("stop"),
    },
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  screens.carryOut({ do: "screens.list", on: true });
  await settle();
  screens.close();
  screens.carryOut({ do: "present", source });
  await settle();
  return { calls, toasts, screens };
}

Deno.test("WindowScreens shows what was picked, and stops", async () => {
  const { calls, toasts, screens } = await presented("window:0x1");
  screens.carryOut({ do: "present.stop" });
  deepStrictEqual(calls, ["showing Editor", "share window:0x1", "stop", "stopped"]);
  deepStrictEqual(toasts, []);
});

Deno.test("WindowScreens says in words what cannot be shown", async () => {
  const message = "The window was closed: choose again";
  const refused = await presented("window:0x1", new Refusal("window-closed", message));
  deepStrictEqual(refused.calls, ["showing Editor", "share window:0x1", "not shown"]);
  deepStrictEqual(refused.toasts, [
    { type: "toast", kind: "problem", code: "window-closed", message },
  ]);
  // Only what was listed: the page names nothing else, a file least of all.
  const unknown = await presented("/etc/passwd");
  deepStrictEqual(unknown.calls, ["not shown"]);
  strictEqual(unknown.toasts.length, 1);
});
