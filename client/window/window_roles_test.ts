import { deepStrictEqual, throws } from "node:assert/strict";
import type { MeetingState } from "@fusionmeet/bridge";
import type { MeetingView } from "./meeting_view.ts";
import { type RoleAsks, type RoleMessage, WindowRoles } from "./window_roles.ts";

function bench() {
  const calls: unknown[][] = [];
  const log = (name: string) => (...given: unknown[]) => void calls.push([name, ...given]);
  const names = ["mute", "remove", "giveHost", "endShare", "lock", "readmit", "ask", "answer"];
  const roles = Object.fromEntries([...names, "giveScreen"].map((name) => [name, log(name)]));
  const people = [{ id: 2, name: "Bob" }];
  const view = {
    state: { people } as unknown as MeetingState,
    asked: log("view.asked"),
    answered: log("view.answered"),
  };
  const window = new WindowRoles(
    roles as unknown as RoleAsks,
    view as unknown as MeetingView,
  );
  return { calls, tell: (message: RoleMessage) => window.carryOut(message) };
}

Deno.test("WindowRoles asks the room by name for what the page says by number", () => {
  const { calls, tell } = bench();
  tell({ do: "host.mute", participant: null });
  tell({ do: "host.mute", participant: 2 });
  tell({ do: "host.remove", participant: 2 });
  tell({ do: "host.give", participant: 2 });
  tell({ do: "host.unshare" });
  tell({ do: "host.lock", on: true });
  tell({ do: "host.readmit", name: "Eve" });
  tell({ do: "present.ask" });
  tell({ do: "present.answer", participant: 2, accept: true });
  tell({ do: "present.give", participant: 2 });
  deepStrictEqual(calls, [
    ["mute", undefined],
    ["mute", "Bob"],
    ["remove", "Bob"],
    ["giveHost", "Bob"],
    ["endShare"],
    ["lock", true],
    ["readmit", "Eve"],
    ["ask"],
    ["view.asked"],
    ["view.answered", 2],
    ["answer", "Bob", true],
    ["giveScreen", "Bob"],
  ]);
});

Deno.test("WindowRoles declines what is about somebody who has left", () => {
  const { calls, tell } = bench();
  throws(() => tell({ do: "host.remove", participant: 3 }), /They have left the room/);
  throws(() => tell({ do: "present.give", participant: 3 }), /They have left the room/);
  deepStrictEqual(calls, []);
});
