import type { Page } from "playwright-core";
import type {
  ChatEntry,
  Nearby,
  NearbyServer,
  PersonState,
  ScreenChoiceState,
  WindowState,
} from "@fusionmeet/bridge";
import {
  comingFile,
  type FakeProgram,
  joinState,
  line,
  meetingState,
  person,
  sharedFile,
  transfer,
} from "../tests/support/fake_program.ts";

import { landscape } from "./screenshot_pictures.ts";
import { showScreen } from "./screenshot_screen.ts";

/** One picture to take. */
export interface Scene {
  readonly name: string;
  readonly state?: WindowState;
  /** Also at the smallest size of the window. */
  readonly small?: true;
  /** Opened by a link that was used before. */
  readonly link?: "used";
  /** What happens before cameras send, and after their pictures are there. */
  readonly before?: (stage: { program: FakeProgram; page: Page }) => Promise<void> | void;
  readonly after?: (stage: { program: FakeProgram; page: Page }) => Promise<void> | void;
}

const NAMES = [
  ...["Amelie Roth", "Greta Lund", "Farid Aziz", "Ines Duarte", "Jonas Weber", "Eszter Nagy"],
  ...["Lea Novak", "Bilal Haddad", "Chiara Conti", "Kim Min-ji", "Hiro Tanaka", "David Okafor"],
];
/** All pictures are taken at this time: the same pictures every time. */
export const NOW = new Date(2026, 2, 12, 10, 24).getTime();
const FINGERPRINT = "3f7ac2e81b90d4566e0f5a21c8b3749d10ef62ab95c7d8340b1e6f29a4d7c853";
const SERVER = "192.168.1.20";

function crowd(count: number, changed: Record<number, Partial<PersonState>> = {}): PersonState[] {
  return NAMES.slice(0, count).map((name, index) => person(index + 1, name, changed[index + 1]));
}

const FEW = crowd(5, {
  2: { speaking: true },
  3: { microphone: false },
  4: { camera: false, microphone: false },
});
const LOBBY = {
  server: SERVER,
  state: "known",
  needsPin: false,
  rooms: [{ name: "Main", people: 4 }, { name: "Design review", people: 2 }],
} as const;
const HOSTILE = "<b onmouseover=alert(1)>Free beer</b>";

function nearby(index: number, rest: Partial<NearbyServer>): NearbyServer {
  const digit = String(index);
  return {
    fingerprint: digit.repeat(64),
    name: `Server ${digit}`,
    address: `192.168.1.2${digit}`,
    rooms: 0,
    people: 0,
    known: false,
    formerly: [],
    ...rest,
  };
}

const NEARBY: readonly NearbyServer[] = [
  nearby(0, {
    name: "Third floor",
    address: SERVER,
    rooms: 2,
    people: 6,
    known: true,
    formerly: [`${SERVER}:65435`],
  }),
  nearby(1, { name: "Workshop", rooms: 1, people: 1 }),
];
const LISTENING: Nearby = { state: "listening", servers: [], search: null, problem: null };
const LOOKING: Nearby = { ...LISTENING, state: "starting" };

const FILLED = {
  ...{ server: SERVER, name: "Amelie Roth", room: "Main", recentServers: [SERVER] },
  nearby: { ...LISTENING, servers: NEARBY },
};

/** A conversation of yesterday and today. */
function conversation(): ChatEntry[] {
  const at = (day: number, hours: number, minutes: number) =>
    new Date(2026, 2, 12 + day, hours, minutes).getTime();
  const notice = (
    mark: string,
    time: number,
    kind: "joined" | "left",
    name: string,
  ): ChatEntry => ({
    kind: "notice",
    mark,
    at: time,
    notice: kind,
    name,
  });
  return [
    line(1, "Jonas Weber", "Slides for tomorrow: http://fileserver.lan/review/slides.pdf", {
      at: at(-1, 16, 42),
    }),
    line(2, "Amelie Roth", "Thanks, I'll read them tonight", { at: at(-1, 16, 45), own: true }),
    notice("n1", at(0, 9, 58), "joined", "Greta Lund"),
    line(3, "Greta Lund", "Morning! Can everyone hear me?", { at: at(0, 9, 59) }),
    line(4, "Farid Aziz", "Loud and clear 👍", { at: at(0, 9, 59) }),
    line(5, "Farid Aziz", "Shall we start with the open points?\n1. Rooms\n2. Cabling", {
      at: at(0, 10, 1),
    }),
    notice("n2", at(0, 10, 2), "joined", "Ines Duarte"),
    {
      ...{ kind: "notice", mark: "n3", at: at(0, 10, 2), notice: "shared", name: "Farid Aziz" },
      file: { id: 3, name: "Demo recording.mp4" },
    },
    line(6, "Amelie Roth", "Yes, let's go", { at: at(0, 10, 3), own: true }),
  ];
}

/** Files as a meeting leaves them, one of them on its way, one saved. */
/** A room in which people share pictures. */
async function sharedPictures({ program }: { program: FakeProgram }): Promise<void> {
  const sizes = [[1_200, 900], [900, 1_200], [1_600, 500]];
  for (const [index, [width, height]] of sizes.entries()) {
    program.pictures.set(index + 1, await landscape({ width, height, hue: 205 + 70 * index }));
  }
  const names = ["Roof.webp", "Entrance, from the street.jpg", "Panorama.jpg", "scan 0042.png"];
  program.setFiles(names.map((name, index) =>
    sharedFile(index + 1, name, {
      ...{ size: 3_120_000 + 410_000 * index, owner: NAMES[index + 1] },
      ...{ at: NOW - 60_000 * (4 - index), thumbnail: index < 3 },
    })
  ));
}

/** Opens the files, and one of them large. */
function look(name: string) {
  return async ({ page }: { page: Page }) => {
    await openPanel(/^Files/)({ page });
    await page.getByRole("button", { name: `Look at ${name}` }).click();
    await page.getByRole("dialog").waitFor();
  };
}

async function roomFiles({ program }: { program: FakeProgram }): Promise<void> {
  program.pictures.set(2, await landscape({ width: 1_200, height: 900, hue: 205 }));
  const at = (hours: number, minutes: number) => new Date(2026, 2, 12, hours, minutes).getTime();
  program.setFiles([
    sharedFile(1, "Floor plan, second floor (final, with cabling).pdf", {
      ...{ size: 2_431_000, owner: "Jonas Weber", at: at(9, 12) },
    }),
    sharedFile(2, "IMG_20260311_164512.jpg", {
      ...{ size: 4_812_000, owner: "Greta Lund", at: at(9, 59), thumbnail: true },
    }),
    sharedFile(3, "Demo recording.mp4", {
      ...{ size: 412_000_000, owner: "Farid Aziz", at: at(10, 2) },
    }),
    sharedFile(4, "driver-setup.exe", { size: 18_300_000, owner: "Farid Aziz", at: at(10, 5) }),
    sharedFile(5, "Open points.xlsx", {
      ...{ size: 48_200, owner: "Amelie Roth", own: true, at: at(10, 21) },
    }),
  ], [
    transfer(1, "Floor plan, second floor (final, with cabling).pdf", {
      ...{ state: "done", bytes: 2_431_000, size: 2_431_000, leftMs: null },
      folder: "/home/amelie/Downloads",
    }),
    transfer(3, "Demo recording.mp4", {
      ...{ bytes: 157_000_000, size: 412_000_000, bytesPerSecond: 31_400_000, leftMs: 8_100 },
    }),
    transfer(6, "Site visit, all pictures.zip", {
      ...{ direction: "send", file: null, bytes: 61_000_000, size: 240_000_000 },
      ...{ bytesPerSecond: 22_000_000, leftMs: 8_200 },
    }),
    transfer(7, "Backup of the old server.img", {
      ...{ direction: "send", file: null, state: "failed", bytes: 0, size: 0 },
      message: "It has 1.9 GB, and this server takes files up to 500 MB",
    }),
  ]);
}

/** Greta, or whoever is meant, presents. */
function presented(count: number, presenter = 2): WindowState {
  const name = NAMES[presenter - 1];
  return meetingState(
    crowd(count, {
      3: { microphone: false },
      4: { camera: false },
      [presenter]: { presenter: true },
    }),
    { presenting: { share: 1, participant: presenter, name, paused: false } },
  );
}

function levels(program: FakeProgram): void {
  program.send({ type: "levels", own: -34, people: [{ id: 2, level: -20 }] });
}

const openPanel = (name: RegExp) => async ({ page }: { page: Page }) => {
  await page.getByRole("button", { name }).click();
};

/** As the host of a locked room, from which somebody was removed. */
const HOSTED = meetingState(
  crowd(6, {
    1: { host: true },
    2: { speaking: true },
    4: { camera: false, microphone: false },
    6: { away: true, camera: false },
  }),
  { locked: true, removed: ["Hiro Tanaka", "Anonymous Coward"] },
);
/** Runs in the page: somebody holds a file over it. */
const DRAG_FILES = `{
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File(["x"], "x.txt"));
  document.body.dispatchEvent(
    new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer }),
  );
}`;

/** A drawing of a screen: a bar on top, and so many lines of text. */
function drawing(hue: number, lines: number): string {
  const rows = Array.from({ length: lines }, (_, index) => {
    const width = 60 + (index * 37) % 120;
    return `<rect x='24' y='${
      44 + index * 16
    }' width='${width}' height='6' rx='3' fill='hsl(${hue} 30% 60%)'/>`;
  });
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 320 200'>` +
    `<rect width='320' height='200' fill='hsl(${hue} 40% 96%)'/>` +
    `<rect width='320' height='24' fill='hsl(${hue} 45% 40%)'/>${rows.join("")}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

const SCREEN = { kind: "monitor", width: 2560, height: 1440, isOwn: false } as const;
const WINDOW = { kind: "window", width: 1280, height: 800, isOwn: false } as const;
const CHOICES: readonly ScreenChoiceState[] = [
  { ...SCREEN, id: "display:1", title: "Screen 1 (DP-1)", thumbnail: drawing(230, 8) },
  { ...SCREEN, id: "display:2", title: "Screen 2 (HDMI-1)", thumbnail: drawing(160, 4) },
  { ...WINDOW, id: "window:0x1", title: "Cabling plan.odt", thumbnail: drawing(30, 9) },
  {
    ...{ ...WINDOW, id: "window:0x2", title: "Main - FusionMeet", isOwn: true },
    thumbnail: drawing(260, 2),
  },
  {
    ...{ ...WINDOW, id: "window:0x3", width: 640, height: 900, thumbnail: null },
    title: "Terminal: a very long title that tells the whole story of what runs in it",
  },
];
const PRESENTING = {
  presenting: { share: 7, participant: 1, name: "Amelie Roth", paused: false },
  ownShare: { title: "Cabling plan.odt", state: "showing", endsAt: null },
} as const;
const presenters = (id: number, more: Record<number, Partial<PersonState>> = {}) =>
  crowd(5, { 2: { speaking: true }, ...more, [id]: { ...more[id], presenter: true } });

const openPick = async ({ program, page }: { program: FakeProgram; page: Page }) => {
  await openPanel(/^Present a screen/)({ page });
  await program.heard("screens.list", ({ on }) => on);
};

/** Every screen and state. */
export const SCENES: readonly Scene[] = [
  { name: "join-first-start", small: true, state: joinState({ nearby: LOOKING }) },
  {
    name: "join-nearby",
    small: true,
    state: joinState({
      ...{ name: "Amelie Roth", nearby: { ...LISTENING, servers: NEARBY } },
      lobby: LOBBY,
    }),
    after: ({ page }) => page.getByRole("radio", { name: /Third floor/ }).check(),
  },
  {
    name: "join-nearby-many",
    state: joinState({
      nearby: {
        ...LISTENING,
        servers: [
          ...NEARBY,
          nearby(2, { name: HOSTILE, address: "192.168.1.22:7000", rooms: 3, people: 41 }),
          nearby(3, { name: "قاعة الاجتماعات", rooms: null, people: null }),
          nearby(4, { name: "Server of the reading group on the second floor, left wing" }),
        ],
        search: { done: 117, all: 253 },
      },
    }),
  },
  { name: "join-nearby-none", small: true, state: joinState({ nearby: LISTENING }) },
  {
    name: "join",
    small: true,
    state: joinState({ ...FILLED, lobby: LOBBY }),
  },
  {
    name: "join-rooms",
    state: joinState({ ...FILLED, lobby: LOBBY }),
    after: openPanel(/^Show rooms/),
  },
  {
    name: "join-pin",
    small: true,
    state: joinState({
      ...FILLED,
      camera: false,
      lobby: { server: SERVER, state: "known", needsPin: true, rooms: [] },
      failure: {
        code: "wrong-pin",
        message: "That is not the PIN of this server",
        advice: "Ask whoever runs it",
        field: "pin",
      },
    }),
  },
  {
    name: "join-owner-pin",
    small: true,
    state: joinState({
      ...FILLED,
      ownerPin: "9000",
      failure: {
        code: "owner-pin-wrong",
        message: "Cannot join Main as Amelie Roth: the owner PIN is wrong",
        advice: "Check it with whoever runs the server, or leave it empty to join as a guest",
        field: "ownerPin",
      },
    }),
  },
  {
    name: "join-unreachable",
    state: joinState({
      ...FILLED,
      failure: {
        code: "connection-refused",
        message: `Cannot reach ${SERVER}:65435: no program accepts connections on port 65435 there`,
        advice: "Check that fusionmeet-server is running on that computer and which port it prints",
        field: "server",
      },
    }),
  },
  {
    name: "join-failure",
    state: joinState({
      ...FILLED,
      cameraSource: null,
      failure: {
        code: "no-answer",
        message: "Cannot join: the connection ended before the server answered",
        advice: "Try again; if it happens again, look at what the server prints",
        field: null,
      },
    }),
  },
  {
    name: "join-link",
    state: joinState({ ...FILLED, server: "" }),
    after: async ({ page }) => {
      await page.getByLabel("Server", { exact: true }).fill(
        `fusionmeet://${SERVER}/Review#${FINGERPRINT}`,
      );
      await page.getByText("From a link").waitFor();
    },
  },
  {
    name: "join-link-cut",
    state: joinState({ ...FILLED, server: "" }),
    after: async ({ page }) => {
      await page.getByLabel("Server", { exact: true }).fill(`fusionmeet://${SERVER}/Review#3f7a`);
      await page.getByText("copy the link to its end").waitFor();
    },
  },
  {
    name: "join-link-refused",
    state: joinState({
      ...FILLED,
      expected: FINGERPRINT,
      failure: {
        code: "key-not-as-given",
        message:
          `Cannot join ${SERVER}:65435: its key is not the one it should have; given: velvet orbit candle thrive meadow pilot; the server's: lunar basket prairie olive comic bronze`,
        advice:
          "Ask for a new link, and compare the words with those the server prints: somebody else may be answering there",
        field: "server",
      },
    }),
  },
  { name: "join-busy", state: joinState({ ...FILLED, lobby: LOBBY, busy: true }) },
  {
    name: "join-first-contact",
    small: true,
    state: joinState({
      ...FILLED,
      introduction: {
        server: SERVER,
        fingerprint: FINGERPRINT,
        words: ["velvet", "orbit", "candle", "thrive", "meadow", "pilot"],
      },
    }),
  },
  { name: "meeting-alone", state: meetingState(crowd(1)) },
  {
    name: "meeting-two",
    state: meetingState(crowd(2, { 2: { speaking: true } })),
    after: ({ program }) => levels(program),
  },
  {
    name: "meeting",
    small: true,
    state: meetingState(FEW),
    after: ({ program }) => levels(program),
  },
  {
    name: "meeting-nine",
    small: true,
    state: meetingState(crowd(9, { 5: { speaking: true }, 8: { camera: false } })),
    after: ({ program }) => levels(program),
  },
  { name: "meeting-pages", state: meetingState(crowd(12, { 7: { camera: false } })) },
  {
    name: "meeting-chat",
    small: true,
    state: meetingState(FEW),
    before: async ({ program }) => {
      await roomFiles({ program });
      program.setChat(conversation(), true);
    },
    after: openPanel(/^Chat/),
  },
  {
    name: "meeting-chat-picture",
    state: meetingState(FEW),
    before: async ({ program }) => {
      await sharedPictures({ program });
      program.setChat([
        line(1, "Greta Lund", "This is how it looks from the street:", { at: NOW - 190_000 }),
        {
          ...{ kind: "notice", notice: "shared", mark: "shared", at: NOW - 180_000 },
          ...{ name: "Greta Lund", file: { id: 1, name: "Roof.webp" } },
        },
        line(2, "Amelie Roth", "That fits", { own: true, at: NOW - 60_000 }),
      ]);
    },
    after: openPanel(/^Chat/),
  },
  {
    name: "meeting-chat-empty",
    state: meetingState(crowd(3)),
    after: openPanel(/^Chat/),
  },
  {
    name: "meeting-chat-unsent",
    state: meetingState(FEW),
    before: ({ program }) =>
      program.setChat([
        ...conversation(),
        {
          ...line(7, "Amelie Roth", "Can somebody send me the list of cables?", {
            own: true,
            at: NOW,
          }),
          id: null,
          state: "unsent",
          problem: "the connection was lost before the server had it",
        },
        {
          ...line(8, "Amelie Roth", "And the plan of the second floor", { own: true, at: NOW }),
          id: null,
          state: "sending",
        },
      ]),
    after: openPanel(/^Chat/),
  },
  {
    name: "meeting-files",
    small: true,
    state: meetingState(FEW),
    before: roomFiles,
    after: openPanel(/^Files/),
  },
  {
    name: "meeting-files-coming",
    state: meetingState(FEW),
    before: ({ program }) => {
      program.setFiles([sharedFile(1, "Open points.xlsx", { size: 48_200, at: NOW })]);
      program.setComing([
        comingFile(2, "report.pdf", {
          ...{ from: "Ines Duarte", bytes: 4_800_000, size: 12_000_000 },
          ...{ bytesPerSecond: 1_200_000, leftMs: 6_000 },
        }),
        comingFile(3, "Floor plan, second floor (final, with cabling).pdf", {
          ...{ from: HOSTILE, state: "paused", bytes: 210_000_000, size: 412_000_000 },
          ...{ bytesPerSecond: 0, leftMs: null },
        }),
      ]);
    },
    after: openPanel(/^Files/),
  },
  {
    name: "meeting-files-empty",
    state: meetingState(crowd(3)),
    after: openPanel(/^Files/),
  },
  {
    name: "meeting-files-hostile",
    state: meetingState(FEW),
    before: ({ program }) =>
      program.setFiles([
        sharedFile(1, "<img src=x onerror=alert(1)>", { owner: HOSTILE, at: NOW }),
        sharedFile(2, "🦊".repeat(60) + ".pdf", { owner: "🦊".repeat(32), at: NOW }),
        sharedFile(3, "تقرير الاجتماع.docx", { owner: "محمد الأحمد", at: NOW }),
        sharedFile(4, "photo\ufffdgpj.exe", { owner: "Bilal Haddad", at: NOW }),
        sharedFile(5, "x".repeat(255), { size: 0, at: NOW }),
      ], [
        transfer(2, "🦊".repeat(60) + ".pdf", {
          ...{ state: "waiting", message: "The connection is lost", bytesPerSecond: 0 },
        }),
      ]),
    after: openPanel(/^Files/),
  },
  {
    name: "meeting-files-drop",
    state: meetingState(FEW),
    after: async ({ page }) => {
      await page.evaluate(DRAG_FILES);
      await page.getByText("Drop to share").waitFor();
    },
  },
  {
    name: "meeting-files-save-as",
    state: meetingState(FEW),
    before: roomFiles,
    after: async ({ program, page }) => {
      await openPanel(/^Files/)({ page });
      await page.getByRole("button", { name: /^More for Demo/ }).click();
      await page.getByRole("button", { name: /^Save as/ }).click();
      await program.heard("place");
      const place = "/home/amelie/Downloads/Demo recording.mp4";
      const folders = ["Downloads", "Desktop", "Documents"].map((each) => `/home/amelie/${each}/`);
      program.send({
        type: "place",
        file: 3,
        asked: "",
        place,
        folders,
        problem: null,
        browses: true,
      });
      await page.getByRole("button", { name: "Show folders" }).click();
      await page.getByRole("option").first().waitFor();
    },
  },
  {
    name: "meeting-files-preview",
    small: true,
    state: meetingState(FEW),
    before: sharedPictures,
    after: look("Entrance, from the street.jpg"),
  },
  {
    name: "meeting-files-preview-none",
    state: meetingState(FEW),
    before: sharedPictures,
    after: async ({ program, page }) => {
      await look("scan 0042.png")({ page });
      await program.heard("file.preview");
      const problem = "It cannot be read as a picture (vipspng: libpng read error)";
      const none = { state: "none", part: 0, picture: null, problem } as const;
      program.send({ type: "file.preview", file: 4, ...none });
      await page.getByText("libpng read error").waitFor();
    },
  },
  {
    name: "meeting-files-delete",
    state: meetingState(FEW),
    before: roomFiles,
    after: async ({ page }) => {
      await openPanel(/^Files/)({ page });
      await page.getByRole("button", { name: "More for Open points.xlsx" }).click();
      await page.getByRole("button", { name: /^Delete for everyone/ }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "meeting-people",
    small: true,
    state: meetingState(crowd(6, {
      2: { speaking: true },
      3: { microphone: false },
      4: { camera: false, microphone: false },
      6: { away: true, camera: false },
    })),
    after: async ({ program, page }) => {
      await openPanel(/^People/)({ page });
      program.send({
        type: "statistics",
        statistics: {
          rttMs: 2.4,
          pictures: [
            { participant: 2, width: 640, height: 360, fps: 30, lost: 0, repaired: 0, delayMs: 41 },
            {
              participant: 3,
              width: 320,
              height: 240,
              fps: 29.8,
              lost: 3,
              repaired: 2,
              delayMs: 38,
            },
            { participant: 5, width: 640, height: 360, fps: 30, lost: 0, repaired: 0, delayMs: 44 },
          ],
          voices: [{ participant: 2, delayMs: 118 }],
          playoutDelayMs: 72,
          missedMs: 0,
        },
      });
      levels(program);
      await page.getByText("delay 118 ms").waitFor();
    },
  },
  {
    name: "meeting-host",
    small: true,
    state: HOSTED,
    after: async ({ program, page }) => {
      await openPanel(/^People/)({ page });
      levels(program);
    },
  },
  {
    name: "meeting-host-menu",
    state: HOSTED,
    after: async ({ page }) => {
      await openPanel(/^People/)({ page });
      await page.locator(".people").getByRole("button", { name: /Greta Lund/ }).click();
      await page.getByRole("menu").waitFor();
    },
  },
  {
    name: "meeting-host-remove",
    state: HOSTED,
    after: async ({ page }) => {
      await page.locator(".tile").nth(1).hover();
      await page.locator(".tile").getByRole("button", { name: /Greta Lund/ }).click();
      await page.getByRole("menuitem", { name: "Remove" }).click();
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "meeting-locked",
    state: meetingState(crowd(4, { 2: { host: true, speaking: true } }), { locked: true }),
    after: openPanel(/^People/),
  },
  {
    name: "meeting-pick",
    small: true,
    state: meetingState(crowd(4)),
    after: async (stage) => {
      await openPick(stage);
      stage.program.send({ type: "screens", list: CHOICES, problem: null });
      await stage.page.getByRole("radio", { name: /Main - FusionMeet/ }).check();
      await stage.page.getByText("the meeting within the meeting").waitFor();
    },
  },
  {
    name: "meeting-pick-problem",
    state: meetingState(crowd(4)),
    after: async (stage) => {
      await openPick(stage);
      const problem =
        "This desktop (Wayland) lets no program see the screen: log in with a desktop on X11 to show it";
      stage.program.send({ type: "screens", list: [], problem });
      await stage.page.getByText("Wayland").waitFor();
    },
  },
  {
    name: "meeting-presenting",
    small: true,
    state: meetingState(presenters(1), PRESENTING),
  },
  {
    name: "meeting-presenting-asked",
    small: true,
    state: meetingState(presenters(1), {
      ...PRESENTING,
      askingToPresent: [
        { participant: 2, name: "Greta Lund" },
        { participant: 3, name: "Farid Aziz" },
      ],
    }),
  },
  {
    name: "meeting-your-turn",
    state: meetingState(presenters(1), {
      ...PRESENTING,
      ownShare: { title: null, state: "turn", endsAt: NOW + 24_000 },
    }),
    after: async ({ page }) => await page.getByText("in 24 seconds").waitFor(),
  },
  {
    name: "meeting-present-taken",
    state: meetingState(presenters(2, { 1: { host: true } }), {
      presenting: { share: 7, participant: 2, name: "Greta Lund", paused: false },
    }),
    after: openPanel(/^Present:/),
  },
  {
    name: "meeting-settings",
    small: true,
    state: meetingState(crowd(4, { 1: { microphone: false } })),
    after: openPanel(/^Settings/),
  },
  {
    name: "meeting-invite",
    small: true,
    state: meetingState(crowd(4)),
    after: openPanel(/^Invite/),
  },
  {
    name: "meeting-invite-only-here",
    state: meetingState(crowd(2), {
      invitation: {
        link: `fusionmeet://127.0.0.1/Main#${FINGERPRINT}`,
        page: "http://127.0.0.1:65435/",
        isOnlyHere: true,
      },
    }),
    after: openPanel(/^Invite/),
  },
  {
    name: "meeting-coming-back",
    small: true,
    state: meetingState(FEW, {
      comingBack: {
        reason: "the server does not answer any more",
        lostAt: NOW,
        givesUpAt: NOW + 3_600_000,
      },
    }),
    after: async ({ program, page }) => {
      program.setMeeting({
        comingBack: {
          reason: "the server does not answer any more",
          lostAt: NOW,
          givesUpAt: NOW + 17_000,
        },
      });
      await page.getByText("in 17 seconds").waitFor();
    },
  },
  {
    name: "meeting-problems",
    state: meetingState(crowd(3), {
      camera: {
        exists: true,
        on: true,
        problem: "The camera is used by another program: close that, then switch it on again",
      },
    }),
    after: async ({ program, page }) => {
      for (const { kind, message } of TOASTS) {
        program.send({ type: "toast", kind, code: "example", message });
      }
      await page.getByText("The quality").waitFor();
    },
  },
  {
    name: "meeting-leave",
    state: meetingState(crowd(3)),
    after: async ({ program, page }) => {
      program.set({ leaveQuestion: "Two of your messages are not sent yet; they would be lost" });
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "meeting-shortcuts",
    state: meetingState(crowd(3)),
    after: async ({ page }) => {
      await page.keyboard.press("Control+/");
      await page.getByRole("dialog").waitFor();
    },
  },
  {
    name: "meeting-hostile-names",
    state: meetingState([
      person(1, "Amelie Roth"),
      person(2, "<img src=x onerror=alert(1)>", { camera: false }),
      person(3, "דניאל אברהם", { camera: false }),
      person(4, "🦊".repeat(32), { camera: false, microphone: false }),
      person(5, "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh the Third", {
        camera: false,
      }),
      person(6, "محمد الأحمد", { camera: false, speaking: true }),
    ]),
    before: ({ program }) =>
      program.setChat([
        line(1, "<img src=x onerror=alert(1)>", "<script>alert(1)</script> http://a.lan/b?c=d&e", {
          at: NOW,
        }),
        line(2, "דניאל אברהם", "שלום לכולם! זה ה-link: http://192.168.1.5:8080/מסמך", { at: NOW }),
        line(3, "🦊".repeat(32), "🎉".repeat(64), { at: NOW }),
        line(4, "محمد الأحمد", "مرحبا بالجميع", { at: NOW }),
      ]),
    after: openPanel(/^Chat/),
  },
  {
    name: "left",
    small: true,
    state: { ...joinState(), screen: "left", left: { problem: null, room: "Main" } },
  },
  {
    name: "left-problem",
    state: {
      ...joinState(),
      screen: "left",
      left: {
        room: "Main",
        problem: {
          code: "connection-lost",
          message: "The connection to 192.168.1.20 did not come back in 30 s",
          advice: "Check the network, then join again",
          field: null,
        },
      },
    },
  },
  {
    name: "left-removed",
    small: true,
    state: {
      ...joinState(),
      screen: "left",
      left: {
        room: "Main",
        problem: {
          code: "removed",
          message: "Greta Lund removed you from the room Main",
          advice:
            "You cannot come back in by joining again, under this name or from this computer, until the host lets you in or everybody has left. If this was a mistake, talk to the host",
          field: null,
        },
      },
    },
  },
  {
    name: "share",
    small: true,
    state: presented(5),
    after: async (stage) => void (await showScreen(stage)),
  },
  {
    name: "share-view",
    state: presented(3),
    after: async (stage) => {
      await showScreen(stage);
      await stage.page.getByRole("button", { name: /^View:/ }).click();
      await stage.page.getByRole("dialog", { name: "View" }).waitFor();
    },
  },
  {
    name: "share-narrow",
    state: presented(5),
    after: async (stage) => {
      await stage.page.setViewportSize({ width: 600, height: 800 });
      await showScreen(stage);
    },
  },
  {
    name: "share-paused",
    state: presented(5),
    after: async (stage) => {
      await showScreen(stage);
      const { presenting } = stage.program.state.meeting!;
      stage.program.setMeeting({ presenting: { ...presenting!, paused: true } });
      await stage.page.locator(".share-message").waitFor();
    },
  },
  { name: "share-waiting", state: presented(9) },
  {
    name: "share-own",
    small: true,
    state: {
      ...presented(4, 1),
      meeting: {
        ...presented(4, 1).meeting!,
        ownShare: { title: "Screen 1", state: "showing", endsAt: null },
      },
    },
  },
  { name: "link-used", link: "used" },
  {
    name: "program-gone",
    after: async ({ program, page }) => {
      await page.getByRole("heading", { name: "Join a meeting" }).waitFor();
      await program[Symbol.asyncDispose]();
      await page.getByRole("heading", { name: "not running" }).waitFor();
    },
  },
];

const TOASTS = [
  { kind: "info", message: "Greta Lund is back" },
  { kind: "warning", message: "The quality of your picture was lowered: this computer is busy" },
  {
    kind: "problem",
    message: "The microphone was unplugged. Plug it in again, or go on without",
  },
] as const;
