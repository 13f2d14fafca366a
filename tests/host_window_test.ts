/** The host and presenter at a window, and people without one: real programs, and a page that the test plays. Judges no real time. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { buildPage } from "../tools/build_page.ts";
import { Display } from "./support/display.ts";
import { PlayedPage } from "./support/played_page.ts";
import { launchClient, launchWindow, startClient, startServer } from "./support/programs.ts";
import { TemporaryDirectory } from "./support/wait.ts";

const OWNER_PIN = "9000";
const SCREEN = { width: 640, height: 400 };

Deno.test("a window leads a room and shows its screen: owner PIN, mute, lock, remove, present, ask, hand over", async () => {
  await buildPage();
  await using folder = new TemporaryDirectory();
  await using display = await Display.start(SCREEN.width, SCREEN.height);
  await using server = await startServer({
    data: folder.file("server"),
    args: ["--owner-pin", OWNER_PIN],
  });
  await using program = launchWindow({
    ...{ name: "Ada", browser: true, server, data: folder.file("Ada"), env: display.env },
  });
  await using ada = await PlayedPage.open(program);
  await using bob = await startClient({ name: "Bob", server, mic: "tone:431" });
  await using cid = await startClient({ name: "Cid", server });

  // The owner PIN.
  const form = {
    ...{ server: ada.join.server, name: "Ada", room: "Main", pin: "" },
    ...{ microphone: false, camera: false },
  };
  ada.say({ do: "join", ...form, ownerPin: "9001" });
  const failure = await ada.shows("the wrong PIN", ({ join }) => join.failure);
  deepStrictEqual([failure!.code, failure!.field], ["owner-pin-wrong", "ownerPin"]);
  ada.say({ do: "join", ...form, ownerPin: OWNER_PIN });
  const leads = (name: string) => () =>
    ada.state.meeting?.people.some((person) => person.name === name && person.host);
  await ada.shows("Ada to lead", leads("Ada"));
  await ada.shows("all three", ({ meeting }) => meeting!.people.length === 3);

  // Mute, lock, remove.
  ada.say({ do: "host.mute", participant: ada.idOf("Bob") });
  strictEqual((await bob.waitFor("muted")).by, "Ada");
  await ada.shows(
    "Bob's microphone to be off",
    ({ meeting }) => meeting!.people.some(({ name, microphone }) => name === "Bob" && !microphone),
  );
  ada.say({ do: "host.lock", on: true });
  await ada.shows("the lock", ({ meeting }) => meeting!.locked);
  await using late = launchClient({ name: "Late", server });
  strictEqual((await late.waitFor("refused")).code, "locked");
  ada.say({ do: "host.lock", on: false });
  ada.say({ do: "host.remove", participant: ada.idOf("Cid") });
  await cid.waitFor("removed");
  await ada.shows("who was removed", ({ meeting }) => meeting!.removed.join() === "Cid");
  ada.say({ do: "host.readmit", name: "Cid" });
  await ada.shows("nobody removed", ({ meeting }) => meeting!.removed.length === 0);

  // What can be shown, with a picture of it; showing it.
  ada.say({ do: "screens.list", on: true });
  const { list } = await ada.hears(
    "screens",
    ({ list }) => list.some(({ thumbnail }) => thumbnail),
  );
  const [whole] = list;
  deepStrictEqual([whole.id, whole.kind, whole.width, whole.height], [
    ...["display", "screen", SCREEN.width, SCREEN.height],
  ]);
  match(whole.thumbnail!, /^data:image\/jpeg;base64,\/9j/);
  ada.say({ do: "screens.list", on: false });
  const bobSees = (name: string | undefined, after = 0) =>
    bob.waitFor((each) => each.event === "presenter" && each.name === name, { after });
  ada.say({ do: "present", source: whole.id });
  await bobSees("Ada");
  const shown = await ada.shows(
    "the share",
    ({ meeting }) => meeting!.ownShare?.state === "showing" && meeting!.ownShare,
  );
  ok(shown && shown.title !== null);
  ada.say({ do: "leave", sure: false });
  match((await ada.shows("a question", (state) => state.leaveQuestion))!, /You are presenting/);
  ada.say({ do: "stay" });

  // Bob asks, is given the screen, and keeps it when asked.
  await bob.send({ do: "present.ask" });
  const [asker] = await ada.shows(
    "Bob's question",
    ({ meeting }) => meeting!.askingToPresent.length > 0 && meeting!.askingToPresent,
  ) as readonly {
    participant: number;
    name: string;
  }[];
  deepStrictEqual(asker, { participant: ada.idOf("Bob"), name: "Bob" });
  ada.say({ do: "present.answer", participant: asker.participant, accept: true });
  await bobSees("Bob");
  await ada.shows(
    "no share any more",
    ({ meeting }) => meeting!.ownShare === null && meeting!.presenting?.name === "Bob",
  );
  ada.say({ do: "present.ask" });
  await bob.waitFor("presenter.asked");
  await ada.shows("that she asked", ({ meeting }) => meeting!.asked);
  await bob.send({ do: "present.answer", participant: "Ada", accept: false });
  await ada.hears("toast", ({ message }) => /^Bob does not hand over now/.test(message));
  await ada.shows("an answer", ({ meeting }) => !meeting!.asked);

  // Given to her she has to choose; the host's word ends anybody's.
  await bob.send({ do: "present.give", participant: "Ada" });
  const turn = await ada.shows(
    "her turn",
    ({ meeting }) => meeting!.ownShare?.state === "turn" && meeting!.ownShare,
  );
  ok(turn && turn.endsAt! > Date.now());
  const after = bob.events.length;
  ada.say({ do: "present.give", participant: asker.participant });
  await bobSees("Bob", after);
  // The share that she ends is the one she knows of.
  await ada.shows("Bob to present", ({ meeting }) => meeting!.presenting?.name === "Bob");
  ada.say({ do: "host.unshare" });
  strictEqual((await bobSees(undefined, after)).ended, "host");

  // Who is removed learns by whom.
  ada.say({ do: "host.give", participant: asker.participant });
  await ada.shows("Bob to lead", leads("Bob"));
  await bob.send({ do: "remove", participant: "Ada" });
  const left = await ada.shows("the end", ({ screen, left }) => screen === "left" && left);
  ok(left && left.problem !== null);
  strictEqual(left.problem.message, "Bob removed you from the room Main");
  match(left.problem.advice, /until the host lets you in/);
  strictEqual(program.errorText, "");
});
