/**
 * The window's page in Chromium, before a program that the test plays: what it shows, what it says, how it is used.
 * Judges no real time.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type {
  MeetingState,
  Nearby,
  NearbyServer,
  OwnShareState,
  ScreenChoiceState,
} from "@fusionmeet/bridge";
import type { Page } from "playwright-core";
import {
  comingFile,
  joinState,
  line,
  meetingState,
  person,
  sharedFile,
  transfer,
} from "./support/fake_program.ts";
import { browser, endBrowser, holds, pageTest } from "./support/page_tests.ts";
import { readQrModules } from "./support/qr_reader.ts";
import { until } from "./support/wait.ts";
import { Cameras } from "../tools/screenshot_cameras.ts";

const HOSTILE = "<img src=x onerror=\"document.title='broken'\">";
const SERVER = "192.168.1.20";
/** 2 x 1 pixels. */
const PIXEL =
  "data:image/webp;base64,UklGRj4AAABXRUJQVlA4IDIAAACQAQCdASoCAAEAAsBMJaACdLoAA5gA/vDc8uyf/lyOOBrS5HHA1vqNbGuZ9REQUkYAAA==";
const SIZE = { width: 1280, height: 800 };

const crowd = (count: number) =>
  Array.from({ length: count }, (_, index) => person(index + 1, `Person ${index + 1}`));
const elsewhere = (page: Page) => page.getByRole("heading", { name: "open in another place" });
const focused = (page: Page) =>
  page.evaluate<string>(
    "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
  );

pageTest(
  "A pasted link fills in server and room, and only its key is asked for",
  () => joinState({ name: "Ann" }),
  async ({ page, program }) => {
    const key = "0a".repeat(32);
    const field = page.getByLabel("Server", { exact: true });
    await field.fill(`fusionmeet://${SERVER}/Workshop#${key}`);
    await page.getByText("From a link").waitFor();
    strictEqual(await field.inputValue(), SERVER);
    strictEqual(await page.getByLabel("Room", { exact: true }).inputValue(), "Workshop");
    deepStrictEqual(await program.heard("lobby"), {
      ...{ do: "lobby", server: SERVER, pin: "", expected: key },
    });
    await page.getByRole("button", { name: "Join" }).click();
    const { server, room, expected } = await program.heard("join");
    deepStrictEqual([server, room, expected], [SERVER, "Workshop", key]);
    // Another server is not what the link vouched for; a damaged link goes nowhere.
    await field.fill("192.168.1.21");
    strictEqual(
      (await program.heard("lobby", (said) => said.server !== SERVER)).expected,
      undefined,
    );
    program.forget();
    await field.fill(`fusionmeet://${SERVER}/Workshop#${key.slice(1)}`);
    await page.getByText("64 hex digits").waitFor();
    await page.getByRole("button", { name: "Join" }).click();
    strictEqual(await focused(page), "");
    deepStrictEqual(program.said, []);
  },
);

pageTest(
  "The invitation is copied with the keyboard, and its code leads to the server's page",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const { link, page: address } = program.state.meeting!.invitation!;
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Invite" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Invite others" }).waitFor();
    strictEqual(await focused(page), "Copy link");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Copied" }).waitFor();
    strictEqual(await page.evaluate("navigator.clipboard.readText()"), link);
    const code = page.getByRole("img", { name: `QR code for ${address}` });
    const box = await code.getAttribute("viewBox");
    const path = await code.locator("path").getAttribute("d");
    const size = Number(box!.split(" ")[2]);
    const black = new Set([...path!.matchAll(/M(\d+) (\d+)/g)].map(([, x, y]) => `${x} ${y}`));
    const indices = Array.from({ length: size }, (_, index) => index);
    strictEqual(
      readQrModules(indices.map((y) => indices.map((x) => black.has(`${x} ${y}`)))),
      address,
    );
    await page.keyboard.press("Escape");
    strictEqual(await focused(page), "Invite");
  },
);

pageTest(
  "The page is joined with the keyboard alone",
  () => joinState(),
  async ({ page, program }) => {
    const { keyboard } = page;
    await page.getByLabel("Server", { exact: true }).waitFor();
    await holds(page, "document.activeElement.tagName === 'INPUT'");
    await keyboard.type(SERVER);
    deepStrictEqual(await program.heard("lobby"), { do: "lobby", server: SERVER, pin: "" });
    const rooms = [{ name: "Main", people: 2 }, { name: "Workshop", people: 1 }];
    program.setJoin({ lobby: { server: SERVER, state: "known", needsPin: true, rooms } });
    await page.getByLabel("PIN").waitFor();
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await page.getByText("Enter your name").waitFor();
    await keyboard.type("Ann");
    await keyboard.press("Tab");
    await keyboard.press("ArrowDown");
    await page.getByRole("option", { name: "Workshop" }).waitFor();
    await keyboard.press("ArrowDown");
    await keyboard.press("Enter");
    strictEqual(await page.getByLabel("Room", { exact: true }).inputValue(), "Workshop");
    await keyboard.press("Tab");
    await keyboard.type("1234");
    await keyboard.press("Enter");
    const join = {
      do: "join",
      server: SERVER,
      name: "Ann",
      room: "Workshop",
      pin: "1234",
      ownerPin: "",
      microphone: true,
      camera: true,
    };
    deepStrictEqual(await program.heard("join"), join);

    program.setJoin({ busy: true });
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    await keyboard.press("Enter");
    strictEqual(program.said.filter((message) => message.do === "join").length, 1);
    const failure = {
      code: "name-taken",
      message: "Somebody is called Ann already",
      advice: "Choose another name",
      field: "name",
    } as const;
    program.setJoin({ busy: false, failure });
    await page.getByText("Somebody is called Ann already. Choose another name.").first().waitFor();
    await holds(page, "document.activeElement.value === 'Ann'");
    strictEqual(await page.getByLabel("Your name").getAttribute("aria-invalid"), "true");
    await keyboard.type("a");
    strictEqual(await page.getByLabel("Your name").getAttribute("aria-invalid"), null, "mended");

    const words = ["a", "b", "c", "d", "e", "f"];
    program.setJoin({
      failure: null,
      introduction: { server: SERVER, fingerprint: "ab".repeat(32), words },
    });
    await page.getByRole("dialog").waitFor();
    await keyboard.press("Enter");
    strictEqual(
      program.said.filter((message) => message.do === "join").length,
      1,
      "no yes by accident",
    );
    for (const _ of ["fingerprint", "cancel", "accept"]) await keyboard.press("Tab");
    await keyboard.press("Enter");
    const accepted = await program.heard("join", ({ trust }) => trust !== undefined);
    deepStrictEqual(accepted, { ...join, name: "Anna", trust: "ab".repeat(32) });
    await keyboard.press("Escape");
    await program.heard("join.cancel");
  },
);

const OFFICE: NearbyServer = {
  ...{ fingerprint: "ab".repeat(32), name: HOSTILE, address: "192.168.1.30:7000" },
  ...{ rooms: 2, people: 5, known: false, formerly: [] },
};
const GARDEN: NearbyServer = {
  ...{ fingerprint: "cd".repeat(32), name: "Garden", address: "192.168.1.77" },
  ...{ rooms: null, people: null, known: true, formerly: [`${SERVER}:65435`] },
};
const LISTENING: Nearby = { state: "listening", servers: [], search: null, problem: null };

pageTest(
  "A server of the network is picked with the keyboard, and what is typed unpicks it",
  () => joinState({ name: "Ann", nearby: { ...LISTENING, state: "starting" } }),
  async ({ page, program }) => {
    const { keyboard } = page;
    await page.getByText("Looking for servers on this network…").waitFor();
    const field = page.getByLabel("Server", { exact: true });
    await holds(page, "document.activeElement.tagName === 'INPUT'");
    program.setJoin({ nearby: { ...LISTENING, servers: [OFFICE] } });
    const office = page.getByRole("radio", { name: /192\.168\.1\.30:7000 · 5 people in 2 rooms/ });
    await office.waitFor();
    ok(
      (await page.getByRole("radiogroup", { name: "On this network" }).textContent())!.includes(
        HOSTILE,
      ),
    );
    await page.getByText("1 server found on this network").waitFor({ state: "attached" });
    strictEqual(await field.inputValue(), "", "nobody is picked but by the user");
    await keyboard.press("Shift+Tab");
    await keyboard.press("Space");
    ok(await office.isChecked());
    strictEqual(await field.inputValue(), OFFICE.address);
    const picked = { server: OFFICE.address, picked: OFFICE.fingerprint };
    deepStrictEqual(await program.heard("lobby", (said) => said.picked !== undefined), {
      do: "lobby",
      pin: "",
      ...picked,
    });
    await keyboard.press("Enter");
    const { server, picked: fingerprint } = await program.heard("join");
    deepStrictEqual({ server, picked: fingerprint }, picked);
    await field.fill("192.168.1.31");
    strictEqual(await office.isChecked(), false);
    program.forget();
    await keyboard.press("Enter");
    strictEqual((await program.heard("join")).picked, undefined);
    // The list changes under one's hands: what was picked stays picked.
    await office.check();
    program.setJoin({ nearby: { ...LISTENING, servers: [GARDEN, { ...OFFICE, people: 6 }] } });
    await page.getByRole("radio", { name: /6 people/ }).waitFor();
    ok(await page.getByRole("radio", { name: /6 people/ }).isChecked());
  },
);

pageTest(
  "A known server that moved is followed, one that is not known never",
  () => joinState({ name: "Ann", server: SERVER, nearby: { ...LISTENING, servers: [OFFICE] } }),
  async ({ page, program }) => {
    const field = page.getByLabel("Server", { exact: true });
    strictEqual(await field.inputValue(), SERVER);
    program.setJoin({ nearby: { ...LISTENING, servers: [GARDEN, OFFICE] } });
    await page.getByRole("radio", { name: /Garden Known/ }).waitFor();
    await until("the field to follow", async () => await field.inputValue() === GARDEN.address);
    ok(await page.getByRole("radio", { name: /Garden/ }).isChecked());
    await page.getByRole("button", { name: "Join", exact: true }).click();
    const { server, picked } = await program.heard("join");
    deepStrictEqual([server, picked], [GARDEN.address, GARDEN.fingerprint]);
  },
);

pageTest(
  "Where no server is found the page says what to do, and searches when asked to",
  () => joinState({ nearby: LISTENING }),
  async ({ page, program }) => {
    await page.getByText("No server found here.").waitFor();
    await page.getByRole("button", { name: "Search", exact: true }).click();
    deepStrictEqual(await program.heard("search"), { do: "search", on: true });
    program.setJoin({ nearby: { ...LISTENING, search: { done: 12, all: 253 } } });
    await page.getByText("Searching, 12 of 253").waitFor();
    await page.getByRole("button", { name: "Stop", exact: true }).click();
    await program.heard("search", ({ on }) => !on);
    const problem = "Cannot look for servers on eth0: Permission denied";
    program.setJoin({ nearby: { ...LISTENING, problem } });
    await page.getByText(`${problem}.`).waitFor();
    await page.getByText("Type its address below").waitFor();
    await page.getByLabel("Server", { exact: true }).fill(SERVER);
    await page.getByText("The address below is used").waitFor();
    program.setJoin({ nearby: { ...LISTENING, state: "off" } });
    await page.getByText("On this network").waitFor({ state: "detached" });
  },
);

pageTest(
  "A meeting is used with the keyboard alone",
  () => meetingState(crowd(3)),
  async ({ page, program }) => {
    const { keyboard } = page;
    await holds(page, "document.activeElement.tagName === 'H1'");
    await keyboard.press("Control+d");
    deepStrictEqual(await program.heard("source"), { do: "source", kind: "microphone", on: false });
    program.setMeeting({ microphone: { exists: true, on: false, problem: null } });
    await keyboard.press("Tab");
    await page.getByRole("button", { name: "Unmute microphone" }).waitFor();
    strictEqual(await focused(page), "Unmute microphone");
    await keyboard.press("Enter");
    await program.heard("source", ({ on }) => on);
    await keyboard.press("Tab");
    await keyboard.press("Space");
    await program.heard("source", ({ kind }) => kind === "camera");

    await keyboard.press("Control+Alt+c");
    const field = page.getByLabel("Message to everyone");
    await holds(page, "document.activeElement.tagName === 'TEXTAREA'");
    await keyboard.type("One");
    await keyboard.press("Shift+Enter");
    await keyboard.type("Two");
    await keyboard.press("Control+Alt+p");
    await page.getByRole("heading", { name: "People (3)" }).waitFor();
    await keyboard.press("Control+Alt+c");
    await holds(page, "document.activeElement.tagName === 'TEXTAREA'");
    strictEqual(await field.inputValue(), "One\nTwo", "what was begun is kept");
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("chat.post"), { do: "chat.post", text: "One\nTwo" });
    strictEqual(await field.inputValue(), "");
    await keyboard.press("Enter");
    await keyboard.press("Escape");
    await field.waitFor({ state: "detached" });
    strictEqual(await focused(page), "Chat");
    strictEqual(
      program.said.filter((message) => message.do === "chat.post").length,
      1,
      "nothing is not sent",
    );

    await keyboard.press("Tab");
    strictEqual(await focused(page), "Files");
    // A panel closes by Escape with the focus at its button, too.
    await keyboard.press("Enter");
    await page.getByRole("complementary", { name: "Files" }).waitFor();
    await keyboard.press("Escape");
    await page.getByRole("complementary").waitFor({ state: "detached" });
    strictEqual(await focused(page), "Files");
    await keyboard.press("Tab");
    strictEqual(await focused(page), "Invite");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Settings" }).waitFor();
    await keyboard.press("ArrowDown");
    const { quality } = await program.heard("quality");
    deepStrictEqual(quality, { width: 640, height: 360, framesPerSecond: 30 });
    await keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    strictEqual(await focused(page), "Settings");
    await page.getByRole("button", { name: "Leave" }).focus();
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("leave"), { do: "leave", sure: false });
    program.set({ leaveQuestion: "Something would be lost" });
    await page.getByRole("dialog").waitFor();
    await keyboard.press("Escape");
    await program.heard("stay");
  },
);

/** Three people; oneself leads. */
const led = (more: Parameters<typeof meetingState>[1] = {}) =>
  meetingState(crowd(3).map((each) => ({ ...each, host: each.id === 1 })), more);

pageTest(
  "The host mutes, hands on, removes, locks and lets back in with the keyboard alone",
  () => led(),
  async ({ page, program }) => {
    const { keyboard } = page;
    await keyboard.press("Control+Alt+p");
    await page.getByRole("button", { name: "Mute everybody" }).focus();
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("host.mute"), { do: "host.mute", participant: null });
    await keyboard.press("Tab");
    await keyboard.press("Space");
    deepStrictEqual(await program.heard("host.lock"), { do: "host.lock", on: true });
    program.setMeeting({ locked: true });
    await page.getByRole("button", { name: "Unlock the room" }).waitFor();
    strictEqual(await focused(page), "Unlock the room");
    await page.getByRole("status").getByText("The room is locked").waitFor({ state: "attached" });
    await page.locator(".bar-room").getByText("The room is locked").waitFor({ state: "attached" });
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("host.lock", ({ on }) => !on), {
      ...{ do: "host.lock", on: false },
    });

    // The menu of somebody, by its keys.
    await keyboard.press("Tab");
    strictEqual(await focused(page), "What you can do with Person 2");
    await keyboard.press("Enter");
    strictEqual(await focused(page), "Mute");
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("host.mute", (said) => said.participant !== null), {
      ...{ do: "host.mute", participant: 2 },
    });
    strictEqual(await focused(page), "What you can do with Person 2");
    await keyboard.press("Enter");
    await keyboard.press("Escape");
    strictEqual(await page.getByRole("menu").count(), 0);
    await page.getByRole("heading", { name: "People (3)" }).waitFor();
    await keyboard.press("Enter");
    await keyboard.press("End");
    strictEqual(await focused(page), "Remove…");
    await keyboard.press("ArrowDown");
    strictEqual(await focused(page), "Mute");
    await keyboard.press("ArrowUp");
    await keyboard.press("Enter");

    // It is asked first: neither Enter nor Escape says yes by accident.
    const question = page.getByRole("dialog", { name: "Remove Person 2?" });
    await question.getByText("Neither this name nor that computer comes in again").waitFor();
    await keyboard.press("Enter");
    await keyboard.press("Escape");
    await question.waitFor({ state: "detached" });
    strictEqual(await focused(page), "What you can do with Person 2");
    strictEqual(program.said.some((message) => message.do === "host.remove"), false);
    await keyboard.press("Enter");
    await keyboard.press("ArrowUp");
    await keyboard.press("Enter");
    await question.waitFor();
    await keyboard.press("Tab");
    await keyboard.press("Tab");
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("host.remove"), { do: "host.remove", participant: 2 });
    program.setMeeting({
      people: program.state.meeting!.people.filter(({ id }) => id !== 2),
      removed: ["Person 2"],
    });
    const readmit = page.getByRole("button", { name: "Let back in Person 2" });
    await readmit.waitFor();
    strictEqual(await focused(page), "People (2)", "the focus is not lost with the row");
    await readmit.focus();
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("host.readmit"), {
      ...{ do: "host.readmit", name: "Person 2" },
    });
  },
);

pageTest(
  "The host's role is handed on after a question, and with it goes what only a host sees",
  () => led({ removed: ["Eve"] }),
  async ({ page, program }) => {
    await page.keyboard.press("Control+Alt+p");
    // On a tile, for whoever points at it.
    await page.locator(".tile").nth(2).hover();
    await page.locator(".tile").nth(2).getByRole("button", { name: "Person 3" }).click();
    await page.getByRole("menuitem", { name: "Make host" }).click();
    await page.getByRole("dialog", { name: "Make Person 3 the host?" }).waitFor();
    await page.getByRole("button", { name: "Make host" }).click();
    deepStrictEqual(await program.heard("host.give"), { do: "host.give", participant: 3 });
    program.setMeeting({
      people: [...crowd(2), person(3, "Person 3", { host: true })],
      removed: [],
    });
    const panel = page.getByRole("complementary");
    await panel.locator("li", { hasText: "Person 3" }).getByText("Host").waitFor();
    await page.locator(".tile", { hasText: "Person 3, leads the room" }).waitFor();
    await page.getByRole("status").getByText("Person 3 is the host of this room").waitFor({
      state: "attached",
    });
    for (const name of [/What you can do/, "Mute everybody", /ock the room/, /back in/]) {
      strictEqual(await page.getByRole("button", { name }).count(), 0, String(name));
    }
    // Whoever gets it sees so.
    const messages = page.getByRole("region", { name: "Messages" });
    strictEqual(await messages.count(), 0);
    program.setMeeting(led().meeting!);
    await messages.getByText("You are the host of this room").waitFor();
  },
);

const EDITOR: ScreenChoiceState = {
  ...{ id: "window:0x1", title: HOSTILE, width: 800, height: 600 },
  ...{ kind: "window", isOwn: false, thumbnail: null },
};
const MONITOR: ScreenChoiceState = {
  ...{ ...EDITOR, id: "display:1", title: "Screen 1" },
  kind: "monitor",
};
const OWN: ScreenChoiceState = {
  ...{ ...EDITOR, id: "window:0x2", title: "Main - FusionMeet" },
  isOwn: true,
};

/** Who presents, of three people; oneself is 1. */
function presented(
  participant: number,
  { paused = false, ...more }: Partial<MeetingState> & { paused?: boolean } = {},
): Partial<MeetingState> {
  const presenting = { share: 7, participant, name: `Person ${participant}`, paused };
  const people = crowd(3).map((each) => ({ ...each, presenter: each.id === participant }));
  return { people, presenting, ...more };
}
const SHOWS: OwnShareState = { title: "Editor", state: "showing", endsAt: null };

pageTest(
  "What to present is picked with the keyboard, shown on a bar, and stopped",
  () => meetingState(crowd(3)),
  async ({ page, program }) => {
    const { keyboard } = page;
    await keyboard.press("Control+Alt+s");
    const dialog = page.getByRole("dialog", { name: "What do you want to show?" });
    await dialog.getByText("Looking for screens and windows…").waitFor();
    deepStrictEqual(await program.heard("screens.list"), { do: "screens.list", on: true });
    program.send({ type: "screens", list: [MONITOR, EDITOR, OWN], problem: null });
    await dialog.getByRole("group", { name: "Screens" }).getByRole("radio").waitFor();
    strictEqual(await dialog.getByRole("group", { name: "Windows" }).getByRole("radio").count(), 2);
    strictEqual(await dialog.getByRole("radio", { checked: true }).count(), 0, "nothing by itself");
    await dialog.getByRole("button", { name: "Present" }).focus();
    await keyboard.press("Enter");
    await keyboard.press("Shift+Tab");
    await keyboard.press("Shift+Tab");
    await keyboard.press("Space");
    // The program's own window shows itself in itself: that is said.
    await dialog.getByText("the meeting within the meeting").waitFor();
    await keyboard.press("ArrowUp");
    ok(await dialog.getByRole("radio", { name: "onerror" }).isChecked());
    strictEqual(await dialog.getByText("the meeting within the meeting").count(), 0);
    // The list changes under one's hands.
    const thumbnail = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";
    program.send({ type: "screens", list: [{ ...EDITOR, thumbnail }], problem: null });
    await dialog.locator("img").waitFor();
    ok(await dialog.getByRole("radio", { name: "onerror" }).isChecked());
    strictEqual(program.said.some((message) => message.do === "present"), false);
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("present"), { do: "present", source: EDITOR.id });
    await program.heard("screens.list", ({ on }) => !on);
    await dialog.waitFor({ state: "detached" });
    strictEqual(await focused(page), "Present a screen or window");

    program.setMeeting({ ownShare: { title: HOSTILE, state: "starting", endsAt: null } });
    const bar = page.getByRole("region", { name: "Presenting" });
    await bar.getByText("Nobody sees it yet").waitFor();
    program.setMeeting(presented(1, { ownShare: { ...SHOWS, title: HOSTILE } }));
    await bar.getByText(HOSTILE).waitFor();
    strictEqual(await bar.getByText("Nobody sees it yet").count(), 0);
    await page.getByRole("status").getByText("You are presenting").waitFor({ state: "attached" });
    program.setMeeting({ ownShare: { ...SHOWS, state: "hidden" } });
    await bar.getByText("The window is minimised").waitFor();
    program.setMeeting(presented(1, { paused: true }));
    await bar.getByText("the connection is lost").waitFor();
    await bar.getByRole("button", { name: "Stop presenting" }).focus();
    await keyboard.press("Enter");
    await program.heard("present.stop");
    program.forget();
    await page.getByRole("toolbar").getByRole("button", { name: "Stop presenting" }).click();
    await program.heard("present.stop");
    program.setMeeting({ people: crowd(3), presenting: null, ownShare: null });
    await bar.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Present a screen or window" }).waitFor();
  },
);

pageTest(
  "Why nothing can be shown is said in words, and another who presents closes the list",
  () => meetingState(crowd(3)),
  async ({ page, program }) => {
    await page.getByRole("button", { name: "Present a screen" }).click();
    const dialog = page.getByRole("dialog");
    program.send({ type: "screens", list: [], problem: "No program sees a Wayland screen" });
    await dialog.getByText("No program sees a Wayland screen.").waitFor();
    // A page that comes back asks again: its program may be another one.
    program.forget();
    await page.reload();
    await page.getByRole("button", { name: "Present a screen" }).click();
    await program.heard("screens.list", ({ on }) => on);
    program.setMeeting(presented(2));
    await dialog.waitFor({ state: "detached" });
    await program.heard("screens.list", ({ on }) => !on);
    await page.getByRole("button", { name: "Present: Person 2 has the screen" }).waitFor();
  },
);

pageTest(
  "Who presents is asked to hand over, and the host can stop it",
  () => meetingState(crowd(3), presented(2)),
  async ({ page, program }) => {
    const { keyboard } = page;
    const taken = page.getByRole("dialog", { name: "Present", exact: true });
    await keyboard.press("Control+Alt+s");
    await taken.getByText("Person 2 is presenting").waitFor();
    strictEqual(await focused(page), "Ask Person 2 to hand over");
    strictEqual(await page.getByRole("button", { name: /Stop/ }).count(), 0, "not the host");
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("present.ask"), { do: "present.ask" });
    strictEqual(await focused(page), "Present: Person 2 has the screen");
    program.setMeeting({ asked: true });
    // It says so where one asked.
    await taken.getByText("You asked Person 2 to hand over. No answer yet.").waitFor();
    await page.getByRole("status").getByText("You asked Person 2").waitFor({ state: "attached" });
    strictEqual(await page.getByRole("button", { name: /^Ask/ }).count(), 0, "once is enough");
    const people = crowd(3).map((each) => ({ ...each, host: each.id === 1 }));
    program.setMeeting({ people });
    await taken.getByRole("button", { name: "Stop Person 2's share" }).click();
    deepStrictEqual(await program.heard("host.unshare"), { do: "host.unshare" });
    await page.keyboard.press("Control+Alt+p");
    program.setMeeting(presented(2));
    await page.getByRole("complementary").getByText("Presents", { exact: true }).waitFor();
    program.setMeeting(presented(2, { paused: true }));
    await page.getByRole("complementary").getByText("Presents, paused").waitFor();
  },
);

pageTest(
  "The presenter hands over by keyboard to whoever asks, and without being asked",
  () => meetingState(crowd(3), presented(1, { ownShare: SHOWS })),
  async ({ page, program }) => {
    const { keyboard } = page;
    const asking = [2, 3].map((participant) => ({ participant, name: `Person ${participant}` }));
    program.setMeeting({ askingToPresent: asking });
    await page.getByRole("status").getByText("Person 2 asks to present").waitFor({
      state: "attached",
    });
    strictEqual(await page.getByRole("dialog").count(), 0, "it keeps nobody from anything");
    await page.getByRole("button", { name: "Stop presenting" }).first().focus();
    await keyboard.press("Tab");
    strictEqual(await focused(page), "Not now, Person 2");
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("present.answer"), {
      ...{ do: "present.answer", participant: 2, accept: false },
    });
    program.setMeeting({ askingToPresent: asking.slice(1) });
    await page.getByRole("button", { name: "Not now, Person 2" }).waitFor({ state: "detached" });
    strictEqual(await focused(page), "Main", "the focus is not lost with the question");
    await page.getByRole("button", { name: "Hand over to Person 3" }).focus();
    await keyboard.press("Enter");
    deepStrictEqual(await program.heard("present.answer", ({ accept }) => accept), {
      ...{ do: "present.answer", participant: 3, accept: true },
    });
    program.setMeeting({
      askingToPresent: [2, 3, 4, 5, 6].map((id) => ({ participant: id, name: `Person ${id}` })),
    });
    await page.getByText("2 more people ask to present").waitFor();
    await keyboard.press("Control+Alt+p");
    const rows = page.locator(".people");
    await rows.getByRole("button", { name: "What you can do with Person 3" }).click();
    await page.getByRole("menuitem", { name: "Hand the screen over" }).click();
    deepStrictEqual(await program.heard("present.give"), { do: "present.give", participant: 3 });
  },
);

pageTest(
  "Whoever is given the screen is asked to choose, and sees the time run",
  () => meetingState(crowd(3), presented(2)),
  async ({ page, program }) => {
    const start = new Date(2026, 2, 12, 10).getTime();
    await page.clock.setFixedTime(start);
    const ownShare = { title: null, state: "turn", endsAt: start + 30_000 } as const;
    program.setMeeting(presented(1, { ownShare }));
    await page.getByText("Your turn ends in 30 seconds.").waitFor();
    await page.clock.setFixedTime(start + 29_000);
    await page.getByText("Your turn ends in 1 second.").waitFor();
    await page.getByRole("status").getByText("You can present now").waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Choose what to show" }).click();
    await program.heard("screens.list", ({ on }) => on);
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Not now" }).click();
    await program.heard("present.stop");
  },
);

pageTest(
  "The owner PIN is asked of who wants to lead, and is wrong beside its field",
  () => joinState({ name: "Ann", server: SERVER }),
  async ({ page, program }) => {
    const { keyboard } = page;
    const field = page.getByLabel("Owner PIN");
    strictEqual(await field.count(), 0);
    await page.getByRole("button", { name: "I have the owner PIN" }).focus();
    await keyboard.press("Enter");
    await field.waitFor();
    await holds(page, "document.activeElement.type === 'password'");
    await keyboard.type("9001");
    await keyboard.press("Enter");
    strictEqual((await program.heard("join")).ownerPin, "9001");
    const failure = {
      code: "owner-pin-wrong",
      message: "The owner PIN is wrong",
      advice: "Leave it empty",
      field: "ownerPin",
    } as const;
    program.setJoin({ failure });
    await page.getByText("The owner PIN is wrong. Leave it empty.").first().waitFor();
    strictEqual(await field.getAttribute("aria-invalid"), "true");
    await holds(page, "document.activeElement.value === '9001'");
    strictEqual(await page.getByLabel("PIN", { exact: true }).count(), 0, "the other one is right");
    await field.fill("");
    await keyboard.press("Enter");
    strictEqual((await program.heard("join", ({ ownerPin }) => ownerPin === "")).server, SERVER);
  },
);

pageTest(
  "The owner PIN of the command line is told to no other server",
  () => joinState({ name: "Ann", server: SERVER, ownerPin: "9000" }),
  async ({ page, program }) => {
    strictEqual(await page.getByLabel("Owner PIN").inputValue(), "9000");
    await page.getByLabel("Server", { exact: true }).fill("192.168.1.99");
    await page.getByRole("button", { name: "Join", exact: true }).click();
    const { server, ownerPin } = await program.heard("join");
    deepStrictEqual([server, ownerPin], ["192.168.1.99", ""]);
  },
);

pageTest(
  "Names and messages are text, whatever stands in them",
  () =>
    meetingState([
      person(1, HOSTILE),
      person(2, "דניאל", { camera: false }),
      person(3, "🦊".repeat(32)),
    ], {
      room: HOSTILE,
    }),
  async ({ page, program }) => {
    program.setChat([
      line(1, HOSTILE, HOSTILE),
      line(2, "Ann", "javascript:alert(1) http://a.lan/<b>"),
    ]);
    await page.keyboard.press("Control+Alt+c");
    await page.locator(".chat-line").nth(1).waitFor();
    strictEqual(await page.locator(".chat-text").first().textContent(), HOSTILE);
    strictEqual(await page.locator(".tile bdi").first().textContent(), HOSTILE);
    strictEqual(await page.locator(".bar-room bdi").first().textContent(), HOSTILE);
    program.send({ type: "toast", kind: "problem", code: "x", message: HOSTILE });
    await page.locator(".toast").waitFor();
    strictEqual(await page.locator("img, script:not([src])").count(), 0);
    strictEqual(await page.title(), "FusionMeet");
    const links = await page.locator(".chat a").evaluateAll((
      all: { href: string; rel: string }[],
    ) => all.map(({ href, rel }) => `${href} ${rel}`));
    deepStrictEqual(links, ["http://a.lan/ noopener noreferrer nofollow"]);
    const width = await page.evaluate("document.documentElement.scrollWidth");
    strictEqual(width, SIZE.width, "no name pushes the page wide");
  },
);

pageTest(
  "The chat stays where its reader is",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const lines = (from: number, count: number) =>
      Array.from(
        { length: count },
        (_, index) => line(from + index, "Ben", `Line ${from + index}`, { at: 0 }),
      );
    const list = page.locator(".chat-scroll");
    const top = () => list.evaluate((element: { scrollTop: number }) => element.scrollTop);
    const toEnd = () =>
      list.evaluate((element: Scroller) =>
        element.scrollHeight - element.scrollTop - element.clientHeight
      );

    program.setChat(lines(201, 100), true);
    program.send({ type: "chat", entries: lines(301, 1) });
    deepStrictEqual(await program.heard("unread", ({ count }) => count === 1), {
      do: "unread",
      count: 1,
    });
    await page.getByRole("button", { name: "Chat, 1 new" }).click();
    await page.getByText("Line 301", { exact: true }).waitFor();
    ok(await toEnd() < 2, "opens at the end");
    await program.heard("unread", ({ count }) => count === 0);

    // The browser tells of scrolling a frame later; here it never does, so that the lines come before it for sure.
    await list.evaluate((element: Scroller) => {
      addEventListener("scroll", (event) => event.stopImmediatePropagation(), {
        capture: true,
        once: true,
      });
      element.scrollTop = 900;
    });
    program.send({ type: "chat", entries: lines(302, 2) });
    const fresh = page.getByRole("button", { name: "2 new messages" });
    await fresh.waitFor();
    strictEqual(await top(), 900, "no jump");
    await fresh.click();
    ok(await toEnd() < 2);
    await fresh.waitFor({ state: "detached" });
    program.send({ type: "chat", entries: lines(304, 1) });
    await page.getByText("Line 304", { exact: true }).waitFor();
    ok(await toEnd() < 2, "follows again");

    await list.evaluate((element: Scroller) => element.scrollTop = 0);
    deepStrictEqual(await program.heard("chat.older"), { do: "chat.older", mark: "line 201" });
    const place = async () => (await page.getByText("Line 210", { exact: true }).boundingBox())!.y;
    const before = await place();
    program.send({ type: "chat.older", entries: lines(101, 100), hasOlder: false });
    await page.getByText("Line 101", { exact: true }).waitFor({ state: "attached" });
    ok(Math.abs(await place() - before) <= 40, "what was read stays where it was");
    strictEqual(program.said.filter((message) => message.do === "chat.older").length, 1);
  },
);

interface Scroller {
  scrollTop: number;
  readonly scrollHeight: number;
  readonly clientHeight: number;
}

pageTest(
  "A line that was not sent can be tried again or thrown away",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const unsent = {
      ...line(1, "Person 1", "Hi", { own: true }),
      id: null,
      state: "unsent",
      problem: "No connection",
    } as const;
    program.setChat([unsent]);
    await page.keyboard.press("Control+Alt+c");
    await page.getByText("Not sent: No connection.").waitFor();
    await page.getByRole("button", { name: "Try again" }).click();
    deepStrictEqual(await program.heard("chat.retry"), { do: "chat.retry", mark: unsent.mark });
    program.send({ type: "chat", entries: [{ ...unsent, state: "sending", problem: null }] });
    await page.getByText("Sending…").waitFor();
    program.send({ type: "chat", entries: [unsent] });
    await page.getByRole("button", { name: "Discard" }).click();
    deepStrictEqual(await program.heard("chat.discard"), { do: "chat.discard", mark: unsent.mark });
    program.send({ type: "chat.gone", mark: unsent.mark });
    await page.getByText("No messages yet").waitFor();
  },
);

pageTest(
  "Twelve people take two pages, and only those in sight are watched",
  () => meetingState(crowd(12)),
  async ({ page, program }) => {
    const watched = async () => (await program.heard("watch")).participants.join(" ");
    await until("the first page", async () => await watched() === "1 2 3 4 5 6 7 8 9");
    await page.keyboard.press("PageDown");
    await until("the second page", async () => await watched() === "10 11 12");
    strictEqual(await page.locator(".tile").count(), 3);
    await page.getByText("Page 2 of 2").waitFor();
    program.setMeeting({ people: crowd(9) });
    await until("the page that is left", async () => await watched() === "1 2 3 4 5 6 7 8 9");
    strictEqual(await page.getByText("Page 1 of").count(), 0);
    program.setMeeting({ people: crowd(10) });
    await page.getByRole("button", { name: "Previous page" }).click();
    await page.keyboard.press("PageDown");
    await until("the tenth", async () => await watched() === "10");
  },
);

pageTest(
  "While it comes back the page counts down, and can be told to stop",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const start = new Date(2026, 2, 12, 10).getTime();
    await page.clock.setFixedTime(start);
    program.setMeeting({
      comingBack: {
        reason: "The server does not answer",
        lostAt: start,
        givesUpAt: start + 30_000,
      },
    });
    await page.getByText("gives up in 30 seconds").waitFor();
    program.setMeeting(presented(1, { ownShare: SHOWS }));
    await page.getByText("Paused: the connection is lost.").waitFor();
    await page.clock.setFixedTime(start + 29_000);
    await page.getByText("gives up in 1 second.").waitFor();
    await page.getByRole("button", { name: "Leave now" }).click();
    deepStrictEqual(await program.heard("leave"), { do: "leave", sure: true });
    program.setMeeting({ comingBack: null });
    await page.getByText("Connection lost", { exact: true }).waitFor({ state: "detached" });
  },
);

pageTest(
  "A link opens one page, which a reload brings back and another link takes over",
  () => meetingState(crowd(1)),
  async ({ page, program }) => {
    strictEqual(new URL(page.url()).hash, "", "the token stays in no address");
    await page.reload();
    await page.locator(".tile").waitFor();
    const other = await (await browser()).newPage();
    await other.goto(program.link());
    await elsewhere(page).waitFor();
    await page.getByRole("button", { name: "Use it here" }).click();
    await page.locator(".tile").waitFor();
    await elsewhere(other).waitFor();
    await other.close();
    const stranger = await (await browser()).newPage();
    await stranger.goto(new URL("/", page.url()).href);
    await stranger.getByRole("heading", { name: "already been used" }).waitFor();
    await stranger.close();
  },
);

pageTest(
  "Pictures come and go with the camera, one's own mirrored",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const cameras = await Cameras.draw(await browser());
    const shown = (id: number) =>
      page.locator(`.tile[data-participant="${id}"] canvas[data-shown]`);
    for (const id of [1, 2]) {
      await until(`picture ${id}`, async () => {
        program.sendFrame(cameras.frame(id, Date.now()));
        return await shown(id).count() === 1;
      }, { everyMs: 100 });
    }
    const mirrored = (id: number) =>
      shown(id).evaluate((canvas) => (globalThis as any).getComputedStyle(canvas).transform);
    strictEqual(await mirrored(1), "matrix(-1, 0, 0, 1, 0, 0)");
    strictEqual(await mirrored(2), "none");
    program.setMeeting({
      people: [person(1, "Person 1"), person(2, "Person 2", { camera: false })],
    });
    await shown(2).waitFor({ state: "detached" });
    await page.locator('.tile[data-participant="2"] .avatar').waitFor();
  },
);

pageTest(
  "Levels move the meters and nothing else",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    await page.locator(".tile").nth(1).waitFor();
    await page.evaluate(`
    globalThis.changes = 0;
    new MutationObserver((all) => globalThis.changes += all.length)
      .observe(document.body, { childList: true, characterData: true, subtree: true });
  `);
    program.send({ type: "levels", own: -36, people: [{ id: 2, level: -12 }] });
    const level = (tile: number) =>
      page.locator(`.tile[data-participant="${tile}"] .level-bars`)
        .evaluate((bars: any) => bars.style.getPropertyValue("--level"));
    await until("the levels", async () => await level(1) === "0.50" && await level(2) === "1.00");
    strictEqual(await page.evaluate("globalThis.changes"), 0);
  },
);

pageTest(
  "The smallest window shows everything one needs",
  () => meetingState(crowd(9)),
  async ({ page }) => {
    await page.setViewportSize({ width: 800, height: 500 });
    await page.keyboard.press("Control+Alt+p");
    for (
      const name of [
        "Mute microphone",
        "Turn camera off",
        "Present a screen or window",
        "Leave",
        "People, 9 here",
        "Chat",
        "Files",
        "Invite",
        "Settings",
      ]
    ) {
      const button = page.locator(".bar").getByRole("button", { name, exact: true });
      const box = (await button.boundingBox())!;
      // Nothing lies over it.
      await button.click({ trial: true });
      ok(box.x >= 0 && box.x + box.width <= 800 && box.y + box.height <= 500, name);
    }
    deepStrictEqual(
      await page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]",
      ),
      [800, 500],
    );
  },
);

pageTest(
  "New files are counted until they are seen, and saved, cancelled and deleted by keyboard",
  () => meetingState([person(1, "Ann", { host: true }), person(2, "Bob")]),
  async ({ page, program }) => {
    program.setFiles([sharedFile(1, "old.pdf")]);
    const fresh = [
      sharedFile(2, "plan.pdf", { fresh: true }),
      sharedFile(3, "own.pdf", { fresh: true, own: true, owner: "Ann" }),
    ];
    program.changeFiles({ files: fresh });
    await page.getByRole("button", { name: "Files, 1 new" }).waitFor();
    await page.keyboard.press("Control+Alt+f");
    const panel = page.getByRole("complementary", { name: "Files" });
    const names = panel.locator(".file-name");
    await until("the list", async () => await names.count() === 3);
    program.setComing([comingFile(4, "report.pdf"), comingFile(5, "b", { state: "paused" })]);
    const coming = panel.getByRole("list", { name: "On their way from others" });
    const [reportBar, pausedBar] = ["report.pdf", "b"].map((name) =>
      coming.getByRole("progressbar", { name: `Progress of ${name}` })
    );
    strictEqual(
      await reportBar.getAttribute("aria-valuetext"),
      "Coming · 40 % · 100 bytes/s · 6 s left",
    );
    strictEqual(await pausedBar.getAttribute("aria-valuetext"), "Paused, may go on · 40 %");
    // There is nothing yet that could be saved.
    strictEqual(await coming.getByRole("button").count(), 0);
    program.setComing([]);
    await coming.waitFor({ state: "detached" });
    deepStrictEqual(await names.allTextContents(), ["own.pdf", "plan.pdf", "old.pdf"]);
    await page.getByRole("button", { name: "Files", exact: true }).waitFor();

    const press = async (name: string) => {
      await panel.getByRole("button", { name }).focus();
      await page.keyboard.press("Enter");
    };
    await press("Save plan.pdf");
    deepStrictEqual(await program.heard("file.save"), { do: "file.save", file: 2 });
    program.changeFiles({ transfers: [transfer(9, "plan.pdf", { file: 2 })] });
    const bar = panel.getByRole("progressbar", { name: "Progress of plan.pdf" });
    strictEqual(await bar.getAttribute("aria-valuetext"), "50 % · 100 bytes/s · 5 s left");
    strictEqual(await panel.getByRole("button", { name: "Save plan.pdf" }).count(), 0);
    strictEqual(await focused(page), "More for plan.pdf", "the focus stays in the row");
    await press("Cancel plan.pdf");
    deepStrictEqual(await program.heard("transfer.cancel"), { do: "transfer.cancel", transfer: 9 });
    program.changeFiles({ transfersGone: [9] });
    await bar.waitFor({ state: "detached" });

    const folder = "/home/ann/Downloads";
    program.changeFiles({
      transfers: [transfer(10, "old.pdf", { file: 1, state: "done", folder })],
    });
    await press("Open folder with old.pdf");
    strictEqual((await program.heard("transfer.folder")).transfer, 10);
    await page.getByRole("status").getByText("old.pdf is saved").waitFor({ state: "attached" });

    await press("More for plan.pdf");
    await press("Delete for everyone: plan.pdf");
    const dialog = page.getByRole("dialog", { name: "Delete for everyone?" });
    await dialog.getByRole("button", { name: "Keep" }).click();
    strictEqual(await focused(page), "More for plan.pdf");
    strictEqual(program.said.some((said) => said.do === "file.delete"), false);
    await press("More for plan.pdf");
    await press("Delete for everyone: plan.pdf");
    await dialog.getByRole("button", { name: "Delete" }).click();
    deepStrictEqual(await program.heard("file.delete"), { do: "file.delete", file: 2 });
    program.changeFiles({ filesGone: [2] });
    await until("it is gone", async () => await names.count() === 2);
    strictEqual(await focused(page), "Files", "the focus is not lost with the row");
    // A reload knows what the program knows.
    await page.reload();
    await page.getByRole("button", { name: "Files", exact: true }).click();
    await names.first().waitFor();
  },
);

pageTest(
  "A picture is looked at by click or keyboard, the next one by an arrow, and the way back is Escape",
  () => meetingState([person(1, "Ann"), person(2, "Bob")]),
  async ({ page, program }) => {
    program.pictures.set(1, PIXEL);
    program.setFiles([
      sharedFile(1, "roof.jpg", { thumbnail: true }),
      sharedFile(2, "plan.pdf"),
      sharedFile(3, "scan.png"),
      sharedFile(4, "photo.exe", { thumbnail: true }),
    ]);
    program.setChat([{
      ...{ kind: "notice", notice: "shared", mark: "n", at: Date.now(), name: "Bob" },
      file: { id: 1, name: "roof.jpg" },
    }]);
    await page.keyboard.press("Control+Alt+f");
    const panel = page.getByRole("complementary", { name: "Files" });
    const looks = panel.getByRole("button", { name: /^Look at/ });
    await until("the pictures", async () => await looks.count() === 2);
    await holds(page, 'document.querySelector(".file-picture img")?.naturalWidth === 2');
    // No thumbnail is asked for where there is none.
    deepStrictEqual(
      program.said.flatMap((said) => said.do === "file.thumbnail" ? [said.file] : []),
      [1],
    );
    await panel.getByRole("button", { name: "Look at scan.png" }).focus();
    await page.keyboard.press("Enter");
    strictEqual((await program.heard("file.preview")).file, 3);
    const coming = { state: "coming", part: 0.4, picture: null, problem: null } as const;
    program.send({ type: "file.preview", file: 3, ...coming });
    const scan = page.getByRole("dialog", { name: "scan.png" });
    const bar = scan.getByRole("progressbar", { name: "The picture comes" });
    await until("progress", async () => await bar.getAttribute("aria-valuenow") === "40");
    const problem = "Showing it takes too long";
    program.send({ type: "file.preview", file: 3, ...coming, state: "none", problem });
    await scan.getByText("Showing it takes too long. Save it to open it").waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("ArrowRight");
    const roof = page.getByRole("dialog", { name: "roof.jpg" });
    await roof.getByRole("img", { name: "roof.jpg, shared by Bob" }).waitFor();
    await roof.getByText("2 of 2").waitFor();
    await roof.getByRole("button", { name: "Save roof.jpg" }).click();
    strictEqual((await program.heard("file.save")).file, 1);
    await page.keyboard.press("Escape");
    await roof.waitFor({ state: "detached" });
    await program.heard("file.preview.stop");
    strictEqual(await focused(page), "Look at scan.png");

    await page.keyboard.press("Control+Alt+c");
    await page.getByRole("button", { name: "Look at roof.jpg" }).click();
    await roof.waitFor();
    program.changeFiles({ filesGone: [1] });
    await roof.waitFor({ state: "detached" });
  },
);

pageTest(
  "Files that are dragged over the page are shown where they go, and posted when the program asks",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const drag = (type: string) =>
      page.evaluate<boolean>(`{
        const dataTransfer = new DataTransfer();
        for (const name of ["a.txt", "b.txt"]) dataTransfer.items.add(new File(["abc"], name));
        const init = { bubbles: true, cancelable: true, dataTransfer };
        !document.body.dispatchEvent(new DragEvent("${type}", init));
      }`);
    const zone = page.getByText("Drop to share");
    ok(await drag("dragover"));
    await zone.waitFor();
    await drag("dragleave");
    await zone.waitFor({ state: "detached" });
    await drag("dragover");
    ok(await drag("drop"));
    await zone.waitFor({ state: "detached" });
    const { files } = await program.heard("files.add");
    deepStrictEqual(files.map(({ name, size }) => [name, size]), [["a.txt", 3], ["b.txt", 3]]);
    strictEqual(program.posted.size, 0);
    program.send({ type: "file.wanted", mark: files[0].mark });
    await until("the file", () => program.posted.get(files[0].mark) === 3);
    // What the page does not have it says, and what is not wanted it forgets.
    program.send({ type: "file.unwanted", mark: files[1].mark });
    program.send({ type: "file.wanted", mark: files[1].mark });
    strictEqual((await program.heard("file.lost")).mark, files[1].mark);
    // While a question is open, it comes first.
    program.set({ leaveQuestion: "A file is not sent to its end" });
    await page.getByRole("dialog").waitFor();
    program.forget();
    ok(await drag("drop"));
    program.set({ leaveQuestion: null });
    await page.getByRole("dialog").waitFor({ state: "detached" });
    deepStrictEqual(program.said.filter(({ do: what }) => what === "files.add"), []);
    // A folder without files.
    await page.evaluate(`{
      const reader = { readEntries: (done) => done([]) };
      const folder = { isDirectory: true, createReader: () => reader };
      const items = [{ kind: "file", webkitGetAsEntry: () => folder }];
      const drop = new Event("drop", { bubbles: true });
      const dataTransfer = { types: ["Files"], items, files: [] };
      document.body.dispatchEvent(Object.assign(drop, { dataTransfer }));
    }`);
    await page.getByText("Warning: There is no file in what was dropped.").waitFor();
  },
);

pageTest(
  "Any file is saved where the user says; only one's own are deleted by who is not the host",
  () => meetingState([person(1, "Ann"), person(2, "Bob", { host: true })]),
  async ({ page, program }) => {
    program.setFiles([
      sharedFile(1, "plan.pdf"),
      sharedFile(2, "own.pdf", { own: true, owner: "Ann" }),
    ]);
    await page.getByRole("button", { name: "Files" }).click();
    await page.getByRole("button", { name: "More for own.pdf" }).click();
    await page.getByRole("button", { name: "Delete for everyone: own.pdf" }).waitFor();
    await page.getByRole("button", { name: "More for plan.pdf" }).click();
    await page.getByRole("button", { name: "Save as… plan.pdf" }).click();
    strictEqual(await page.getByRole("button", { name: /^Delete for everyone: plan/ }).count(), 0);

    // The place is typed, with the computer's folders as suggestions.
    deepStrictEqual(await program.heard("place"), { do: "place", file: 1, place: "" });
    const folders = ["/home/ann/Desktop/", "/home/ann/Downloads/"];
    const place = "/home/ann/Downloads/plan.pdf";
    const answer = { type: "place", file: 1, folders, problem: null, browses: false } as const;
    program.send({ ...answer, asked: "", place });
    const field = page.getByRole("combobox", { name: "Folder and name" });
    await until("the usual place", async () => await field.inputValue() === place);
    const colourOf = (what: string) =>
      page.evaluate(`getComputedStyle(document.querySelector("dialog ${what}")).color`);
    strictEqual(await colourOf("input"), await colourOf("h2"), "what is typed is no small print");
    // Escape closes the list, not what it is in.
    await page.getByRole("button", { name: "Show folders" }).click();
    await page.getByRole("option").first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("option").first().waitFor({ state: "detached" });
    ok(await field.isVisible());
    await field.press("ArrowDown");
    await field.press("Enter");
    strictEqual((await program.heard("place", (said) => said.place !== "")).place, folders[0]);
    const dialog = page.getByRole("dialog", { name: "Save as" });
    const wrong = "/home/ann/Nowhere/plan.pdf";
    await field.fill(wrong);
    await program.heard("place", (said) => said.place === wrong);
    const problem = "There is no folder /home/ann/Nowhere";
    program.send({ ...answer, asked: wrong, place: wrong, problem });
    await dialog.getByText(problem).waitFor();
    await field.press("Enter");
    await field.fill(folders[0]);
    program.send({ ...answer, asked: folders[0], place: folders[0] });
    await dialog.getByText(problem).waitFor({ state: "detached" });
    await dialog.getByRole("button", { name: "Save" }).click();
    await program.heard("file.save");
    deepStrictEqual(program.said.filter(({ do: what }) => what === "file.save"), [
      { do: "file.save", file: 1, place: folders[0] },
    ]);

    // Where the system has a dialog of its own, it can be asked instead.
    await page.getByRole("button", { name: "More for plan.pdf" }).click();
    await page.getByRole("button", { name: "Save as… plan.pdf" }).click();
    await field.waitFor();
    const browse = dialog.getByRole("button", { name: "Browse…" });
    strictEqual(await browse.count(), 0);
    program.send({ ...answer, asked: "", place, browses: true });
    await browse.click();
    deepStrictEqual(await program.heard("file.browse"), { do: "file.browse", file: 1 });
    await dialog.waitFor({ state: "detached" });
  },
);

pageTest(
  "Ten thousand files leave the page quick, and each of them can be found",
  () => meetingState(crowd(2)),
  async ({ page, program }) => {
    const files = Array.from(
      { length: 10_000 },
      (_, at) => sharedFile(at + 1, `file ${at + 1}.txt`),
    );
    program.setFiles(files);
    await page.getByRole("button", { name: "Files" }).click();
    const rows = page.locator(".file");
    await until("the newest", async () => await rows.count() === 100);
    strictEqual(await page.locator(".file-name").first().textContent(), "file 10000.txt");
    await page.getByRole("button", { name: "Show 100 more" }).click();
    await until("more", async () => await rows.count() === 200);
    await page.getByRole("searchbox", { name: "Search files" }).fill("FILE 4711.");
    await until("the one", async () => await rows.count() === 1);
    strictEqual(await page.locator(".file-name").textContent(), "file 4711.txt");
  },
);

endBrowser();
