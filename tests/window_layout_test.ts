/**
 * Where things are on the window's page, at every size a window has: nothing that is used is beyond the edge, under
 * something else or out of reach, and no words are cut off. Judges no real time.
 */
import { strictEqual } from "node:assert/strict";
import type { WindowState } from "@fusionmeet/bridge";
import type { Page } from "playwright-core";
import { NOW, type Scene, SCENES } from "../tools/screenshot_scenes.ts";
import {
  type FakeProgram,
  joinState,
  line,
  meetingState,
  person,
  sharedFile,
} from "./support/fake_program.ts";
import { layoutFaults } from "./support/page_layout.ts";
import { endBrowser, holds, pageTest } from "./support/page_tests.ts";

const SIZES = [[1440, 900], [1024, 700], [800, 600], [800, 500], [600, 800], [360, 740]] as const;

/** As long as names may be, and of one word. */
const LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh-Cholmondel";
const LONG_WORDS = "The reading group of the second floor, left wing, behind the stairs";
/** More than a page has room for, every name long, oneself the host. */
const CROWD = Array.from(
  { length: 17 },
  (_, index) =>
    person(index + 1, index === 0 ? LONG : `${index} ${LONG_WORDS}`.slice(0, 64), {
      ...{ host: index === 0, speaking: index === 1, away: index === 3, camera: index % 2 === 0 },
      presenter: index === 0,
    }),
);
const CROWDED = { room: LONG, server: `${LONG_WORDS.replaceAll(/\W/g, "-")}.example.lan:65435` };
const PRESENTING = {
  presenting: { share: 7, participant: 1, name: LONG, paused: false },
  ownShare: { title: `${LONG} ${LONG_WORDS}`, state: "failed", endsAt: null },
} as const;

const EMPTY: WindowState = {
  ...joinState(),
  ...{ screen: "left", left: { problem: null, room: "Between two scenes" } },
};

const press = (name: RegExp) => async ({ page }: { page: Page }) =>
  await page.getByRole("toolbar").getByRole("button", { name }).click();

/** What comes from outside at its longest, and everything at once. */
const CROWDED_SCENES: readonly Scene[] = [
  {
    name: "a join with everything wrong",
    state: joinState({
      ...{ server: LONG.repeat(3), name: LONG, room: LONG, pin: "1", ownerPin: "2" },
      ...{ microphoneSource: LONG.repeat(2), cameraSource: LONG_WORDS.repeat(2) },
      nearby: {
        ...{ state: "listening", search: { done: 1, all: 65_534 }, problem: null },
        servers: Array.from({ length: 5 }, (_, index) => ({
          ...{ fingerprint: String(index).repeat(64), name: LONG, address: `${LONG}:65435` },
          ...{ rooms: 1_000, people: 1_000, known: true, formerly: [] },
        })),
      },
      failure: { code: "x", message: LONG.repeat(4), advice: LONG_WORDS.repeat(3), field: null },
    }),
  },
  {
    name: "seventeen with long names in a locked room, and all that can be the matter",
    state: meetingState(CROWD, {
      ...{ ...CROWDED, ...PRESENTING, locked: true },
      microphone: { exists: true, on: true, problem: LONG_WORDS.repeat(3) },
      camera: { exists: true, on: true, problem: LONG.repeat(2) },
    }),
    after: ({ program }: { program: FakeProgram }) => {
      for (const kind of ["info", "warning", "problem"] as const) {
        program.send({
          type: "toast",
          kind,
          code: "example",
          message: `${kind} ${LONG.repeat(2)}`,
        });
      }
    },
  },
  {
    name: "the people of a crowded room",
    state: meetingState(CROWD, { ...CROWDED, locked: true, removed: [LONG, LONG_WORDS, "Eve"] }),
    after: press(/^People/),
  },
  {
    name: "a chat of long lines, with messages above it",
    state: meetingState(CROWD, CROWDED),
    before: ({ program }) =>
      program.setChat([
        line(1, LONG, LONG.repeat(20)),
        line(2, LONG_WORDS.slice(0, 64), `http://${LONG}.lan/${LONG.repeat(4)}?${"x".repeat(200)}`),
        line(3, "محمد الأحمد", "مرحبا ".repeat(60)),
        line(4, "🦊".repeat(32), "🎉".repeat(500)),
        { ...line(5, LONG, LONG, { own: true }), id: null, state: "unsent", problem: LONG_WORDS },
      ]),
    after: async (stage) => {
      await press(/^Chat/)(stage);
      stage.program.send({ type: "toast", kind: "problem", code: "example", message: LONG_WORDS });
      await stage.page.getByRole("region", { name: "Messages" }).waitFor();
    },
  },
  {
    name: "files with long names",
    state: meetingState(CROWD, CROWDED),
    before: ({ program }) =>
      program.setFiles([
        sharedFile(1, "x".repeat(255), { owner: LONG, size: 499_999_999 }),
        sharedFile(2, `${LONG_WORDS.repeat(3)}.exe`, { owner: LONG_WORDS }),
        sharedFile(3, `${"🦊".repeat(60)}.pdf`, { owner: "🦊".repeat(32) }),
      ]),
    after: press(/^Files/),
  },
  {
    name: "five long names who ask to present",
    state: meetingState(CROWD, {
      ...{ ...CROWDED, ...PRESENTING },
      askingToPresent: [2, 3, 4, 5, 6].map((participant) => ({ participant, name: LONG })),
    }),
  },
  {
    name: "a long name has the screen",
    state: meetingState(CROWD, {
      ...CROWDED,
      presenting: { share: 7, participant: 2, name: LONG, paused: true },
    }),
    after: press(/^Present/),
  },
];

/** Those of the pictures in which most stands side by side. */
const SHOWN = [
  ...["join-nearby-none", "join-first-contact", "left-removed", "meeting-alone"],
  ...["meeting-host-menu", "meeting-pick", "meeting-your-turn", "meeting-settings"],
  ...["meeting-invite-only-here", "meeting-files-save-as", "meeting-shortcuts", "share-view"],
];
const scenes = [...SCENES.filter(({ name }) => SHOWN.includes(name)), ...CROWDED_SCENES];

pageTest(
  "Nothing is cut off, covered or out of reach in a window of any size",
  () => EMPTY,
  async ({ page, program }) => {
    await page.clock.setFixedTime(NOW);
    const faults: string[] = [];
    for (const scene of scenes) {
      await page.setViewportSize({ width: 1280, height: 800 });
      // What was open in the scene before goes with it.
      program.set(EMPTY);
      await page.getByText("Between two scenes").waitFor();
      program.set(scene.state!);
      if (scene.state!.screen !== "left") await page.locator(".join, .tile").first().waitFor();
      await scene.before?.({ program, page });
      await scene.after?.({ program, page });
      for (const [width, height] of SIZES) {
        await page.setViewportSize({ width, height });
        await holds(page, `innerWidth === ${width} && innerHeight === ${height}`);
        let found = ["nothing is drawn yet"];
        for (let look = 0; found.length > 0 && look < LOOKS_MAX; look++) {
          await page.evaluate(DRAWN);
          found = await layoutFaults(page);
        }
        faults.push(...found.map((fault) => `${scene.name}, ${width}x${height}: ${fault}`));
      }
    }
    strictEqual(faults.join("\n"), "");
  },
);

/** The tiles follow the size of the window a frame or more behind: only what stays wrong is wrong. */
const LOOKS_MAX = 20;
/** Fulfilled when the page has been drawn once more. */
const DRAWN = `new Promise((drawn) =>
  requestAnimationFrame(() => requestAnimationFrame(drawn))).then(() => undefined)`;

endBrowser();
